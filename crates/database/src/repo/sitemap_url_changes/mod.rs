//! Table `sitemap_url_changes`: what an analysis found to be different from the one before.

use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult, QueryableByName};
use diesel::sql_types::{BigInt, Bool, Text, Uuid};
use diesel_async::RunQueryDsl;
use schema::sitemap_url_changes;

use crate::ids::{SitemapRunId, SitemapUrlChangeId};
use crate::models::enums::UrlChange;
use crate::models::sitemap_url_change::SitemapUrlChange;
use crate::tenant::TenantConnection;

/// How much is different.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub struct ChangeCounts {
    /// URLs that were not listed before.
    #[diesel(sql_type = BigInt)]
    pub added: i64,
    /// URLs that are not listed any more.
    #[diesel(sql_type = BigInt)]
    pub removed: i64,
    /// URLs that say another time of their last change.
    #[diesel(sql_type = BigInt)]
    pub changed: i64,
}

/// Lists what an analysis found to be different, behind the row `after` or from the first one, in a fixed order.
pub async fn list(
    conn: &mut TenantConnection,
    run: SitemapRunId,
    change: Option<UrlChange>,
    after: Option<SitemapUrlChangeId>,
    limit: i64,
) -> QueryResult<Vec<SitemapUrlChange>> {
    let tenant = conn.tenant_id();
    let mut query = SitemapUrlChange::query()
        .filter(sitemap_url_changes::tenant_id.eq(tenant))
        .filter(sitemap_url_changes::run_id.eq(run))
        .into_boxed();
    if let Some(change) = change {
        query = query.filter(sitemap_url_changes::change.eq(change));
    }
    if let Some(id) = after {
        query = query.filter(sitemap_url_changes::id.gt(id));
    }
    query
        .order(sitemap_url_changes::id)
        .limit(limit)
        .load(&mut conn.reading())
        .await
}

/// How much an analysis has noted, and how much there is to compare it with.
#[derive(QueryableByName)]
struct Extent {
    /// What was noted.
    #[diesel(sql_type = BigInt)]
    notes: i64,
    /// Of it, that a file lists a URL or does not any more.
    #[diesel(sql_type = BigInt)]
    moves: i64,
    /// The domain's files.
    #[diesel(sql_type = BigInt)]
    files: i64,
    /// The URLs in them.
    #[diesel(sql_type = BigInt)]
    urls: i64,
}

/// Turns the notes of each file into the differences of the domain, one row per URL, and counts them.
///
/// A URL that moved from one file to another is neither added nor removed; one that a second file lists as well is not
/// added; one that one of two files has dropped is not removed. To be called once, at the end of an analysis. A statement
/// goes through about `at_once` rows, so that it ends in time however large the domain is: URLs are taken by their hashes,
/// a range at a time.
pub async fn settle(conn: &mut TenantConnection, run: SitemapRunId, at_once: i64) -> QueryResult<ChangeCounts> {
    // Diesel counts one table per statement; these are two, at one moment.
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
    // To look a URL up in one file takes as long as to read four and sort them.
    let reads_all = moves.saturating_mul(files) > urls / 4;
    let rows = if reads_all { notes.saturating_add(urls) } else { notes };
    let ranges = rows / at_once.max(1) + 1;
    let mut counts = ChangeCounts::default();
    for range in 0..ranges {
        // Windows, laterals and writes in one statement.
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

/// Returns the hexadecimal digits with which the hashes of one of `ranges` equal ranges begin; behind the last range it is
/// more than any hash.
fn hash_at(range: i64, ranges: i64) -> String {
    if range == ranges {
        return "g".to_owned();
    }
    format!("{:08x}", (i128::from(range) << 32) / i128::from(ranges))
}
