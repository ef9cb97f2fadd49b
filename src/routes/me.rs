//! The caller: who it is, what it may do, and what its tenant has used.

use database::models::enums::{RateKind, Scope};
use database::repo;
use rocket::serde::json::Json;
use rocket::{State, get};
use scans::PlacesConfig;
use scans::places::money::Usd;

use super::names::names_of;
use crate::error::ApiResult;
use crate::guards::{Anyone, Caller, Db, Permission};
use crate::views::me::{MeView, PaidCalls, QuotasView, RateLimits, Share, TenantName};

handlers![get_me];

/// Returns the caller, its tenant, scopes, limits and quotas. Every valid key or token may ask.
#[utoipa::path(
    tag = "Accounts",
    responses((status = 200, body = MeView)),
    security(("credential" = ["any"]))
)]
#[get("/api/v1/me")]
async fn get_me(caller: Caller<Anyone>, db: Db<'_>, places: &State<PlacesConfig>) -> ApiResult<Json<MeView>> {
    load(&caller, &db, places).await.map(Json)
}

/// Looks up what there is to say about a caller and its tenant.
///
/// # Errors
///
/// Those of the database.
pub(crate) async fn load<P: Permission>(caller: &Caller<P>, db: &Db<'_>, places: &PlacesConfig) -> ApiResult<MeView> {
    let quotas = caller.quotas();
    let mut conn = db.tenant(caller).await?;
    let tenant = repo::tenants::get(&mut conn).await?;
    let names = names_of(&mut conn, std::iter::once(caller.actor().id())).await?;
    let scans_today = match quotas.scans_per_day {
        Some(_) => {
            let today = repo::scan_days::find_today(&mut conn).await?;
            Some(today.map_or(0, |today| today.scans))
        }
        None => None,
    };
    let stored = repo::stored_rows::list(&mut conn).await?;
    let paid = repo::api_calls::sum_of_month(&mut conn).await?;
    let rates = |kind: RateKind| caller.rate_limits(kind).into();
    Ok(MeView {
        tenant: TenantName {
            id: tenant.id.get(),
            name: tenant.name,
        },
        caller: names.by_text(&caller.actor().to_string()),
        scopes: caller.scopes().iter().copied().map(Scope::label).collect(),
        may_act_for_all_tenants: caller.may_act_for_all(),
        requests_per_minute: RateLimits {
            reads: rates(RateKind::Reads),
            requests: rates(RateKind::Requests),
            batches: rates(RateKind::Batches),
        },
        quotas: QuotasView {
            scans_today: Share {
                used: scans_today,
                limit: quotas.scans_per_day.map(i64::from),
            },
            stored_rows: Share {
                used: stored.iter().map(|entry| entry.rows).sum(),
                limit: quotas.stored_rows,
            },
            paid_calls_this_month: PaidCalls {
                used: paid.calls,
                limit: places.calls_per_month,
                usd: Usd::from_micros(paid.price_micros()),
            },
        },
    })
}
