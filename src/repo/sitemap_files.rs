//! Table `sitemap_files`: the sitemap files of domains.

use diesel::dsl::{now, sql};
use diesel::pg::Pg;
use diesel::prelude::{
    ExpressionMethods, HasQuery, OptionalExtension, PgSortExpressionMethods, PgTextExpressionMethods, QueryDsl,
    QueryResult, QueryableByName, SelectableHelper,
};
use diesel::sql_types::{Array, BigInt, Nullable, SmallInt, Text, Untyped, Uuid};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;

use super::bulk::column;
use super::paging::{Paging, containing, md5};
use crate::db::connection::Connection;
use crate::db::tenant::TenantConnection;
use crate::models::enums::{CurationStatus, ProcessingStatus, SitemapFileStatus};
use crate::models::ids::{DomainId, JobId, SitemapFileId, TenantId};
use crate::models::sitemap_file::{NewSitemapFile, SitemapFile, SitemapFileChanges};
use crate::schema::sitemap_files;

/// Which sitemap files are wanted; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct SitemapFileFilter<'a> {
    /// Those of this domain.
    pub domain_id: Option<DomainId>,
    /// Those in this state of their own.
    pub status: Option<&'a str>,
    /// Those that a person decided so about.
    pub curation_status: Option<CurationStatus>,
    /// Those whose import is in this state.
    pub import_status: Option<ProcessingStatus>,
    /// Those whose URL holds this text.
    pub text: Option<&'a str>,
    /// Those of these ids.
    pub ids: Option<&'a [SitemapFileId]>,
    /// Those that this job is about.
    pub job_id: Option<JobId>,
}

/// A sitemap file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile<'a> {
    /// Its absolute URL.
    pub url: &'a str,
    /// How it was found.
    pub discovery_method: &'a str,
}

/// What the files of a domain come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub struct FileTotals {
    /// Files that wait to be read.
    #[diesel(sql_type = BigInt)]
    pub pending: i64,
    /// Files that were read, to the end or in part.
    #[diesel(sql_type = BigInt)]
    pub read: i64,
    /// Files that were read in part only.
    #[diesel(sql_type = BigInt)]
    pub partial: i64,
    /// Files that could not be read.
    #[diesel(sql_type = BigInt)]
    pub failed: i64,
    /// Files that were not read, for a limit.
    #[diesel(sql_type = BigInt)]
    pub skipped: i64,
    /// URLs that those read list.
    #[diesel(sql_type = BigInt)]
    pub urls: i64,
    /// Their size in bytes.
    #[diesel(sql_type = BigInt)]
    pub bytes: i64,
}

impl FileTotals {
    /// Returns how many files there are, gone ones left out.
    #[must_use]
    pub fn files(&self) -> i64 {
        self.pending + self.read + self.failed + self.skipped
    }
}

/// Returns a sitemap file.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn get(conn: &mut TenantConnection, id: SitemapFileId) -> QueryResult<SitemapFile> {
    let tenant = conn.tenant_id();
    SitemapFile::query()
        .filter(sitemap_files::tenant_id.eq(tenant))
        .filter(sitemap_files::id.eq(id))
        .first(conn)
        .await
}

/// Makes whoever else locks or changes a sitemap file wait until the transaction ends. What refers to it can be written.
///
/// # Errors
///
/// `NotFound`, and those of the database.
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

/// Looks a sitemap file of a domain up by its URL.
///
/// # Errors
///
/// Those of the database.
pub async fn find_by_url(conn: &mut TenantConnection, domain: DomainId, url: &str) -> QueryResult<Option<SitemapFile>> {
    let tenant = conn.tenant_id();
    SitemapFile::query()
        .filter(sitemap_files::tenant_id.eq(tenant))
        .filter(sitemap_files::domain_id.eq(domain))
        // What the index is on: a URL may be longer than an index entry can be.
        .filter(md5(sitemap_files::url).eq(md5(url)))
        .filter(sitemap_files::url.eq(url))
        .first(conn)
        .await
        .optional()
}

/// Looks up the file that the others of a domain begin with: of those that were read the one nearest to the root.
///
/// # Errors
///
/// Those of the database.
pub async fn find_first(conn: &mut TenantConnection, domain: DomainId) -> QueryResult<Option<SitemapFile>> {
    let tenant = conn.tenant_id();
    let read = [SitemapFileStatus::Completed.label(), SitemapFileStatus::Partial.label()];
    SitemapFile::query()
        .filter(sitemap_files::tenant_id.eq(tenant))
        .filter(sitemap_files::domain_id.eq(domain))
        .filter(sitemap_files::status.eq_any(read))
        .order((
            sitemap_files::depth.asc().nulls_last(),
            sitemap_files::created_at,
            sitemap_files::id,
        ))
        .first(conn)
        .await
        .optional()
}

/// Lists sitemap files, the newest first, and counts all that match. Both queries travel together.
///
/// # Errors
///
/// Those of the database.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &SitemapFileFilter<'_>,
    paging: Paging,
) -> QueryResult<(Vec<SitemapFile>, i64)> {
    let tenant = conn.tenant_id();
    let rows = matching(tenant, filter)
        .select(SitemapFile::as_select())
        .order((sitemap_files::created_at.desc(), sitemap_files::id.desc()))
        .limit(paging.limit)
        .offset(paging.offset);
    let conn: &Connection = conn;
    futures_util::try_join!(
        rows.load(&mut &*conn),
        matching(tenant, filter).count().get_result(&mut &*conn),
    )
}

/// Counts sitemap files.
///
/// # Errors
///
/// Those of the database.
pub async fn count(conn: &mut TenantConnection, filter: &SitemapFileFilter<'_>) -> QueryResult<i64> {
    matching(conn.tenant_id(), filter).count().get_result(conn).await
}

/// Adds a sitemap file, or updates the one of this domain and URL where `new` says something about
/// it. What people decided about it stays.
///
/// # Errors
///
/// A foreign key violation when the tenant has no such domain, and those of the database.
pub async fn upsert(conn: &mut TenantConnection, new: &NewSitemapFile<'_>) -> QueryResult<SitemapFile> {
    let tenant = conn.tenant_id();
    diesel::insert_into(sitemap_files::table)
        .values((new, sitemap_files::tenant_id.eq(tenant)))
        .on_conflict(sql::<Untyped>("(tenant_id, domain_id, md5(url))"))
        .do_update()
        .set((new, sitemap_files::updated_at.eq(excluded(sitemap_files::updated_at))))
        .returning(SitemapFile::as_returning())
        .get_result(conn)
        .await
}

/// Changes a sitemap file.
///
/// # Errors
///
/// `NotFound`, and those of the database.
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

/// Changes all sitemap files that match, and returns how many there were: as many as [`count`] says.
///
/// # Errors
///
/// Those of the database.
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

/// Adds files that an analysis has to read, or takes up again those that are there, and returns how many.
///
/// One that this job knows already is left as it is, whoever lists it: so no index can lead in circles.
///
/// # Errors
///
/// A foreign key violation when the tenant has no such domain or parent, and those of the database.
pub async fn add_pending(
    conn: &mut TenantConnection,
    domain: DomainId,
    job: JobId,
    parent: Option<SitemapFileId>,
    depth: i16,
    found: &[FoundFile<'_>],
) -> QueryResult<usize> {
    diesel::sql_query(
        "INSERT INTO sitemap_files AS f (
             tenant_id, domain_id, job_id, parent_id, depth, url, discovery_method, sitemap_type, status, created_at)
         -- In the order in which they were found, which is that in which they are read.
         SELECT DISTINCT ON (md5(url)) $1, $2, $3, $4, $5, url, discovery_method, 'unknown', 'pending',
             now() + position * interval '1 microsecond'
         FROM unnest($6::text[], $7::text[]) WITH ORDINALITY AS l (url, discovery_method, position)
         ORDER BY md5(url), position
         ON CONFLICT (tenant_id, domain_id, md5(url)) DO UPDATE SET
             job_id = EXCLUDED.job_id, parent_id = EXCLUDED.parent_id, depth = EXCLUDED.depth,
             discovery_method = EXCLUDED.discovery_method, status = 'pending', updated_at = EXCLUDED.updated_at
         WHERE f.job_id IS DISTINCT FROM EXCLUDED.job_id",
    )
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

/// Lists files that an analysis has still to read, those nearest to the root first.
///
/// # Errors
///
/// Those of the database.
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
        .load(conn)
        .await
}

/// Lists the files of a domain that are there no more, as far as a job's analysis of it can tell.
///
/// It has not met them, and it has read to its end whatever listed them before.
///
/// # Errors
///
/// Those of the database.
pub async fn list_unmet(
    conn: &mut TenantConnection,
    domain: DomainId,
    job: JobId,
    limit: i64,
) -> QueryResult<Vec<SitemapFileId>> {
    let found: Vec<Found> = diesel::sql_query(
        "WITH RECURSIVE unmet AS (
             SELECT f.id FROM sitemap_files f LEFT JOIN sitemap_files p ON p.tenant_id = f.tenant_id AND p.id = f.parent_id
             WHERE f.tenant_id = $1 AND f.domain_id = $2 AND f.job_id IS DISTINCT FROM $3 AND f.status <> 'gone'
               AND (p.id IS NULL OR p.job_id = $3 AND p.status IN ('completed', 'gone'))
             UNION
             SELECT c.id FROM unmet u JOIN sitemap_files c ON c.tenant_id = $1 AND c.parent_id = u.id
             WHERE c.job_id IS DISTINCT FROM $3 AND c.status <> 'gone'
         )
         SELECT id FROM unmet LIMIT $4",
    )
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<Uuid, _>(domain)
    .bind::<Uuid, _>(job)
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?;
    Ok(found.into_iter().map(|file| file.id).collect())
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Uuid)]
    id: SitemapFileId,
}

/// Lets a job that begins once more read the files again that it could not read, and returns how many.
///
/// # Errors
///
/// Those of the database.
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

/// Says of the files that a job has still to read why they are not, and returns how many there were.
///
/// # Errors
///
/// Those of the database.
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

/// Adds up the files of a domain, of all or of those that a job has met.
///
/// # Errors
///
/// Those of the database.
pub async fn total(conn: &mut TenantConnection, domain: DomainId, job: Option<JobId>) -> QueryResult<FileTotals> {
    diesel::sql_query(
        "SELECT count(*) FILTER (WHERE status = 'pending') AS pending,
                count(*) FILTER (WHERE status IN ('completed', 'partial')) AS read,
                count(*) FILTER (WHERE status = 'partial') AS partial,
                count(*) FILTER (WHERE status = 'failed') AS failed,
                count(*) FILTER (WHERE status = 'skipped') AS skipped,
                coalesce(sum(url_count) FILTER (WHERE status IN ('completed', 'partial', 'failed')), 0)::bigint AS urls,
                coalesce(sum(size_bytes::bigint) FILTER (WHERE status IN ('completed', 'partial')), 0)::bigint AS bytes
         FROM sitemap_files
         WHERE tenant_id = $1 AND domain_id = $2 AND ($3::uuid IS NULL OR job_id = $3)",
    )
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<Uuid, _>(domain)
    .bind::<Nullable<Uuid>, _>(job)
    .get_result(conn)
    .await
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
