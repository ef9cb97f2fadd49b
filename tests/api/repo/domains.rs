//! Domains, and the facts about their sites.

use database::models::domain::{DomainChanges, NewDomain};
use database::models::domain_hosting::DomainHostingChanges;
use database::models::domain_profile::DomainProfileChanges;
use database::models::domain_technologies::DomainTechnologiesChanges;
use database::models::enums::{JobStatus, TaskStatus};
use database::models::job::NewJob;
use database::models::values::TextList;
use database::repo::domains::{DomainFilter, DomainOrder, DomainPosition};
use database::repo::paging::Paging;
use database::repo::{domain_facts, domains, jobs, sitemap_urls};
use diesel::result::Error;

use crate::support::tenants::{Agencies, new_domain, new_job, new_sitemap_url};

#[tokio::test]
async fn an_existing_domain_is_returned_unchanged() {
    let acme = Agencies::new().await;
    let acme = acme.tenant("acme").await;
    let first = acme.domain("acme.test").await;
    let changes = DomainChanges {
        notes: Some(Some("call them")),
        ..DomainChanges::default()
    };
    let changed = acme
        .run(async |conn| domains::update(conn, first.id, &changes).await)
        .await;
    assert_eq!(changed.notes.as_deref(), Some("call them"));
    assert!(changed.updated_at > first.updated_at);
    assert_eq!(acme.domain("acme.test").await, changed);
}

#[tokio::test]
async fn new_and_existing_domains_are_returned_once_each() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let old = acme.domain("b.test").await;
    let named = |domain, lead| NewDomain {
        lead_source: Some(lead),
        ..new_domain(domain)
    };
    let new = [
        named("c.test", "1"),
        named("a.test", "2"),
        named("c.test", "3"),
        named("b.test", "4"),
    ];
    let mut stored = acme.run(async |conn| domains::upsert_many(conn, &new).await).await;
    stored.sort_by(|one, other| one.domain.cmp(&other.domain));
    let names: Vec<_> = stored.iter().map(|row| row.domain.as_str()).collect();
    assert_eq!(names, ["a.test", "b.test", "c.test"]);
    assert_eq!(stored[1].id, old.id);
    let last = acme.run(async |conn| domains::get(conn, stored[2].id).await).await;
    assert_eq!(last.lead_source.as_deref(), Some("3"), "the last one of a name counts");
    let none = acme.run(async |conn| domains::upsert_many(conn, &[]).await).await;
    assert_eq!(none, []);
}

#[tokio::test]
async fn ten_thousand_domains_are_one_statement() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let names: Vec<String> = (0..10_000).map(|n| format!("{n}.test")).collect();
    let new: Vec<_> = names.iter().map(|name| new_domain(name)).collect();
    let stored = acme.run(async |conn| domains::upsert_many(conn, &new).await).await;
    assert_eq!(stored.len(), 10_000);
}

#[tokio::test]
async fn a_list_is_filtered_ordered_paged_and_counted() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    for name in ["b.test", "a_b.test", "axb.test"] {
        acme.domain(name).await;
    }
    let list = async |filter: &DomainFilter<'_>, order, limit, after| {
        let paging = Paging { limit, after };
        let (rows, total) = acme
            .run(async |conn| domains::list(conn, filter, order, &paging).await)
            .await;
        let names: Vec<_> = rows.into_iter().map(|row| row.domain).collect();
        (names, total)
    };
    let all = DomainFilter::default();
    let (names, total) = list(&all, DomainOrder::Newest, 2, None).await;
    assert_eq!((names, total), (vec!["axb.test".into(), "a_b.test".into()], 3));
    let second = acme.domain("a_b.test").await;
    let after = DomainPosition::of(&second, DomainOrder::Newest);
    let (names, total) = list(&all, DomainOrder::Newest, 2, Some(after)).await;
    assert_eq!((names, total), (vec!["b.test".into()], 3));
    let (names, _) = list(&all, DomainOrder::LastScan, 1, None).await;
    assert_eq!(names, ["axb.test"]);
    let literally = DomainFilter {
        text: Some("A_B"),
        ..DomainFilter::default()
    };
    assert_eq!(
        list(&literally, DomainOrder::Name, 9, None).await,
        (vec!["a_b.test".into()], 1)
    );
    let done = DomainFilter {
        content_scrape_status: Some(TaskStatus::Completed),
        ..DomainFilter::default()
    };
    assert_eq!(list(&done, DomainOrder::Name, 9, None).await, (Vec::new(), 0));
}

#[tokio::test]
async fn facts_are_only_overwritten_by_new_values() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let domain = acme.domain("acme.test").await;
    let bare = acme.run(async |conn| domains::get_details(conn, domain.id).await).await;
    assert_eq!(bare, (domain.clone(), None, None, None));

    let emails = TextList::from_iter(["a@acme.test"]);
    let first = DomainProfileChanges {
        title: Some(Some("Acme")),
        email_addresses: Some(Some(&emails)),
        ..DomainProfileChanges::default()
    };
    let second = DomainProfileChanges {
        title: Some(None),
        language: Some(Some("en")),
        ..DomainProfileChanges::default()
    };
    let wordpress = DomainTechnologiesChanges {
        is_wordpress: Some(Some(true)),
        ..DomainTechnologiesChanges::default()
    };
    acme.run(async |conn| {
        domain_facts::upsert(conn, domain.id, &first).await?;
        domain_facts::upsert(conn, domain.id, &second).await?;
        domain_facts::upsert(conn, domain.id, &DomainProfileChanges::default()).await?;
        domain_facts::upsert(conn, domain.id, &wordpress).await?;
        domain_facts::upsert(conn, domain.id, &DomainHostingChanges::default()).await
    })
    .await;
    let (_, profile, technologies, hosting) = acme.run(async |conn| domains::get_details(conn, domain.id).await).await;
    let profile = profile.unwrap();
    assert_eq!((profile.title, profile.language.as_deref()), (None, Some("en")));
    assert_eq!(profile.email_addresses, Some(emails));
    assert_eq!(technologies.unwrap().is_wordpress, Some(true));
    assert!(hosting.is_some());
    let found = acme
        .run(async |conn| domain_facts::find_hosting(conn, domain.id).await)
        .await;
    assert_eq!(found, hosting);

    let with = |is_wordpress| DomainFilter {
        is_wordpress: Some(is_wordpress),
        ..DomainFilter::default()
    };
    for (is_wordpress, expected) in [(true, 1), (false, 0)] {
        let filter = with(is_wordpress);
        let (_, total) = acme
            .run(async |conn| domains::list(conn, &filter, DomainOrder::Newest, &Paging::default()).await)
            .await;
        assert_eq!(total, expected);
    }
}

#[tokio::test]
async fn deleting_a_domain_deletes_its_rows_and_cancels_its_job() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let domain = acme.domain("acme.test").await;
    let file = acme.sitemap(&domain, "https://acme.test/sitemap.xml").await;
    let mut new = new_job("scan");
    new.domain_id = Some(domain.id);
    let job = acme
        .run(async |conn| {
            sitemap_urls::upsert_many(conn, None, &[new_sitemap_url(&file, "https://acme.test/")]).await?;
            jobs::enqueue(conn, &new).await
        })
        .await
        .job;
    acme.run(async |conn| domains::delete(conn, domain.id).await).await;
    let gone = acme.attempt(async |conn| domains::get(conn, domain.id).await).await;
    assert_eq!(gone, Err(Error::NotFound));
    let job = acme.run(async |conn| jobs::get(conn, job.job_id).await).await;
    // The job keeps the id, so that a retry notices that its domain is gone.
    assert_eq!((job.status, job.domain_id), (JobStatus::Cancelled, Some(domain.id)));
    let again = acme.attempt(async |conn| domains::delete(conn, domain.id).await).await;
    assert_eq!(again, Err(Error::NotFound));
}

#[tokio::test]
async fn references_to_deleted_rows_are_cleared() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let (domain, other) = (acme.domain("acme.test").await, acme.domain("other.test").await);
    let index = acme.sitemap(&domain, "https://acme.test/index.xml").await;
    let place = format!(
        "INSERT INTO places_staging (tenant_id, place_id, name, created_by) VALUES ('{0}', 'x', 'x', '{0}');
         INSERT INTO place_details (tenant_id, place_id, domain_id) VALUES ('{0}', 'x', '{1}');
         INSERT INTO sitemap_files (tenant_id, domain_id, url, sitemap_type, parent_id) VALUES
             ('{0}', '{1}', 'https://acme.test/child.xml', 'urlset', '{2}'), ('{0}', '{3}', 'https://other.test/child.xml', 'urlset', '{2}');
         INSERT INTO pages (tenant_id, domain_id, url, sitemap_file_id) VALUES
             ('{0}', '{1}', 'https://acme.test/', '{2}'), ('{0}', '{3}', 'https://other.test/', '{2}')",
        acme.id, domain.id, index.id, other.id
    );
    let client = agencies.database.client().await;
    client.batch_execute(&place).await.unwrap();
    acme.run(async |conn| domains::delete(conn, domain.id).await).await;
    for (table, column, rows) in [
        ("place_details", "domain_id", 1),
        ("sitemap_files", "parent_id", 1),
        ("pages", "sitemap_file_id", 1),
    ] {
        let sql = format!("SELECT count(*), count({column}) FROM {table}");
        let row = client.query_one(&sql, &[]).await.unwrap();
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (rows, 0), "{table}");
    }
}

/// A regression: each waited for the other, and one request failed with 500.
#[tokio::test]
async fn deleting_a_domain_while_queueing_its_jobs_works() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    for _ in 0..20 {
        let domain = acme.domain("acme.test").await;
        let scan = NewJob {
            domain_id: Some(domain.id),
            dedup_key: Some("acme.test"),
            ..new_job("scan")
        };
        let queueing = async || acme.attempt(async |conn| jobs::enqueue(conn, &scan).await).await;
        let deleting = async || acme.attempt(async |conn| domains::delete(conn, domain.id).await).await;
        let (first, deleted, second) = tokio::join!(queueing(), deleting(), queueing());
        assert_eq!(deleted, Ok(()));
        first.unwrap();
        second.unwrap();
        // One that came after the deletion exists, and finds its domain gone.
        acme.run(async |conn| domains::delete(conn, domain.id).await.or(Ok(())))
            .await;
        let client = agencies.database.client().await;
        client.batch_execute("DELETE FROM jobs").await.unwrap();
    }
}
