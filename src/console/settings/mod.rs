//! Settings: who one is, what may be used, keys, suppressions, points of the score, the audit log and tenants.

mod audit;
mod keys;
mod scoring;
mod suppressions;
mod tenants;

use database::models::enums::Scope;
use maud::{Markup, html};
use rocket::{Route, State, get};
use scans::PlacesConfig;

use super::page::{Page, Place, thousands};
use crate::error::ApiResult;
use crate::guards::{Anyone, Db, Permission, SignedIn};
use crate::routes::me;
use crate::views::me::{MeView, RateLimit};

/// Returns the routes of the settings.
pub fn routes() -> Vec<Route> {
    [
        rocket::routes![show_settings],
        keys::routes(),
        suppressions::routes(),
        scoring::routes(),
        audit::routes(),
        tenants::routes(),
    ]
    .concat()
}

/// The pages of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tab {
    Use,
    Keys,
    Suppressions,
    Scoring,
    Audit,
    Tenants,
}

/// Returns a page of the settings, with links to those that whoever is signed in may see.
fn page<P: Permission>(tab: Tab, title: &str, visit: &SignedIn<P>, content: &Markup) -> Page {
    let has = |scope| visit.scopes().contains(&scope);
    let tabs = [
        (Tab::Use, "/settings", "Limits and use", true),
        (Tab::Keys, "/settings/keys", "Keys", has(Scope::Admin)),
        (
            Tab::Suppressions,
            "/settings/suppressions",
            "Suppressions",
            has(Scope::Read),
        ),
        (Tab::Scoring, "/settings/scoring", "Score", has(Scope::Read)),
        (Tab::Audit, "/settings/audit", "Audit", has(Scope::Admin)),
        (Tab::Tenants, "/settings/tenants", "Tenants", visit.may_act_for_all()),
    ];
    let content = html! {
        nav.tabs aria-label="Settings" {
            @for (known, path, name, _) in tabs.into_iter().filter(|(.., is_seen)| *is_seen) {
                a href=(path) aria-current=[(known == tab).then_some("page")] { (name) }
            }
        }
        (content)
    };
    Page::new(Place::Settings, title, visit, &content)
}

/// Links to the next page of a list.
fn more(path: &str, next: Option<&str>) -> Markup {
    html! {
        @if let Some(next) = next {
            p { a rel="next" href={ (path) "?limit=50&cursor=" (next) } { "Older ones" } }
        }
    }
}

#[get("/settings")]
async fn show_settings(visit: SignedIn<Anyone>, db: Db<'_>, places: &State<PlacesConfig>) -> ApiResult<Page> {
    let me = me::load(&visit, &db, places).await?;
    Ok(page(Tab::Use, "Limits and use", &visit, &in_use(&me)))
}

fn in_use(me: &MeView) -> Markup {
    let quotas = &me.quotas;
    let paid = &quotas.paid_calls_this_month;
    let limits = &me.requests_per_minute;
    html! {
        dl {
            dt { "Tenant" } dd { (me.tenant.name) }
            dt { "Signed in as" } dd { (me.caller.name.as_deref().unwrap_or("unknown")) }
            dt { "May" } dd { (me.scopes.join(", ")) @if me.may_act_for_all_tenants { ", and manage tenants" } }
        }
        h2 { "What is used" }
        div.scroll { table {
            thead { tr { th { "What" } th { "Used" } th { "At most" } } }
            tbody {
                tr { td { "Scans today" } td { (quotas.scans_today.used.map_or_else(|| "not counted".to_owned(), thousands)) } td { (at_most(quotas.scans_today.limit)) } }
                tr { td { "Stored rows" } td { (thousands(quotas.stored_rows.used)) } td { (at_most(quotas.stored_rows.limit)) } }
                tr { td { "Paid calls this month" } td { (thousands(paid.used)) ", " (paid.usd) " US dollars at list prices" } td { (at_most(paid.limit)) } }
            }
        } }
        h2 { "Requests per minute" }
        div.scroll { table {
            thead { tr { th { "Requests" } th { "Of yours, at most" } th { "Of the tenant, at most" } } }
            tbody {
                (rate("That read", &limits.reads))
                (rate("All others", &limits.requests))
                (rate("That queue a batch", &limits.batches))
            }
        } }
    }
}

fn at_most(limit: Option<i64>) -> String {
    limit.map_or_else(|| "no limit".to_owned(), thousands)
}

fn rate(name: &str, limit: &RateLimit) -> Markup {
    html! {
        tr { td { (name) } td { (at_most(limit.caller.map(i64::from))) } td { (at_most(limit.tenant.map(i64::from))) } }
    }
}
