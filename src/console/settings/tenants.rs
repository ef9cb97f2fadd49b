//! Tenants, which super administrators manage.

use maud::{Markup, html};
use rocket::form::Form;
use rocket::response::Redirect;
use rocket::{FromForm, Route, get, post, routes};
use uuid::Uuid;

use super::frame::{Tab, more, page};
use crate::console::form::{Field, Refusal, filled, rest};
use crate::console::page::{Page, time};
use crate::error::ApiResult;
use crate::guards::{Anyone, Db, SignedIn};
use crate::routes::query::{PageQuery, PathId};
use crate::routes::tenants;
use crate::views;
use crate::views::tenant::{TenantPatch, TenantRequest, TenantView};

const PATH: &str = "/settings/tenants";

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![show_tenants, create_tenant, set_active]
}

#[get("/settings/tenants")]
async fn show_tenants(visit: SignedIn<Anyone>, db: Db<'_>, query: PageQuery<'_>) -> ApiResult<Page> {
    let found = tenants::list(&visit.super_admin()?, &db, &query).await?;
    Ok(page(
        Tab::Tenants,
        "Tenants",
        &visit,
        &html! {
            (table(&found, visit.tenant().get()))
            (form(&NewTenant::default(), None))
        },
    ))
}

fn table(found: &views::Page<TenantView>, own: Uuid) -> Markup {
    html! {
        div.scroll tabindex="0" { table {
            thead { tr { th { "Name" } th { "Id" } th { "Description" } th { "State" } th { "Created" } th { span.unseen { "Actions" } } } }
            tbody {
                @for tenant in &found.items {
                    tr {
                        td { (tenant.name) }
                        td { code { (tenant.id) } }
                        td { (tenant.description.as_deref().unwrap_or_default()) }
                        td { @if tenant.is_active { span.state.completed { "in use" } } @else { span.state.failed { "not in use" } } }
                        td { (time(tenant.created_at)) }
                        td { (switch(tenant, own)) }
                    }
                }
            }
        } }
        (more(PATH, found.next_cursor.as_deref()))
    }
}

fn switch(tenant: &TenantView, own: Uuid) -> Markup {
    let path = format!("{PATH}/{}", tenant.id);
    html! {
        @if tenant.id == own {
            span.hint { "yours" }
        } @else if tenant.is_active {
            details.confirm {
                summary { "Deactivate" }
                form method="post" action=(path) {
                    p { "Its keys and people are refused within seconds, until it is activated again." }
                    button.grave name="is_active" value="false" { "Deactivate" }
                }
            }
        } @else {
            form method="post" action=(path) { button.quiet name="is_active" value="true" { "Activate" } }
        }
    }
}

/// What the form of a tenant sends.
#[derive(Default, FromForm)]
struct NewTenant<'r> {
    name: &'r str,
    description: &'r str,
}

fn form(sent: &NewTenant<'_>, refusal: Option<&Refusal>) -> Markup {
    html! {
        section.narrow {
            h2 { "A new tenant" }
            form method="post" action=(PATH) {
                (Field::text("name", "Name").with(sent.name).required().show(refusal))
                (Field::text("description", "Description").with(sent.description).show(refusal))
                (rest(refusal, &["name", "description"]))
                button { "Create the tenant" }
            }
        }
    }
}

#[post("/settings/tenants", data = "<sent>")]
async fn create_tenant(
    visit: SignedIn<Anyone>,
    db: Db<'_>,
    sent: Form<NewTenant<'_>>,
) -> ApiResult<Result<Redirect, Page>> {
    let request = TenantRequest {
        name: sent.name.to_owned(),
        description: filled(sent.description).map(str::to_owned),
    };
    match tenants::create(&visit.super_admin()?, &db, &request).await {
        Ok(_) => Ok(Ok(Redirect::to(PATH))),
        Err(error) => {
            let refusal = Refusal::of(error)?;
            let form = form(&sent, Some(&refusal));
            Ok(Err(
                page(Tab::Tenants, "Tenants", &visit, &form).with_status(refusal.status)
            ))
        }
    }
}

/// What the switch of a tenant sends.
#[derive(FromForm)]
struct Switch {
    is_active: bool,
}

#[post("/settings/tenants/<id>", data = "<sent>")]
async fn set_active(visit: SignedIn<Anyone>, db: Db<'_>, id: PathId<Uuid>, sent: Form<Switch>) -> ApiResult<Redirect> {
    let patch = TenantPatch {
        is_active: Some(sent.is_active),
        ..TenantPatch::default()
    };
    tenants::update(&visit.super_admin()?, &db, id.0, &patch).await?;
    Ok(Redirect::to(PATH))
}
