//! The scores of leads, which stand in table `leads`.

use chrono::{DateTime, Utc};
use diesel::dsl::{IntervalDsl, now};
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, IntoSql, JoinOnDsl, NullableExpressionMethods, QueryDsl, QueryResult,
    QueryableByName, SelectableHelper,
};
use diesel::sql_types::{Array, Nullable, SmallInt, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use schema::{domain_hosting, domain_profiles, domain_technologies, leads, place_details, places_staging, tenants};

use crate::ids::{DomainId, LeadId, TenantId};
use crate::models::lead_score::{LockedLead, NewScore, ScoreFacts};
use crate::tenant::{SystemConnection, TenantConnection};

#[derive(QueryableByName)]
struct Owner {
    #[diesel(sql_type = Uuid)]
    tenant_id: TenantId,
}

/// Lists the tenants with leads whose score has to be looked at.
pub async fn list_tenants_due(conn: &mut SystemConnection) -> QueryResult<Vec<TenantId>> {
    let tenants = list_tenants(conn).await?;
    // Diesel cannot select from an array.
    let rows: Vec<Owner> = diesel::sql_query(include_str!("list_tenants_due.sql"))
        .bind::<Array<Uuid>, _>(tenants)
        .load(&mut conn.reading())
        .await?;
    Ok(rows.into_iter().map(|row| row.tenant_id).collect())
}

/// Lists the tenants with leads that were scored, but not all by these rules and the tenant's points.
pub async fn list_tenants_outdated(conn: &mut SystemConnection, rules: &str) -> QueryResult<Vec<TenantId>> {
    let tenants = list_tenants(conn).await?;
    // As above.
    let rows: Vec<Owner> = diesel::sql_query(include_str!("list_tenants_outdated.sql"))
        .bind::<Text, _>(rules)
        .bind::<Array<Uuid>, _>(tenants)
        .load(&mut conn.reading())
        .await?;
    Ok(rows.into_iter().map(|row| row.tenant_id).collect())
}

/// Tenants are stored with the queue, and leads with the facts.
async fn list_tenants(conn: &mut SystemConnection) -> QueryResult<Vec<TenantId>> {
    tenants::table.select(tenants::id).load(&mut conn.reading()).await
}

/// Locks up to `limit` leads whose score has to be looked at, and that nobody else has locked.
pub async fn lock_due(conn: &mut TenantConnection, limit: i64) -> QueryResult<Vec<LockedLead>> {
    let tenant = conn.tenant_id();
    leads::table
        .filter(leads::tenant_id.eq(tenant))
        .filter(leads::score_due_at.le(now))
        .select(LockedLead::as_select())
        .order(leads::score_due_at)
        .limit(limit)
        .for_no_key_update()
        .skip_locked()
        .load(conn)
        .await
}

/// Lets locked leads be due again in a minute, and returns when that is; `None` where there are none.
///
/// Who has claimed leads so reads their facts without a lock: a fact that changes meanwhile makes its leads due at once, and
/// [`store`] leaves leads alone that are due at another time than this one.
pub async fn claim(conn: &mut TenantConnection, ids: &[LeadId]) -> QueryResult<Option<DateTime<Utc>>> {
    let tenant = conn.tenant_id();
    let due: Vec<DateTime<Utc>> = diesel::update(leads::table)
        .filter(leads::tenant_id.eq(tenant))
        .filter(leads::id.eq_any(ids))
        .set(leads::score_due_at.eq(now.into_sql::<Timestamptz>() + 1.minute()))
        .returning(leads::score_due_at)
        .load(conn)
        .await?;
    Ok(due.into_iter().next())
}

/// Locks up to `limit` leads of a domain.
pub async fn lock_of_domain(conn: &mut TenantConnection, domain: DomainId, limit: i64) -> QueryResult<Vec<LockedLead>> {
    let tenant = conn.tenant_id();
    leads::table
        .filter(leads::tenant_id.eq(tenant))
        .filter(leads::domain_id.eq(domain))
        .select(LockedLead::as_select())
        .order(leads::id)
        .limit(limit)
        .for_no_key_update()
        .load(conn)
        .await
}

/// Locks up to `limit` leads in the order of their ids, after one of them.
pub async fn lock_after(
    conn: &mut TenantConnection,
    after: Option<LeadId>,
    limit: i64,
) -> QueryResult<Vec<LockedLead>> {
    let tenant = conn.tenant_id();
    let after = after.unwrap_or_else(|| uuid::Uuid::nil().into());
    leads::table
        .filter(leads::tenant_id.eq(tenant))
        .filter(leads::id.gt(after))
        .select(LockedLead::as_select())
        .order(leads::id)
        .limit(limit)
        .for_no_key_update()
        .load(conn)
        .await
}

/// Lists what the scores of leads are made from.
pub async fn list_facts(conn: &mut TenantConnection, ids: &[LeadId]) -> QueryResult<Vec<ScoreFacts>> {
    let tenant = conn.tenant_id();
    leads::table
        .left_join(
            places_staging::table.on(places_staging::tenant_id
                .eq(leads::tenant_id)
                .and(places_staging::place_id.nullable().eq(leads::place_id))),
        )
        .left_join(
            place_details::table.on(place_details::tenant_id
                .eq(leads::tenant_id)
                .and(place_details::place_id.nullable().eq(leads::place_id))),
        )
        .left_join(
            domain_profiles::table.on(domain_profiles::tenant_id
                .eq(leads::tenant_id)
                .and(domain_profiles::domain_id.nullable().eq(leads::domain_id))),
        )
        .left_join(
            domain_hosting::table.on(domain_hosting::tenant_id
                .eq(leads::tenant_id)
                .and(domain_hosting::domain_id.nullable().eq(leads::domain_id))),
        )
        .left_join(
            domain_technologies::table.on(domain_technologies::tenant_id
                .eq(leads::tenant_id)
                .and(domain_technologies::domain_id.nullable().eq(leads::domain_id))),
        )
        .filter(leads::tenant_id.eq(tenant))
        .filter(leads::id.eq_any(ids))
        .select((
            leads::id,
            leads::domain_id,
            leads::has_email,
            leads::rating,
            places_staging::user_ratings_total.nullable(),
            place_details::website.nullable(),
            place_details::content_at.nullable(),
            (
                domain_profiles::copyright_year,
                domain_profiles::has_privacy_policy,
                domain_profiles::has_viewport,
            )
                .nullable(),
            (
                domain_hosting::has_ssl,
                domain_hosting::ssl_fault,
                domain_hosting::ssl_expiry_date,
                domain_hosting::security_headers,
                domain_hosting::server_response_time,
                domain_hosting::average_page_size,
                domain_hosting::last_successful_scan,
            )
                .nullable(),
            domain_technologies::claims.nullable(),
        ))
        .load(&mut conn.reading())
        .await
}

/// Stores scores, and returns how many differ from those that were there. Of leads that were [claimed](claim), only those that
/// are still due at the time of the claim; else the caller has locked them.
pub async fn store(
    conn: &mut TenantConnection,
    new: &[NewScore],
    claimed: Option<DateTime<Utc>>,
) -> QueryResult<usize> {
    let ids: Vec<LeadId> = new.iter().map(|row| row.lead_id).collect();
    let scores: Vec<Option<i16>> = new.iter().map(|row| row.score).collect();
    let reasons: Vec<&str> = new.iter().map(|row| row.reasons.as_str()).collect();
    let due: Vec<_> = new.iter().map(|row| row.due_at).collect();
    // Diesel has no UPDATE ... FROM.
    diesel::sql_query(include_str!("store.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Array<Uuid>, _>(ids)
        .bind::<Array<Nullable<SmallInt>>, _>(scores)
        .bind::<Array<Text>, _>(reasons)
        .bind::<Array<Nullable<Timestamptz>>, _>(due)
        .bind::<Nullable<Timestamptz>, _>(claimed)
        .execute(conn)
        .await
}
