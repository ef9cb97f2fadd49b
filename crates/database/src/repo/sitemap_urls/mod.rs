//! Table `sitemap_urls`: what sitemap files list, up to millions of rows a domain.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::{
    ExpressionMethods, PgTextExpressionMethods, QueryDsl, QueryResult, QueryableByName, SelectableHelper,
};
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Numeric, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use schema::sitemap_urls;

use super::bulk::{Upserted, column};
use super::functions::md5;
use super::paging::containing;
use crate::ids::{DomainId, SitemapFileId, SitemapRunId, SitemapUrlId, TenantId};
use crate::models::sitemap_url::{NewSitemapUrl, SitemapUrl};
use crate::tenant::TenantConnection;

const INSERT: &str = include_str!("insert.sql");
const UPSERT: &str = include_str!("upsert.sql");

/// Which URLs to list; `None` matches all.
#[derive(Clone, Debug, Default)]
pub struct SitemapUrlFilter<'a> {
    /// Only those that hold this text.
    pub text: Option<&'a str>,
    /// Only those of this type.
    pub page_type: Option<&'a str>,
    /// Only those changed then or later, by the file's account.
    pub modified_since: Option<DateTime<Utc>>,
    /// Only those changed before, by the file's account.
    pub modified_before: Option<DateTime<Utc>>,
}

/// Lists what a file lists, behind the URL `after` or from the first one. The order is that of the
/// index on the URLs' hashes: fixed, and none that means anything to people.
pub async fn list_of_file(
    conn: &mut TenantConnection,
    file: SitemapFileId,
    filter: &SitemapUrlFilter<'_>,
    after: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<SitemapUrl>> {
    let mut query = matching(conn.tenant_id(), filter).filter(sitemap_urls::sitemap_id.eq(file));
    if let Some(url) = after {
        query = query.filter(md5(sitemap_urls::url).gt(md5(url)));
    }
    query
        .select(SitemapUrl::as_select())
        .order(md5(sitemap_urls::url))
        .limit(limit)
        .load(&mut conn.reading())
        .await
}

/// Lists what all files of a domain list, behind the row `after` or from the first one, by id. A URL
/// in two files is there twice.
pub async fn list_of_domain(
    conn: &mut TenantConnection,
    domain: DomainId,
    filter: &SitemapUrlFilter<'_>,
    after: Option<SitemapUrlId>,
    limit: i64,
) -> QueryResult<Vec<SitemapUrl>> {
    let mut query = matching(conn.tenant_id(), filter).filter(sitemap_urls::domain_id.eq(domain));
    if let Some(id) = after {
        query = query.filter(sitemap_urls::id.gt(id));
    }
    query
        .select(SitemapUrl::as_select())
        .order(sitemap_urls::id)
        .limit(limit)
        .load(&mut conn.reading())
        .await
}

/// Counts what a file lists.
pub async fn count_of_file(
    conn: &mut TenantConnection,
    file: SitemapFileId,
    filter: &SitemapUrlFilter<'_>,
) -> QueryResult<i64> {
    matching(conn.tenant_id(), filter)
        .filter(sitemap_urls::sitemap_id.eq(file))
        .count()
        .get_result(&mut conn.reading())
        .await
}

/// Returns whether anything is stored of what a file lists.
pub async fn has_any(conn: &mut TenantConnection, file: SitemapFileId) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    let of_file = sitemap_urls::table
        .filter(sitemap_urls::tenant_id.eq(tenant))
        .filter(sitemap_urls::sitemap_id.eq(file));
    diesel::select(exists(of_file)).get_result(&mut conn.reading()).await
}

/// Writes what files list of which nothing is stored yet, thousands of URLs in one statement, and returns how many.
///
/// It reaches about seven tenths of the rate of COPY of the same rows (`benches/sitemap.rs`), which row level security does not
/// allow; [`upsert_many`] looks each row up first. What is new is noted for `run`, if that is given.
///
/// # Errors
///
/// A unique violation when a file lists a URL twice or it is stored already, a foreign key violation when the tenant has
/// no such domain or file.
pub async fn insert_many(
    conn: &mut TenantConnection,
    run: Option<SitemapRunId>,
    new: &[NewSitemapUrl<'_>],
) -> QueryResult<i64> {
    // Thousands of rows as one array per column, and two tables in one statement.
    let written: Written = with_columns(diesel::sql_query(INSERT), conn.tenant_id(), run, new)
        .get_result(conn)
        .await?;
    Ok(written.rows)
}

/// Writes what files list, thousands of URLs in one statement.
///
/// Of a URL listed more than once in a file the last entry counts. A row that says the same already
/// is not written again: only `last_checked_at`, where given, makes a difference to it. What people
/// set stays. What is new or says another time of its last change is noted for `run`, if that is given.
///
/// # Errors
///
/// A foreign key violation when the tenant has no such domain or file.
pub async fn upsert_many(
    conn: &mut TenantConnection,
    run: Option<SitemapRunId>,
    new: &[NewSitemapUrl<'_>],
) -> QueryResult<Upserted> {
    // The same.
    with_columns(diesel::sql_query(UPSERT), conn.tenant_id(), run, new)
        .get_result(conn)
        .await
}

/// Deletes what a file does not list any more, and returns how much that was.
///
/// `listed` are the MD5 hashes of all that it lists, as UUIDs of the same bytes. What goes is noted for `run`, if that is
/// given.
///
/// # Errors
///
/// A foreign key violation when the tenant has no such run.
pub async fn delete_unlisted(
    conn: &mut TenantConnection,
    run: Option<SitemapRunId>,
    file: SitemapFileId,
    listed: &[uuid::Uuid],
) -> QueryResult<i64> {
    // Two tables in one statement.
    let deleted: Written = diesel::sql_query(include_str!("delete_unlisted.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Uuid, _>(file)
        .bind::<Array<Uuid>, _>(listed)
        .bind::<Nullable<Uuid>, _>(run)
        .get_result(conn)
        .await?;
    Ok(deleted.rows)
}

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// Binds what both ways to write take: the tenant, the analysis, and a list for each column.
fn with_columns<'a>(
    query: SqlQuery,
    tenant: TenantId,
    run: Option<SitemapRunId>,
    new: &'a [NewSitemapUrl<'_>],
) -> BoxedSqlQuery<'a, Pg, SqlQuery> {
    query
        .into_boxed()
        .bind::<Uuid, _>(tenant)
        .bind::<Nullable<Uuid>, _>(run)
        .bind::<Array<Uuid>, _>(column(new, |row| row.id))
        .bind::<Array<Uuid>, _>(column(new, |row| row.domain_id))
        .bind::<Array<Uuid>, _>(column(new, |row| row.sitemap_id))
        .bind::<Array<Text>, _>(column(new, |row| row.url))
        .bind::<Array<Text>, _>(column(new, |row| row.loc_text))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.page_type))
        .bind::<Array<Nullable<Integer>>, _>(column(new, |row| row.status_code))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.error_message))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(new, |row| row.lastmod))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.changefreq))
        .bind::<Array<Nullable<Numeric>>, _>(column(new, |row| row.priority_value))
        .bind::<Array<Nullable<Integer>>, _>(column(new, |row| row.image_count))
        .bind::<Array<Nullable<Integer>>, _>(column(new, |row| row.video_count))
        .bind::<Array<Nullable<Integer>>, _>(column(new, |row| row.news_count))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(new, |row| row.last_checked_at))
        .bind::<Array<Nullable<Jsonb>>, _>(column(new, |row| row.alternates))
}

fn matching<'a>(tenant: TenantId, filter: &SitemapUrlFilter<'a>) -> sitemap_urls::BoxedQuery<'a, Pg> {
    let mut query = sitemap_urls::table
        .filter(sitemap_urls::tenant_id.eq(tenant))
        .into_boxed();
    if let Some(text) = filter.text {
        query = query.filter(sitemap_urls::url.ilike(containing(text)));
    }
    if let Some(page_type) = filter.page_type {
        query = query.filter(sitemap_urls::page_type.eq(page_type));
    }
    if let Some(since) = filter.modified_since {
        query = query.filter(sitemap_urls::lastmod.ge(since));
    }
    if let Some(before) = filter.modified_before {
        query = query.filter(sitemap_urls::lastmod.lt(before));
    }
    query
}
