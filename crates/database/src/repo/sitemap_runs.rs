//! Table `sitemap_runs`: analyses of domains' sitemaps.

use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult, SelectableHelper};
use diesel::sql_types::{BigInt, Bool, Uuid};
use diesel_async::RunQueryDsl;
use schema::sitemap_runs;

use super::paging::Paging;
use crate::ids::{DomainId, JobId, SitemapRunId};
use crate::models::sitemap_run::{SitemapRun, SitemapRunChanges};
use crate::tenant::TenantConnection;

/// Returns an analysis.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn get(conn: &mut TenantConnection, id: SitemapRunId) -> QueryResult<SitemapRun> {
    let tenant = conn.tenant_id();
    SitemapRun::query()
        .filter(sitemap_runs::tenant_id.eq(tenant))
        .filter(sitemap_runs::id.eq(id))
        .first(&mut conn.reading())
        .await
}

/// Lists the analyses of a domain, the newest first.
///
/// # Errors
///
/// Those of the database.
pub async fn list(conn: &mut TenantConnection, domain: DomainId, paging: Paging) -> QueryResult<Vec<SitemapRun>> {
    let tenant = conn.tenant_id();
    SitemapRun::query()
        .filter(sitemap_runs::tenant_id.eq(tenant))
        .filter(sitemap_runs::domain_id.eq(domain))
        .order((sitemap_runs::started_at.desc(), sitemap_runs::id.desc()))
        .limit(paging.limit)
        .offset(paging.offset)
        .load(&mut conn.reading())
        .await
}

/// Begins the analysis that a job does, or returns it where an earlier attempt at the job has begun it. One that has
/// failed begins once more, without what was discovered: its job was queued again.
///
/// What analyses that never ended have noted is this one's from now on: their rows are there.
///
/// # Errors
///
/// A foreign key violation when the tenant has no such domain, and those of the database.
pub async fn begin(
    conn: &mut TenantConnection,
    domain: DomainId,
    job: JobId,
    is_whole_domain: bool,
) -> QueryResult<SitemapRun> {
    let tenant = conn.tenant_id();
    diesel::sql_query(
        "INSERT INTO sitemap_runs (tenant_id, domain_id, job_id, is_whole_domain, has_previous)
         SELECT $1, $2, $3, $4, EXISTS (
             SELECT FROM sitemap_runs WHERE tenant_id = $1 AND domain_id = $2 AND state IN ('completed', 'partial'))
         ON CONFLICT (tenant_id, job_id) DO NOTHING",
    )
    .bind::<Uuid, _>(tenant)
    .bind::<Uuid, _>(domain)
    .bind::<Uuid, _>(job)
    .bind::<Bool, _>(is_whole_domain)
    .execute(conn)
    .await?;
    diesel::sql_query(
        "UPDATE sitemap_runs SET state = 'running', discovered_at = NULL, completed_at = NULL, note = NULL
         WHERE tenant_id = $1 AND job_id = $2 AND state = 'failed'",
    )
    .bind::<Uuid, _>(tenant)
    .bind::<Uuid, _>(job)
    .execute(conn)
    .await?;
    let run: SitemapRun = SitemapRun::query()
        .filter(sitemap_runs::tenant_id.eq(tenant))
        .filter(sitemap_runs::job_id.eq(job))
        .first(&mut conn.reading())
        .await?;
    diesel::sql_query(
        "UPDATE sitemap_url_changes SET run_id = $2 WHERE tenant_id = $1 AND run_id IN (
             SELECT id FROM sitemap_runs
             WHERE tenant_id = $1 AND domain_id = $3 AND id <> $2 AND state IN ('running', 'failed'))",
    )
    .bind::<Uuid, _>(tenant)
    .bind::<Uuid, _>(run.id)
    .bind::<Uuid, _>(domain)
    .execute(conn)
    .await?;
    Ok(run)
}

/// Changes an analysis.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn update(
    conn: &mut TenantConnection,
    id: SitemapRunId,
    changes: &SitemapRunChanges<'_>,
) -> QueryResult<SitemapRun> {
    let tenant = conn.tenant_id();
    diesel::update(
        sitemap_runs::table
            .filter(sitemap_runs::tenant_id.eq(tenant))
            .filter(sitemap_runs::id.eq(id)),
    )
    // The id is set once more, so that no changes at all are no error.
    .set((changes, sitemap_runs::id.eq(id)))
    .returning(SitemapRun::as_returning())
    .get_result(conn)
    .await
}

/// Deletes all analyses of a domain but the newest, with what they found to be different, and returns how many.
///
/// # Errors
///
/// Those of the database.
pub async fn delete_old(conn: &mut TenantConnection, domain: DomainId, keep: i64) -> QueryResult<usize> {
    diesel::sql_query(
        "DELETE FROM sitemap_runs WHERE tenant_id = $1 AND id IN (
             SELECT id FROM sitemap_runs WHERE tenant_id = $1 AND domain_id = $2
             ORDER BY started_at DESC, id DESC OFFSET $3)",
    )
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<Uuid, _>(domain)
    .bind::<BigInt, _>(keep)
    .execute(conn)
    .await
}
