//! Changes to places.

use chrono::{DateTime, Utc};
use database::models::enums::CurationStatus;
use database::models::place_change::PlaceChange;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::who::{Names, WhoView};
use crate::views::words::{CurationWord, PlaceActionWord, Words};

/// A change that a request made to a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeView {
    /// Orders the changes: later ones have higher ids.
    pub id: i64,
    /// Id of the request; all places that it changed share it.
    pub change_id: Uuid,
    /// The kind of request.
    #[schema(value_type = PlaceActionWord)]
    pub action: &'static str,
    /// Id of the place.
    pub place_id: String,
    /// Who requested the change.
    pub changed_by: WhoView,
    /// When the place was changed.
    pub changed_at: DateTime<Utc>,
    /// The decisions about the place before the change.
    pub before: Curated,
    /// The decisions about the place after the change.
    pub after: Curated,
    /// When the change was undone; null if it was not.
    pub undone_at: Option<DateTime<Utc>>,
}

/// People's decisions about a place.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct Curated {
    /// The curation status.
    #[schema(value_type = Option<CurationWord>)]
    #[serde(serialize_with = "in_v1_words")]
    pub status: Option<String>,
    /// Notes about the place.
    pub notes: Option<String>,
    /// Labels of the place.
    pub tags: Option<Vec<Option<String>>>,
    /// Priority of the place: higher comes first.
    pub priority: Option<i32>,
    /// The date to look at the place again.
    pub revisit_date: Option<String>,
}

fn in_v1_words<S: serde::Serializer>(label: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    label
        .as_deref()
        .and_then(CurationStatus::read)
        .map(Words::word)
        .serialize(serializer)
}

impl ChangeView {
    /// Creates the view of a change; `names` has the name of who requested it.
    #[must_use]
    pub fn new(change: PlaceChange, names: &Names) -> Self {
        let PlaceChange {
            id,
            tenant_id: _,
            change_id,
            action,
            place_id,
            changed_by,
            changed_at,
            before,
            after,
            undone_at,
        } = change;
        Self {
            id: id.get(),
            change_id: change_id.get(),
            action: action.label(),
            place_id,
            changed_by: names.by_text(&changed_by),
            changed_at,
            before: before.parse().unwrap_or_default(),
            after: after.parse().unwrap_or_default(),
            undone_at,
        }
    }
}
