//! Table `lead_changes`: the history of people's decisions about leads without a place, as
//! [`place_changes`](super::place_changes) is for places. A change of both has the same id in both.

use chrono::{DateTime, Utc};
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, QueryableByName, SelectableHelper};
use diesel::sql_types::{Array, BigInt, Jsonb, Text, Uuid};
use diesel_async::RunQueryDsl;
use schema::lead_changes;

use super::paging::Paging;
use crate::ids::{LeadChangeRowId, LeadId, PlaceChangeId};
use crate::models::enums::PlaceAction;
use crate::models::lead_change::LeadChange;
use crate::models::place_change::{ChangedBy, PlaceCuration};
use crate::tenant::TenantConnection;

/// How many leads a change touched and an undo restored.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub(super) struct Restored {
    /// The number of leads that the change had changed.
    #[diesel(sql_type = BigInt)]
    pub(super) changed: i64,
    /// The number of leads restored.
    #[diesel(sql_type = BigInt)]
    pub(super) restored: i64,
}

/// Changes those of the leads that have no place, and returns how many.
pub(super) async fn change(
    conn: &mut TenantConnection,
    leads: &[LeadId],
    curation: &PlaceCuration,
    by: ChangedBy<'_>,
) -> QueryResult<usize> {
    // Builds JSON from columns.
    diesel::sql_query(include_str!("change.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Uuid, _>(by.change_id)
        .bind::<Text, _>(by.action)
        .bind::<Text, _>(by.who)
        .bind::<Array<Uuid>, _>(leads)
        .bind::<Jsonb, _>(curation.patch())
        .bind::<Array<Text>, _>(&curation.add_tags)
        .bind::<Array<Text>, _>(&curation.remove_tags)
        .execute(conn)
        .await?;
    apply(conn, by.change_id).await
}

/// Finds a change of leads without a place: its kind, and when it was undone.
pub(super) async fn find(
    conn: &mut TenantConnection,
    change: PlaceChangeId,
) -> QueryResult<Option<(PlaceAction, Option<DateTime<Utc>>)>> {
    let tenant = conn.tenant_id();
    lead_changes::table
        .filter(lead_changes::tenant_id.eq(tenant))
        .filter(lead_changes::change_id.eq(change))
        .select((lead_changes::action, lead_changes::undone_at))
        .first(&mut conn.reading())
        .await
        .optional()
}

/// Finds the last bulk change of leads without a place that is not undone yet, and its time.
pub(super) async fn find_last(conn: &mut TenantConnection) -> QueryResult<Option<(PlaceChangeId, DateTime<Utc>)>> {
    let tenant = conn.tenant_id();
    lead_changes::table
        .filter(lead_changes::tenant_id.eq(tenant))
        .filter(lead_changes::action.eq(PlaceAction::Bulk))
        .filter(lead_changes::undone_at.is_null())
        .order(lead_changes::id.desc())
        .select((lead_changes::change_id, lead_changes::changed_at))
        .first(&mut conn.reading())
        .await
        .optional()
}

/// Restores what a change of leads without a place replaced, and records that as another change.
pub(super) async fn restore(
    conn: &mut TenantConnection,
    change: PlaceChangeId,
    undo: PlaceChangeId,
    who: &str,
) -> QueryResult<Restored> {
    // Counts in the same statement that undoes and restores.
    let restored: Restored = diesel::sql_query(include_str!("undo.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Uuid, _>(change)
        .bind::<Uuid, _>(undo)
        .bind::<Text, _>(who)
        .get_result(conn)
        .await?;
    apply(conn, undo).await?;
    Ok(restored)
}

/// Lists changes of a lead without a place, newest first.
pub async fn list(
    conn: &mut TenantConnection,
    lead: LeadId,
    paging: &Paging<LeadChangeRowId>,
) -> QueryResult<Vec<LeadChange>> {
    let tenant = conn.tenant_id();
    let mut query = lead_changes::table
        .filter(lead_changes::tenant_id.eq(tenant))
        .filter(lead_changes::lead_id.eq(lead))
        .select(LeadChange::as_select())
        .into_boxed();
    if let Some(before) = paging.after {
        query = query.filter(lead_changes::id.lt(before));
    }
    query
        .order(lead_changes::id.desc())
        .limit(paging.limit)
        .load(&mut conn.reading())
        .await
}

/// Applies a recorded change, and returns the number of leads.
async fn apply(conn: &mut TenantConnection, change: PlaceChangeId) -> QueryResult<usize> {
    // Diesel has no UPDATE ... FROM.
    diesel::sql_query(include_str!("apply.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Uuid, _>(change)
        .execute(conn)
        .await
}
