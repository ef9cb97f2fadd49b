//! Table `sitemap_files`: the sitemap files of domains.

use diesel::dsl::{now, sql};
use diesel::pg::Pg;
use diesel::prelude::{
    ExpressionMethods, HasQuery, OptionalExtension, PgTextExpressionMethods, QueryDsl, QueryResult, SelectableHelper,
};
use diesel::sql_types::Untyped;
use diesel_async::RunQueryDsl;

use super::paging::{Paging, containing, md5};
use crate::db::connection::Connection;
use crate::db::tenant::TenantConnection;
use crate::models::enums::{CurationStatus, ProcessingStatus};
use crate::models::ids::{DomainId, SitemapFileId, TenantId};
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
        .set((new, sitemap_files::updated_at.eq(now)))
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
    query
}
