//! Domains whose home pages are to be scanned.

use diesel::dsl::case_when;
use diesel::prelude::{ExpressionMethods, QueryDsl, QueryResult, SelectableHelper};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use schema::domains;

use crate::ids::DomainId;
use crate::models::domain::{NamedDomain, NewDomain};
use crate::models::enums::TaskStatus;
use crate::tenant::TenantConnection;

/// Inserts up to 10,000 domains whose home pages are to be scanned, each named once, and returns their ids and names,
/// including existing ones, in no particular order.
///
/// An existing one says that its scan is queued, unless it says already that one waits or runs.
pub async fn upsert(conn: &mut TenantConnection, new: &[NewDomain<'_>]) -> QueryResult<Vec<NamedDomain>> {
    let tenant = conn.tenant_id();
    let mut new: Vec<&NewDomain<'_>> = new.iter().collect();
    // Several rows are locked in the order of everybody who locks several, and others inserted in the order of their names,
    // so that concurrent calls do not deadlock.
    if new.len() > 1 {
        new.sort_unstable_by_key(|row| row.domain);
        let names: Vec<&str> = new.iter().map(|row| row.domain).collect();
        domains::table
            .filter(domains::tenant_id.eq(tenant))
            .filter(domains::domain.eq_any(names))
            .order(domains::id)
            .select(domains::id)
            .for_no_key_update()
            .load::<DomainId>(conn)
            .await?;
    }
    let rows: Vec<_> = new
        .into_iter()
        .map(|row| {
            (
                row,
                domains::tenant_id.eq(tenant),
                domains::content_scrape_status.eq(TaskStatus::Queued),
            )
        })
        .collect();
    let is_unfinished = || domains::content_scrape_status.eq_any([TaskStatus::Queued, TaskStatus::InProgress]);
    diesel::insert_into(domains::table)
        .values(rows)
        .on_conflict((domains::tenant_id, domains::domain))
        .do_update()
        .set((
            domains::content_scrape_status.eq(case_when(is_unfinished(), domains::content_scrape_status)
                .otherwise(excluded(domains::content_scrape_status))),
            domains::content_scrape_error.eq(case_when(is_unfinished(), domains::content_scrape_error)
                .otherwise(excluded(domains::content_scrape_error))),
            domains::updated_at.eq(excluded(domains::updated_at)),
        ))
        .returning(NamedDomain::as_returning())
        .get_results(conn)
        .await
}
