//! Table `lead_changes`.

use chrono::{DateTime, Utc};
use diesel::prelude::HasQuery;
use schema::lead_changes;

use super::enums::PlaceAction;
use super::values::RawJson;
use crate::ids::{LeadChangeRowId, LeadId, PlaceChangeId, TenantId};

/// One request's change of one lead without a place.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = lead_changes)]
pub struct LeadChange {
    /// Identifies the row; later ones have higher ids.
    pub id: LeadChangeRowId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The id of the request; its rows share it, and those of places.
    pub change_id: PlaceChangeId,
    /// The kind of request.
    pub action: PlaceAction,
    /// The lead.
    pub lead_id: LeadId,
    /// The author of the request.
    pub changed_by: String,
    /// The time.
    pub changed_at: DateTime<Utc>,
    /// Status, notes, tags, priority and revisit date before the change, as an object.
    pub before: RawJson,
    /// The same values after the change.
    pub after: RawJson,
    /// When it was undone.
    pub undone_at: Option<DateTime<Utc>>,
}
