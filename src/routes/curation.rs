//! What people decide about places and leads, as requests say it, and the answers to changes and undoing.

use chrono::NaiveDate;
use database::ids::PlaceChangeId;
use database::models::place_change::PlaceCuration;
use database::repo::place_changes::{self, NotUndone};
use database::tenant::TenantConnection;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::place_filter::status_of;
use super::places::storable;
use crate::error::{ApiError, ApiResult};
use crate::guards::{Caller, Curate};

/// Maximum number of tags in a request.
const MAX_TAGS: usize = 100;

/// The result of a bulk change.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkUpdated {
    /// The number of places or leads selected.
    matched: i64,
    /// The number of those changed.
    changed: usize,
    /// Id of the change, by which it can be undone; null if nothing was changed.
    change_id: Option<Uuid>,
}

impl BulkUpdated {
    /// Returns the result of a preview.
    pub(super) const fn preview(matched: i64) -> Self {
        Self {
            matched,
            changed: 0,
            change_id: None,
        }
    }

    /// Returns the result of a change.
    pub(super) fn new(changed: usize, change: PlaceChangeId) -> Self {
        Self {
            matched: i64::try_from(changed).unwrap_or(i64::MAX),
            changed,
            change_id: (changed > 0).then(|| change.get()),
        }
    }
}

/// Returns the refusal of a bulk change without changes.
pub(super) fn nothing_to_change() -> ApiError {
    let detail = "nothing to change: one of status, notes, tags, add_tags, remove_tags, priority, revisit_date or \
                  preview is required";
    ApiError::bad_request("status", detail)
}

/// What the body of a request decides. `None` changes nothing; `Some(None)` removes the value.
#[derive(Clone, Copy)]
pub(super) struct Decisions<'r> {
    pub(super) status: Option<&'r str>,
    pub(super) notes: &'r Option<Option<String>>,
    pub(super) tags: &'r Option<Option<Vec<String>>>,
    pub(super) add_tags: &'r [String],
    pub(super) remove_tags: &'r [String],
    pub(super) priority: Option<Option<i32>>,
    pub(super) revisit_date: Option<Option<NaiveDate>>,
}

impl Decisions<'_> {
    /// Reads the decisions.
    pub(super) fn read(self) -> ApiResult<PlaceCuration> {
        let tags = self.tags.iter().flatten().flatten();
        let all = tags.chain(self.add_tags).chain(self.remove_tags);
        for tag in all.clone() {
            storable("tags", tag.clone())?;
        }
        if all.count() > MAX_TAGS {
            return Err(ApiError::bad_request(
                "tags",
                format!("too many tags: at most {MAX_TAGS} per request"),
            ));
        }
        let notes = match self.notes {
            Some(Some(notes)) => Some(Some(storable("notes", notes.clone())?)),
            notes => notes.clone(),
        };
        Ok(PlaceCuration {
            status: self.status.map(status_of).transpose()?,
            notes,
            tags: self.tags.clone(),
            add_tags: self.add_tags.to_vec(),
            remove_tags: self.remove_tags.to_vec(),
            priority: self.priority,
            revisit_date: self.revisit_date,
        })
    }
}

/// The result of an undo.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Undone {
    /// Id of the change that was undone.
    change_id: Uuid,
    /// The number of places and leads restored.
    restored: i64,
    /// What was changed again since, or no longer exists.
    skipped: i64,
}

/// Returns the refusal of an undo.
pub(crate) fn not_undone(reason: NotUndone) -> ApiError {
    ApiError::Conflict(match reason {
        NotUndone::IsUndone(at) => format!("the change was undone already, at {}", at.to_rfc3339()),
        NotUndone::IsUndo => "the change is itself an undo, which cannot be undone".to_owned(),
        NotUndone::NothingLeft => {
            "nothing is left to undo: everything was changed again since, or no longer exists".to_owned()
        }
    })
}

/// Returns the refusal of an undo where there is no change.
pub(super) fn nothing_to_undo() -> ApiError {
    ApiError::Conflict("no bulk change is left to undo".to_owned())
}

/// Records an undo in the audit log, and returns its view.
pub(super) async fn noted(
    caller: &Caller<Curate>,
    conn: &mut TenantConnection,
    action: &'static str,
    undone: place_changes::Undone,
) -> ApiResult<Undone> {
    let details = json!({ "restored": undone.restored });
    caller
        .note(conn, action, Some(&undone.change_id.to_string()), details)
        .await?;
    Ok(Undone {
        change_id: undone.change_id.get(),
        restored: undone.restored,
        skipped: undone.changed - undone.restored,
    })
}
