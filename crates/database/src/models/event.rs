//! Table `events`.

use chrono::{DateTime, Utc};
use diesel::prelude::HasQuery;
use schema::events;
use serde::{Deserialize, Serialize};

use super::enums::EventKind;
use super::values::RawJson;
use crate::ids::{BatchId, EventId, JobId, TenantId};

/// Something that happened, written in the transaction that did it.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = events)]
pub struct Event {
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The number of the transaction that wrote it.
    pub clock: i64,
    /// Its number, by which the events of one transaction are ordered.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// When the transaction began that did it.
    pub happened_at: DateTime<Utc>,
    /// The job it is about.
    pub job_id: Option<JobId>,
    /// The batch it is about, or of which the job is part.
    pub batch_id: Option<BatchId>,
    /// More about it.
    pub data: RawJson,
}

/// The place of an event among all events, by which readers resume: no event is added in front of one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventPosition {
    /// The number of the transaction that wrote the event.
    pub clock: i64,
    /// The number of the event.
    pub id: EventId,
}

impl EventPosition {
    /// Returns the place behind everything that was written before the transactions from `horizon` on.
    #[must_use]
    pub fn before(horizon: i64) -> Self {
        Self {
            clock: horizon.saturating_sub(1),
            id: i64::MAX.into(),
        }
    }
}

impl Event {
    /// Returns the event's place among all events.
    #[must_use]
    pub const fn position(&self) -> EventPosition {
        EventPosition {
            clock: self.clock,
            id: self.id,
        }
    }
}
