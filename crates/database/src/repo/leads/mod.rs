//! Table `leads`: places with their domains, domains without a place, and people's decisions about both.

mod filter;
mod order;

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, HasQuery, JoinOnDsl, NullableExpressionMethods, QueryDsl, QueryResult,
};
use diesel::sql_types::{Array, Uuid};
use diesel_async::RunQueryDsl;
use schema::{domain_profiles, domain_technologies, domains, leads, place_details, places_staging};

pub use self::filter::LeadFilter;
use self::filter::matching;
pub use self::order::{LeadKey, LeadOrder, LeadPosition};
use self::order::{behind, ordered};
use super::paging::{Counted, Offset, Paging, page};
use super::place_changes::Undone;
use super::places::PlaceFilter;
use super::{lead_changes, place_changes};
use crate::ids::{DomainId, LeadId, PlaceChangeId};
use crate::models::lead::{Lead, LeadContact, LeadPlace, LeadSite};
use crate::models::place_change::{ChangedBy, PlaceCuration};
use crate::tenant::TenantConnection;

/// Returns a lead.
pub async fn get(conn: &mut TenantConnection, id: LeadId) -> QueryResult<Lead> {
    let tenant = conn.tenant_id();
    Lead::query()
        .filter(leads::tenant_id.eq(tenant))
        .filter(leads::id.eq(id))
        .first(&mut conn.reading())
        .await
}

/// Lists the leads of domains, at most `limit`.
pub async fn list_of_domains(conn: &mut TenantConnection, domains: &[DomainId], limit: i64) -> QueryResult<Vec<Lead>> {
    let tenant = conn.tenant_id();
    Lead::query()
        .filter(leads::tenant_id.eq(tenant))
        .filter(leads::domain_id.eq_any(domains))
        .order(leads::id)
        .limit(limit)
        .load(&mut conn.reading())
        .await
}

/// Lists the domains of matching leads, each once, at most `limit`.
pub async fn list_domain_ids(
    conn: &mut TenantConnection,
    filter: &LeadFilter<'_>,
    limit: i64,
) -> QueryResult<Vec<DomainId>> {
    matching(conn.tenant_id(), filter)
        .filter(leads::domain_id.is_not_null())
        .select(leads::domain_id.assume_not_null())
        .distinct()
        .limit(limit)
        .load(&mut conn.reading())
        .await
}

/// Lists the first `limit` leads and counts all matches.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &LeadFilter<'_>,
    order: LeadOrder,
    limit: i64,
) -> QueryResult<(Vec<Lead>, i64)> {
    let tenant = conn.tenant_id();
    let ids = ordered(matching(tenant, filter), order).select(leads::id);
    if filter.is_search() {
        let page = Counted::<_, Uuid>::new(ids, Offset::first(limit));
        let (ids, total): (Vec<LeadId>, i32) = page.get_result(&mut conn.reading()).await?;
        return Ok((rows_of(conn, &ids).await?, total.into()));
    }
    let (ids, total): (Vec<LeadId>, i64) = page!(conn, ids, matching(tenant, filter), limit)?;
    Ok((rows_of(conn, &ids).await?, total))
}

/// Lists leads, from the start or after a position in the same order.
pub async fn list_after(
    conn: &mut TenantConnection,
    filter: &LeadFilter<'_>,
    order: LeadOrder,
    Paging { limit, after }: &Paging<LeadPosition>,
) -> QueryResult<Vec<Lead>> {
    let tenant = conn.tenant_id();
    let (first, valueless) = match after {
        None => (matching(tenant, filter), None),
        Some(position) => behind(tenant, filter, position),
    };
    let part = |rows, limit| ordered(rows, order).select(leads::id).limit(limit);
    let mut ids: Vec<LeadId> = part(first, *limit).load(&mut conn.reading()).await?;
    let missing = limit - i64::try_from(ids.len()).unwrap_or(*limit);
    if let Some(valueless) = valueless
        && missing > 0
    {
        ids.extend(part(valueless, missing).load::<LeadId>(&mut conn.reading()).await?);
    }
    rows_of(conn, &ids).await
}

/// Counts leads.
pub async fn count(conn: &mut TenantConnection, filter: &LeadFilter<'_>) -> QueryResult<i64> {
    matching(conn.tenant_id(), filter)
        .count()
        .get_result(&mut conn.reading())
        .await
}

/// Returns the leads with these ids, in the given order.
async fn rows_of(conn: &mut TenantConnection, ids: &[LeadId]) -> QueryResult<Vec<Lead>> {
    let tenant = conn.tenant_id();
    let mut rows: Vec<Lead> = Lead::query()
        .filter(leads::tenant_id.eq(tenant))
        .filter(leads::id.eq_any(ids))
        .load(&mut conn.reading())
        .await?;
    let position: HashMap<LeadId, usize> = ids.iter().enumerate().map(|(position, id)| (*id, position)).collect();
    rows.sort_by_key(|row| position.get(&row.id).copied());
    Ok(rows)
}

/// What is shown of leads next to their own rows.
#[derive(Debug, Default)]
pub struct Shown {
    /// Their places, by place id.
    pub places: HashMap<String, LeadPlace>,
    /// Their domains.
    pub sites: HashMap<DomainId, LeadSite>,
    /// The contact to write to at each domain.
    pub contacts: HashMap<DomainId, LeadContact>,
}

/// Looks up what is shown of leads next to their own rows, in three queries that are sent together.
pub async fn show(conn: &mut TenantConnection, rows: &[Lead]) -> QueryResult<Shown> {
    let places: Vec<&str> = rows.iter().filter_map(|row| row.place_id.as_deref()).collect();
    let domains: BTreeSet<DomainId> = rows.iter().filter_map(|row| row.domain_id).collect();
    let domains: Vec<DomainId> = domains.into_iter().collect();
    let conn = &*conn;
    let (places, sites, contacts) = futures_util::try_join!(
        list_places(conn, &places),
        list_sites(conn, &domains),
        list_contacts(conn, &domains),
    )?;
    Ok(Shown {
        places: places.into_iter().map(|row| (row.place_id.clone(), row)).collect(),
        sites: sites.into_iter().map(|row| (row.domain_id, row)).collect(),
        contacts: contacts.into_iter().map(|row| (row.domain_id, row)).collect(),
    })
}

async fn list_places(conn: &TenantConnection, place_ids: &[&str]) -> QueryResult<Vec<LeadPlace>> {
    let tenant = conn.tenant_id();
    places_staging::table
        .left_join(
            place_details::table.on(place_details::tenant_id
                .eq(places_staging::tenant_id)
                .and(place_details::place_id.eq(places_staging::place_id))),
        )
        .filter(places_staging::tenant_id.eq(tenant))
        .filter(places_staging::place_id.eq_any(place_ids))
        .select((
            places_staging::place_id,
            places_staging::formatted_address,
            places_staging::vicinity,
            places_staging::user_ratings_total,
            place_details::website.nullable(),
            place_details::phone.nullable(),
        ))
        .load(&mut conn.reading())
        .await
}

async fn list_sites(conn: &TenantConnection, ids: &[DomainId]) -> QueryResult<Vec<LeadSite>> {
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
        .filter(domains::tenant_id.eq(tenant))
        .filter(domains::id.eq_any(ids))
        .select((
            domains::id,
            domains::content_scrape_status,
            domains::page_scrape_status,
            domains::sitemap_analysis_status,
            domain_profiles::phone_numbers.nullable(),
            domain_profiles::facebook_url.nullable(),
            domain_profiles::twitter_url.nullable(),
            domain_profiles::linkedin_url.nullable(),
            domain_profiles::instagram_url.nullable(),
            domain_profiles::youtube_url.nullable(),
            domain_technologies::tech_stack.nullable(),
            domain_technologies::wordpress_version.nullable(),
            domain_profiles::copyright_year.nullable(),
        ))
        .load(&mut conn.reading())
        .await
}

/// Lists the contact of each domain to write to: not suppressed, bounced or wrong; one at the domain itself first, then
/// the one that is most certainly an address.
async fn list_contacts(conn: &TenantConnection, ids: &[DomainId]) -> QueryResult<Vec<LeadContact>> {
    // Diesel cannot order by these expressions.
    diesel::sql_query(include_str!("best_contacts.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Array<Uuid>, _>(ids)
        .load(&mut conn.reading())
        .await
}

/// Changes all matching leads, and returns how many there were. What people decide about a lead with a place is its
/// place's, with the history of places; a lead without one has its own.
pub async fn change(
    conn: &mut TenantConnection,
    filter: &LeadFilter<'_>,
    curation: &PlaceCuration,
    by: ChangedBy<'_>,
) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    place_changes::lock(conn).await?;
    let matched: Vec<(LeadId, Option<String>)> = matching(tenant, filter)
        .select((leads::id, leads::place_id))
        .load(&mut conn.reading())
        .await?;
    let (mut places, mut own) = (Vec::new(), Vec::new());
    for (id, place) in matched {
        match place {
            Some(place) => places.push(place),
            None => own.push(id),
        }
    }
    let mut changed = 0;
    if !places.is_empty() {
        let of_places = PlaceFilter {
            place_ids: Some(&places),
            ..PlaceFilter::default()
        };
        changed += place_changes::change(conn, &of_places, curation, by).await?;
    }
    if !own.is_empty() {
        changed += lead_changes::change(conn, &own, curation, by).await?;
    }
    Ok(changed)
}

/// Undoes the last bulk change or import, of leads or of places, that is not undone yet, for everything that was not changed
/// again since. `None` if there is none.
pub async fn undo_last(conn: &mut TenantConnection, undo: PlaceChangeId, who: &str) -> QueryResult<Option<Undone>> {
    place_changes::lock(conn).await?;
    let of_places = place_changes::find_last(conn).await?;
    let own = lead_changes::find_last(conn).await?;
    let last = of_places.into_iter().chain(own).max_by_key(|(_, at)| *at);
    match last {
        Some((change, _)) => place_changes::restore(conn, change, undo, who).await.map(Some),
        None => Ok(None),
    }
}
