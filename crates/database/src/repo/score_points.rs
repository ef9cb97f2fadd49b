//! Table `score_points`: the points that tenants chose for rules of the score.

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::{ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use schema::score_points;

use crate::ids::TenantId;
use crate::models::score_points::ScorePoints;
use crate::models::values::RawJson;
use crate::tenant::{SystemConnection, TenantConnection};

/// Finds the tenant's points; `None` where it chose none and its leads were never scored.
pub async fn find(conn: &mut TenantConnection) -> QueryResult<Option<ScorePoints>> {
    let tenant = conn.tenant_id();
    ScorePoints::query()
        .filter(score_points::tenant_id.eq(tenant))
        .first(&mut conn.reading())
        .await
        .optional()
}

/// Finds the tenant's points. A tenant without a row gets one, whose leads are all scored by these rules: they never were by
/// others.
pub async fn find_or_insert(conn: &mut TenantConnection, rules: &str) -> QueryResult<ScorePoints> {
    if let Some(row) = find(conn).await? {
        return Ok(row);
    }
    let tenant = conn.tenant_id();
    diesel::insert_into(score_points::table)
        .values((
            score_points::tenant_id.eq(tenant),
            score_points::points.eq(RawJson::from(serde_json::json!({}))),
            score_points::scored_by.eq(rules),
        ))
        .on_conflict(score_points::tenant_id)
        .do_update()
        .set(score_points::updated_at.eq(score_points::updated_at))
        .returning(ScorePoints::as_returning())
        .get_result(conn)
        .await
}

/// Finds the tenant's points, and lets nobody else change them until the transaction ends.
pub async fn lock(conn: &mut TenantConnection) -> QueryResult<ScorePoints> {
    let tenant = conn.tenant_id();
    diesel::insert_into(score_points::table)
        .values((
            score_points::tenant_id.eq(tenant),
            score_points::points.eq(RawJson::from(serde_json::json!({}))),
        ))
        .on_conflict(score_points::tenant_id)
        .do_update()
        .set(score_points::updated_at.eq(score_points::updated_at))
        .returning(ScorePoints::as_returning())
        .get_result(conn)
        .await
}

/// Sets the tenant's points, by which its leads have yet to be scored.
///
/// # Errors
///
/// `NotFound` before [`lock`].
pub async fn update(conn: &mut TenantConnection, points: &RawJson) -> QueryResult<ScorePoints> {
    let tenant = conn.tenant_id();
    diesel::update(score_points::table.filter(score_points::tenant_id.eq(tenant)))
        .set((
            score_points::points.eq(points),
            score_points::updated_at.eq(now),
            score_points::scored_by.eq(None::<String>),
        ))
        .returning(ScorePoints::as_returning())
        .get_result(conn)
        .await
}

/// Notes that all leads are scored by these rules and the points as they were at `points_of`; nothing if the points changed
/// since.
pub async fn note_scored(conn: &mut TenantConnection, rules: &str, points_of: DateTime<Utc>) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    diesel::update(
        score_points::table
            .filter(score_points::tenant_id.eq(tenant))
            .filter(score_points::updated_at.eq(points_of)),
    )
    .set(score_points::scored_by.eq(rules))
    .execute(conn)
    .await
}

/// Lists the tenants whose points changed since their leads were scored.
pub async fn list_tenants_unscored(conn: &mut SystemConnection) -> QueryResult<Vec<TenantId>> {
    score_points::table
        .filter(score_points::scored_by.is_null())
        .select(score_points::tenant_id)
        .load(&mut conn.reading())
        .await
}
