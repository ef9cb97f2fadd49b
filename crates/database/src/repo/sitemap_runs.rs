//! Table `sitemap_runs`: analyses of domains' sitemaps.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use schema::{sitemap_runs, sitemap_url_changes};

use super::paging::Paging;
use crate::ids::{DomainId, JobId, SitemapRunId};
use crate::models::enums::SitemapRunState;
use crate::models::sitemap_run::{SitemapRun, SitemapRunChanges};
use crate::tenant::TenantConnection;

/// Returns an analysis.
pub async fn get(conn: &mut TenantConnection, id: SitemapRunId) -> QueryResult<SitemapRun> {
    let tenant = conn.tenant_id();
    SitemapRun::query()
        .filter(sitemap_runs::tenant_id.eq(tenant))
        .filter(sitemap_runs::id.eq(id))
        .first(&mut conn.reading())
        .await
}

/// Lists the analyses of a domain, the newest first.
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
/// A foreign key violation when the tenant has no such domain.
pub async fn begin(
    conn: &mut TenantConnection,
    domain: DomainId,
    job: JobId,
    is_whole_domain: bool,
) -> QueryResult<SitemapRun> {
    let tenant = conn.tenant_id();
    let own = || sitemap_runs::table.filter(sitemap_runs::tenant_id.eq(tenant));
    let of_job = || own().filter(sitemap_runs::job_id.eq(job));
    let earlier = own()
        .filter(sitemap_runs::domain_id.eq(domain))
        .filter(sitemap_runs::state.eq_any([SitemapRunState::Completed, SitemapRunState::Partial]));
    let has_previous: bool = diesel::select(exists(earlier)).get_result(&mut conn.reading()).await?;
    diesel::insert_into(sitemap_runs::table)
        .values((
            sitemap_runs::tenant_id.eq(tenant),
            sitemap_runs::domain_id.eq(domain),
            sitemap_runs::job_id.eq(job),
            sitemap_runs::is_whole_domain.eq(is_whole_domain),
            sitemap_runs::has_previous.eq(has_previous),
        ))
        .on_conflict((sitemap_runs::tenant_id, sitemap_runs::job_id))
        .do_nothing()
        .execute(conn)
        .await?;
    diesel::update(of_job().filter(sitemap_runs::state.eq(SitemapRunState::Failed)))
        .set((
            sitemap_runs::state.eq(SitemapRunState::Running),
            sitemap_runs::discovered_at.eq(None::<DateTime<Utc>>),
            sitemap_runs::completed_at.eq(None::<DateTime<Utc>>),
            sitemap_runs::note.eq(None::<String>),
        ))
        .execute(conn)
        .await?;
    let run: SitemapRun = of_job()
        .select(SitemapRun::as_select())
        .first(&mut conn.reading())
        .await?;
    let unended = own()
        .filter(sitemap_runs::domain_id.eq(domain))
        .filter(sitemap_runs::id.ne(run.id))
        .filter(sitemap_runs::state.eq_any([SitemapRunState::Running, SitemapRunState::Failed]))
        .select(sitemap_runs::id);
    diesel::update(
        sitemap_url_changes::table
            .filter(sitemap_url_changes::tenant_id.eq(tenant))
            .filter(sitemap_url_changes::run_id.eq_any(unended)),
    )
    .set(sitemap_url_changes::run_id.eq(run.id))
    .execute(conn)
    .await?;
    Ok(run)
}

/// Changes an analysis.
///
/// # Errors
///
/// `NotFound`.
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
pub async fn delete_old(conn: &mut TenantConnection, domain: DomainId, keep: i64) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    let old = sitemap_runs::table
        .filter(sitemap_runs::tenant_id.eq(tenant))
        .filter(sitemap_runs::domain_id.eq(domain))
        .order((sitemap_runs::started_at.desc(), sitemap_runs::id.desc()))
        .offset(keep)
        .select(sitemap_runs::id)
        .into_boxed();
    diesel::delete(
        sitemap_runs::table
            .filter(sitemap_runs::tenant_id.eq(tenant))
            .filter(sitemap_runs::id.eq_any(old)),
    )
    .execute(conn)
    .await
}
