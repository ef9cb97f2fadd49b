//! Table `api_keys`.

use chrono::TimeDelta;
use diesel::dsl::now;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, HasQuery, IntoSql, JoinOnDsl, NullableExpressionMethods,
    OptionalExtension, QueryDsl, QueryResult, SelectableHelper,
};
use diesel::sql_types::{Interval, Nullable, Timestamptz};
use diesel_async::RunQueryDsl;

use super::paging::Paging;
use crate::db::tenant::{SystemConnection, TenantConnection};
use crate::models::api_key::{ApiKey, NewApiKey};
use crate::models::ids::ApiKeyId;
use crate::models::tenant_limits::TenantLimits;
use crate::schema::{api_keys, tenant_limits, tenants};

/// How exactly the last use of a key is known: a busy key is not written at each request.
const LAST_USE_PRECISION: TimeDelta = TimeDelta::minutes(1);

/// Looks up the key with this SHA-256, if it is valid now and its tenant is active.
///
/// # Errors
///
/// Those of the database.
pub async fn find_valid(
    conn: &mut SystemConnection,
    hash: &[u8; 32],
) -> QueryResult<Option<(ApiKey, Option<TenantLimits>)>> {
    api_keys::table
        .inner_join(tenants::table.on(tenants::id.eq(api_keys::tenant_id)))
        .left_join(tenant_limits::table.on(tenant_limits::tenant_id.eq(api_keys::tenant_id)))
        .filter(api_keys::hash.eq(hash.as_slice()))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now)))
        .filter(tenants::is_active)
        .select((ApiKey::as_select(), Option::<TenantLimits>::as_select()))
        .first(conn)
        .await
        .optional()
}

/// Notes that a key is in use, at most once a minute.
///
/// # Errors
///
/// Those of the database.
pub async fn touch(conn: &mut SystemConnection, key: &ApiKey) -> QueryResult<()> {
    let due = key
        .last_used_at
        .is_none_or(|at| chrono::Utc::now() - at > LAST_USE_PRECISION);
    if due {
        diesel::update(api_keys::table.find((key.tenant_id, key.id)))
            .set(api_keys::last_used_at.eq(now))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Lists the tenant's keys, the newest first, revoked ones among them.
///
/// # Errors
///
/// Those of the database.
pub async fn list(conn: &mut TenantConnection) -> QueryResult<Vec<ApiKey>> {
    let tenant = conn.tenant_id();
    ApiKey::query()
        .filter(api_keys::tenant_id.eq(tenant))
        .order((api_keys::created_at.desc(), api_keys::id.desc()))
        .load(conn)
        .await
}

/// Lists a part of the tenant's keys, the newest first, and how many there are.
///
/// # Errors
///
/// Those of the database.
pub async fn list_page(conn: &mut TenantConnection, paging: Paging) -> QueryResult<(Vec<ApiKey>, i64)> {
    let tenant = conn.tenant_id();
    let total = api_keys::table
        .filter(api_keys::tenant_id.eq(tenant))
        .count()
        .get_result(conn)
        .await?;
    let keys = ApiKey::query()
        .filter(api_keys::tenant_id.eq(tenant))
        .order((api_keys::created_at.desc(), api_keys::id.desc()))
        .limit(paging.limit)
        .offset(paging.offset)
        .load(conn)
        .await?;
    Ok((keys, total))
}

/// Returns a key.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn get(conn: &mut TenantConnection, id: ApiKeyId) -> QueryResult<ApiKey> {
    let tenant = conn.tenant_id();
    ApiKey::query()
        .filter(api_keys::tenant_id.eq(tenant))
        .filter(api_keys::id.eq(id))
        .first(conn)
        .await
}

/// Adds a key.
///
/// # Errors
///
/// A unique violation when there is a key with this hash, and those of the database.
pub async fn insert(conn: &mut TenantConnection, new: &NewApiKey<'_>) -> QueryResult<ApiKey> {
    let tenant = conn.tenant_id();
    diesel::insert_into(api_keys::table)
        .values((new, api_keys::tenant_id.eq(tenant)))
        .returning(ApiKey::as_returning())
        .get_result(conn)
        .await
}

/// Revokes a key for good; one that is revoked already keeps its time.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn revoke(conn: &mut TenantConnection, id: ApiKeyId) -> QueryResult<ApiKey> {
    let tenant = conn.tenant_id();
    diesel::update(
        api_keys::table
            .filter(api_keys::tenant_id.eq(tenant))
            .filter(api_keys::id.eq(id)),
    )
    .set(api_keys::revoked_at.eq(coalesce(api_keys::revoked_at, now.into_sql::<Nullable<Timestamptz>>())))
    .returning(ApiKey::as_returning())
    .get_result(conn)
    .await
}

/// Lets a key end so long from now, unless it ends before.
///
/// # Errors
///
/// `NotFound`, which a revoked or expired key is too, and those of the database.
pub async fn expire_in(conn: &mut TenantConnection, id: ApiKeyId, overlap: TimeDelta) -> QueryResult<ApiKey> {
    let tenant = conn.tenant_id();
    let end = now.into_sql::<Timestamptz>() + overlap.into_sql::<Interval>();
    diesel::update(
        api_keys::table
            .filter(api_keys::tenant_id.eq(tenant))
            .filter(api_keys::id.eq(id))
            .filter(api_keys::revoked_at.is_null())
            .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now))),
    )
    .set(api_keys::expires_at.eq(least(api_keys::expires_at, end.nullable())))
    .returning(ApiKey::as_returning())
    .get_result(conn)
    .await
}

diesel::define_sql_function! {
    /// SQL's `least` of two: of a null and a time, the time.
    fn least(
        one: Nullable<Timestamptz>,
        other: Nullable<Timestamptz>,
    ) -> Nullable<Timestamptz>;
}

diesel::define_sql_function! {
    /// SQL's `coalesce` of two.
    fn coalesce(
        one: Nullable<Timestamptz>,
        other: Nullable<Timestamptz>,
    ) -> Nullable<Timestamptz>;
}
