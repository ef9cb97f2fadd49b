//! Table `sitemap_urls`: the entries of sitemap files, up to millions per domain.

use ::md5::{Digest, Md5};
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
use serde::{Deserialize, Serialize};

use super::bulk::{Upserted, column};
use super::functions::md5;
use super::paging::{Paging, Position, containing};
use crate::ids::{DomainId, SitemapFileId, SitemapRunId, SitemapUrlId, TenantId};
use crate::models::sitemap_url::{NewSitemapUrl, SitemapUrl};
use crate::tenant::TenantConnection;

const INSERT: &str = include_str!("insert.sql");
const UPSERT: &str = include_str!("upsert.sql");

/// Which URLs to list; `None` matches all.
#[derive(Clone, Debug, Default)]
pub struct SitemapUrlFilter<'a> {
    /// Only those that contain this text.
    pub text: Option<&'a str>,
    /// Only those with this page type.
    pub page_type: Option<&'a str>,
    /// Only those with this stated last modification or a later one.
    pub modified_since: Option<DateTime<Utc>>,
    /// Only those with an earlier stated last modification.
    pub modified_before: Option<DateTime<Utc>>,
}

/// The position of a URL among those of a file: its MD5 hash in hexadecimal digits, as PostgreSQL's `md5` returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UrlPosition(String);

impl UrlPosition {
    /// Returns the position of a URL.
    #[must_use]
    pub fn of(url: &str) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(Md5::digest(url).into())))
    }
}

impl Position for UrlPosition {
    type Order = ();

    const LIST: &'static str = "sitemaps/urls";

    fn order(&self) {}
}

/// Lists a file's entries by the hash of the URL: a fixed order without meaning for people.
pub async fn list_of_file(
    conn: &mut TenantConnection,
    file: SitemapFileId,
    filter: &SitemapUrlFilter<'_>,
    paging: &Paging<UrlPosition>,
) -> QueryResult<Vec<SitemapUrl>> {
    let mut query = matching(conn.tenant_id(), filter).filter(sitemap_urls::sitemap_id.eq(file));
    if let Some(UrlPosition(hash)) = &paging.after {
        query = query.filter(md5(sitemap_urls::url).gt(hash));
    }
    query
        .select(SitemapUrl::as_select())
        .order(md5(sitemap_urls::url))
        .limit(paging.limit)
        .load(&mut conn.reading())
        .await
}

/// Lists the entries of all of a domain's files by id. A URL in two files appears twice.
pub async fn list_of_domain(
    conn: &mut TenantConnection,
    domain: DomainId,
    filter: &SitemapUrlFilter<'_>,
    paging: &Paging<SitemapUrlId>,
) -> QueryResult<Vec<SitemapUrl>> {
    let mut query = matching(conn.tenant_id(), filter).filter(sitemap_urls::domain_id.eq(domain));
    if let Some(id) = paging.after {
        query = query.filter(sitemap_urls::id.gt(id));
    }
    query
        .select(SitemapUrl::as_select())
        .order(sitemap_urls::id)
        .limit(paging.limit)
        .load(&mut conn.reading())
        .await
}

/// Counts a file's entries.
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

/// Returns whether any entry of a file is stored.
pub async fn has_any(conn: &mut TenantConnection, file: SitemapFileId) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    let of_file = sitemap_urls::table
        .filter(sitemap_urls::tenant_id.eq(tenant))
        .filter(sitemap_urls::sitemap_id.eq(file));
    diesel::select(exists(of_file)).get_result(&mut conn.reading()).await
}

/// Inserts the entries of files that have none stored yet, thousands in one statement, and returns how many.
///
/// It reaches about 70 % of the rate of COPY (`benches/sitemap.rs`), which row level security does not allow;
/// [`upsert_many`] looks up each row first. New URLs are recorded for `run`, if given.
///
/// # Errors
///
/// A unique violation if a file lists a URL twice or it is already stored; a foreign key violation if the tenant has no
/// such domain or file.
pub async fn insert_many(
    conn: &mut TenantConnection,
    run: Option<SitemapRunId>,
    new: &[NewSitemapUrl<'_>],
) -> QueryResult<i64> {
    // Thousands of rows as one array per column; two tables in one statement.
    let written: Written = with_columns(diesel::sql_query(INSERT), conn.tenant_id(), run, new)
        .get_result(conn)
        .await?;
    Ok(written.rows)
}

/// Inserts or updates the entries of files, thousands in one statement.
///
/// If a file lists a URL more than once, the last entry counts. Unchanged rows are not written, unless
/// `last_checked_at` is given. People's decisions stay. New URLs and those with a different last modification are
/// recorded for `run`, if given.
///
/// # Errors
///
/// A foreign key violation if the tenant has no such domain or file.
pub async fn upsert_many(
    conn: &mut TenantConnection,
    run: Option<SitemapRunId>,
    new: &[NewSitemapUrl<'_>],
) -> QueryResult<Upserted> {
    // As in `insert_many`.
    with_columns(diesel::sql_query(UPSERT), conn.tenant_id(), run, new)
        .get_result(conn)
        .await
}

/// Deletes the entries that a file no longer lists, and returns how many.
///
/// `listed` has the MD5 hash of every URL in the file, as a UUID of the same bytes. Deleted URLs are recorded for
/// `run`, if given.
///
/// # Errors
///
/// A foreign key violation if the tenant has no such run.
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

/// Binds the parameters of both write statements: the tenant, the analysis, and one array per column.
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
