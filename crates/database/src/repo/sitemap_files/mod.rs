//! Table `sitemap_files`: the sitemap files of domains.

use chrono::{DateTime, Utc};
use diesel::dsl::{self, now, sum};
use diesel::pg::Pg;
use diesel::prelude::{
    AggregateExpressionMethods, BoolExpressionMethods, ExpressionMethods, HasQuery, NullableExpressionMethods,
    OptionalExtension, PgExpressionMethods, PgSortExpressionMethods, PgTextExpressionMethods, QueryDsl, QueryResult,
    QueryableByName, SelectableHelper,
};
use diesel::sql_types::{Array, BigInt, Nullable, SmallInt, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use schema::sitemap_files;

use super::bulk::column;
use super::paging::{Newest, Paging, before, containing, page};
use crate::ids::{DomainId, JobId, SitemapFileId, TenantId};
use crate::models::enums::{CurationStatus, ProcessingStatus, SitemapFileStatus};
use crate::models::sitemap_file::{SitemapFile, SitemapFileChanges};
use crate::tenant::TenantConnection;

/// How a feed was found that the home page names as a feed and nothing names as a sitemap: it lists recent pages only.
const FEED: &str = "feed";

/// Which sitemap files to list; `None` matches all.
#[derive(Clone, Debug, Default)]
pub struct SitemapFileFilter<'a> {
    /// Only those of this domain.
    pub domain_id: Option<DomainId>,
    /// Only those with this status.
    pub status: Option<&'a str>,
    /// Only those with this curation status.
    pub curation_status: Option<CurationStatus>,
    /// Only those with this import status.
    pub import_status: Option<ProcessingStatus>,
    /// Only those whose URL contains this text.
    pub text: Option<&'a str>,
    /// Only those with these ids.
    pub ids: Option<&'a [SitemapFileId]>,
    /// Only those last seen by this job.
    pub job_id: Option<JobId>,
}

/// A sitemap file found by discovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile<'a> {
    /// Its absolute URL.
    pub url: &'a str,
    /// How it was found.
    pub discovery_method: &'a str,
}

/// Totals over a domain's files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileTotals {
    /// Files waiting to be read.
    pub pending: i64,
    /// Files that were read, completely or in part.
    pub read: i64,
    /// Files that were read only in part.
    pub partial: i64,
    /// Files that could not be read.
    pub failed: i64,
    /// Files that were not read because of a limit.
    pub skipped: i64,
    /// The number of URLs in the files read.
    pub urls: i64,
    /// Their size in bytes.
    pub bytes: i64,
}

impl FileTotals {
    /// Returns the number of files, without gone ones.
    #[must_use]
    pub fn files(&self) -> i64 {
        self.pending + self.read + self.failed + self.skipped
    }
}

/// Returns a sitemap file.
pub async fn get(conn: &mut TenantConnection, id: SitemapFileId) -> QueryResult<SitemapFile> {
    let tenant = conn.tenant_id();
    SitemapFile::query()
        .filter(sitemap_files::tenant_id.eq(tenant))
        .filter(sitemap_files::id.eq(id))
        .first(&mut conn.reading())
        .await
}

/// Locks a sitemap file against other locks and changes until the transaction ends. Rows that refer to it can still be
/// written.
///
/// # Errors
///
/// `NotFound`.
pub async fn lock(conn: &mut TenantConnection, id: SitemapFileId) -> QueryResult<SitemapFileId> {
    let tenant = conn.tenant_id();
    sitemap_files::table
        .filter(sitemap_files::tenant_id.eq(tenant))
        .filter(sitemap_files::id.eq(id))
        .select(sitemap_files::id)
        .for_no_key_update()
        .first(conn)
        .await
}

/// Finds the main sitemap file of a domain: of the files read, the one nearest to the root. A feed counts if the site names
/// it as a sitemap.
pub async fn find_first(conn: &mut TenantConnection, domain: DomainId) -> QueryResult<Option<SitemapFile>> {
    let tenant = conn.tenant_id();
    let read = [SitemapFileStatus::Completed.label(), SitemapFileStatus::Partial.label()];
    SitemapFile::query()
        .filter(sitemap_files::tenant_id.eq(tenant))
        .filter(sitemap_files::domain_id.eq(domain))
        .filter(sitemap_files::status.eq_any(read))
        .filter(sitemap_files::discovery_method.is_distinct_from(FEED))
        .order((
            sitemap_files::depth.asc().nulls_last(),
            sitemap_files::created_at,
            sitemap_files::id,
        ))
        .first(&mut conn.reading())
        .await
        .optional()
}

/// Lists sitemap files, newest first, and counts all matches; both queries are sent together.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &SitemapFileFilter<'_>,
    paging: &Paging<Newest<SitemapFileId, Option<DateTime<Utc>>>>,
) -> QueryResult<(Vec<SitemapFile>, i64)> {
    let tenant = conn.tenant_id();
    let mut rows = matching(tenant, filter).select(SitemapFile::as_select());
    // Newest first puts rows of the old system, which have no time, in front.
    rows = match paging.after {
        None => rows,
        Some(Newest { at: None, id }) => {
            rows.filter(sitemap_files::created_at.is_not_null().or(sitemap_files::id.lt(id)))
        }
        Some(Newest { at, id }) => rows.filter(before::<(Nullable<Timestamptz>, Uuid), _, _>(
            (sitemap_files::created_at, sitemap_files::id),
            (at, id),
        )),
    };
    let rows = rows.order((sitemap_files::created_at.desc(), sitemap_files::id.desc()));
    page!(conn, rows, matching(tenant, filter), paging.limit)
}

/// Counts sitemap files.
pub async fn count(conn: &mut TenantConnection, filter: &SitemapFileFilter<'_>) -> QueryResult<i64> {
    matching(conn.tenant_id(), filter)
        .count()
        .get_result(&mut conn.reading())
        .await
}

/// Updates a sitemap file.
///
/// # Errors
///
/// `NotFound`.
pub async fn update(
    conn: &mut TenantConnection,
    id: SitemapFileId,
    changes: &SitemapFileChanges<'_>,
) -> QueryResult<SitemapFile> {
    let tenant = conn.tenant_id();
    diesel::update(
        sitemap_files::table
            .filter(sitemap_files::tenant_id.eq(tenant))
            .filter(sitemap_files::id.eq(id)),
    )
    .set((changes, sitemap_files::updated_at.eq(now)))
    .returning(SitemapFile::as_returning())
    .get_result(conn)
    .await
}

/// Updates all matching sitemap files and returns their number, which equals [`count`].
pub async fn update_matching(
    conn: &mut TenantConnection,
    filter: &SitemapFileFilter<'_>,
    changes: &SitemapFileChanges<'_>,
) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    diesel::update(
        sitemap_files::table
            .filter(sitemap_files::tenant_id.eq(tenant))
            .filter(sitemap_files::id.eq_any(matching(tenant, filter).select(sitemap_files::id))),
    )
    .set((changes, sitemap_files::updated_at.eq(now)))
    .execute(conn)
    .await
}

/// Inserts files for an analysis to read, or reopens existing ones, and returns how many.
///
/// Files that this job already knows stay unchanged, so that indexes cannot form a loop.
///
/// # Errors
///
/// A foreign key violation if the tenant has no such domain or parent.
pub async fn add_pending(
    conn: &mut TenantConnection,
    domain: DomainId,
    job: JobId,
    parent: Option<SitemapFileId>,
    depth: i16,
    found: &[FoundFile<'_>],
) -> QueryResult<usize> {
    // Thousands of rows as one array per column, without duplicates.
    diesel::sql_query(include_str!("add_pending.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Uuid, _>(domain)
        .bind::<Uuid, _>(job)
        .bind::<Nullable<Uuid>, _>(parent)
        .bind::<SmallInt, _>(depth)
        .bind::<Array<Text>, _>(column(found, |file| file.url))
        .bind::<Array<Text>, _>(column(found, |file| file.discovery_method))
        .execute(conn)
        .await
}

/// Lists the files that an analysis has yet to read, nearest to the root first.
pub async fn list_pending(
    conn: &mut TenantConnection,
    domain: DomainId,
    job: JobId,
    limit: i64,
) -> QueryResult<Vec<SitemapFile>> {
    let tenant = conn.tenant_id();
    SitemapFile::query()
        .filter(sitemap_files::tenant_id.eq(tenant))
        .filter(sitemap_files::domain_id.eq(domain))
        .filter(sitemap_files::job_id.eq(job))
        .filter(sitemap_files::status.eq(SitemapFileStatus::Pending.label()))
        .order((sitemap_files::depth, sitemap_files::created_at, sitemap_files::id))
        .limit(limit)
        .load(&mut conn.reading())
        .await
}

/// Lists the files of a domain that no longer exist, as far as a job's analysis can tell.
///
/// The job did not find them, and it completely read every file that used to list them.
pub async fn list_unmet(
    conn: &mut TenantConnection,
    domain: DomainId,
    job: JobId,
    limit: i64,
) -> QueryResult<Vec<SitemapFileId>> {
    // Diesel has no recursive queries.
    let found: Vec<Found> = diesel::sql_query(include_str!("list_unmet.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Uuid, _>(domain)
        .bind::<Uuid, _>(job)
        .bind::<BigInt, _>(limit)
        .load(&mut conn.reading())
        .await?;
    Ok(found.into_iter().map(|file| file.id).collect())
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Uuid)]
    id: SitemapFileId,
}

/// Reopens the files that a restarted job could not read before, and returns how many.
pub async fn reopen(conn: &mut TenantConnection, domain: DomainId, job: JobId) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    let unread = [
        SitemapFileStatus::Failed,
        SitemapFileStatus::Skipped,
        SitemapFileStatus::Gone,
    ];
    diesel::update(
        sitemap_files::table
            .filter(sitemap_files::tenant_id.eq(tenant))
            .filter(sitemap_files::domain_id.eq(domain))
            .filter(sitemap_files::job_id.eq(job))
            .filter(sitemap_files::status.eq_any(unread.map(SitemapFileStatus::label))),
    )
    .set((
        sitemap_files::status.eq(SitemapFileStatus::Pending.label()),
        sitemap_files::updated_at.eq(now),
    ))
    .execute(conn)
    .await
}

/// Skips the files that a job has yet to read, with the reason `why`, and returns how many.
pub async fn skip_pending(conn: &mut TenantConnection, domain: DomainId, job: JobId, why: &str) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    diesel::update(
        sitemap_files::table
            .filter(sitemap_files::tenant_id.eq(tenant))
            .filter(sitemap_files::domain_id.eq(domain))
            .filter(sitemap_files::job_id.eq(job))
            .filter(sitemap_files::status.eq(SitemapFileStatus::Pending.label())),
    )
    .set((
        sitemap_files::status.eq(SitemapFileStatus::Skipped.label()),
        sitemap_files::error_message.eq(why),
        sitemap_files::updated_at.eq(now),
    ))
    .execute(conn)
    .await
}

/// Returns totals over the files that a domain names as sitemaps, or over all that a job found.
pub async fn total(conn: &mut TenantConnection, domain: DomainId, job: Option<JobId>) -> QueryResult<FileTotals> {
    let tenant = conn.tenant_id();
    let is = |status: SitemapFileStatus| sitemap_files::status.eq(status.label()).assume_not_null();
    let is_one_of = |some: &[SitemapFileStatus]| {
        let labels: Vec<_> = some.iter().map(|status| status.label()).collect();
        sitemap_files::status.eq_any(labels).assume_not_null()
    };
    let read = [SitemapFileStatus::Completed, SitemapFileStatus::Partial];
    let tried = [
        SitemapFileStatus::Completed,
        SitemapFileStatus::Partial,
        SitemapFileStatus::Failed,
    ];
    let mut files = sitemap_files::table
        .filter(sitemap_files::tenant_id.eq(tenant))
        .filter(sitemap_files::domain_id.eq(domain))
        .select((
            dsl::count(sitemap_files::id).aggregate_filter(is(SitemapFileStatus::Pending)),
            dsl::count(sitemap_files::id).aggregate_filter(is_one_of(&read)),
            dsl::count(sitemap_files::id).aggregate_filter(is(SitemapFileStatus::Partial)),
            dsl::count(sitemap_files::id).aggregate_filter(is(SitemapFileStatus::Failed)),
            dsl::count(sitemap_files::id).aggregate_filter(is(SitemapFileStatus::Skipped)),
            sum(sitemap_files::url_count).aggregate_filter(is_one_of(&tried)),
            sum(sitemap_files::size_bytes).aggregate_filter(is_one_of(&read)),
        ))
        .into_boxed();
    files = match job {
        Some(job) => files.filter(sitemap_files::job_id.eq(job)),
        None => files.filter(sitemap_files::discovery_method.is_distinct_from(FEED)),
    };
    let (pending, read, partial, failed, skipped, urls, bytes): (_, _, _, _, _, Option<i64>, Option<i64>) =
        files.get_result(&mut conn.reading()).await?;
    Ok(FileTotals {
        pending,
        read,
        partial,
        failed,
        skipped,
        urls: urls.unwrap_or_default(),
        bytes: bytes.unwrap_or_default(),
    })
}

fn matching<'a>(tenant: TenantId, filter: &SitemapFileFilter<'a>) -> sitemap_files::BoxedQuery<'a, Pg> {
    let mut query = sitemap_files::table
        .filter(sitemap_files::tenant_id.eq(tenant))
        .into_boxed();
    if let Some(domain) = filter.domain_id {
        query = query.filter(sitemap_files::domain_id.eq(domain));
    }
    if let Some(status) = filter.status {
        query = query.filter(sitemap_files::status.eq(status));
    }
    if let Some(status) = filter.curation_status {
        query = query.filter(sitemap_files::deep_scrape_curation_status.eq(status));
    }
    if let Some(status) = filter.import_status {
        query = query.filter(sitemap_files::sitemap_import_status.eq(status));
    }
    if let Some(text) = filter.text {
        query = query.filter(sitemap_files::url.ilike(containing(text)));
    }
    if let Some(ids) = filter.ids {
        query = query.filter(sitemap_files::id.eq_any(ids));
    }
    if let Some(job) = filter.job_id {
        query = query.filter(sitemap_files::job_id.eq(job));
    }
    query
}
