//! API keys: the list, a new one, and the end of one.

use chrono::{Days, Utc};
use database::ids::ApiKeyId;
use database::models::enums::Scope;
use maud::{Markup, html};
use rocket::form::Form;
use rocket::response::Redirect;
use rocket::{FromForm, Route, get, post, routes};

use super::frame::{Tab, more, page};
use crate::console::form::{Field, Refusal, confirmed, filled, problem, rest};
use crate::console::page::{Page, time};
use crate::error::ApiResult;
use crate::guards::{Admin, Db, SignedIn};
use crate::routes::keys;
use crate::routes::query::{PageQuery, PathId, parsed};
use crate::views;
use crate::views::key::{KeyRequest, KeyState, KeyView};

const PATH: &str = "/settings/keys";

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![show_keys, create_key, revoke_key]
}

#[get("/settings/keys")]
async fn show_keys(visit: SignedIn<Admin>, db: Db<'_>, query: PageQuery<'_>) -> ApiResult<Page> {
    let found = keys::list(&visit, &db, &query).await?;
    Ok(page(
        Tab::Keys,
        "Keys",
        &visit,
        &html! {
            (table(&found))
            (form(&visit, &NewKey::default(), None))
        },
    ))
}

fn table(found: &views::Page<KeyView>) -> Markup {
    html! {
        @if found.items.is_empty() {
            p.empty { "No keys. Programs need one to call the API." }
        } @else {
            div.scroll tabindex="0" { table {
                thead { tr { th { "Name" } th { "Begins with" } th { "May" } th { "State" } th { "Last used" } th { "Created" } th { span.unseen { "Actions" } } } }
                tbody {
                    @for key in &found.items {
                        tr {
                            td { (key.name) }
                            td.whole { code { (key.prefix) } }
                            td.whole { (key.scopes.join(", ")) }
                            td { (state(key)) }
                            td { @if let Some(at) = key.last_used_at { (time(at)) } @else { span.hint { "never" } } }
                            td { (time(key.created_at)) }
                            td {
                                @if key.state == KeyState::Valid {
                                    (confirmed("Revoke", &format!("{PATH}/{}/revoke", key.id), "Whoever uses this key, or is signed in by it, is refused within seconds. It cannot be taken back."))
                                }
                            }
                        }
                    }
                }
            } }
            (more(PATH, found.next_cursor.as_deref()))
        }
    }
}

fn state(key: &KeyView) -> Markup {
    html! {
        @match key.state {
            KeyState::Valid => {
                span.state.completed { "valid" }
                @if let Some(end) = key.expires_at { " until " (time(end)) }
            }
            KeyState::Expired => { span.state.failed { "expired" } }
            KeyState::Revoked => { span.state.failed { "revoked" } @if let Some(at) = key.revoked_at { " " (time(at)) } }
        }
    }
}

/// What the form of a new key sends.
#[derive(Default, FromForm)]
struct NewKey<'r> {
    name: &'r str,
    scopes: Vec<&'r str>,
    /// After how many days it expires; never where it is empty.
    days: &'r str,
}

const FIELDS: &[&str] = &["name", "scopes", "days"];

fn form(visit: &SignedIn<Admin>, sent: &NewKey<'_>, refusal: Option<&Refusal>) -> Markup {
    html! {
        section.narrow {
            h2 { "A new key" }
            form method="post" action=(PATH) {
                (Field::text("name", "What it is for").with(sent.name).such_as("front end").required().show(refusal))
                fieldset {
                    legend { "What it may do" }
                    @for scope in visit.scopes() {
                        label.check {
                            input type="checkbox" name="scopes" value=(scope.label()) checked[sent.scopes.contains(&scope.label())];
                            " " (scope.label()) " " span.hint { (meaning(*scope)) }
                        }
                    }
                    (problem(refusal, "scopes"))
                }
                (Field::text("days", "Expires after this many days; empty for never").of_kind("number").with(sent.days).show(refusal))
                (rest(refusal, FIELDS))
                button { "Create the key" }
            }
        }
    }
}

const fn meaning(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "see everything",
        Scope::Scan => "start and cancel work",
        Scope::Curate => "decide about leads, places and pages",
        Scope::Admin => "manage keys and webhooks, and delete",
    }
}

/// Creates a key, and shows it: no other answer has it.
#[post("/settings/keys", data = "<sent>")]
async fn create_key(visit: SignedIn<Admin>, db: Db<'_>, sent: Form<NewKey<'_>>) -> ApiResult<Page> {
    let created = async {
        let days = parsed::<u32>("days", filled(sent.days))?;
        let request = KeyRequest {
            name: sent.name.to_owned(),
            scopes: sent.scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            expires_at: days.and_then(|days| Utc::now().checked_add_days(Days::new(days.into()))),
            tenant_id: None,
        };
        keys::create(&visit, &db, &request).await
    };
    match created.await {
        Ok((key, secret)) => Ok(page(
            Tab::Keys,
            "The new key",
            &visit,
            &html! {
                p { "This is the key " strong { (key.name) } ". It is shown this once: keep it where your program finds it." }
                pre.secret { (secret.expose()) }
                p { a href=(PATH) { "I have kept it" } }
            },
        )),
        Err(error) => {
            let refusal = Refusal::of(error)?;
            let form = form(&visit, &sent, Some(&refusal));
            Ok(page(Tab::Keys, "Keys", &visit, &form).with_status(refusal.status))
        }
    }
}

#[post("/settings/keys/<id>/revoke")]
async fn revoke_key(visit: SignedIn<Admin>, db: Db<'_>, id: PathId<ApiKeyId>) -> ApiResult<Redirect> {
    keys::revoke(&visit, &db, id.0).await?;
    Ok(Redirect::to(PATH))
}
