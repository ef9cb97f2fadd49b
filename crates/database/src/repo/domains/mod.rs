//! Table `domains`, and reads that join the facts about its site.

pub mod queued;

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, HasQuery, JoinOnDsl, OptionalExtension, PgTextExpressionMethods,
    QueryDsl, QueryResult, SelectableHelper,
};
use diesel::sql_types::{Timestamptz, Uuid};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use schema::{domain_hosting, domain_profiles, domain_technologies, domains};
use serde::{Deserialize, Serialize};

use super::paging::{Paging, Position, before, containing, page};
use crate::ids::{DomainId, TenantId};
use crate::models::domain::{Domain, DomainChanges, NamedDomain, NewDomain};
use crate::models::domain_hosting::DomainHosting;
use crate::models::domain_profile::DomainProfile;
use crate::models::domain_technologies::DomainTechnologies;
use crate::models::enums::{CurationStatus, ProcessingStatus, TaskStatus};
use crate::tenant::TenantConnection;

/// Which domains to list; `None` matches all.
#[derive(Clone, Debug, Default)]
pub struct DomainFilter<'a> {
    /// Only these domains.
    pub ids: Option<&'a [DomainId]>,
    /// Only those whose name contains this text.
    pub text: Option<&'a str>,
    /// Only those with this status.
    pub status: Option<&'a str>,
    /// Only those whose scan has this status.
    pub content_scrape_status: Option<TaskStatus>,
    /// Only those whose crawl has this status.
    pub page_scrape_status: Option<TaskStatus>,
    /// Only those whose sitemap analysis has this status.
    pub sitemap_analysis_status: Option<ProcessingStatus>,
    /// Only those whose sitemaps have this curation status.
    pub sitemap_curation_status: Option<CurationStatus>,
    /// Only those known to run on WordPress, or known not to.
    pub is_wordpress: Option<bool>,
    /// Only the one with this name.
    pub name: Option<&'a str>,
}

/// The order of a list of domains; ties are ordered by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DomainOrder {
    /// Newest first.
    #[default]
    Newest,
    /// Last scanned first.
    LastScan,
    /// By name.
    Name,
}

/// The position of a domain in a list, in one of the orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DomainPosition {
    /// For [`DomainOrder::Newest`].
    Newest(DateTime<Utc>, DomainId),
    /// For [`DomainOrder::LastScan`].
    LastScan(DateTime<Utc>, DomainId),
    /// For [`DomainOrder::Name`]; a tenant has each name once.
    Name(String),
}

impl DomainPosition {
    /// Returns the position of a domain in this order.
    #[must_use]
    pub fn of(domain: &Domain, order: DomainOrder) -> Self {
        match order {
            DomainOrder::Newest => Self::Newest(domain.created_at, domain.id),
            DomainOrder::LastScan => Self::LastScan(domain.last_scan, domain.id),
            DomainOrder::Name => Self::Name(domain.domain.clone()),
        }
    }
}

impl Position for DomainPosition {
    type Order = DomainOrder;

    const LIST: &'static str = "domains";

    fn order(&self) -> DomainOrder {
        match self {
            Self::Newest(..) => DomainOrder::Newest,
            Self::LastScan(..) => DomainOrder::LastScan,
            Self::Name(_) => DomainOrder::Name,
        }
    }
}

/// A domain with the facts about its site.
pub type DomainDetails = (
    Domain,
    Option<DomainProfile>,
    Option<DomainTechnologies>,
    Option<DomainHosting>,
);

/// Returns a domain.
pub async fn get(conn: &mut TenantConnection, id: DomainId) -> QueryResult<Domain> {
    let tenant = conn.tenant_id();
    Domain::query()
        .filter(domains::tenant_id.eq(tenant))
        .filter(domains::id.eq(id))
        .first(&mut conn.reading())
        .await
}

/// Returns a domain with the facts about its site, in one query.
pub async fn get_details(conn: &mut TenantConnection, id: DomainId) -> QueryResult<DomainDetails> {
    let tenant = conn.tenant_id();
    domains::table
        .left_join(
            domain_profiles::table.on(domain_profiles::tenant_id
                .eq(domains::tenant_id)
                .and(domain_profiles::domain_id.eq(domains::id))),
        )
        .left_join(
            domain_technologies::table.on(domain_technologies::tenant_id
                .eq(domains::tenant_id)
                .and(domain_technologies::domain_id.eq(domains::id))),
        )
        .left_join(
            domain_hosting::table.on(domain_hosting::tenant_id
                .eq(domains::tenant_id)
                .and(domain_hosting::domain_id.eq(domains::id))),
        )
        .filter(domains::tenant_id.eq(tenant))
        .filter(domains::id.eq(id))
        .select((
            Domain::as_select(),
            Option::<DomainProfile>::as_select(),
            Option::<DomainTechnologies>::as_select(),
            Option::<DomainHosting>::as_select(),
        ))
        .first(&mut conn.reading())
        .await
}

/// Finds a domain by its standard name and prevents its deletion until the transaction ends.
pub async fn lock_by_name(conn: &mut TenantConnection, name: &str) -> QueryResult<Option<Domain>> {
    let tenant = conn.tenant_id();
    domains::table
        .filter(domains::tenant_id.eq(tenant))
        .filter(domains::domain.eq(name))
        .select(Domain::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()
}

/// Lists domains and counts all matches; both queries are sent together. A position in another order than `order` is
/// not one of this list.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &DomainFilter<'_>,
    order: DomainOrder,
    paging: &Paging<DomainPosition>,
) -> QueryResult<(Vec<Domain>, i64)> {
    let tenant = conn.tenant_id();
    let rows = behind(tenant, filter, order, paging).select(Domain::as_select());
    page!(conn, rows, matching(tenant, filter), paging.limit)
}

/// Lists domains without counting them, for readers of the whole list; see [`list`].
pub async fn list_after(
    conn: &mut TenantConnection,
    filter: &DomainFilter<'_>,
    order: DomainOrder,
    paging: &Paging<DomainPosition>,
) -> QueryResult<Vec<Domain>> {
    behind(conn.tenant_id(), filter, order, paging)
        .select(Domain::as_select())
        .limit(paging.limit)
        .load(&mut conn.reading())
        .await
}

/// Selects the matching domains behind a position, in order.
fn behind<'a>(
    tenant: TenantId,
    filter: &DomainFilter<'a>,
    order: DomainOrder,
    paging: &Paging<DomainPosition>,
) -> domains::BoxedQuery<'a, Pg> {
    let rows = matching(tenant, filter);
    let rows = match paging.after.clone() {
        None => rows,
        Some(DomainPosition::Newest(at, id)) => rows.filter(before::<(Timestamptz, Uuid), _, _>(
            (domains::created_at, domains::id),
            (at, id),
        )),
        Some(DomainPosition::LastScan(at, id)) => rows.filter(before::<(Timestamptz, Uuid), _, _>(
            (domains::last_scan, domains::id),
            (at, id),
        )),
        Some(DomainPosition::Name(name)) => rows.filter(domains::domain.gt(name)),
    };
    match order {
        DomainOrder::Newest => rows.order((domains::created_at.desc(), domains::id.desc())),
        DomainOrder::LastScan => rows.order((domains::last_scan.desc(), domains::id.desc())),
        DomainOrder::Name => rows.order(domains::domain.asc()),
    }
}

/// Counts the matching domains.
pub async fn count(conn: &mut TenantConnection, filter: &DomainFilter<'_>) -> QueryResult<i64> {
    let tenant = conn.tenant_id();
    matching(tenant, filter).count().get_result(&mut conn.reading()).await
}

/// Lists the matching domains in no particular order, at most `limit`, and prevents their deletion until the transaction ends.
pub async fn lock_matching(
    conn: &mut TenantConnection,
    filter: &DomainFilter<'_>,
    limit: i64,
) -> QueryResult<Vec<(DomainId, String)>> {
    let tenant = conn.tenant_id();
    let ids: Vec<DomainId> = matching(tenant, filter)
        .order(domains::id)
        .limit(limit)
        .select(domains::id)
        .load(&mut conn.reading())
        .await?;
    domains::table
        .filter(domains::tenant_id.eq(tenant))
        .filter(domains::id.eq_any(ids))
        // Sorted, so that concurrent calls do not deadlock.
        .order(domains::id)
        .select((domains::id, domains::domain))
        .for_no_key_update()
        .load(conn)
        .await
}

/// Inserts a domain, or returns the existing one of this name unchanged.
pub async fn upsert(conn: &mut TenantConnection, new: &NewDomain<'_>) -> QueryResult<Domain> {
    let tenant = conn.tenant_id();
    diesel::insert_into(domains::table)
        .values((new, domains::tenant_id.eq(tenant)))
        .on_conflict((domains::tenant_id, domains::domain))
        .do_update()
        // DO NOTHING would return no row.
        .set(domains::domain.eq(excluded(domains::domain)))
        .returning(Domain::as_returning())
        .get_result(conn)
        .await
}

/// Inserts up to 15,000 domains in one statement, and returns their ids and names, including existing ones, in no
/// particular order. If a name is given more than once, the last one counts.
pub async fn upsert_many(conn: &mut TenantConnection, new: &[NewDomain<'_>]) -> QueryResult<Vec<NamedDomain>> {
    let tenant = conn.tenant_id();
    let rows: BTreeMap<&str, &NewDomain<'_>> = new.iter().map(|row| (row.domain, row)).collect();
    let names: Vec<&str> = rows.keys().copied().collect();
    // Those that exist are locked in the order of everybody who locks several, and others inserted in the order of their
    // names, so that concurrent calls do not deadlock.
    let mut stored: Vec<NamedDomain> = domains::table
        .filter(domains::tenant_id.eq(tenant))
        .filter(domains::domain.eq_any(names))
        .order(domains::id)
        .select(NamedDomain::as_select())
        .for_no_key_update()
        .load(conn)
        .await?;
    let known: HashSet<&str> = stored.iter().map(|row| row.domain.as_str()).collect();
    let missing: Vec<_> = rows
        .into_values()
        .filter(|row| !known.contains(row.domain))
        .map(|row| (row, domains::tenant_id.eq(tenant)))
        .collect();
    if missing.is_empty() {
        return Ok(stored);
    }
    let inserted: Vec<NamedDomain> = diesel::insert_into(domains::table)
        .values(missing)
        .on_conflict((domains::tenant_id, domains::domain))
        .do_update()
        .set(domains::domain.eq(excluded(domains::domain)))
        .returning(NamedDomain::as_returning())
        .get_results(conn)
        .await?;
    stored.extend(inserted);
    Ok(stored)
}

/// Updates a domain.
///
/// # Errors
///
/// `NotFound`.
pub async fn update(conn: &mut TenantConnection, id: DomainId, changes: &DomainChanges<'_>) -> QueryResult<Domain> {
    let tenant = conn.tenant_id();
    diesel::update(
        domains::table
            .filter(domains::tenant_id.eq(tenant))
            .filter(domains::id.eq(id)),
    )
    .set((changes, domains::updated_at.eq(diesel::dsl::now)))
    .returning(Domain::as_returning())
    .get_result(conn)
    .await
}

/// Updates several domains with the same changes, and returns how many exist.
pub async fn update_many(
    conn: &mut TenantConnection,
    ids: &[DomainId],
    changes: &DomainChanges<'_>,
) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    diesel::update(
        domains::table
            .filter(domains::tenant_id.eq(tenant))
            .filter(domains::id.eq_any(ids)),
    )
    .set((changes, domains::updated_at.eq(diesel::dsl::now)))
    .execute(conn)
    .await
}

/// Deletes a domain with its pages, contacts and sitemaps, and cancels its unfinished jobs. Jobs keep the domain's id,
/// so that a retry cannot bring the domain back.
///
/// # Errors
///
/// `NotFound`.
pub async fn delete(conn: &mut TenantConnection, id: DomainId) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    diesel::delete(
        domains::table
            .filter(domains::tenant_id.eq(tenant))
            .filter(domains::id.eq(id)),
    )
    .returning(domains::id)
    .get_result::<DomainId>(conn)
    .await?;
    // Does not wait for locked rows: a locked job ends by itself, since its domain is gone.
    super::jobs::bulk::cancel_of_domain(conn, id).await?;
    Ok(())
}

/// Finds a domain and prevents its deletion until the transaction ends.
pub async fn lock(conn: &mut TenantConnection, id: DomainId) -> QueryResult<Option<Domain>> {
    let tenant = conn.tenant_id();
    domains::table
        .filter(domains::tenant_id.eq(tenant))
        .filter(domains::id.eq(id))
        .select(Domain::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()
}

/// Lists the names of domains, in no particular order.
pub async fn list_names(conn: &mut TenantConnection, ids: &[DomainId]) -> QueryResult<Vec<(DomainId, String)>> {
    let tenant = conn.tenant_id();
    domains::table
        .filter(domains::tenant_id.eq(tenant))
        .filter(domains::id.eq_any(ids))
        .select((domains::id, domains::domain))
        .load(&mut conn.reading())
        .await
}

/// Returns whether a domain exists, and prevents its deletion until the transaction ends. Unlike [`lock`], this waits for
/// nobody but its deletion.
pub async fn keep(conn: &mut TenantConnection, id: DomainId) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    let kept: Option<DomainId> = domains::table
        .filter(domains::tenant_id.eq(tenant))
        .filter(domains::id.eq(id))
        .select(domains::id)
        .for_key_share()
        .first(conn)
        .await
        .optional()?;
    Ok(kept.is_some())
}

/// Returns which of these domains exist, and prevents their deletion until the transaction ends.
pub async fn lock_many(conn: &mut TenantConnection, ids: &[DomainId]) -> QueryResult<Vec<DomainId>> {
    let tenant = conn.tenant_id();
    domains::table
        .filter(domains::tenant_id.eq(tenant))
        .filter(domains::id.eq_any(ids))
        // Sorted, so that concurrent calls do not deadlock.
        .order(domains::id)
        .select(domains::id)
        .for_no_key_update()
        .load(conn)
        .await
}

fn matching<'a>(tenant: TenantId, filter: &DomainFilter<'a>) -> domains::BoxedQuery<'a, Pg> {
    let mut query = domains::table.filter(domains::tenant_id.eq(tenant)).into_boxed();
    if let Some(ids) = filter.ids {
        query = query.filter(domains::id.eq_any(ids));
    }
    if let Some(text) = filter.text {
        query = query.filter(domains::domain.ilike(containing(text)));
    }
    if let Some(status) = filter.status {
        query = query.filter(domains::status.eq(status));
    }
    if let Some(status) = filter.content_scrape_status {
        query = query.filter(domains::content_scrape_status.eq(status));
    }
    if let Some(status) = filter.page_scrape_status {
        query = query.filter(domains::page_scrape_status.eq(status));
    }
    if let Some(status) = filter.sitemap_analysis_status {
        query = query.filter(domains::sitemap_analysis_status.eq(status));
    }
    if let Some(status) = filter.sitemap_curation_status {
        query = query.filter(domains::sitemap_curation_status.eq(status));
    }
    if let Some(is_wordpress) = filter.is_wordpress {
        query = query.filter(diesel::dsl::exists(
            domain_technologies::table
                .filter(domain_technologies::tenant_id.eq(domains::tenant_id))
                .filter(domain_technologies::domain_id.eq(domains::id))
                .filter(domain_technologies::is_wordpress.eq(is_wordpress)),
        ));
    }
    if let Some(name) = filter.name {
        query = query.filter(domains::domain.eq(name));
    }
    query
}
