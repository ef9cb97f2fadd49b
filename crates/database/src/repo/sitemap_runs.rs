//! Table `sitemap_runs`: analyses of domains' sitemaps.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult, SelectableHelper};
use diesel::sql_types::{Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use schema::{sitemap_runs, sitemap_url_changes};

use super::paging::{Newest, Paging, before};
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

/// Lists the analyses of a domain, newest first.
pub async fn list(
    conn: &mut TenantConnection,
    domain: DomainId,
    paging: &Paging<Newest<SitemapRunId>>,
) -> QueryResult<Vec<SitemapRun>> {
    let tenant = conn.tenant_id();
    let mut rows = SitemapRun::query()
        .filter(sitemap_runs::tenant_id.eq(tenant))
        .filter(sitemap_runs::domain_id.eq(domain))
        .into_boxed();
    if let Some(Newest { at, id }) = paging.after {
        rows = rows.filter(before::<(Timestamptz, Uuid), _, _>(
            (sitemap_runs::started_at, sitemap_runs::id),
            (at, id),
        ));
    }
    rows.order((sitemap_runs::started_at.desc(), sitemap_runs::id.desc()))
        .limit(paging.limit)
        .load(&mut conn.reading())
        .await
}

/// Starts a job's analysis, or returns the one that an earlier attempt started. A failed analysis, whose job was queued
/// again, restarts without its discovered files.
///
/// The differences recorded by unfinished earlier analyses are moved to this one.
///
/// # Errors
///
/// A foreign key violation if the tenant has no such domain.
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

/// Updates an analysis.
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
    // Sets the id again, since Diesel rejects an empty update.
    .set((changes, sitemap_runs::id.eq(id)))
    .returning(SitemapRun::as_returning())
    .get_result(conn)
    .await
}

/// Deletes all but the newest `keep` analyses of a domain, with their differences, and returns how many.
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
