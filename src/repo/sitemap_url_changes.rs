//! Table `sitemap_url_changes`: what an analysis found to be different from the one before.

use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult, QueryableByName};
use diesel::sql_types::{BigInt, Uuid};
use diesel_async::RunQueryDsl;

use crate::db::tenant::TenantConnection;
use crate::models::enums::UrlChange;
use crate::models::ids::{SitemapRunId, SitemapUrlChangeId};
use crate::models::sitemap_url_change::SitemapUrlChange;
use crate::schema::sitemap_url_changes;

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
///
/// # Errors
///
/// Those of the database.
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
    query.order(sitemap_url_changes::id).limit(limit).load(conn).await
}

/// Makes of what was noted file by file what is different for the domain, one row a URL, and counts it.
///
/// A URL that moved from one file to another is neither added nor removed; one that a second file lists as well is not
/// added; one that one of two files has dropped is not removed. To be called once, at the end of an analysis.
///
/// # Errors
///
/// Those of the database.
pub async fn settle(conn: &mut TenantConnection, run: SitemapRunId) -> QueryResult<ChangeCounts> {
    diesel::sql_query(include_str!("sitemap_url_changes/settle.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Uuid, _>(run)
        .get_result(conn)
        .await
}
