//! Settings: who one is, what may be used, keys, suppressions, points of the score, the audit log and tenants.

mod audit;
mod frame;
mod keys;
mod scoring;
mod suppressions;
mod tenants;

use maud::{Markup, html};
use rocket::{Route, State, get};
use scans::PlacesConfig;

use self::frame::{Tab, page};
use super::page::{Page, thousands};
use crate::error::ApiResult;
use crate::guards::{Anyone, Db, SignedIn};
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
        div.scroll tabindex="0" { table {
            thead { tr { th { "What" } th { "Used" } th { "At most" } } }
            tbody {
                tr { td { "Scans today" } td { (quotas.scans_today.used.map_or_else(|| "not counted".to_owned(), thousands)) } td { (at_most(quotas.scans_today.limit)) } }
                tr { td { "Stored rows" } td { (thousands(quotas.stored_rows.used)) } td { (at_most(quotas.stored_rows.limit)) } }
                tr { td { "Paid calls this month" } td { (thousands(paid.used)) ", " (paid.usd) " US dollars at list prices" } td { (at_most(paid.limit)) } }
            }
        } }
        h2 { "Requests per minute" }
        div.scroll tabindex="0" { table {
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
