//! Table `place_changes`, and the changeable fields of a place.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::HasQuery;
use schema::place_changes;
use serde_json::{Map, Value};

use super::enums::{CurationStatus, PlaceAction};
use super::values::RawJson;
use crate::ids::{PlaceChangeId, PlaceChangeRowId, TenantId};

/// One request's change of one place.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = place_changes)]
pub struct PlaceChange {
    /// Identifies the row; later ones have higher ids.
    pub id: PlaceChangeRowId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The id of the request; its rows share it.
    pub change_id: PlaceChangeId,
    /// The kind of request.
    pub action: PlaceAction,
    /// Google's place id.
    pub place_id: String,
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

/// The author and kind of a change.
#[derive(Clone, Copy, Debug)]
pub struct ChangedBy<'a> {
    /// Identifies the request.
    pub change_id: PlaceChangeId,
    /// The kind of request.
    pub action: PlaceAction,
    /// The author of the request.
    pub who: &'a str,
}

/// People's decisions about a place or a lead. `None` leaves a value unchanged, `Some(None)` removes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlaceCuration {
    /// The new curation status.
    pub status: Option<CurationStatus>,
    /// People's notes.
    pub notes: Option<Option<String>>,
    /// Labels that replace all present ones.
    pub tags: Option<Option<Vec<String>>>,
    /// Labels to add.
    pub add_tags: Vec<String>,
    /// Labels to remove.
    pub remove_tags: Vec<String>,
    /// Its priority: higher comes first.
    pub priority: Option<Option<i32>>,
    /// When to look at it again.
    pub revisit_date: Option<Option<NaiveDate>>,
}

impl PlaceCuration {
    /// Returns whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the values to set as an object with the keys of [`PlaceChange::after`]; labels to add or remove are not
    /// included.
    #[must_use]
    pub fn patch(&self) -> RawJson {
        let mut patch = Map::new();
        if let Some(status) = self.status {
            patch.insert("status".to_owned(), status.label().into());
        }
        if let Some(notes) = &self.notes {
            patch.insert("notes".to_owned(), notes.clone().into());
        }
        if let Some(tags) = &self.tags {
            patch.insert("tags".to_owned(), tags.clone().into());
        }
        if let Some(priority) = self.priority {
            patch.insert("priority".to_owned(), priority.into());
        }
        if let Some(date) = self.revisit_date {
            let date = date.map(|date| date.to_string());
            patch.insert("revisit_date".to_owned(), date.into());
        }
        Value::Object(patch).into()
    }
}
