//! Table `place_changes`, and what may be changed about a place.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::HasQuery;
use schema::place_changes;
use serde_json::{Map, Value};

use super::enums::{CurationStatus, PlaceAction};
use super::values::RawJson;
use crate::ids::{PlaceChangeId, TenantId};

/// What a request changed about one place.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = place_changes)]
pub struct PlaceChange {
    /// Orders the rows; later ones have higher ids.
    pub id: i64,
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// The request; rows of one request share it.
    pub change_id: PlaceChangeId,
    /// What kind of request it was.
    pub action: PlaceAction,
    /// Google's id of the place.
    pub place_id: String,
    /// Who asked for it.
    pub changed_by: String,
    /// When.
    pub changed_at: DateTime<Utc>,
    /// Status, notes, tags, priority and revisit date as they were, an object.
    pub before: RawJson,
    /// The same as they were then.
    pub after: RawJson,
    /// When it was undone.
    pub undone_at: Option<DateTime<Utc>>,
}

/// What people decide about a place. `None` leaves a value as it is, `Some(None)` removes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlaceCuration {
    /// What was decided.
    pub status: Option<CurationStatus>,
    /// What is to be remembered.
    pub notes: Option<Option<String>>,
    /// The labels, in place of those that are there.
    pub tags: Option<Option<Vec<String>>>,
    /// Labels to add.
    pub add_tags: Vec<String>,
    /// Labels to take away.
    pub remove_tags: Vec<String>,
    /// How important it is: higher comes first.
    pub priority: Option<Option<i32>>,
    /// When to look at it again.
    pub revisit_date: Option<Option<NaiveDate>>,
}

impl PlaceCuration {
    /// Returns whether nothing is to be changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the values to be set as an object, in the spelling of [`PlaceChange::after`]; labels to add and take
    /// away are not among them.
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
