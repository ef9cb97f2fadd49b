//! Table `pages`: the pages of sites.

use diesel::dsl::{now, sql};
use diesel::pg::Pg;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, HasQuery, OptionalExtension, PgTextExpressionMethods, QueryDsl,
    QueryResult, SelectableHelper,
};
use diesel::sql_types::{Array, Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;

use super::bulk::{Upserted, column, json_list};
use super::paging::{Paging, containing, md5};
use crate::db::connection::Connection;
use crate::db::tenant::TenantConnection;
use crate::models::enums::{PageCurationStatus, PageProcessingStatus};
use crate::models::ids::{DomainId, PageId, SitemapFileId, TenantId};
use crate::models::page::{NewPage, Page, PageChanges};
use crate::schema::pages;

/// Which pages are wanted; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct PageFilter<'a> {
    /// Those of this domain.
    pub domain_id: Option<DomainId>,
    /// Those that this sitemap file lists.
    pub sitemap_file_id: Option<SitemapFileId>,
    /// Those about which was decided so.
    pub curation_status: Option<PageCurationStatus>,
    /// Those whose processing is in this state.
    pub processing_status: Option<PageProcessingStatus>,
    /// Those of this type.
    pub page_type: Option<&'a str>,
    /// Those whose URL or title holds this text.
    pub text: Option<&'a str>,
}

/// Returns a page.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn get(conn: &mut TenantConnection, id: PageId) -> QueryResult<Page> {
    let tenant = conn.tenant_id();
    Page::query()
        .filter(pages::tenant_id.eq(tenant))
        .filter(pages::id.eq(id))
        .first(conn)
        .await
}

/// Looks a page of a domain up by its URL.
///
/// # Errors
///
/// Those of the database.
pub async fn find_by_url(conn: &mut TenantConnection, domain: DomainId, url: &str) -> QueryResult<Option<Page>> {
    let tenant = conn.tenant_id();
    Page::query()
        .filter(pages::tenant_id.eq(tenant))
        .filter(pages::domain_id.eq(domain))
        // What the index is on: a URL may be longer than an index entry can be.
        .filter(md5(pages::url).eq(md5(url)))
        .filter(pages::url.eq(url))
        .first(conn)
        .await
        .optional()
}

/// Lists pages, the newest first, and counts all that match. Both queries travel together.
///
/// # Errors
///
/// Those of the database.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &PageFilter<'_>,
    paging: Paging,
) -> QueryResult<(Vec<Page>, i64)> {
    let tenant = conn.tenant_id();
    let rows = matching(tenant, filter)
        .select(Page::as_select())
        .order((pages::created_at.desc(), pages::id.desc()))
        .limit(paging.limit)
        .offset(paging.offset);
    let conn: &Connection = conn;
    futures_util::try_join!(
        rows.load(&mut &*conn),
        matching(tenant, filter).count().get_result(&mut &*conn),
    )
}

/// Counts pages.
///
/// # Errors
///
/// Those of the database.
pub async fn count(conn: &mut TenantConnection, filter: &PageFilter<'_>) -> QueryResult<i64> {
    matching(conn.tenant_id(), filter).count().get_result(conn).await
}

/// Adds a page, or updates the one of this domain and URL where `new` says something about it. What
/// was decided about it stays.
///
/// # Errors
///
/// A foreign key violation when the tenant has no such domain or sitemap file, and those of the database.
pub async fn upsert(conn: &mut TenantConnection, new: &NewPage<'_>) -> QueryResult<Page> {
    let tenant = conn.tenant_id();
    diesel::insert_into(pages::table)
        .values((new, pages::tenant_id.eq(tenant)))
        .on_conflict(sql::<Untyped>("(tenant_id, domain_id, md5(url))"))
        .do_update()
        .set((new, pages::updated_at.eq(excluded(pages::updated_at))))
        .returning(Page::as_returning())
        .get_result(conn)
        .await
}

/// Adds pages, or updates them as [`upsert`] does, thousands in one statement. Of a page given more
/// than once the last one counts. What is `None` for a new page is stored as NULL.
///
/// # Errors
///
/// As [`upsert`].
pub async fn upsert_many(conn: &mut TenantConnection, new: &[NewPage<'_>]) -> QueryResult<Upserted> {
    diesel::sql_query(include_str!("pages/upsert.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Array<Uuid>, _>(column(new, |row| row.domain_id))
        .bind::<Array<Text>, _>(column(new, |row| row.url))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.title))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.description))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.h1))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.canonical_url))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.meta_robots))
        .bind::<Array<Nullable<Bool>>, _>(column(new, |row| row.has_schema_markup))
        .bind::<Array<Nullable<Jsonb>>, _>(column(new, |row| row.schema_types.map(json_list)))
        .bind::<Array<Nullable<Bool>>, _>(column(new, |row| row.has_contact_form))
        .bind::<Array<Nullable<Bool>>, _>(column(new, |row| row.has_comments))
        .bind::<Array<Nullable<Integer>>, _>(column(new, |row| row.word_count))
        .bind::<Array<Nullable<Jsonb>>, _>(column(new, |row| row.inbound_links.map(json_list)))
        .bind::<Array<Nullable<Jsonb>>, _>(column(new, |row| row.outbound_links.map(json_list)))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(new, |row| row.last_modified))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(new, |row| row.last_scan))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.page_type))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.lead_source))
        .bind::<Array<Nullable<Jsonb>>, _>(column(new, |row| row.additional_json))
        .bind::<Array<Nullable<Uuid>>, _>(column(new, |row| row.sitemap_file_id))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| {
            row.page_processing_status.map(PageProcessingStatus::label)
        }))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.page_processing_error))
        .bind::<Array<Nullable<Integer>>, _>(column(new, |row| row.status_code))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.disposition))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.disposition_reason))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.content_hash))
        .get_result(conn)
        .await
}

/// Changes a page.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn update(conn: &mut TenantConnection, id: PageId, changes: &PageChanges<'_>) -> QueryResult<Page> {
    let tenant = conn.tenant_id();
    diesel::update(
        pages::table
            .filter(pages::tenant_id.eq(tenant))
            .filter(pages::id.eq(id)),
    )
    .set((changes, pages::updated_at.eq(now)))
    .returning(Page::as_returning())
    .get_result(conn)
    .await
}

fn matching<'a>(tenant: TenantId, filter: &PageFilter<'a>) -> pages::BoxedQuery<'a, Pg> {
    let mut query = pages::table.filter(pages::tenant_id.eq(tenant)).into_boxed();
    if let Some(domain) = filter.domain_id {
        query = query.filter(pages::domain_id.eq(domain));
    }
    if let Some(file) = filter.sitemap_file_id {
        query = query.filter(pages::sitemap_file_id.eq(file));
    }
    if let Some(status) = filter.curation_status {
        query = query.filter(pages::page_curation_status.eq(status));
    }
    if let Some(status) = filter.processing_status {
        query = query.filter(pages::page_processing_status.eq(status));
    }
    if let Some(page_type) = filter.page_type {
        query = query.filter(pages::page_type.eq(page_type));
    }
    if let Some(text) = filter.text {
        let pattern = containing(text);
        query = query.filter(pages::url.ilike(pattern.clone()).or(pages::title.ilike(pattern)));
    }
    query
}
