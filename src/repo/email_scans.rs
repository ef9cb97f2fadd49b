//! Tables `email_scans` and `email_scan_urls`: crawls of sites for email addresses, and the URLs they have met.

use diesel::prelude::{ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult, SelectableHelper};
use diesel::sql_types::{Array, BigInt, Integer, Nullable, SmallInt, Text, Uuid};
use diesel_async::RunQueryDsl;

use super::bulk::column;
use crate::db::tenant::TenantConnection;
use crate::models::email_scan::{DomainPages, EmailScan, EmailScanChanges, EmailScanUrl, NewEmailScanUrl, ScanAndJob};
use crate::models::enums::JobStatus;
use crate::models::ids::{DomainId, EmailScanId, JobId};
use crate::schema::{email_scan_urls, email_scans, jobs};

/// Begins the scan that a job does, or returns it where it has begun.
///
/// # Errors
///
/// A foreign key violation when the tenant has no such domain, and those of the database.
pub async fn begin(
    conn: &mut TenantConnection,
    domain: DomainId,
    job: JobId,
    total_pages: i32,
) -> QueryResult<EmailScan> {
    let tenant = conn.tenant_id();
    diesel::insert_into(email_scans::table)
        .values((
            email_scans::tenant_id.eq(tenant),
            email_scans::domain_id.eq(domain),
            email_scans::job_id.eq(job),
            email_scans::total_pages.eq(total_pages),
        ))
        .on_conflict((email_scans::tenant_id, email_scans::job_id))
        .do_update()
        // DO NOTHING would return no row.
        .set(email_scans::total_pages.eq(email_scans::total_pages))
        .returning(EmailScan::as_returning())
        .get_result(conn)
        .await
}

/// Begins scans, each of a domain by a job that is new, and returns how many: at most some thousand at a time, since a
/// statement takes at most 65,535 binds.
///
/// # Errors
///
/// A foreign key violation when the tenant has no such domain, and those of the database.
pub async fn begin_many(
    conn: &mut TenantConnection,
    scans: &[(DomainId, JobId)],
    total_pages: i32,
) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    let rows: Vec<_> = scans
        .iter()
        .map(|(domain, job)| {
            (
                email_scans::tenant_id.eq(tenant),
                email_scans::domain_id.eq(*domain),
                email_scans::job_id.eq(*job),
                email_scans::total_pages.eq(total_pages),
            )
        })
        .collect();
    diesel::insert_into(email_scans::table).values(rows).execute(conn).await
}

/// Looks up the last scan of a domain, with how far its job is.
///
/// # Errors
///
/// Those of the database.
pub async fn find_latest(conn: &mut TenantConnection, domain: DomainId) -> QueryResult<Option<ScanAndJob>> {
    let tenant = conn.tenant_id();
    let latest = EmailScan::query()
        .filter(email_scans::tenant_id.eq(tenant))
        .filter(email_scans::domain_id.eq(domain))
        .order((email_scans::created_at.desc(), email_scans::id.desc()))
        .first(conn)
        .await
        .optional()?;
    let Some(scan) = latest else {
        return Ok(None);
    };
    let status: Option<JobStatus> = jobs::table
        .filter(jobs::tenant_id.eq(tenant))
        .filter(jobs::job_id.eq(scan.job_id))
        .select(jobs::status)
        .first(conn)
        .await
        .optional()?;
    Ok(Some((scan, status)))
}

/// Changes a scan.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn update(
    conn: &mut TenantConnection,
    id: EmailScanId,
    changes: &EmailScanChanges<'_>,
) -> QueryResult<EmailScan> {
    let tenant = conn.tenant_id();
    diesel::update(
        email_scans::table
            .filter(email_scans::tenant_id.eq(tenant))
            .filter(email_scans::id.eq(id)),
    )
    // The id is set once more, so that no changes at all are no error.
    .set((changes, email_scans::id.eq(id)))
    .returning(EmailScan::as_returning())
    .get_result(conn)
    .await
}

/// Deletes all scans of a domain but the newest, with the URLs they met, and returns how many.
///
/// # Errors
///
/// Those of the database.
pub async fn delete_old(conn: &mut TenantConnection, domain: DomainId, keep: i64) -> QueryResult<usize> {
    diesel::sql_query(
        "DELETE FROM email_scans WHERE tenant_id = $1 AND id IN (
             SELECT id FROM email_scans WHERE tenant_id = $1 AND domain_id = $2
             ORDER BY created_at DESC, id DESC OFFSET $3)",
    )
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<Uuid, _>(domain)
    .bind::<BigInt, _>(keep)
    .execute(conn)
    .await
}

/// Lists the URLs that a scan has met, in the order in which it met them.
///
/// # Errors
///
/// Those of the database.
pub async fn list_urls(conn: &mut TenantConnection, scan: EmailScanId) -> QueryResult<Vec<EmailScanUrl>> {
    let tenant = conn.tenant_id();
    EmailScanUrl::query()
        .filter(email_scan_urls::tenant_id.eq(tenant))
        .filter(email_scan_urls::scan_id.eq(scan))
        .order(email_scan_urls::position)
        .load(conn)
        .await
}

/// Writes URLs that a scan has met, over what was known of them.
///
/// # Errors
///
/// A foreign key violation when the tenant has no such scan, and those of the database.
pub async fn upsert_urls(
    conn: &mut TenantConnection,
    scan: EmailScanId,
    urls: &[NewEmailScanUrl<'_>],
) -> QueryResult<usize> {
    diesel::sql_query(
        "INSERT INTO email_scan_urls AS u (
             tenant_id, scan_id, position, url, rank, depth, state, fetches, disposition, reason, content_hash)
         SELECT $1, $2, * FROM unnest(
             $3::int4[], $4::text[], $5::int2[], $6::int2[], $7::text[], $8::int2[], $9::text[], $10::text[], $11::text[])
         ON CONFLICT (tenant_id, scan_id, position) DO UPDATE SET
             rank = EXCLUDED.rank, state = EXCLUDED.state, fetches = EXCLUDED.fetches,
             disposition = EXCLUDED.disposition, reason = EXCLUDED.reason, content_hash = EXCLUDED.content_hash",
    )
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<Uuid, _>(scan)
    .bind::<Array<Integer>, _>(column(urls, |url| url.position))
    .bind::<Array<Text>, _>(column(urls, |url| url.url))
    .bind::<Array<SmallInt>, _>(column(urls, |url| url.rank))
    .bind::<Array<SmallInt>, _>(column(urls, |url| url.depth))
    .bind::<Array<Text>, _>(column(urls, |url| url.state.label()))
    .bind::<Array<SmallInt>, _>(column(urls, |url| url.fetches))
    .bind::<Array<Nullable<Text>>, _>(column(urls, |url| url.disposition))
    .bind::<Array<Nullable<Text>>, _>(column(urls, |url| url.reason))
    .bind::<Array<Nullable<Text>>, _>(column(urls, |url| url.content_hash))
    .execute(conn)
    .await
}

/// Lists the tenant's domains by name, each with up to `most` of its pages, and how many there are.
///
/// # Errors
///
/// Those of the database.
pub async fn list_domains(
    conn: &mut TenantConnection,
    limit: i64,
    offset: i64,
    most: i64,
) -> QueryResult<Vec<DomainPages>> {
    diesel::sql_query(
        "SELECT d.id, d.domain, p.urls AS pages, p.count AS pages_count
         FROM (SELECT id, domain FROM domains WHERE tenant_id = $1 ORDER BY domain LIMIT $2 OFFSET $3) d
         CROSS JOIN LATERAL (
             SELECT count(*) AS count, coalesce((array_agg(url ORDER BY created_at, id))[:$4], '{}') AS urls
             FROM pages WHERE tenant_id = $1 AND domain_id = d.id) p
         ORDER BY d.domain",
    )
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<BigInt, _>(limit)
    .bind::<BigInt, _>(offset)
    .bind::<BigInt, _>(most)
    .load(conn)
    .await
}

/// Notes at a domain's pages which other ones of them link to each, by what a scan has read.
///
/// # Errors
///
/// Those of the database.
pub async fn note_inbound_links(conn: &mut TenantConnection, domain: DomainId) -> QueryResult<usize> {
    diesel::sql_query(
        "WITH links AS (
             SELECT target AS url, array_agg(DISTINCT source.url ORDER BY source.url) AS sources
             FROM pages source CROSS JOIN unnest(source.outbound_links) AS target
             WHERE source.tenant_id = $1 AND source.domain_id = $2 AND target <> source.url
             GROUP BY target)
         UPDATE pages p SET inbound_links = l.sources
         FROM links l
         WHERE p.tenant_id = $1 AND p.domain_id = $2 AND md5(p.url) = md5(l.url) AND p.url = l.url
           AND p.inbound_links IS DISTINCT FROM l.sources",
    )
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<Uuid, _>(domain)
    .execute(conn)
    .await
}
