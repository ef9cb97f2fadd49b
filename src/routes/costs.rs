//! The cost of calls to paid services.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use database::repo;
use database::repo::api_calls::CostLine;
use rocket::serde::json::Json;
use rocket::{State, get};
use scans::PlacesConfig;
use scans::places::money::Usd;
use serde::Serialize;
use utoipa::ToSchema;

use super::query::parsed;
use crate::error::ApiResult;
use crate::guards::{Caller, Db, Read};
use crate::views::Page;

/// The period of costs listed by default, in days: a year.
const DAYS: u64 = 365;

handlers![list_costs];

/// Calls and their cost at list prices, without free calls and discounts.
#[derive(Debug, Serialize, ToSchema)]
struct Costs {
    /// By month and kind of call, newest month first; all on one page.
    #[serde(flatten)]
    page: Page<CostView>,
    /// The cost of this month, in US dollars.
    #[schema(value_type = f64)]
    usd_this_month: Usd,
    /// The number of calls this month.
    calls_this_month: i64,
    /// Maximum number of calls per month; null means no limit.
    calls_per_month: Option<i64>,
    /// Maximum number of calls per search.
    calls_per_search: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct CostView {
    month: String,
    service: String,
    sku: String,
    calls: i64,
    refused: i64,
    #[schema(value_type = f64)]
    usd: Usd,
}

/// Lists the cost of the tenant's calls, by month.
#[utoipa::path(
    tag = "Accounts",
    params(
        ("from" = Option<NaiveDate>, Query, description = "The first day; a year ago by default."),
    ),
    responses((status = 200, body = Costs)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/costs?<from>")]
async fn list_costs(
    caller: Caller<Read>,
    db: Db<'_>,
    config: &State<PlacesConfig>,
    from: Option<&str>,
) -> ApiResult<Json<Costs>> {
    let from = match parsed::<NaiveDate>("from", from)? {
        Some(day) => day.and_time(NaiveTime::MIN).and_utc(),
        None => Utc::now()
            .checked_sub_days(Days::new(DAYS))
            .unwrap_or(DateTime::UNIX_EPOCH),
    };
    let mut conn = db.tenant(&caller).await?;
    let lines = repo::api_calls::list_costs(&mut conn, from).await?;
    let month = Utc::now().format("%Y-%m").to_string();
    let items: Vec<CostView> = lines.into_iter().map(view).collect();
    let this_month = || items.iter().filter(|line| line.month == month);
    Ok(Json(Costs {
        usd_this_month: this_month().map(|line| line.usd).sum(),
        calls_this_month: this_month().map(|line| line.calls).sum(),
        calls_per_month: config.calls_per_month,
        calls_per_search: config.calls_per_search,
        page: Page {
            items,
            next_cursor: None,
            total: None,
        },
    }))
}

fn view(line: CostLine) -> CostView {
    let CostLine {
        month,
        service,
        sku,
        calls,
        refused,
        price_micros,
    } = line;
    CostView {
        month: month.format("%Y-%m").to_string(),
        service,
        sku,
        calls,
        refused,
        usd: Usd::from_micros(price_micros),
    }
}
