//! Table `webhook_deliveries`.

use chrono::{DateTime, Utc};
use diesel::prelude::HasQuery;
use schema::webhook_deliveries;
use serde::{Deserialize, Serialize};

use super::enums::{DeliveryStatus, EventKind};
use super::event::Event;
use super::values::RawJson;
use crate::ids::{BatchId, EventId, JobId, TenantId, WebhookDeliveryId, WebhookId};

/// The place of a delivery among those of a webhook: that of its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryPosition {
    /// The number of the transaction that wrote the event.
    pub clock: i64,
    /// The number of the event.
    pub id: EventId,
}

/// An event for a webhook, and what became of it.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = webhook_deliveries)]
pub struct WebhookDelivery {
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// Identifies the delivery.
    pub id: WebhookDeliveryId,
    /// The webhook.
    pub webhook_id: WebhookId,
    /// The number of the transaction that wrote the event.
    pub clock: i64,
    /// The number of the event.
    pub event_id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// When the transaction began that did it.
    pub happened_at: DateTime<Utc>,
    /// The job the event is about.
    pub job_id: Option<JobId>,
    /// The batch the event is about, or of which the job is part.
    pub batch_id: Option<BatchId>,
    /// More about the event.
    pub data: RawJson,
    /// What became of it.
    pub status: DeliveryStatus,
    /// How often it was tried since it was queued.
    pub attempts: i32,
    /// When it is tried next.
    pub due_at: DateTime<Utc>,
    /// Each [`Try`], the first one first.
    pub tries: RawJson,
    /// When it was delivered, failed or was dropped.
    pub ended_at: Option<DateTime<Utc>>,
}

impl WebhookDelivery {
    /// Returns the event.
    #[must_use]
    pub fn event(&self) -> Event {
        Event {
            tenant_id: self.tenant_id,
            clock: self.clock,
            id: self.event_id,
            kind: self.kind,
            happened_at: self.happened_at,
            job_id: self.job_id,
            batch_id: self.batch_id,
            data: self.data.clone(),
        }
    }
}

/// One try of a delivery, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Try {
    /// When it began.
    pub at: DateTime<Utc>,
    /// How long it took.
    pub seconds: f64,
    /// The status of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The beginning of the answer's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Why there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
