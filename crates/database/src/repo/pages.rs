//! Table `pages`: the pages of sites.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, PgTextExpressionMethods, QueryDsl, QueryResult, SelectableHelper,
};
use diesel::sql_types::{Nullable, Timestamptz, Untyped, Uuid};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use schema::pages;

use super::paging::{Newest, Paging, before, containing, page};
use crate::ids::{DomainId, PageId, SitemapFileId, TenantId};
use crate::models::enums::{PageCurationStatus, PageProcessingStatus};
use crate::models::page::{NewPage, Page};
use crate::tenant::TenantConnection;

/// Which pages to list; `None` matches all.
#[derive(Clone, Debug, Default)]
pub struct PageFilter<'a> {
    /// Only those of this domain.
    pub domain_id: Option<DomainId>,
    /// Only those listed in this sitemap file.
    pub sitemap_file_id: Option<SitemapFileId>,
    /// Only those with this curation status.
    pub curation_status: Option<PageCurationStatus>,
    /// Only those with this processing status.
    pub processing_status: Option<PageProcessingStatus>,
    /// Only those of this type.
    pub page_type: Option<&'a str>,
    /// Only those whose URL or title contains this text.
    pub text: Option<&'a str>,
}

/// Lists pages, newest first, and counts all matches; both queries are sent together.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &PageFilter<'_>,
    paging: &Paging<Newest<PageId, Option<DateTime<Utc>>>>,
) -> QueryResult<(Vec<Page>, i64)> {
    let tenant = conn.tenant_id();
    let mut rows = matching(tenant, filter).select(Page::as_select());
    // Newest first puts rows of the old system, which have no time, in front.
    rows = match paging.after {
        None => rows,
        Some(Newest { at: None, id }) => rows.filter(pages::created_at.is_not_null().or(pages::id.lt(id))),
        Some(Newest { at, id }) => rows.filter(before::<(Nullable<Timestamptz>, Uuid), _, _>(
            (pages::created_at, pages::id),
            (at, id),
        )),
    };
    let rows = rows.order((pages::created_at.desc(), pages::id.desc()));
    page!(conn, rows, matching(tenant, filter), paging.limit)
}

/// Inserts a page, or updates the one with this domain and URL where `new` has a value. People's decisions stay.
///
/// # Errors
///
/// A foreign key violation if the tenant has no such domain or sitemap file.
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
