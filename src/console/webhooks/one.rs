//! One webhook: pause, test, a new secret, and its deliveries with their answers.

use database::ids::{WebhookDeliveryId, WebhookId};
use database::models::enums::DeliveryStatus;
use database::models::webhook::Webhook;
use database::models::webhook_delivery::{DeliveryPosition, Try, WebhookDelivery};
use database::repo;
use maud::{Markup, html};
use rocket::response::Redirect;
use rocket::{Route, State, get, post, routes};

use super::shown::{jobs, state, with_secret};
use crate::console::form::{confirmed, filled};
use crate::console::page::{Page, Place, time, words};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Admin, Db, SignedIn};
use crate::routes::query::{Asked, PageQuery, PathId, word};
use crate::routes::webhook_deliveries;
use crate::routes::webhooks::{self, Targets};
use crate::views::webhook::{WebhookPatch, write};

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![
        show_webhook,
        enable_webhook,
        pause_webhook,
        rotate_webhook,
        delete_webhook,
        test_webhook,
        redeliver
    ]
}

fn path(id: WebhookId) -> String {
    format!("/webhooks/{id}")
}

#[get("/webhooks/<id>?<status>")]
async fn show_webhook(
    visit: SignedIn<Admin>,
    db: Db<'_>,
    id: PathId<WebhookId>,
    query: PageQuery<'_>,
    status: Option<&str>,
) -> ApiResult<Page> {
    let asked = Asked::read(&query, &())?;
    let status: Option<DeliveryStatus> = status.and_then(filled).map(|text| word("status", text)).transpose()?;
    let mut conn = db.tenant(&visit).await?;
    let webhook = repo::webhooks::get(&mut conn, id.0).await?;
    let mut found = repo::webhook_deliveries::list(&mut conn, id.0, status, &asked.paging).await?;
    drop(conn);
    let next = asked.cut(&mut found, |delivery: &WebhookDelivery| DeliveryPosition {
        clock: delivery.clock,
        id: delivery.event_id,
    })?;
    let is_moving = found.iter().any(|delivery| delivery.status == DeliveryStatus::Waiting);
    let here = path(webhook.id);
    let content = html! {
        (about(&webhook))
        (actions(&webhook))
        h2 { "Deliveries" }
        form.filters method="get" action=(here) role="search" {
            span.field {
                label for="status" { "State" }
                select id="status" name="status" {
                    option value="" { "any" }
                    @for known in DeliveryStatus::ALL {
                        option value=(known.label()) selected[status == Some(*known)] { (known.label()) }
                    }
                }
            }
            button { "Show" }
        }
        section id="list" hx-get=[is_moving.then_some(here.as_str())] hx-trigger="every 2s" hx-select="#list" hx-target="#list" hx-swap="outerHTML" {
            @if found.is_empty() {
                p.empty { "Nothing was delivered. A test call shows whether the receiver is there." }
            } @else {
                div.scroll tabindex="0" { table {
                    thead { tr { th { "Event" } th { "Happened" } th { "State" } th { "Tries" } th { "Last answer" } th { span.unseen { "Actions" } } } }
                    tbody { @for delivery in &found { (row(&webhook, delivery)?) } }
                } }
            }
            @if let Some(next) = next { p { a rel="next" href={ (here) "?cursor=" (next) } { "Older ones" } } }
        }
    };
    Ok(Page::new(Place::Webhooks, "Webhook", &visit, &content))
}

fn about(webhook: &Webhook) -> Markup {
    html! {
        dl {
            dt { "URL" } dd { (webhook.url) }
            dt { "State" } dd { (state(webhook)) }
            @if let Some(at) = webhook.disabled_at { dt { "Paused" } dd { (time(at)) } }
            @if let Some(until) = webhook.paused_until.filter(|until| *until > chrono::Utc::now()) {
                dt { "The receiver asked to wait until" } dd { (time(until)) }
            }
            dt { "Events" } dd { (webhook.kinds.0.join(", ")) }
            dt { "Of jobs" } dd { (jobs(webhook)) }
            @if let Some(text) = &webhook.description { dt { "For" } dd { (text) } }
        }
    }
}

fn actions(webhook: &Webhook) -> Markup {
    let here = path(webhook.id);
    let post = |what: &str, word: &str| {
        html! { form method="post" action={ (here) "/" (what) } { button { (word) } } }
    };
    html! {
        div.actions {
            @if webhook.disabled_at.is_some() {
                (post("enable", "Enable"))
            } @else {
                (post("test", "Send a test call"))
                (confirmed("Pause", &format!("{here}/pause"), "What waits for it is dropped, and what happens meanwhile is not posted later."))
            }
            @if !webhook.for_requests { (confirmed("New secret", &format!("{here}/rotate"), "The old secret signs as well for one day.")) }
            (confirmed("Delete", &format!("{here}/delete"), "Its deliveries are deleted with it."))
        }
    }
}

fn row(webhook: &Webhook, delivery: &WebhookDelivery) -> ApiResult<Markup> {
    let wrong = |error: serde_json::Error| ApiError::Internal(format!("reading a delivery failed: {error}"));
    let tries: Vec<Try> = delivery.tries.parse().map_err(wrong)?;
    let (_, body) = write(delivery).map_err(wrong)?;
    let class = match delivery.status {
        DeliveryStatus::Delivered => "completed",
        DeliveryStatus::Waiting => "pending",
        DeliveryStatus::Failed | DeliveryStatus::Dropped => "failed",
    };
    Ok(html! {
        tr {
            td { (words(delivery.kind.label())) details { summary { "Body" } pre { (body) } } }
            td { (time(delivery.happened_at)) }
            td {
                span.state.(class) { (delivery.status.label()) }
                @if delivery.status == DeliveryStatus::Waiting && delivery.attempts > 0 { " until " (time(delivery.due_at)) }
            }
            td { (tries.len()) }
            td { @if let Some(last) = tries.last() { (answered(last)) } }
            td {
                @if webhook.disabled_at.is_none() {
                    form method="post" action={ (path(webhook.id)) "/deliveries/" (delivery.id) "/redeliver" } { button.quiet { "Send again" } }
                }
            }
        }
    })
}

/// Says what a receiver answered.
fn answered(made: &Try) -> Markup {
    html! {
        @if let Some(status) = made.status { strong { (status) } " " }
        @if let Some(error) = &made.error { span.error { (error) } " " }
        span.hint { (format!("{:.1} s, ", made.seconds)) (time(made.at)) }
        @if let Some(answer) = made.answer.as_deref().and_then(filled) { details { summary { "Answer" } pre { (answer) } } }
    }
}

#[post("/webhooks/<id>/enable")]
async fn enable_webhook(
    visit: SignedIn<Admin>,
    db: Db<'_>,
    targets: &State<Targets>,
    id: PathId<WebhookId>,
) -> ApiResult<Redirect> {
    set_enabled(&visit, &db, targets, (id.0, true)).await
}

#[post("/webhooks/<id>/pause")]
async fn pause_webhook(
    visit: SignedIn<Admin>,
    db: Db<'_>,
    targets: &State<Targets>,
    id: PathId<WebhookId>,
) -> ApiResult<Redirect> {
    set_enabled(&visit, &db, targets, (id.0, false)).await
}

async fn set_enabled(
    visit: &SignedIn<Admin>,
    db: &Db<'_>,
    targets: &Targets,
    (id, is_enabled): (WebhookId, bool),
) -> ApiResult<Redirect> {
    let patch = WebhookPatch {
        is_enabled: Some(is_enabled),
        ..WebhookPatch::default()
    };
    webhooks::update(visit, db, targets, id, patch).await?;
    Ok(Redirect::to(path(id)))
}

#[post("/webhooks/<id>/rotate")]
async fn rotate_webhook(visit: SignedIn<Admin>, db: Db<'_>, id: PathId<WebhookId>) -> ApiResult<Page> {
    let (webhook, secret) = webhooks::rotate(&visit, &db, id.0, None).await?;
    Ok(with_secret(&visit, &webhook, &secret))
}

#[post("/webhooks/<id>/delete")]
async fn delete_webhook(visit: SignedIn<Admin>, db: Db<'_>, id: PathId<WebhookId>) -> ApiResult<Redirect> {
    webhooks::delete(&visit, &db, id.0).await?;
    Ok(Redirect::to("/webhooks"))
}

#[post("/webhooks/<id>/test")]
async fn test_webhook(visit: SignedIn<Admin>, db: Db<'_>, id: PathId<WebhookId>) -> ApiResult<Redirect> {
    webhook_deliveries::test(&visit, &db, id.0).await?;
    Ok(Redirect::to(path(id.0)))
}

#[post("/webhooks/<id>/deliveries/<delivery_id>/redeliver")]
async fn redeliver(
    visit: SignedIn<Admin>,
    db: Db<'_>,
    id: PathId<WebhookId>,
    delivery_id: PathId<WebhookDeliveryId>,
) -> ApiResult<Redirect> {
    webhook_deliveries::send_again(&visit, &db, (id.0, delivery_id.0)).await?;
    Ok(Redirect::to(path(id.0)))
}
