//! Changes to places.

use chrono::{DateTime, Utc};
use database::models::place_change::PlaceChange;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::status::{read_status, status_word};

/// What a request changed about a place.
#[derive(Debug, Serialize)]
pub struct ChangeView {
    /// Orders changes; a cursor.
    pub id: i64,
    /// The request.
    pub change_id: Uuid,
    /// `update`, `bulk`, `import` or `undo`.
    pub action: &'static str,
    /// The place.
    pub place_id: String,
    /// Who asked for it.
    pub changed_by: String,
    /// When.
    pub changed_at: DateTime<Utc>,
    /// What people had decided before.
    pub before: Curated,
    /// What they have decided then.
    pub after: Curated,
    /// When it was undone.
    pub undone_at: Option<DateTime<Utc>>,
}

/// What people decide about a place.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Curated {
    /// The curation status, in v1's words.
    #[serde(serialize_with = "in_v1_words")]
    pub status: Option<String>,
    /// What is to be remembered.
    pub notes: Option<String>,
    /// The labels.
    pub tags: Option<Vec<Option<String>>>,
    /// How important it is.
    pub priority: Option<i32>,
    /// When to look at it again.
    pub revisit_date: Option<String>,
}

fn in_v1_words<S: serde::Serializer>(label: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    label
        .as_deref()
        .and_then(read_status)
        .map(status_word)
        .serialize(serializer)
}

impl From<PlaceChange> for ChangeView {
    fn from(change: PlaceChange) -> Self {
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
            id,
            change_id: change_id.get(),
            action: action.label(),
            place_id,
            changed_by,
            changed_at,
            before: before.parse().unwrap_or_default(),
            after: after.parse().unwrap_or_default(),
            undone_at,
        }
    }
}
