//! Table `api_keys`.

use chrono::TimeDelta;
use diesel::dsl::{exists, now};
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, HasQuery, IntoSql, JoinOnDsl, NullableExpressionMethods,
    OptionalExtension, QueryDsl, QueryResult, SelectableHelper,
};
use diesel::sql_types::{Interval, Nullable, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use schema::{api_keys, tenant_limits, tenants};

use super::functions::{coalesce, least};
use super::paging::{Newest, Paging, before, page};
use crate::ids::ApiKeyId;
use crate::models::api_key::{ApiKey, NewApiKey};
use crate::models::session::Session;
use crate::models::tenant_limits::TenantLimits;
use crate::tenant::{SystemConnection, TenantConnection};

/// The precision of a key's last use: a busy key is not updated at every request.
const LAST_USE_PRECISION: TimeDelta = TimeDelta::minutes(1);

/// Keys that may be used, with their tenants and those tenants' limits.
#[diesel::dsl::auto_type(no_type_alias)]
fn valid() -> _ {
    api_keys::table
        .inner_join(tenants::table.on(tenants::id.eq(api_keys::tenant_id)))
        .left_join(tenant_limits::table.on(tenant_limits::tenant_id.eq(api_keys::tenant_id)))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now)))
        .filter(tenants::is_active)
}

/// Finds the key with this SHA-256 if it is valid and its tenant is active.
pub async fn find_valid(
    conn: &mut SystemConnection,
    hash: &[u8; 32],
) -> QueryResult<Option<(ApiKey, Option<TenantLimits>)>> {
    valid()
        .filter(api_keys::hash.eq(hash.as_slice()))
        .select((ApiKey::as_select(), Option::<TenantLimits>::as_select()))
        .first(&mut conn.reading())
        .await
        .optional()
}

/// Finds the key of a session if it is valid and its tenant is active.
pub async fn find_valid_of(
    conn: &mut SystemConnection,
    session: &Session,
) -> QueryResult<Option<(ApiKey, Option<TenantLimits>)>> {
    valid()
        .filter(api_keys::tenant_id.eq(session.tenant_id))
        .filter(api_keys::id.nullable().eq(session.key_id))
        .select((ApiKey::as_select(), Option::<TenantLimits>::as_select()))
        .first(&mut conn.reading())
        .await
        .optional()
}

/// Records that a key was used, at most once a minute.
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

/// Lists the tenant's keys, newest first, including revoked ones.
pub async fn list(conn: &mut TenantConnection) -> QueryResult<Vec<ApiKey>> {
    let tenant = conn.tenant_id();
    ApiKey::query()
        .filter(api_keys::tenant_id.eq(tenant))
        .order((api_keys::created_at.desc(), api_keys::id.desc()))
        .load(&mut conn.reading())
        .await
}

/// Lists a page of the tenant's keys, newest first, with their total number.
pub async fn list_page(
    conn: &mut TenantConnection,
    paging: &Paging<Newest<ApiKeyId>>,
) -> QueryResult<(Vec<ApiKey>, i64)> {
    let tenant = conn.tenant_id();
    let own = || api_keys::table.filter(api_keys::tenant_id.eq(tenant));
    let mut rows = own().select(ApiKey::as_select()).into_boxed();
    if let Some(Newest { at, id }) = paging.after {
        rows = rows.filter(before::<(Timestamptz, Uuid), _, _>(
            (api_keys::created_at, api_keys::id),
            (at, id),
        ));
    }
    let rows = rows.order((api_keys::created_at.desc(), api_keys::id.desc()));
    page!(conn, rows, own(), paging.limit)
}

/// Returns a key.
pub async fn get(conn: &mut TenantConnection, id: ApiKeyId) -> QueryResult<ApiKey> {
    let tenant = conn.tenant_id();
    ApiKey::query()
        .filter(api_keys::tenant_id.eq(tenant))
        .filter(api_keys::id.eq(id))
        .first(&mut conn.reading())
        .await
}

/// Returns whether this is the id of a key that was revoked or has expired.
pub async fn has_ended(conn: &mut TenantConnection, id: ApiKeyId) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    let ended = api_keys::table
        .filter(api_keys::tenant_id.eq(tenant))
        .filter(api_keys::id.eq(id))
        .filter(api_keys::revoked_at.is_not_null().or(api_keys::expires_at.le(now)));
    diesel::select(exists(ended)).get_result(&mut conn.reading()).await
}

/// Inserts a key.
///
/// # Errors
///
/// A unique violation if a key with this hash exists.
pub async fn insert(conn: &mut TenantConnection, new: &NewApiKey<'_>) -> QueryResult<ApiKey> {
    let tenant = conn.tenant_id();
    diesel::insert_into(api_keys::table)
        .values((new, api_keys::tenant_id.eq(tenant)))
        .returning(ApiKey::as_returning())
        .get_result(conn)
        .await
}

/// Revokes a key permanently; the time of an earlier revocation is kept.
///
/// # Errors
///
/// `NotFound`.
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

/// Makes a key expire after `overlap`, unless it expires earlier.
///
/// # Errors
///
/// `NotFound`, also for a revoked or expired key.
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
