//! What the pages of webhooks share.

use database::models::webhook::Webhook;
use database::models::webhook_secret::WebhookSecret;
use maud::{Markup, html};

use crate::console::page::{Page, Place, time, words};
use crate::guards::{Admin, SignedIn};

/// Says of which jobs a webhook gets events.
pub fn jobs(webhook: &Webhook) -> String {
    if webhook.job_kinds.0.is_empty() {
        return "all kinds".to_owned();
    }
    let kinds: Vec<String> = webhook.job_kinds.0.iter().map(|kind| words(kind)).collect();
    kinds.join(", ")
}

/// Says whether events are posted, and what keeps them from it.
pub fn state(webhook: &Webhook) -> Markup {
    html! {
        @if webhook.disabled_at.is_some() {
            span.state.failed { "paused" }
            @if let Some(because) = webhook.disabled_because { " (" (because.label()) ")" }
        } @else if let Some(since) = webhook.failing_since {
            span.state.failed { "accepts nothing" } " since " (time(since))
        } @else {
            span.state.completed { "enabled" }
        }
    }
}

/// Shows the secret of requests, which is shown once.
pub fn secret_of_requests(visit: &SignedIn<Admin>, secret: &WebhookSecret) -> Page {
    let content = html! {
        p { "This secret signs what is posted to the " code { "webhook_url" } " of requests. It is shown this once: receivers check signatures by it." }
        pre.secret { (secret.expose()) }
        p { a href="/webhooks?for_requests=true" { "The receivers have it" } }
    };
    Page::new(Place::Webhooks, "The secret", visit, &content)
}

/// Shows a secret, which is shown once.
pub fn with_secret(visit: &SignedIn<Admin>, webhook: &Webhook, secret: &WebhookSecret) -> Page {
    let content = html! {
        p { "This is the secret of the webhook to " strong { (webhook.url) } ". It is shown this once: the receiver checks signatures by it." }
        pre.secret { (secret.expose()) }
        p { a href={ "/webhooks/" (webhook.id) } { "The receiver has it" } }
    };
    Page::new(Place::Webhooks, "The secret", visit, &content)
}
