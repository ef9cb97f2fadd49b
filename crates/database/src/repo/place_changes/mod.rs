//! Table `place_changes`: the history of people's decisions about places, with the values before.
//!
//! A change is first written here and then applied from here, for one place as for a hundred thousand. So every change
//! is in the history, and can be undone.

use chrono::{DateTime, Utc};
use diesel::prelude::{
    ExpressionMethods, IntoSql, OptionalExtension, QueryDsl, QueryResult, QueryableByName, SelectableHelper,
};
use diesel::result::Error::NotFound;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Text, Uuid};
use diesel_async::RunQueryDsl;
use schema::{place_changes, places_staging};

use super::paging::Paging;
use super::places::{PlaceFilter, matching};
use super::{lead_changes, locks};
use crate::ids::{DomainId, PlaceChangeId, PlaceChangeRowId};
use crate::models::enums::PlaceAction;
pub use crate::models::place_change::ChangedBy;
use crate::models::place_change::{PlaceChange, PlaceCuration};
use crate::models::values::RawJson;
use crate::tenant::TenantConnection;

/// A place's current values of the changeable columns of `places_staging`.
macro_rules! current {
    () => {
        "jsonb_build_object('status', places_staging.status, 'notes', places_staging.notes, 'tags', places_staging.tags,
                            'priority', places_staging.priority, 'revisit_date', places_staging.revisit_date)"
    };
}

/// The result of an undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct Undone {
    /// The change that was undone.
    #[diesel(sql_type = Uuid)]
    pub change_id: PlaceChangeId,
    /// The number of places it had changed, and of leads without one.
    #[diesel(sql_type = BigInt)]
    pub changed: i64,
    /// The number of those restored. Those changed again since then stay unchanged.
    #[diesel(sql_type = BigInt)]
    pub restored: i64,
}

/// Changes all matching places, and returns how many there were.
pub async fn change(
    conn: &mut TenantConnection,
    filter: &PlaceFilter<'_>,
    curation: &PlaceCuration,
    by: ChangedBy<'_>,
) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    lock(conn).await?;
    let after = diesel::dsl::sql::<Jsonb>(concat!(current!(), " || "))
        .bind::<Jsonb, _>(curation.patch())
        .sql(" || CASE WHEN ")
        .bind::<Bool, _>(!(curation.add_tags.is_empty() && curation.remove_tags.is_empty()))
        .sql(
            " THEN jsonb_build_object('tags', ARRAY(
                SELECT tag FROM unnest(coalesce(places_staging.tags, '{}') || ",
        )
        .bind::<Array<Text>, _>(curation.add_tags.clone())
        .sql(") WITH ORDINALITY u (tag, position) WHERE tag <> ALL (")
        .bind::<Array<Text>, _>(curation.remove_tags.clone())
        .sql(") GROUP BY tag ORDER BY min(position))) ELSE '{}' END");
    let rows = matching(tenant, filter).select((
        places_staging::tenant_id,
        by.change_id.into_sql::<Uuid>(),
        by.action.into_sql::<Text>(),
        places_staging::place_id,
        by.who.into_sql::<Text>(),
        diesel::dsl::sql::<Jsonb>(current!()),
        after,
    ));
    diesel::insert_into(place_changes::table)
        .values(rows)
        .into_columns((
            place_changes::tenant_id,
            place_changes::change_id,
            place_changes::action,
            place_changes::place_id,
            place_changes::changed_by,
            place_changes::before,
            place_changes::after,
        ))
        // Never conflicts: with this clause, PostgreSQL extensions for distribution can run the INSERT ... SELECT where
        // the rows are.
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    apply(conn, by.change_id).await
}

/// Changes each place by its own patch: an object of the values to set, with the keys of [`PlaceChange::after`].
/// Returns how many of the places exist.
pub async fn change_each(
    conn: &mut TenantConnection,
    place_ids: &[&str],
    patches: &[RawJson],
    by: ChangedBy<'_>,
) -> QueryResult<usize> {
    lock(conn).await?;
    // Joins two arrays, of places and patches.
    diesel::sql_query(include_str!("change_each.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Uuid, _>(by.change_id)
        .bind::<Text, _>(by.action)
        .bind::<Text, _>(by.who)
        .bind::<Array<Text>, _>(place_ids)
        .bind::<Array<Jsonb>, _>(patches)
        .execute(conn)
        .await?;
    apply(conn, by.change_id).await
}

/// Adds what people decided about domains without a place to the places that are handed over to them, and records that as a
/// change of these. The statuses stay. Nobody decides more about those domains until the transaction ends.
pub(super) async fn inherit(conn: &mut TenantConnection, places: &[&str], domains: &[DomainId]) -> QueryResult<()> {
    lock(conn).await?;
    let change = PlaceChangeId::from(uuid::Uuid::new_v4());
    // Joins two arrays.
    let inherited = diesel::sql_query(include_str!("inherit.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Uuid, _>(change)
        .bind::<Text, _>("hand-over")
        .bind::<Array<Text>, _>(places)
        .bind::<Array<Uuid>, _>(domains)
        .execute(conn)
        .await?;
    if inherited > 0 {
        apply(conn, change).await?;
    }
    Ok(())
}

/// Why a change is not undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotUndone {
    /// It was undone before.
    IsUndone(DateTime<Utc>),
    /// It undid another change itself.
    IsUndo,
    /// None of its places still has the values that it set.
    NothingLeft,
}

/// Undoes the last bulk change or import that is not undone yet, for every place that was not changed again since.
/// `None` if there is none.
pub async fn undo_last(conn: &mut TenantConnection, undo: PlaceChangeId, who: &str) -> QueryResult<Option<Undone>> {
    lock(conn).await?;
    match find_last(conn).await? {
        Some((change, _)) => restore(conn, change, undo, who).await.map(Some),
        None => Ok(None),
    }
}

/// Finds the last bulk change or import of places that is not undone yet, and its time.
pub(super) async fn find_last(conn: &mut TenantConnection) -> QueryResult<Option<(PlaceChangeId, DateTime<Utc>)>> {
    let tenant = conn.tenant_id();
    place_changes::table
        .filter(place_changes::tenant_id.eq(tenant))
        .filter(place_changes::action.eq_any([PlaceAction::Bulk, PlaceAction::Import]))
        .filter(place_changes::undone_at.is_null())
        .order(place_changes::id.desc())
        .select((place_changes::change_id, place_changes::changed_at))
        .first(&mut conn.reading())
        .await
        .optional()
}

/// Undoes a change of any kind but an undo, of places and of leads without one, for everything that was not changed again
/// since. If the change is not undone, the transaction must be rolled back.
///
/// # Errors
///
/// `NotFound`.
pub async fn undo(
    conn: &mut TenantConnection,
    change: PlaceChangeId,
    undo: PlaceChangeId,
    who: &str,
) -> QueryResult<Result<Undone, NotUndone>> {
    let tenant = conn.tenant_id();
    lock(conn).await?;
    let of_places: Option<(PlaceAction, Option<DateTime<Utc>>)> = place_changes::table
        .filter(place_changes::tenant_id.eq(tenant))
        .filter(place_changes::change_id.eq(change))
        .select((place_changes::action, place_changes::undone_at))
        .first(&mut conn.reading())
        .await
        .optional()?;
    let (action, undone_at) = match of_places {
        Some(found) => found,
        None => lead_changes::find(conn, change).await?.ok_or(NotFound)?,
    };
    if let Some(at) = undone_at {
        return Ok(Err(NotUndone::IsUndone(at)));
    }
    if action == PlaceAction::Undo {
        return Ok(Err(NotUndone::IsUndo));
    }
    let undone = restore(conn, change, undo, who).await?;
    Ok(if undone.restored == 0 {
        Err(NotUndone::NothingLeft)
    } else {
        Ok(undone)
    })
}

/// Restores what a change replaced, and records that as another change.
pub(super) async fn restore(
    conn: &mut TenantConnection,
    change: PlaceChangeId,
    undo: PlaceChangeId,
    who: &str,
) -> QueryResult<Undone> {
    // Counts in the same statement that undoes and restores.
    let undone: Undone = diesel::sql_query(include_str!("undo.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Uuid, _>(change)
        .bind::<Uuid, _>(undo)
        .bind::<Text, _>(who)
        .get_result(conn)
        .await?;
    apply(conn, undo).await?;
    let own = lead_changes::restore(conn, change, undo, who).await?;
    Ok(Undone {
        change_id: undone.change_id,
        changed: undone.changed + own.changed,
        restored: undone.restored + own.restored,
    })
}

/// Lists changes of one place or of all, newest first.
pub async fn list(
    conn: &mut TenantConnection,
    place_id: Option<&str>,
    paging: &Paging<PlaceChangeRowId>,
) -> QueryResult<Vec<PlaceChange>> {
    let tenant = conn.tenant_id();
    let mut query = place_changes::table
        .filter(place_changes::tenant_id.eq(tenant))
        .select(PlaceChange::as_select())
        .into_boxed();
    if let Some(place_id) = place_id {
        query = query.filter(place_changes::place_id.eq(place_id));
    }
    if let Some(before) = paging.after {
        query = query.filter(place_changes::id.lt(before));
    }
    query
        .order(place_changes::id.desc())
        .limit(paging.limit)
        .load(&mut conn.reading())
        .await
}

/// Serialises the tenant's changes, so that each records the state it replaces.
pub(super) async fn lock(conn: &mut TenantConnection) -> QueryResult<()> {
    locks::exclusive(conn, "scrapersky place_changes").await
}

/// Applies a recorded change, and returns the number of places.
async fn apply(conn: &mut TenantConnection, change: PlaceChangeId) -> QueryResult<usize> {
    // Diesel has no UPDATE ... FROM.
    diesel::sql_query(include_str!("apply.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Uuid, _>(change)
        .execute(conn)
        .await
}
