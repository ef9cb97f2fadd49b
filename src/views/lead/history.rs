//! Changes to leads.

use chrono::{DateTime, Utc};
use database::models::enums::PlaceAction;
use database::models::lead_change::LeadChange;
use database::models::place_change::PlaceChange;
use database::models::values::RawJson;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::place::Curated;
use crate::views::who::{Names, WhoView};
use crate::views::words::{PlaceActionWord, Words};

/// A change that a request made to a lead.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadChangeView {
    /// Orders the changes of the lead: later ones have higher ids.
    pub id: i64,
    /// Id of the request; everything that it changed shares it.
    pub change_id: Uuid,
    /// The kind of request.
    #[schema(value_type = PlaceActionWord)]
    pub action: &'static str,
    /// Who requested the change.
    pub changed_by: WhoView,
    /// When the lead was changed.
    pub changed_at: DateTime<Utc>,
    /// The decisions about the lead before the change.
    pub before: Curated,
    /// The decisions about the lead after the change.
    pub after: Curated,
    /// When the change was undone; null if it was not.
    pub undone_at: Option<DateTime<Utc>>,
}

/// A change of a lead with or without a place.
#[derive(Clone, Debug)]
pub struct Change {
    /// Orders the changes.
    pub id: i64,
    change_id: Uuid,
    action: PlaceAction,
    /// The record of who requested it.
    pub changed_by: String,
    changed_at: DateTime<Utc>,
    before: RawJson,
    after: RawJson,
    undone_at: Option<DateTime<Utc>>,
}

impl From<PlaceChange> for Change {
    fn from(change: PlaceChange) -> Self {
        let PlaceChange {
            id,
            tenant_id: _,
            change_id,
            action,
            place_id: _,
            changed_by,
            changed_at,
            before,
            after,
            undone_at,
        } = change;
        Self {
            id: id.get(),
            change_id: change_id.get(),
            action,
            changed_by,
            changed_at,
            before,
            after,
            undone_at,
        }
    }
}

impl From<LeadChange> for Change {
    fn from(change: LeadChange) -> Self {
        let LeadChange {
            id,
            tenant_id: _,
            change_id,
            action,
            lead_id: _,
            changed_by,
            changed_at,
            before,
            after,
            undone_at,
        } = change;
        Self {
            id: id.get(),
            change_id: change_id.get(),
            action,
            changed_by,
            changed_at,
            before,
            after,
            undone_at,
        }
    }
}

impl LeadChangeView {
    /// Creates the view of a change; `names` has the name of who requested it.
    #[must_use]
    pub fn new(change: &Change, names: &Names) -> Self {
        Self {
            id: change.id,
            change_id: change.change_id,
            action: change.action.word(),
            changed_by: names.by_text(&change.changed_by),
            changed_at: change.changed_at,
            before: change.before.parse().unwrap_or_default(),
            after: change.after.parse().unwrap_or_default(),
            undone_at: change.undone_at,
        }
    }
}
