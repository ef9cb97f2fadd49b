//! The cost of calls to paid services.

use chrono::{NaiveDate, Utc};
use database::repo;
use rocket::serde::json::Json;
use rocket::{State, get};
use scans::PlacesConfig;

use super::query::parsed;
use crate::error::ApiResult;
use crate::guards::{Caller, Db, Read};
use crate::views::costs::Costs;

handlers![list_costs];

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
    let from = parsed::<NaiveDate>("from", from)?;
    let mut conn = db.reading(&caller).await?;
    let lines = repo::api_calls::list_costs(&mut conn, Costs::begin(from, Utc::now())).await?;
    Ok(Json(Costs::new(lines, config, Utc::now())))
}
