//! Events.

use chrono::{DateTime, Utc};
use database::models::enums::EventKind;
use database::models::event::{Event, EventPosition};
use database::models::values::RawJson;
use database::repo::paging::Position;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::batch::BatchParam;
use super::scan::ScanId;
use super::words::EventKindWord;

/// Something that happened to a job, a batch, a schedule or a webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView {
    /// Place of the event, to resume behind it: as `cursor` of a request, or as `Last-Event-ID` of a stream.
    id: String,
    /// What happened.
    #[schema(value_type = EventKindWord)]
    kind: &'static str,
    /// When the transaction began that did it.
    at: DateTime<Utc>,
    /// Id of the job; null for an event that is about none.
    job_id: Option<ScanId>,
    /// Id of the batch, or of the batch that the job is part of.
    batch_id: Option<BatchParam>,
    /// More about it. Of a job: `job_kind`, `domain_id`, `attempt`, `progress`, `step`, `message`, `status`, `outcome`, `error`,
    /// `run_at`, as far as they are known. Of a schedule: `schedule_id`, `name`, `run_id`, `outcome`, `job_kind`, `jobs`, `due_at`, `error`.
    /// Of a webhook: `webhook_id`, and `because` where it was disabled.
    #[schema(value_type = serde_json::Value)]
    data: Box<RawValue>,
}

impl EventView {
    /// Creates the view of an event.
    ///
    /// # Errors
    ///
    /// Returns an error if the event's position cannot be represented as JSON.
    pub fn new(event: Event) -> serde_json::Result<Self> {
        let Event {
            tenant_id: _,
            clock,
            id,
            kind,
            happened_at,
            job_id,
            batch_id,
            data,
        } = event;
        Ok(Self {
            id: EventPosition { clock, id }.cursor()?,
            kind: kind.label(),
            at: happened_at,
            job_id: job_id.map(ScanId),
            batch_id: batch_id.map(BatchParam),
            data: RawJson::into_raw(data),
        })
    }

    /// Returns the place of the event.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the word for what happened.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind
    }
}

/// Describes kinds of events.
pub type EventKindList = super::words::WordList<EventKind>;
