//! Webhooks: where events are posted, and what became of each.

mod one;
mod shown;

use database::ids::WebhookId;
use database::models::enums::EventKind;
use database::models::webhook::Webhook;
use database::repo;
use database::repo::paging::Newest;
use maud::{Markup, html};
use rocket::form::Form;
use rocket::{FromForm, Route, State, get, post, routes};

use self::shown::{jobs, secret_of_requests, state, with_secret};
use super::form::{Field, Refusal, confirmed, filled, problem, rest};
use super::page::{Page, Place, time, words};
use crate::error::ApiResult;
use crate::guards::{Admin, Db, SignedIn};
use crate::routes::query::{Asked, PageQuery, parsed};
use crate::routes::request_webhooks;
use crate::routes::webhooks::{self, Targets};
use crate::views::webhook::WebhookRequest;

/// Returns the routes of the webhooks.
pub fn routes() -> Vec<Route> {
    [
        routes![show_webhooks, create_webhook, replace_request_secret],
        one::routes(),
    ]
    .concat()
}

#[get("/webhooks?<for_requests>")]
async fn show_webhooks(
    visit: SignedIn<Admin>,
    db: Db<'_>,
    query: PageQuery<'_>,
    for_requests: Option<&str>,
) -> ApiResult<Page> {
    let for_requests = parsed("for_requests", for_requests)?.unwrap_or(false);
    let asked = Asked::read(&query, &())?;
    let mut conn = db.tenant(&visit).await?;
    let (mut found, _) = repo::webhooks::list(&mut conn, for_requests, &asked.paging).await?;
    drop(conn);
    let next = asked.cut(&mut found, |webhook: &Webhook| {
        Newest::<WebhookId>::new(webhook.created_at, webhook.id)
    })?;
    let content = html! {
        @if for_requests {
            p { "Requests named these URLs as " code { "webhook_url" } ": they get the ends of what those started. " a href="/webhooks" { "All other webhooks" } }
        } @else {
            p { a href="/webhooks?for_requests=true" { "URLs that requests named" } }
        }
        (table(&found, for_requests))
        @if let Some(next) = next {
            p { a rel="next" href={ "/webhooks?for_requests=" (for_requests) "&cursor=" (next) } { "Older ones" } }
        }
        @if for_requests {
            (confirmed("New secret of requests", "/webhooks/secret", "It signs what is posted for requests. One that there was before signs as well for one day."))
        } @else {
            (form(&NewWebhook::default(), None))
        }
    };
    Ok(Page::new(Place::Webhooks, "Webhooks", &visit, &content))
}

fn table(found: &[Webhook], for_requests: bool) -> Markup {
    html! {
        @if found.is_empty() && for_requests {
            p.empty { "No request named a URL. One that does is told when what it started has ended." }
        } @else if found.is_empty() {
            p.empty { "No webhooks. With one, another program learns at once what happens to jobs and batches." }
        } @else {
            div.scroll tabindex="0" { table {
                thead { tr { th { "URL" } th { "State" } th { "Events" } th { "Of jobs" } th { "For" } th { "Created" } } }
                tbody {
                    @for webhook in found {
                        tr {
                            td { a href={ "/webhooks/" (webhook.id) } { (webhook.url) } }
                            td { (state(webhook)) }
                            td { (webhook.kinds.0.join(", ")) }
                            td { (jobs(webhook)) }
                            td { (webhook.description.as_deref().unwrap_or_default()) }
                            td { (time(webhook.created_at)) }
                        }
                    }
                }
            } }
        }
    }
}

/// What the form of a webhook sends.
#[derive(Default, FromForm)]
struct NewWebhook<'r> {
    url: &'r str,
    kinds: Vec<&'r str>,
    job_kinds: Vec<&'r str>,
    description: &'r str,
}

const FIELDS: &[&str] = &["url", "kinds", "job_kinds", "description"];

/// Kinds of events that a webhook gets unless something else is chosen.
const USUAL: [EventKind; 2] = [EventKind::JobEnded, EventKind::BatchDone];

fn form(sent: &NewWebhook<'_>, refusal: Option<&Refusal>) -> Markup {
    let is_chosen = |kind: &EventKind| match sent.kinds.as_slice() {
        [] => USUAL.contains(kind),
        kinds => kinds.contains(&kind.label()),
    };
    html! {
        section.narrow {
            h2 { "A new webhook" }
            form method="post" action="/webhooks" {
                (Field::text("url", "URL that events are posted to").of_kind("url").with(sent.url).such_as("https://hooks.example.com/scrapersky").required().show(refusal))
                fieldset {
                    legend { "Events" }
                    @for kind in EventKind::ALL {
                        label.check {
                            input type="checkbox" name="kinds" value=(kind.label()) checked[is_chosen(kind)];
                            " " (words(kind.label()))
                        }
                    }
                    (problem(refusal, "kinds"))
                }
                fieldset {
                    legend { "Only of these jobs; of all where none is ticked" }
                    @for kind in scans::registry().kinds() {
                        label.check {
                            input type="checkbox" name="job_kinds" value=(kind) checked[sent.job_kinds.contains(&kind)];
                            " " (words(kind))
                        }
                    }
                    (problem(refusal, "job_kinds"))
                }
                (Field::text("description", "What it is for").with(sent.description).show(refusal))
                (rest(refusal, FIELDS))
                button { "Create the webhook" }
            }
        }
    }
}

/// Makes the secret of requests, or replaces it, and shows it: no other answer has it.
#[post("/webhooks/secret")]
async fn replace_request_secret(visit: SignedIn<Admin>, db: Db<'_>) -> ApiResult<Page> {
    let secret = request_webhooks::replace(&visit, &db, None).await?;
    Ok(secret_of_requests(&visit, &secret))
}

/// Creates a webhook, and shows its secret: no other answer has it.
#[post("/webhooks", data = "<sent>")]
async fn create_webhook(
    visit: SignedIn<Admin>,
    db: Db<'_>,
    targets: &State<Targets>,
    sent: Form<NewWebhook<'_>>,
) -> ApiResult<Page> {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let request = WebhookRequest {
        url: sent.url.to_owned(),
        kinds: owned(&sent.kinds),
        job_kinds: owned(&sent.job_kinds),
        description: filled(sent.description).map(str::to_owned),
        tenant_id: None,
    };
    match webhooks::create(&visit, &db, targets, &request).await {
        Ok((webhook, secret)) => Ok(with_secret(&visit, &webhook, &secret)),
        Err(error) => {
            let refusal = Refusal::of(error)?;
            let form = form(&sent, Some(&refusal));
            Ok(Page::new(Place::Webhooks, "Webhooks", &visit, &form).with_status(refusal.status))
        }
    }
}
