//! Sitemap files and their entries.

use std::str::FromStr;
use std::time::Instant;

use bigdecimal::BigDecimal;
use chrono::{DateTime, Utc};
use database::ids::{JobId, SitemapRunId};
use database::models::domain::Domain;
use database::models::enums::{CurationStatus, ProcessingStatus, UrlChange};
use database::models::sitemap_file::{SitemapFile, SitemapFileChanges};
use database::models::sitemap_url::NewSitemapUrl;
use database::repo::bulk::Upserted;
use database::repo::paging::Paging;
use database::repo::sitemap_files::{FoundFile, SitemapFileFilter};
use database::repo::sitemap_urls::{SitemapUrlFilter, UrlPosition};
use database::repo::{sitemap_files, sitemap_runs, sitemap_url_changes, sitemap_urls};
use database::tenant::TenantConnection;
use diesel::QueryResult;
use diesel::result::{DatabaseErrorKind, Error};
use md5::{Digest, Md5};
use uuid::Uuid;

use crate::support::database::eventually;
use crate::support::tenants::{Agencies, Agency, new_sitemap_url};

#[tokio::test]
async fn a_rediscovered_file_is_read_again_and_keeps_decisions() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let domain = acme.domain("acme.test").await;
    let url = "https://acme.test/sitemap.xml";
    let file = acme.sitemap(&domain, url).await;
    let selected = SitemapFileChanges {
        deep_scrape_curation_status: Some(Some(CurationStatus::Selected)),
        ..SitemapFileChanges::default()
    };
    acme.run(async |conn| sitemap_files::update(conn, file.id, &selected).await)
        .await;
    let job = acme.job("analysis").await.job_id;
    let found = [FoundFile {
        url,
        discovery_method: "robots_txt",
    }];
    for expected in [1, 0] {
        let added = acme
            .run(async |conn| sitemap_files::add_pending(conn, domain.id, job, None, 0, &found).await)
            .await;
        assert_eq!(added, expected, "once per analysis");
    }
    let after = acme.run(async |conn| sitemap_files::get(conn, file.id).await).await;
    assert_eq!(
        (after.status.as_str(), after.discovery_method.as_deref()),
        ("pending", Some("robots_txt"))
    );
    assert_eq!(after.deep_scrape_curation_status, Some(CurationStatus::Selected));
}

#[tokio::test]
async fn files_are_listed_and_changed_by_filter() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let domain = acme.domain("acme.test").await;
    let other = acme.domain("other.test").await;
    acme.sitemap(&domain, "https://acme.test/1.xml").await;
    acme.sitemap(&domain, "https://acme.test/2.xml").await;
    let newest = acme.sitemap(&other, "https://other.test/1.xml").await;
    let of_domain = SitemapFileFilter {
        domain_id: Some(domain.id),
        ..SitemapFileFilter::default()
    };
    let changes = SitemapFileChanges {
        status: Some("done"),
        sitemap_import_status: Some(Some(ProcessingStatus::Queued)),
        deep_scrape_curation_status: Some(Some(CurationStatus::Maybe)),
        ..SitemapFileChanges::default()
    };
    let changed = acme
        .run(async |conn| sitemap_files::update_matching(conn, &of_domain, &changes).await)
        .await;
    assert_eq!(changed, 2);
    let none = SitemapFileFilter::default;
    for (filter, expected) in cases(of_domain) {
        let (rows, total) = acme
            .run(async |conn| sitemap_files::list(conn, &filter, &Paging::default()).await)
            .await;
        assert_eq!(
            (i64::try_from(rows.len()).unwrap(), total),
            (expected, expected),
            "{filter:?}"
        );
        assert_eq!(
            acme.run(async |conn| sitemap_files::count(conn, &filter).await).await,
            expected
        );
    }
    let (rows, _) = acme
        .run(async |conn| sitemap_files::list(conn, &none(), &Paging::first(1)).await)
        .await;
    assert_eq!(rows, [newest]);
}

/// Filters, and how many files match each.
#[rustfmt::skip]
fn cases(of_domain: SitemapFileFilter<'static>) -> [(SitemapFileFilter<'static>, i64); 6] {
    let none = SitemapFileFilter::default;
    [
        (none(), 3),
        (of_domain, 2),
        (SitemapFileFilter { status: Some("done"), ..none() }, 2),
        (SitemapFileFilter { curation_status: Some(CurationStatus::Maybe), ..none() }, 2),
        (SitemapFileFilter { import_status: Some(ProcessingStatus::Queued), ..none() }, 2),
        (SitemapFileFilter { text: Some("OTHER"), ..none() }, 1),
    ]
}

#[tokio::test]
async fn a_second_run_over_thousands_of_urls_writes_only_changes() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let domain = acme.domain("acme.test").await;
    let file = acme.sitemap(&domain, "https://acme.test/sitemap.xml").await;
    let urls: Vec<String> = (0..20_000).map(|n| format!("https://acme.test/{n}")).collect();
    let mut new: Vec<_> = urls.iter().map(|url| new_sitemap_url(&file, url)).collect();
    new.push(new_sitemap_url(&file, &urls[0]));
    let begun = Instant::now();
    assert_eq!(upsert(&acme, &new).await, upserted(20_000, 0, 0));
    eprintln!("20,000 sitemap URLs, written in {:?}", begun.elapsed());
    assert_eq!(upsert(&acme, &new).await, upserted(0, 0, 20_000));
    let lastmod: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let half = BigDecimal::from_str("0.5").unwrap();
    let changed = NewSitemapUrl {
        lastmod: Some(lastmod),
        priority_value: Some(&half),
        changefreq: Some("daily"),
        ..new[1].clone()
    };
    assert_eq!(upsert(&acme, &[changed, new[2].clone()]).await, upserted(0, 1, 1));
    let since = SitemapUrlFilter {
        modified_since: Some(lastmod),
        ..SitemapUrlFilter::default()
    };
    let rows = list(&acme, &file, &since, None, 10).await;
    assert_eq!(rows, [urls[1].clone()]);
    let count = async |filter: &SitemapUrlFilter<'_>| {
        acme.run(async |conn| sitemap_urls::count_of_file(conn, file.id, filter).await)
            .await
    };
    assert_eq!(count(&SitemapUrlFilter::default()).await, 20_000);
    let text = SitemapUrlFilter {
        text: Some("/1999"),
        ..SitemapUrlFilter::default()
    };
    assert_eq!(count(&text).await, 11);
}

/// A concurrent change moves the row: it is written anyway, and the change stays.
#[tokio::test]
async fn a_concurrently_changed_url_is_rewritten_too() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let domain = acme.domain("acme.test").await;
    let file = acme.sitemap(&domain, "https://acme.test/sitemap.xml").await;
    let new = new_sitemap_url(&file, "https://acme.test/");
    upsert(&acme, std::slice::from_ref(&new)).await;
    let (somebody, watcher) = (agencies.database.client().await, agencies.database.client().await);
    let change = "BEGIN; UPDATE sitemap_urls SET status_code = 418";
    somebody.batch_execute(change).await.unwrap();
    let again = NewSitemapUrl {
        changefreq: Some("daily"),
        ..new
    };
    let waits = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let meanwhile = async {
        let is_waiting = async || watcher.query_opt(waits, &[]).await.unwrap().is_some();
        eventually("the upsert waits for the row", is_waiting).await;
        somebody.batch_execute("COMMIT").await.unwrap();
    };
    let (written, ()) = tokio::join!(upsert(&acme, std::slice::from_ref(&again)), meanwhile);
    assert_eq!(written, upserted(0, 1, 0));
    let row = "SELECT status_code, changefreq FROM sitemap_urls";
    let row = watcher.query_one(row, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), (418_i32, "daily"));
}

#[tokio::test]
async fn each_url_is_paged_once_by_file_and_by_domain() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let domain = acme.domain("acme.test").await;
    let one = acme.sitemap(&domain, "https://acme.test/1.xml").await;
    let two = acme.sitemap(&domain, "https://acme.test/2.xml").await;
    let mut urls: Vec<String> = (0..25).map(|n| format!("https://acme.test/{n}")).collect();
    for file in [&one, &two] {
        let new: Vec<_> = urls.iter().map(|url| new_sitemap_url(file, url)).collect();
        upsert(&acme, &new).await;
    }
    urls.sort_unstable();
    let filter = SitemapUrlFilter::default();
    let mut of_file: Vec<String> = Vec::new();
    loop {
        let page = list(&acme, &one, &filter, of_file.last().map(String::as_str), 10).await;
        if page.is_empty() {
            break;
        }
        of_file.extend(page);
    }
    of_file.sort_unstable();
    assert_eq!(of_file, urls);

    let mut of_domain = Vec::new();
    let mut paging = Paging::first(10);
    loop {
        let page = acme
            .run(async |conn| sitemap_urls::list_of_domain(conn, domain.id, &filter, &paging).await)
            .await;
        let Some(last) = page.last() else { break };
        paging.after = Some(last.id);
        of_domain.extend(page.into_iter().map(|row| row.url));
    }
    assert_eq!(of_domain.len(), 50);
    of_domain.sort_unstable();
    of_domain.dedup();
    assert_eq!(of_domain, urls);
}

/// The fast insert, for a file without stored entries.
#[tokio::test]
async fn entries_of_a_new_file_are_inserted_once_and_recorded() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let domain = acme.domain("acme.test").await;
    let file = acme.sitemap(&domain, "https://acme.test/s.xml").await;
    let urls = ["https://acme.test/1", "https://acme.test/2"];
    let new = urls.map(|url| new_sitemap_url(&file, url));
    let has_any = async || acme.run(async |conn| sitemap_urls::has_any(conn, file.id).await).await;
    assert!(!has_any().await);
    let inserted = acme
        .run(async |conn| {
            let run = sitemap_runs::begin(conn, domain.id, JobId::from(Uuid::now_v7()), true).await?;
            let inserted = sitemap_urls::insert_many(conn, Some(run.id), &new).await?;
            Ok((inserted, sitemap_url_changes::settle(conn, run.id, 1000).await?.added))
        })
        .await;
    assert_eq!(inserted, (2, 2));
    assert!(has_any().await);
    assert_eq!(
        upsert(&acme, &new).await,
        upserted(0, 0, 2),
        "both ways store the same rows"
    );
    let again = acme
        .attempt(async |conn| sitemap_urls::insert_many(conn, None, &new).await)
        .await;
    assert!(
        matches!(again, Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))),
        "{again:?}"
    );
}

/// Which of three files list a URL before and after, as bits: all 64 combinations, with the same and with another last
/// modification.
#[tokio::test]
async fn differences_of_files_become_differences_of_the_domain() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let [long_ago, lately] = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"].map(|time| Some(time.parse().unwrap()));
    let urls: Vec<String> = (0..128).map(|n| format!("https://acme.test/{n}")).collect();
    // Few URLs are looked up one by one, many are read in full; both in several statements.
    for (name, url_count, at_once) in [
        ("few.test", 1_000_000, 1000),
        ("many.test", 0, 1000),
        ("few-ranges.test", 1_000_000, 7),
        ("many-ranges.test", 0, 7),
    ] {
        let domain = acme.domain(name).await;
        let files = three_files(&acme, &domain).await;
        let listed_by = |bits: usize, file: usize| bits >> file & 1 == 1;
        let (counts, mut told) = acme
            .run(async |conn| {
                for (bit, file) in files.iter().enumerate() {
                    let before = urls.iter().enumerate().filter(|(n, _)| listed_by(n % 8, bit));
                    let before = before.map(|(_, url)| NewSitemapUrl {
                        lastmod: long_ago,
                        ..new_sitemap_url(file, url)
                    });
                    list_before(conn, file, &before.collect::<Vec<_>>(), url_count).await?;
                }
                let run = sitemap_runs::begin(conn, domain.id, JobId::from(Uuid::now_v7()), true).await?;
                for (bit, file) in files.iter().enumerate() {
                    let after = urls.iter().enumerate().filter(|(n, _)| listed_by(n / 8 % 8, bit));
                    let after: Vec<_> = after
                        .map(|(n, url)| NewSitemapUrl {
                            lastmod: if n < 64 { long_ago } else { lately },
                            ..new_sitemap_url(file, url)
                        })
                        .collect();
                    list_after(conn, file, &after, run.id).await?;
                }
                let counts = sitemap_url_changes::settle(conn, run.id, at_once).await?;
                let told = sitemap_url_changes::list(conn, run.id, None, &Paging::first(1000)).await?;
                Ok((counts, told))
            })
            .await;

        let mut expected: Vec<_> = urls
            .iter()
            .enumerate()
            .filter_map(|(n, url)| match (n % 8, n / 8 % 8) {
                (0, 0) => None,
                (0, _) => Some((url, UrlChange::Added, None, if n < 64 { long_ago } else { lately })),
                (_, 0) => Some((url, UrlChange::Removed, long_ago, None)),
                _ => (n >= 64).then_some((url, UrlChange::Changed, long_ago, lately)),
            })
            .collect();
        expected.sort();
        told.sort_by(|a, b| a.url.cmp(&b.url));
        let told: Vec<_> = told
            .iter()
            .map(|row| (&row.url, row.change, row.old_lastmod, row.new_lastmod))
            .collect();
        assert_eq!(told, expected, "{name}");
        assert_eq!((counts.added, counts.removed, counts.changed), (14, 14, 49), "{name}");
    }
}

async fn three_files(agency: &Agency, domain: &Domain) -> Vec<SitemapFile> {
    let mut files = Vec::new();
    for n in 0..3 {
        let url = format!("https://{}/{n}.xml", domain.domain);
        files.push(agency.sitemap(domain, &url).await);
    }
    files
}

/// Stores a file's entries before the run, and its URL count.
async fn list_before(
    conn: &mut TenantConnection,
    file: &SitemapFile,
    urls: &[NewSitemapUrl<'_>],
    url_count: i32,
) -> QueryResult<()> {
    sitemap_urls::upsert_many(conn, None, urls).await?;
    let changes = SitemapFileChanges {
        url_count: Some(Some(url_count)),
        ..SitemapFileChanges::default()
    };
    sitemap_files::update(conn, file.id, &changes).await?;
    Ok(())
}

/// Stores a file's entries in the run, and deletes the others.
async fn list_after(
    conn: &mut TenantConnection,
    file: &SitemapFile,
    urls: &[NewSitemapUrl<'_>],
    run: SitemapRunId,
) -> QueryResult<()> {
    let hashes: Vec<_> = urls
        .iter()
        .map(|row| Uuid::from_bytes(Md5::digest(row.url).into()))
        .collect();
    sitemap_urls::upsert_many(conn, Some(run), urls).await?;
    sitemap_urls::delete_unlisted(conn, Some(run), file.id, &hashes).await?;
    Ok(())
}

async fn upsert(agency: &Agency, new: &[NewSitemapUrl<'_>]) -> Upserted {
    agency
        .run(async |conn| sitemap_urls::upsert_many(conn, None, new).await)
        .await
}

async fn list(
    agency: &Agency,
    file: &SitemapFile,
    filter: &SitemapUrlFilter<'_>,
    after: Option<&str>,
    limit: i64,
) -> Vec<String> {
    let paging = Paging {
        limit,
        after: after.map(UrlPosition::of),
    };
    let rows = agency
        .run(async |conn| sitemap_urls::list_of_file(conn, file.id, filter, &paging).await)
        .await;
    rows.into_iter().map(|row| row.url).collect()
}

fn upserted(inserted: i64, updated: i64, unchanged: i64) -> Upserted {
    Upserted {
        inserted,
        updated,
        unchanged,
    }
}
