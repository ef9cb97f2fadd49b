//! The audit log: who did what.

use maud::{Markup, html};
use rocket::{Route, get, routes};

use super::frame::{Tab, more, page};
use crate::console::form::{Field, filled};
use crate::console::page::{Page, time, words};
use crate::error::ApiResult;
use crate::guards::{Admin, Db, SignedIn};
use crate::routes::audit;
use crate::routes::query::PageQuery;
use crate::views;
use crate::views::audit::AuditView;

const PATH: &str = "/settings/audit";

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![show_audit]
}

#[get("/settings/audit?<action>")]
async fn show_audit(visit: SignedIn<Admin>, db: Db<'_>, query: PageQuery<'_>, action: Option<&str>) -> ApiResult<Page> {
    let action = action.and_then(filled);
    let found = audit::list(&visit, &db, action, &query).await?;
    Ok(page(
        Tab::Audit,
        "Audit",
        &visit,
        &html! {
            form.filters method="get" action=(PATH) role="search" {
                span.field { (Field::text("action", "Action").with(action.unwrap_or_default()).such_as("key.create").show(None)) }
                button { "Show" }
                @if action.is_some() { a href=(PATH) { "Show all" } }
            }
            (table(&found))
            @if action.is_none() { (more(PATH, found.next_cursor.as_deref())) }
        },
    ))
}

fn table(found: &views::Page<AuditView>) -> Markup {
    html! {
        @if found.items.is_empty() {
            p.empty { "Nothing was noted. Changes of keys, webhooks and points, bulk changes and deletions are." }
        } @else {
            div.scroll tabindex="0" { table {
                thead { tr { th { "When" } th { "Who" } th { "What" } th { "To" } th { "Details" } } }
                tbody {
                    @for entry in &found.items {
                        tr {
                            td { (time(entry.at)) }
                            td { (entry.actor.name.as_deref().unwrap_or("unknown")) }
                            td { a href={ (PATH) "?action=" (entry.action) } { (words(&entry.action)) } }
                            td { @if let Some(subject) = &entry.subject { code { (subject) } } }
                            td { @if let Some(details) = &entry.details { code { (details.get()) } } }
                        }
                    }
                }
            } }
        }
    }
}
