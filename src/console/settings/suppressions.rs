//! Suppressions: addresses and domains that are neither stored nor exported.

use database::ids::SuppressionId;
use database::models::enums::Scope;
use maud::{Markup, html};
use rocket::form::Form;
use rocket::response::Redirect;
use rocket::{FromForm, Route, get, post, routes};

use super::frame::{Tab, more, page};
use crate::console::form::{Field, Refusal, confirmed, filled, rest};
use crate::console::page::{Page, time};
use crate::error::ApiResult;
use crate::guards::{Admin, Curate, Db, Read, SignedIn};
use crate::routes::query::{PageQuery, PathId};
use crate::routes::suppressions;
use crate::views;
use crate::views::contact::{SuppressionRequest, SuppressionView};

const PATH: &str = "/settings/suppressions";

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![show_suppressions, create_suppression, delete_suppression]
}

#[get("/settings/suppressions")]
async fn show_suppressions(visit: SignedIn<Read>, db: Db<'_>, query: PageQuery<'_>) -> ApiResult<Page> {
    let found = suppressions::list(&visit, &db, &query).await?;
    let has = |scope| visit.scopes().contains(&scope);
    Ok(page(
        Tab::Suppressions,
        "Suppressions",
        &visit,
        &html! {
            p { "Suppressed addresses, and all addresses of suppressed domains, are neither stored nor shown nor exported." }
            @if has(Scope::Curate) { (form(&NewSuppression::default(), None)) }
            (table(&found, has(Scope::Admin)))
        },
    ))
}

fn table(found: &views::Page<SuppressionView>, may_delete: bool) -> Markup {
    html! {
        @if found.items.is_empty() {
            p.empty { "Nothing is suppressed. When somebody asks to be left out, add their address or domain here." }
        } @else {
            div.scroll tabindex="0" { table {
                thead { tr { th { "What" } th { "Kind" } th { "Reason" } th { "Since" } @if may_delete { th { span.unseen { "Actions" } } } } }
                tbody {
                    @for row in &found.items {
                        tr {
                            td { @if let Some(value) = &row.value { (value) } @else { span.hint { "erased; only its hash is kept" } } }
                            td { (row.kind) }
                            td { (row.reason.as_deref().unwrap_or_default()) }
                            td { (time(row.created_at)) }
                            @if may_delete {
                                td { (confirmed("Remove", &format!("{PATH}/{}/delete", row.id), "It is stored and shown again, once a scan finds it.")) }
                            }
                        }
                    }
                }
            } }
            (more(PATH, found.next_cursor.as_deref()))
        }
    }
}

/// What the form of a suppression sends.
#[derive(Default, FromForm)]
struct NewSuppression<'r> {
    /// An address or a domain.
    what: &'r str,
    reason: &'r str,
}

fn form(sent: &NewSuppression<'_>, refusal: Option<&Refusal>) -> Markup {
    html! {
        section.narrow {
            form method="post" action=(PATH) {
                (Field::text("what", "Address or domain").with(sent.what).such_as("jane@example.com or example.com").required().show(refusal))
                (Field::text("reason", "Reason").with(sent.reason).such_as("asked to be left out").show(refusal))
                (rest(refusal, &["what", "reason"]))
                button { "Suppress" }
            }
        }
    }
}

#[post("/settings/suppressions", data = "<sent>")]
async fn create_suppression(
    visit: SignedIn<Curate>,
    db: Db<'_>,
    sent: Form<NewSuppression<'_>>,
) -> ApiResult<Result<Redirect, Page>> {
    let what = sent.what.trim().to_owned();
    let (email, domain) = if what.contains('@') {
        (Some(what), None)
    } else {
        (None, Some(what))
    };
    let request = SuppressionRequest {
        email,
        domain,
        reason: filled(sent.reason).map(str::to_owned),
        tenant_id: None,
    };
    match suppressions::create(&visit, &db, &request).await {
        Ok(_) => Ok(Ok(Redirect::to(PATH))),
        Err(error) => {
            let refusal = Refusal::of(error)?;
            let form = form(&sent, Some(&refusal));
            Ok(Err(
                page(Tab::Suppressions, "Suppressions", &visit, &form).with_status(refusal.status)
            ))
        }
    }
}

#[post("/settings/suppressions/<id>/delete")]
async fn delete_suppression(visit: SignedIn<Admin>, db: Db<'_>, id: PathId<SuppressionId>) -> ApiResult<Redirect> {
    suppressions::delete(&visit, &db, id.0).await?;
    Ok(Redirect::to(PATH))
}
