//! Webhooks and their deliveries.

use chrono::{DateTime, Utc};
use database::models::enums::{DeliveryStatus, DisabledBecause};
use database::models::webhook::Webhook;
use database::models::webhook_delivery::{Try, WebhookDelivery};
use database::models::webhook_secret::WebhookSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::event::EventView;
use super::fields;
use super::words::{DeliveryStatusWord, DisabledBecauseWord, EventKindWord};

/// A request to create a webhook.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "url": "https://hooks.example.com/scrapersky", "kinds": ["job.ended", "batch.done"] }))]
#[serde(deny_unknown_fields)]
pub struct WebhookRequest {
    /// URL to post events to: `https` or `http`, at a public address, without user name and password.
    #[schema(pattern = "^https?://")]
    pub url: String,
    /// Kinds of events to post.
    #[schema(value_type = Vec<EventKindWord>, min_items = 1)]
    pub kinds: Vec<String>,
    /// Kinds of jobs whose events to post, such as `domain_scan`; by default all. Events that are about no job are not posted then.
    #[serde(default)]
    pub job_kinds: Vec<String>,
    /// What the webhook is for.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    pub tenant_id: Option<String>,
}

/// Changes to a webhook. A missing field is left unchanged.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({ "kinds": ["job.ended"], "is_enabled": true }))]
#[serde(deny_unknown_fields)]
pub struct WebhookPatch {
    /// URL to post events to.
    #[serde(default)]
    #[schema(pattern = "^https?://")]
    pub url: Option<String>,
    /// Kinds of events to post.
    #[serde(default)]
    #[schema(value_type = Option<Vec<EventKindWord>>, min_items = 1)]
    pub kinds: Option<Vec<String>>,
    /// Kinds of jobs whose events to post; an empty list means all.
    #[serde(default)]
    pub job_kinds: Option<Vec<String>>,
    /// What the webhook is for; null clears it.
    #[serde(default, deserialize_with = "fields::null_or")]
    #[schema(value_type = Option<String>, max_length = 1000)]
    pub description: Option<Option<String>>,
    /// Whether events are posted. Enabled again, it gets what happens from then on.
    #[serde(default)]
    pub is_enabled: Option<bool>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    pub tenant_id: Option<String>,
}

/// A request to replace the secret of a webhook.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({ "overlap_seconds": 3600 }))]
#[serde(deny_unknown_fields)]
pub struct SecretRequest {
    /// How long the old secret signs as well, in seconds: by default a day, at most 30 days.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 2_592_000, default = 86_400)]
    pub overlap_seconds: Option<i64>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    pub tenant_id: Option<String>,
}

/// A URL to which events are posted.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookView {
    /// Id of the webhook.
    pub id: Uuid,
    /// URL that events are posted to.
    pub url: String,
    /// Whether requests named the URL as their `webhook_url`: it gets the ends of what they started, and no other events.
    for_requests: bool,
    /// Kinds of events that are posted.
    #[schema(value_type = Vec<EventKindWord>)]
    pub kinds: Vec<String>,
    /// Kinds of jobs whose events are posted; all if it is empty.
    pub job_kinds: Vec<String>,
    /// What the webhook is for; null if nothing was said.
    description: Option<String>,
    /// Whether events are posted.
    is_enabled: bool,
    /// When the webhook was disabled; null if it is enabled.
    disabled_at: Option<DateTime<Utc>>,
    /// Why the webhook was disabled: on request, because the receiver answered 410, or because it accepted nothing for days.
    #[schema(value_type = Option<DisabledBecauseWord>)]
    pub disabled_because: Option<&'static str>,
    /// Since when the receiver has accepted nothing; null if it accepted the last post.
    pub failing_since: Option<DateTime<Utc>>,
    /// Until when the receiver asked to post nothing; null if it did not.
    paused_until: Option<DateTime<Utc>>,
    /// When the webhook was created.
    pub created_at: DateTime<Utc>,
    /// When the webhook was last changed.
    updated_at: DateTime<Utc>,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        let Webhook {
            tenant_id: _,
            id,
            url,
            for_requests,
            description,
            kinds,
            job_kinds,
            paused_until,
            failing_since,
            disabled_at,
            disabled_because,
            created_at,
            updated_at,
        } = webhook;
        Self {
            id: id.get(),
            url,
            for_requests,
            kinds: kinds.0,
            job_kinds: job_kinds.0,
            description,
            is_enabled: disabled_at.is_none(),
            disabled_at,
            disabled_because: disabled_because.map(DisabledBecause::label),
            failing_since,
            paused_until: paused_until.filter(|until| *until > Utc::now()),
            created_at,
            updated_at,
        }
    }
}

/// A webhook with a new secret. No other response contains the secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookWithSecret {
    #[serde(flatten)]
    view: WebhookView,
    /// Secret by which the receiver checks signatures: `whsec_` and the key in Base64.
    #[schema(value_type = String)]
    secret: ShownOnce,
}

/// The secret that signs what is posted to the `webhook_url` of requests. No other response contains it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestSecret {
    /// Secret by which receivers check signatures: `whsec_` and the key in Base64.
    #[schema(value_type = String)]
    secret: ShownOnce,
}

impl RequestSecret {
    /// Creates the response for a new secret.
    #[must_use]
    pub fn new(secret: &WebhookSecret) -> Self {
        Self {
            secret: ShownOnce(secret.expose()),
        }
    }
}

/// A secret that `Debug` does not print.
#[derive(Serialize)]
struct ShownOnce(String);

impl std::fmt::Debug for ShownOnce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl WebhookWithSecret {
    /// Creates the response for a webhook and its new secret.
    #[must_use]
    pub fn new(webhook: Webhook, secret: &WebhookSecret) -> Self {
        Self {
            view: webhook.into(),
            secret: ShownOnce(secret.expose()),
        }
    }
}

/// What is posted to a webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct Message {
    /// What happened.
    #[serde(rename = "type")]
    #[schema(value_type = EventKindWord)]
    kind: &'static str,
    /// When it happened.
    timestamp: DateTime<Utc>,
    /// The event as lists of events show it. Its `id` is also the header `webhook-id`.
    data: EventView,
}

impl Message {
    fn new(delivery: &WebhookDelivery) -> serde_json::Result<Self> {
        Ok(Self {
            kind: delivery.kind.label(),
            timestamp: delivery.happened_at,
            data: EventView::new(delivery.event())?,
        })
    }
}

/// Returns the id and the body by which a delivery is posted.
///
/// # Errors
///
/// Returns an error if the event cannot be represented as JSON.
pub fn write(delivery: &WebhookDelivery) -> serde_json::Result<(String, String)> {
    let message = Message::new(delivery)?;
    Ok((message.data.id().to_owned(), serde_json::to_string(&message)?))
}

/// An event for a webhook, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Id of the delivery.
    pub id: Uuid,
    /// Kind of the event.
    #[schema(value_type = EventKindWord)]
    pub kind: &'static str,
    /// What became of it.
    #[schema(value_type = DeliveryStatusWord)]
    pub status: &'static str,
    /// How often it was tried since it was queued or sent again.
    pub attempts: i32,
    /// When it is tried next; null unless it waits.
    pub next_try_at: Option<DateTime<Utc>>,
    /// When it was delivered, failed for good or was dropped; null if it waits.
    ended_at: Option<DateTime<Utc>>,
    /// Each try, the first one first.
    tries: Vec<TryView>,
    /// Body that is posted.
    request: Message,
}

/// One try of a delivery.
#[derive(Debug, Serialize, ToSchema)]
struct TryView {
    /// When it began.
    at: DateTime<Utc>,
    /// How long it took, in seconds.
    seconds: f64,
    /// Status of the answer; null if there was none.
    status: Option<u16>,
    /// Beginning of the answer's body; null if there was no answer.
    answer: Option<String>,
    /// Why there was no answer; null if there was one.
    error: Option<String>,
}

impl From<Try> for TryView {
    fn from(made: Try) -> Self {
        let Try {
            at,
            seconds,
            status,
            answer,
            error,
        } = made;
        Self {
            at,
            seconds,
            status,
            answer,
            error,
        }
    }
}

impl DeliveryView {
    /// Returns what came of the last try: the status of the answer, or why there was none.
    #[must_use]
    pub fn last_answer(&self) -> Option<String> {
        let last = self.tries.last()?;
        last.status
            .map(|status| status.to_string())
            .or_else(|| last.error.clone())
    }

    /// Creates the view of a delivery.
    ///
    /// # Errors
    ///
    /// Returns an error if the stored tries are not what was written, and as [`EventView::new`].
    pub fn new(delivery: WebhookDelivery) -> serde_json::Result<Self> {
        let request = Message::new(&delivery)?;
        let WebhookDelivery {
            tenant_id: _,
            id,
            webhook_id: _,
            // Shown as the event.
            clock: _,
            event_id: _,
            happened_at: _,
            job_id: _,
            batch_id: _,
            data: _,
            kind,
            status,
            attempts,
            due_at,
            tries,
            ended_at,
        } = delivery;
        let tries: Vec<Try> = tries.parse()?;
        Ok(Self {
            id: id.get(),
            kind: kind.label(),
            status: status.label(),
            attempts,
            next_try_at: (status == DeliveryStatus::Waiting).then_some(due_at),
            ended_at,
            tries: tries.into_iter().map(TryView::from).collect(),
            request,
        })
    }
}
