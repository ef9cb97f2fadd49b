//! Saved views: filters of the list that people gave a name. All people of a tenant see the same.

use database::ids::{SavedViewId, UserId};
use database::models::saved_view::{NewSavedView, SavedView};
use database::repo;
use database::tenant::TenantConnection;
use maud::{Markup, html};
use rocket::form::Form;
use rocket::http::uri::Origin;
use rocket::response::Redirect;
use rocket::{FromForm, post};
use serde_json::json;

use super::address::Address;
use crate::console::form::{Field, confirmed};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Curate, Db, SignedIn};
use crate::routes::lead_filter::{LeadQuery, read_order};
use crate::routes::names::names_of;
use crate::routes::query::PathId;
use crate::views::who::Names;

/// Maximum number of views of a tenant.
const MAX_VIEWS: i64 = 50;
/// Maximum length of a name, in characters.
const MAX_NAME_CHARS: usize = 100;
/// Maximum length of a query, in bytes.
const MAX_QUERY_BYTES: usize = 2000;
/// What of the address is not part of a view.
const NOT_SAVED: &[&str] = &["cursor", "changed", "count", "limit"];

/// Returns the views of the tenant, and the names of those who saved them.
pub async fn read(conn: &mut TenantConnection) -> ApiResult<(Vec<SavedView>, Names)> {
    let views = repo::saved_views::list(conn, MAX_VIEWS).await?;
    let names = names_of(conn, views.iter().filter_map(|view| view.saved_by).map(UserId::get)).await?;
    Ok((views, names))
}

/// Links to the saved views; whoever may curate can save the one that is shown, and delete those that are saved.
pub fn views((found, names): &(Vec<SavedView>, Names), asked: &Address, may_curate: bool) -> Markup {
    let here = asked.without(NOT_SAVED);
    html! {
        @if may_curate || !found.is_empty() {
            details.views id="views" open[!found.is_empty()] {
                summary { "Saved views" }
                ul {
                    @for view in found {
                        li {
                            a href={ "/leads?" (view.query) } aria-current=[(view.query == here).then_some("true")] { (view.name) }
                            @if let Some(name) = names.by_id(view.saved_by.map(UserId::get)).name { " " span.hint { "by " (name) } }
                            @if may_curate { (confirmed("Delete", &format!("/leads/views/{}/delete", view.id), "Nobody of this tenant sees this view any more. The leads stay as they are.")) }
                        }
                    }
                }
                @if may_curate && !here.is_empty() {
                    form method="post" action={ "/leads/views?" (here) } {
                        (Field::text("view_name", "Save what is shown, as").such_as("To call this week").required().show(None))
                        button { "Save the view" }
                    }
                }
            }
        }
    }
}

/// What the form of a view sends.
#[derive(FromForm)]
pub struct Named<'r> {
    view_name: &'r str,
}

/// Saves the filter in the address under a name; a view with that name is replaced.
#[post("/leads/views?<query..>", data = "<sent>")]
pub async fn save_view(
    visit: SignedIn<Curate>,
    db: Db<'_>,
    query: LeadQuery<'_>,
    origin: &Origin<'_>,
    sent: Form<Named<'_>>,
) -> ApiResult<Redirect> {
    query.filter()?;
    read_order(query.sort)?;
    let name = sent.view_name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.contains('\0') {
        let detail = format!("the name of a view must have 1 to {MAX_NAME_CHARS} characters");
        return Err(ApiError::bad_request("view_name", detail));
    }
    let address = Address::of(origin).without(NOT_SAVED);
    if address.is_empty() || address.len() > MAX_QUERY_BYTES {
        let detail = "there is nothing to save: choose a filter or an order, of at most 2000 characters in all";
        return Err(ApiError::bad_request("query", detail));
    }
    let new = NewSavedView {
        name,
        query: &address,
        saved_by: Some(visit.actor().id().into()),
    };
    let mut conn = db.tenant(&visit).await?;
    let known = repo::saved_views::list(&mut conn, MAX_VIEWS).await?;
    if i64::try_from(known.len()).is_ok_and(|count| count >= MAX_VIEWS) && !known.iter().any(|view| view.name == name) {
        let detail = format!("the tenant has {MAX_VIEWS} saved views, the maximum: delete one first");
        return Err(ApiError::Conflict(detail));
    }
    let view = repo::saved_views::upsert(&mut conn, &new).await?;
    let details = json!({ "name": name });
    visit
        .note(&mut conn, "view.save", Some(&view.id.to_string()), details)
        .await?;
    conn.commit().await?;
    Ok(Redirect::to(format!("/leads?{address}")))
}

/// Deletes a view.
#[post("/leads/views/<id>/delete")]
pub async fn delete_view(visit: SignedIn<Curate>, db: Db<'_>, id: PathId<SavedViewId>) -> ApiResult<Redirect> {
    let mut conn = db.tenant(&visit).await?;
    repo::saved_views::delete(&mut conn, id.0).await?;
    visit
        .note(&mut conn, "view.delete", Some(&id.0.to_string()), json!({}))
        .await?;
    conn.commit().await?;
    Ok(Redirect::to("/leads"))
}
