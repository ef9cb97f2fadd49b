//! Table `domain_changes`: how scans of domains differ from the ones before.

use chrono::{DateTime, Utc};
use diesel::prelude::{BoolExpressionMethods, ExpressionMethods, JoinOnDsl, QueryDsl, QueryResult, SelectableHelper};
use diesel::sql_types::{BigInt, Int8, Timestamptz};
use diesel_async::RunQueryDsl;
use schema::{domain_changes, domains};

use super::paging::{Newest, Paging, before};
use crate::ids::{DomainChangeId, DomainId, JobId};
use crate::models::domain_change::{DomainChange, NewDomainChange};
use crate::models::enums::DomainChangeKind;
use crate::tenant::{SystemConnection, TenantConnection};

/// Which differences to list; `None` matches all.
#[derive(Clone, Copy, Debug, Default)]
pub struct DomainChangeFilter {
    /// Only those of this domain.
    pub domain_id: Option<DomainId>,
    /// Only those of this kind.
    pub kind: Option<DomainChangeKind>,
    /// Only those found then or later.
    pub since: Option<DateTime<Utc>>,
}

/// Inserts the differences that a scan found.
///
/// # Errors
///
/// A foreign key violation if the tenant has no such domain.
pub async fn insert_many(
    conn: &mut TenantConnection,
    domain: DomainId,
    job: JobId,
    new: &[NewDomainChange],
) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    let of_scan = (
        domain_changes::tenant_id.eq(tenant),
        domain_changes::domain_id.eq(domain),
        domain_changes::job_id.eq(job),
    );
    let rows: Vec<_> = new.iter().map(|change| (change, of_scan)).collect();
    diesel::insert_into(domain_changes::table)
        .values(rows)
        .execute(conn)
        .await
}

/// Lists differences with the names of their domains, newest first.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &DomainChangeFilter,
    paging: &Paging<Newest<DomainChangeId>>,
) -> QueryResult<Vec<(DomainChange, String)>> {
    let tenant = conn.tenant_id();
    let mut query = domain_changes::table
        .inner_join(
            domains::table.on(domains::tenant_id
                .eq(domain_changes::tenant_id)
                .and(domains::id.eq(domain_changes::domain_id))),
        )
        .filter(domain_changes::tenant_id.eq(tenant))
        .select((DomainChange::as_select(), domains::domain))
        .into_boxed();
    if let Some(domain) = filter.domain_id {
        query = query.filter(domain_changes::domain_id.eq(domain));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(domain_changes::kind.eq(kind));
    }
    if let Some(since) = filter.since {
        query = query.filter(domain_changes::changed_at.ge(since));
    }
    if let Some(Newest { at, id }) = paging.after {
        query = query.filter(before::<(Timestamptz, Int8), _, _>(
            (domain_changes::changed_at, domain_changes::id),
            (at, id),
        ));
    }
    query
        .order((domain_changes::changed_at.desc(), domain_changes::id.desc()))
        .limit(paging.limit)
        .load(&mut conn.reading())
        .await
}

/// Deletes up to `limit` differences that were found before `cutoff`, and returns how many.
pub async fn delete_old(conn: &mut SystemConnection, cutoff: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    // Diesel has no subselect of several columns.
    diesel::sql_query(include_str!("delete_old.sql"))
        .bind::<Timestamptz, _>(cutoff)
        .bind::<BigInt, _>(limit)
        .execute(conn)
        .await
}
