//! Table `sitemap_url_changes`: how an analysis differs from the previous one.

use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult, QueryableByName};
use diesel::sql_types::{BigInt, Bool, Text, Uuid};
use diesel_async::RunQueryDsl;
use schema::sitemap_url_changes;

use super::paging::Paging;
use crate::ids::{SitemapRunId, SitemapUrlChangeId};
use crate::models::enums::UrlChange;
use crate::models::sitemap_url_change::SitemapUrlChange;
use crate::tenant::TenantConnection;

/// The numbers of differences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub struct ChangeCounts {
    /// URLs that are newly listed.
    #[diesel(sql_type = BigInt)]
    pub added: i64,
    /// URLs that are no longer listed.
    #[diesel(sql_type = BigInt)]
    pub removed: i64,
    /// URLs with a different last modification.
    #[diesel(sql_type = BigInt)]
    pub changed: i64,
}

/// Lists the differences found by an analysis, in a fixed order.
pub async fn list(
    conn: &mut TenantConnection,
    run: SitemapRunId,
    change: Option<UrlChange>,
    paging: &Paging<SitemapUrlChangeId>,
) -> QueryResult<Vec<SitemapUrlChange>> {
    let tenant = conn.tenant_id();
    let mut query = SitemapUrlChange::query()
        .filter(sitemap_url_changes::tenant_id.eq(tenant))
        .filter(sitemap_url_changes::run_id.eq(run))
        .into_boxed();
    if let Some(change) = change {
        query = query.filter(sitemap_url_changes::change.eq(change));
    }
    if let Some(id) = paging.after {
        query = query.filter(sitemap_url_changes::id.gt(id));
    }
    query
        .order(sitemap_url_changes::id)
        .limit(paging.limit)
        .load(&mut conn.reading())
        .await
}

/// The number of differences recorded, and of URLs to compare them with.
#[derive(QueryableByName)]
struct Extent {
    /// Recorded differences of files.
    #[diesel(sql_type = BigInt)]
    notes: i64,
    /// How many of them add or remove a URL.
    #[diesel(sql_type = BigInt)]
    moves: i64,
    /// The domain's files.
    #[diesel(sql_type = BigInt)]
    files: i64,
    /// The URLs in them.
    #[diesel(sql_type = BigInt)]
    urls: i64,
}

/// Turns the recorded differences of each file into differences of the domain, one row per URL, and counts them.
///
/// A URL that moved between files is neither added nor removed; a URL that is also listed in another file is not added,
/// and not removed when only one of its files drops it. Call this once, at the end of an analysis. Each statement
/// handles about `at_once` rows, a range of URL hashes, so that it ends in time even for a large domain.
pub async fn settle(conn: &mut TenantConnection, run: SitemapRunId, at_once: i64) -> QueryResult<ChangeCounts> {
    // Diesel counts one table per statement; this counts two in one snapshot.
    let extent: Extent = diesel::sql_query(include_str!("extent.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Uuid, _>(run)
        .get_result(&mut conn.reading())
        .await?;
    let Extent {
        notes,
        moves,
        files,
        urls,
    } = extent;
    // Looking up a URL in one file takes as long as reading and sorting four.
    let reads_all = moves.saturating_mul(files) > urls / 4;
    let rows = if reads_all { notes.saturating_add(urls) } else { notes };
    let ranges = rows / at_once.max(1) + 1;
    let mut counts = ChangeCounts::default();
    for range in 0..ranges {
        // Diesel cannot combine window functions, laterals and writes in one statement.
        let part: ChangeCounts = diesel::sql_query(include_str!("settle.sql"))
            .bind::<Uuid, _>(conn.tenant_id())
            .bind::<Uuid, _>(run)
            .bind::<Bool, _>(reads_all)
            .bind::<Text, _>(hash_at(range, ranges))
            .bind::<Text, _>(hash_at(range + 1, ranges))
            .get_result(conn)
            .await?;
        counts.added += part.added;
        counts.removed += part.removed;
        counts.changed += part.changed;
    }
    Ok(counts)
}

/// Returns the hexadecimal prefix at which one of `ranges` equal ranges of hashes starts; after the last range it is
/// greater than any hash.
fn hash_at(range: i64, ranges: i64) -> String {
    if range == ranges {
        return "g".to_owned();
    }
    format!("{:08x}", (i128::from(range) << 32) / i128::from(ranges))
}
