//! Table `webhooks`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, Insertable};
use schema::webhooks;

use super::enums::DisabledBecause;
use super::values::TextList;
use crate::ids::{TenantId, WebhookId};

/// A URL to which events are posted.
#[derive(Clone, Debug, PartialEq, Eq, HasQuery)]
#[diesel(table_name = webhooks)]
pub struct Webhook {
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// Identifies the webhook.
    pub id: WebhookId,
    /// The URL.
    pub url: String,
    /// Whether requests named the URL: it gets the ends of what they started, and no other events.
    pub for_requests: bool,
    /// What it is for.
    pub description: Option<String>,
    /// The kinds of events that are posted.
    pub kinds: TextList,
    /// The kinds of jobs whose events are posted; all where it is empty.
    pub job_kinds: TextList,
    /// Until when nothing is posted, as the receiver asked for.
    pub paused_until: Option<DateTime<Utc>>,
    /// Since when the receiver accepts nothing.
    pub failing_since: Option<DateTime<Utc>>,
    /// When it was disabled.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Why it was disabled.
    pub disabled_because: Option<DisabledBecause>,
    /// When the row was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl Webhook {
    /// Returns the webhook by whose secrets its posts are signed; `None` stands for the secrets of requests.
    #[must_use]
    pub fn signed_as(&self) -> Option<WebhookId> {
        (!self.for_requests).then_some(self.id)
    }
}

/// A new [`Webhook`].
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = webhooks)]
pub struct NewWebhook<'a> {
    /// The URL.
    pub url: &'a str,
    /// What it is for.
    pub description: Option<&'a str>,
    /// The kinds of events that are posted.
    pub kinds: &'a TextList,
    /// The kinds of jobs whose events are posted; all where it is empty.
    pub job_kinds: &'a TextList,
}

/// Changes of a [`Webhook`].
///
/// `None` leaves a column unchanged; `Some(None)` sets a nullable column to NULL.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = webhooks)]
pub struct WebhookChanges<'a> {
    /// The URL.
    pub url: Option<&'a str>,
    /// What it is for.
    pub description: Option<Option<&'a str>>,
    /// The kinds of events that are posted.
    pub kinds: Option<TextList>,
    /// The kinds of jobs whose events are posted; all where it is empty.
    pub job_kinds: Option<TextList>,
}
