//! The rows that a domain scan writes: the domain's own and three with the facts about its site.

mod differences;
mod evidence;
mod hidden;
mod hosting;
mod json;
mod profile;
mod technologies;

use chrono::Utc;
use database::ids::DomainId;
use database::models::domain::DomainChanges;
use database::models::domain_change::NewDomainChange;
use database::models::domain_evidence::EvidenceColumn;
use database::models::domain_hosting::DomainHostingChanges;
use database::models::enums::{ProcessingStatus, TaskStatus};
use database::repo;
use database::tenant::TenantConnection;
use jobs::{JobContext, JobError};
use web::extract::SiteMetadata;
use web::fetch::FetchError;

use self::differences::Facts;
pub(super) use self::evidence::of_pages;
use self::evidence::{TLS_COLUMNS, of_absences, of_hosting, without_tls};
pub(super) use self::hidden::Hidden;
use super::gathered::Gathered;
use crate::Services;
use crate::evidence::{EvidenceRows, SITEMAP_COLUMNS};
use crate::leads::score_domain;
use crate::sitemap::count::SitemapCount;

/// Marks the domain's scan as running.
pub(super) async fn begin(ctx: &JobContext<Services>, domain: &str) -> Result<(), JobError> {
    let mut conn = ctx.tenant().await?;
    let row = ctx.domain(&mut conn, domain).await?;
    ctx.hold(&mut conn).await?;
    let changes = DomainChanges {
        content_scrape_status: Some(Some(TaskStatus::InProgress)),
        ..DomainChanges::default()
    };
    repo::domains::update(&mut conn, row.id, &changes).await?;
    conn.commit().await?;
    Ok(())
}

/// Writes the results of a scan without suppressed addresses, in the caller's transaction; `found` is what the site states,
/// without them. A fact that was not found becomes NULL, since the site no longer states it.
pub(super) async fn success(
    ctx: &JobContext<Services>,
    conn: &mut TenantConnection,
    domain: &str,
    (gathered, found, mut evidence): (&Gathered, &SiteMetadata, EvidenceRows),
    hidden: &Hidden,
) -> Result<(), JobError> {
    let sitemaps = &gathered.sitemaps;
    let now = Utc::now();
    let row = ctx.domain(conn, domain).await?;
    let changes = DomainChanges {
        content_scrape_status: Some(Some(TaskStatus::Completed)),
        content_scrape_at: Some(Some(now)),
        content_scrape_error: Some(None),
        last_scan: Some(now),
        has_sitemap: Some(Some(sitemaps.first.is_some())),
        sitemap_url: Some(sitemaps.first.as_ref().map(|first| first.url.as_str())),
        total_sitemaps: Some(i32::try_from(sitemaps.files).ok()),
        // Without a sitemap, the number of pages is unknown.
        page_count: Some(sitemaps.first.as_ref().and_then(|_| i32::try_from(sitemaps.pages).ok())),
        sitemap_urls: Some(i32::try_from(sitemaps.pages).ok()),
        ..DomainChanges::default()
    };
    // An analysis of all sitemaps found more than a scan counts.
    let is_analysed = row.sitemap_analysis_status == Some(ProcessingStatus::Completed);
    let changes = if is_analysed {
        DomainChanges {
            has_sitemap: None,
            sitemap_url: None,
            total_sitemaps: None,
            sitemap_urls: None,
            ..changes
        }
    } else {
        changes
    };
    let before = Facts::of(repo::domains::get_details(conn, row.id).await?);
    repo::domains::update(conn, row.id, &changes).await?;
    let after = Facts {
        profile: profile::upsert(conn, row.id, found, hidden).await?,
        technologies: technologies::upsert(conn, row.id, found, hidden).await?,
        hosting: hosting::upsert(conn, row.id, (gathered, found), hidden).await?,
    };
    of_absences(&mut evidence, gathered, found);
    of_hosting(&mut evidence, gathered, &after.hosting);
    prove(conn, row.id, (evidence, sitemaps), is_analysed, hidden).await?;
    if let Some(before) = before {
        let is_whole = !found.is_truncated && !gathered.totals.is_partial();
        let differences = before.differences(&after, now, is_whole);
        record(ctx, conn, row.id, &differences).await?;
    }
    score_domain(conn, &ctx.services().score, row.id).await?;
    Ok(())
}

/// Records what the values are told by. Those of sitemaps that an analysis has written stay.
async fn prove(
    conn: &mut TenantConnection,
    domain: DomainId,
    (mut evidence, sitemaps): (EvidenceRows, &SitemapCount),
    is_analysed: bool,
    hidden: &Hidden,
) -> Result<(), JobError> {
    if let Some(first) = &sitemaps.first {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        evidence.sitemaps(
            (first.url.as_str(), first.method.label()),
            count(sitemaps.files as u64),
            count(sitemaps.pages),
        );
    }
    hidden.clear(&mut evidence);
    let [analysed @ .., _] = SITEMAP_COLUMNS;
    let is_written = |column: &EvidenceColumn| !is_analysed || !analysed.contains(column);
    let columns: Vec<EvidenceColumn> = EvidenceColumn::ALL.iter().copied().filter(is_written).collect();
    evidence.retain(|row| is_written(&row.column));
    repo::domain_evidence::replace(conn, domain, &columns, Utc::now(), evidence.as_slice()).await?;
    Ok(())
}

/// Records how the scan differs from the one before.
async fn record(
    ctx: &JobContext<Services>,
    conn: &mut TenantConnection,
    domain: DomainId,
    differences: &[NewDomainChange],
) -> Result<(), JobError> {
    if !differences.is_empty() {
        repo::domain_changes::insert_many(conn, domain, ctx.job_id(), differences).await?;
    }
    Ok(())
}

/// Records at the domain that its scan failed, if this worker still holds the job. Earlier results are kept.
///
/// If the record cannot be written, it is skipped: the job itself states why it failed.
pub(super) async fn failure(ctx: &JobContext<Services>, domain: &str, message: &str, fetch: Option<&FetchError>) {
    if let Err(error) = note_failure(ctx, domain, message, fetch).await {
        log::debug!(
            "job {}: the failure could not be recorded at the domain: {error}",
            ctx.job_id()
        );
    }
}

async fn note_failure(
    ctx: &JobContext<Services>,
    domain: &str,
    message: &str,
    fetch: Option<&FetchError>,
) -> Result<(), JobError> {
    let mut conn = ctx.tenant().await?;
    let row = ctx.domain(&mut conn, domain).await?;
    ctx.hold(&mut conn).await?;
    let changes = DomainChanges {
        content_scrape_status: Some(Some(TaskStatus::Error)),
        content_scrape_at: Some(Some(Utc::now())),
        content_scrape_error: Some(Some(message)),
        ..DomainChanges::default()
    };
    repo::domains::update(&mut conn, row.id, &changes).await?;
    let before = repo::domain_facts::find_hosting(&mut conn, row.id).await?;
    let lost = before
        .as_ref()
        .and_then(|before| differences::loss(before, message, fetch));
    record(ctx, &mut conn, row.id, lost.as_slice()).await?;
    let before = before.and_then(|hosting| hosting.error_count);
    let tls = fetch.and_then(FetchError::tls);
    let names = tls.and_then(|(_, certificate)| certificate).map(hosting::names);
    let hosting = DomainHostingChanges {
        last_error: Some(Some(message)),
        error_count: Some(Some(before.unwrap_or(0).saturating_add(1))),
        ..match tls {
            Some((fault, certificate)) => hosting::without_tls(fault, certificate, names.as_ref(), message),
            None => DomainHostingChanges::default(),
        }
    };
    let stored = repo::domain_facts::upsert(&mut conn, row.id, &hosting).await?;
    if tls.is_some() {
        let evidence = without_tls(&stored);
        repo::domain_evidence::replace(&mut conn, row.id, &TLS_COLUMNS, Utc::now(), evidence.as_slice()).await?;
    }
    conn.commit().await?;
    Ok(())
}
