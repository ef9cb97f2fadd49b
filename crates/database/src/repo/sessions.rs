//! Table `sessions`.

use chrono::TimeDelta;
use diesel::dsl::now;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, HasQuery, IntoSql, OptionalExtension, QueryDsl, QueryResult,
    SelectableHelper,
};
use diesel::sql_types::{Interval, Timestamptz};
use diesel_async::RunQueryDsl;
use schema::sessions;

use crate::ids::SessionId;
use crate::models::session::{NewSession, Session};
use crate::tenant::{SystemConnection, TenantConnection};

/// How long a session lasts without being used.
pub const IDLE: TimeDelta = TimeDelta::hours(12);
/// The precision of a session's last use: a busy one is not updated at every request.
const LAST_USE_PRECISION: TimeDelta = TimeDelta::minutes(1);

/// Finds the session with this SHA-256 unless it has ended or was idle for too long.
pub async fn find(conn: &mut SystemConnection, hash: &[u8; 32]) -> QueryResult<Option<Session>> {
    let idle = now.into_sql::<Timestamptz>() - IDLE.into_sql::<Interval>();
    Session::query()
        .filter(sessions::hash.eq(hash.as_slice()))
        .filter(sessions::is_link.eq(false))
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::last_used_at.gt(idle))
        .first(&mut conn.reading())
        .await
        .optional()
}

/// Records that a session was used, at most once a minute.
pub async fn touch(conn: &mut SystemConnection, session: &Session) -> QueryResult<()> {
    if chrono::Utc::now() - session.last_used_at > LAST_USE_PRECISION {
        diesel::update(sessions::table.find((session.tenant_id, session.id)))
            .set(sessions::last_used_at.eq(now))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Deletes the link with this SHA-256, and returns it unless it had expired: a link can be followed once.
pub async fn take_link(conn: &mut SystemConnection, hash: &[u8; 32]) -> QueryResult<Option<Session>> {
    diesel::delete(
        sessions::table
            .filter(sessions::hash.eq(hash.as_slice()))
            .filter(sessions::is_link)
            .filter(sessions::expires_at.gt(now)),
    )
    .returning(Session::as_returning())
    .get_result(conn)
    .await
    .optional()
}

/// Inserts a session.
///
/// # Errors
///
/// A foreign key violation if the tenant does not have the key.
pub async fn insert(conn: &mut TenantConnection, new: &NewSession<'_>) -> QueryResult<Session> {
    let tenant = conn.tenant_id();
    diesel::insert_into(sessions::table)
        .values((new, sessions::tenant_id.eq(tenant)))
        .returning(Session::as_returning())
        .get_result(conn)
        .await
}

/// Deletes a session. Returns whether it was there.
pub async fn delete(conn: &mut TenantConnection, id: SessionId) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    diesel::delete(
        sessions::table
            .filter(sessions::tenant_id.eq(tenant))
            .filter(sessions::id.eq(id)),
    )
    .execute(conn)
    .await
    .map(|deleted| deleted > 0)
}

/// Deletes the tenant's sessions and links that have ended. Returns how many.
pub async fn delete_ended(conn: &mut TenantConnection) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    let idle = now.into_sql::<Timestamptz>() - IDLE.into_sql::<Interval>();
    let ended = sessions::expires_at.le(now).or(sessions::last_used_at.le(idle));
    diesel::delete(sessions::table.filter(sessions::tenant_id.eq(tenant)).filter(ended))
        .execute(conn)
        .await
}
