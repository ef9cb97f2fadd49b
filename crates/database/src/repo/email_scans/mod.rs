//! Tables `email_scans` and `email_scan_urls`: crawls of sites for email addresses, and their URLs.

use diesel::prelude::{ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult, SelectableHelper};
use diesel::sql_types::{Array, BigInt, Integer, Nullable, SmallInt, Text, Uuid};
use diesel_async::RunQueryDsl;
use schema::{email_scan_urls, email_scans, jobs};
use serde::{Deserialize, Serialize};

use super::bulk::column;
use super::paging::{Paging, Position};
use crate::ids::{DomainId, EmailScanId, JobId};
use crate::models::email_scan::{DomainPages, EmailScan, EmailScanChanges, EmailScanUrl, NewEmailScanUrl, ScanAndJob};
use crate::models::job::Job;
use crate::tenant::TenantConnection;

/// Starts a job's scan, or returns it if it exists.
///
/// # Errors
///
/// A foreign key violation if the tenant has no such domain.
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

/// Starts scans of new jobs, one per domain, and returns their number. Takes a few thousand at most, since a statement
/// has at most 65,535 binds.
///
/// # Errors
///
/// A foreign key violation if the tenant has no such domain.
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

/// Finds the last scan of a domain, with its job.
pub async fn find_latest(conn: &mut TenantConnection, domain: DomainId) -> QueryResult<Option<ScanAndJob>> {
    let tenant = conn.tenant_id();
    let latest = EmailScan::query()
        .filter(email_scans::tenant_id.eq(tenant))
        .filter(email_scans::domain_id.eq(domain))
        .order((email_scans::created_at.desc(), email_scans::id.desc()))
        .first(&mut conn.reading())
        .await
        .optional()?;
    let Some(scan) = latest else {
        return Ok(None);
    };
    let job = Job::query()
        .filter(jobs::tenant_id.eq(tenant))
        .filter(jobs::job_id.eq(scan.job_id))
        .first(&mut conn.reading())
        .await
        .optional()?;
    Ok(Some((scan, job)))
}

/// Updates a scan.
///
/// # Errors
///
/// `NotFound`.
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
    // Sets the id again, since Diesel rejects an empty update.
    .set((changes, email_scans::id.eq(id)))
    .returning(EmailScan::as_returning())
    .get_result(conn)
    .await
}

/// Deletes all but the newest `keep` scans of a domain, with their URLs, and returns their number.
pub async fn delete_old(conn: &mut TenantConnection, domain: DomainId, keep: i64) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    let old = email_scans::table
        .filter(email_scans::tenant_id.eq(tenant))
        .filter(email_scans::domain_id.eq(domain))
        .order((email_scans::created_at.desc(), email_scans::id.desc()))
        .offset(keep)
        .select(email_scans::id)
        .into_boxed();
    diesel::delete(
        email_scans::table
            .filter(email_scans::tenant_id.eq(tenant))
            .filter(email_scans::id.eq_any(old)),
    )
    .execute(conn)
    .await
}

/// Lists the URLs of a scan in the order in which they were found.
pub async fn list_urls(conn: &mut TenantConnection, scan: EmailScanId) -> QueryResult<Vec<EmailScanUrl>> {
    let tenant = conn.tenant_id();
    EmailScanUrl::query()
        .filter(email_scan_urls::tenant_id.eq(tenant))
        .filter(email_scan_urls::scan_id.eq(scan))
        .order(email_scan_urls::position)
        .load(&mut conn.reading())
        .await
}

/// Inserts or updates URLs of a scan.
///
/// # Errors
///
/// A foreign key violation if the tenant has no such scan.
pub async fn upsert_urls(
    conn: &mut TenantConnection,
    scan: EmailScanId,
    urls: &[NewEmailScanUrl<'_>],
) -> QueryResult<usize> {
    // Thousands of rows as one array per column: bound value by value they would exceed the limit of binds.
    diesel::sql_query(include_str!("upsert_urls.sql"))
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

/// The position of a domain in the list by name; a tenant has each name once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScannedPosition(String);

impl ScannedPosition {
    /// Returns the position of a domain.
    #[must_use]
    pub fn of(row: &DomainPages) -> Self {
        Self(row.domain.clone())
    }
}

impl Position for ScannedPosition {
    type Order = ();

    const LIST: &'static str = "email-scanner/domains";

    fn order(&self) {}
}

/// Lists the tenant's domains by name, each with up to `most` of its pages and their number.
pub async fn list_domains(
    conn: &mut TenantConnection,
    paging: &Paging<ScannedPosition>,
    offset: i64,
    most: i64,
) -> QueryResult<Vec<DomainPages>> {
    // Diesel has no LATERAL and no array slices.
    diesel::sql_query(include_str!("list_domains.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<BigInt, _>(paging.limit)
        .bind::<BigInt, _>(offset)
        .bind::<BigInt, _>(most)
        .bind::<Nullable<Text>, _>(paging.after.as_ref().map(|ScannedPosition(name)| name))
        .load(&mut conn.reading())
        .await
}

/// Stores for each page of a domain which other pages of it link there.
pub async fn note_inbound_links(conn: &mut TenantConnection, domain: DomainId) -> QueryResult<usize> {
    // Diesel has no UPDATE ... FROM.
    diesel::sql_query(include_str!("note_inbound_links.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Uuid, _>(domain)
        .execute(conn)
        .await
}
