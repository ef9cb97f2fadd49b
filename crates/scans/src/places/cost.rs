//! The cost of calls, and the ledger in which they are entered before they are made.

use database::ids::ApiCallId;
use database::models::api_call::NewApiCall;
use database::models::values::RawJson;
use database::repo;
use database::repo::api_calls::{Caps, Reserved};
use jobs::{JobContext, JobError};
use serde::Serialize;
use serde_json::Value;

use super::client::{MAX_RESULTS, PAGE};
use super::error::PlacesError;
use super::money::Usd;
use crate::Services;
use crate::settings::{PlacesConfig, PlacesProtocol};

/// The name of Google's places in the ledger.
const SERVICE: &str = "google_places";

/// The product that Google bills a call as, with its list price per call
/// (<https://developers.google.com/maps/billing-and-pricing/pricing>, without free calls and discounts).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sku {
    /// Google's name for the product.
    pub name: &'static str,
    /// The price of one call in millionths of a US dollar.
    pub price_micros: i32,
}

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A page of a search.
    Search,
    /// The position of an area on the map.
    Center,
    /// The details of a place.
    Details,
}

impl Call {
    /// Returns what the call is billed as.
    #[must_use]
    pub fn sku(self, protocol: PlacesProtocol) -> Sku {
        let (name, price_micros) = match (protocol, self) {
            (PlacesProtocol::Legacy, Self::Search | Self::Center) => ("Places - Text Search", 32_000),
            // The basic fields, and those for contact and atmosphere.
            (PlacesProtocol::Legacy, Self::Details) => ("Place Details", 25_000),
            // The rating and the website put searches into this class.
            (PlacesProtocol::New, Self::Search) => ("Text Search Enterprise", 35_000),
            (PlacesProtocol::New, Self::Center) => ("Text Search Pro", 32_000),
            (PlacesProtocol::New, Self::Details) => ("Place Details Enterprise", 20_000),
        };
        Sku { name, price_micros }
    }
}

/// The estimated cost of a search.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The minimum number of calls, if the area has as many places as requested.
    pub calls_at_least: i64,
    /// The maximum number of calls.
    pub calls_at_most: i64,
    /// The product that a page of results is billed as.
    pub price_class: &'static str,
    /// The minimum cost in US dollars, at list prices.
    pub usd_at_least: Usd,
    /// The maximum cost in US dollars, at list prices.
    pub usd_at_most: Usd,
}

/// Estimates the cost of a search for at most `max_results` places. `is_center_known` is false if the search must find
/// the location first; `grid` is whether the area may be split.
#[must_use]
pub fn estimate(config: &PlacesConfig, max_results: usize, grid: bool, is_center_known: bool) -> Estimate {
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let center = i64::from(!is_center_known);
    let cap = config.calls_per_search;
    // Only necessary pages are requested, and a query has three.
    let pages = whole(max_results.div_ceil(PAGE));
    let of_query = whole(MAX_RESULTS / PAGE);
    // Places outside the radius do not count, so each query may have to be read to its end, and an area may be split as
    // long as the cap allows.
    let most = if grid { cap } else { (center + of_query).min(cap) };
    let least = (center + if grid { pages } else { pages.min(of_query) }).min(cap);
    let search = Call::Search.sku(config.protocol);
    let usd = |calls: i64| {
        let asked = if calls > 0 { center } else { 0 };
        Usd::from_micros(
            (calls - asked) * i64::from(search.price_micros)
                + asked * i64::from(Call::Center.sku(config.protocol).price_micros),
        )
    };
    Estimate {
        calls_at_least: least,
        calls_at_most: most,
        price_class: search.name,
        usd_at_least: usd(least),
        usd_at_most: usd(most),
    }
}

/// Returns how many calls of a search this sum pays for, whichever calls they are.
#[must_use]
pub fn calls_within(protocol: PlacesProtocol, sum: Usd) -> i64 {
    let price = |call: Call| i64::from(call.sku(protocol).price_micros);
    (sum.micros() / price(Call::Search).max(price(Call::Center))).max(0)
}

/// The reason why no further call is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapReached(pub String);

/// Enters a call in the ledger, unless a cap forbids the call.
///
/// # Errors
///
/// The errors of the database.
pub(super) async fn reserve(
    ctx: &JobContext<Services>,
    config: &PlacesConfig,
    call: Call,
    step: &str,
    per_job: i64,
) -> Result<Result<ApiCallId, CapReached>, JobError> {
    let sku = call.sku(config.protocol);
    let new = NewApiCall {
        job_id: Some(ctx.job_id()),
        service: SERVICE,
        sku: sku.name,
        price_micros: sku.price_micros,
        step,
    };
    let caps = Caps {
        per_job,
        per_month: config.calls_per_month,
    };
    let mut conn = ctx.tenant().await?;
    let reserved = repo::api_calls::reserve(&mut conn, &new, caps).await?;
    conn.commit().await?;
    Ok(match reserved {
        Reserved::Call(id) => Ok(id),
        Reserved::JobCap => Err(CapReached(format!("the cap of {per_job} calls per search is reached"))),
        Reserved::MonthCap => Err(CapReached(format!(
            "the cap of {} calls per month is reached",
            config.calls_per_month.unwrap_or_default()
        ))),
    })
}

/// Records in the ledger that a call failed.
///
/// # Errors
///
/// The errors of the database.
pub(super) async fn failed(ctx: &JobContext<Services>, id: ApiCallId, error: &PlacesError) -> Result<(), JobError> {
    let mut conn = ctx.tenant().await?;
    repo::api_calls::fail(&mut conn, id, error.is_billed(), &error.to_string()).await?;
    conn.commit().await?;
    Ok(())
}

/// Returns the responses recorded in the ledger for this job, by step.
///
/// # Errors
///
/// The errors of the database.
pub(super) async fn answered(ctx: &JobContext<Services>) -> Result<Vec<(String, Value)>, JobError> {
    let mut conn = ctx.tenant().await?;
    let calls = repo::api_calls::list_of_job(&mut conn, ctx.job_id()).await?;
    Ok(calls
        .into_iter()
        .filter_map(|call| {
            let answer: RawJson = call.answer?;
            Some((call.step, answer.parse().ok()?))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_stays_below_the_cap() {
        let config = PlacesConfig::new(PlacesProtocol::Legacy);
        let small = estimate(&config, 20, false, true);
        assert_eq!((small.calls_at_least, small.calls_at_most), (1, 3));
        let expected = (Usd::from_micros(32_000), Usd::from_micros(96_000));
        assert_eq!((small.usd_at_least, small.usd_at_most), expected);
        assert_eq!(calls_within(PlacesProtocol::Legacy, Usd::from_micros(95_999)), 2);
        assert_eq!(calls_within(PlacesProtocol::New, Usd::from_micros(96_000)), 2);
        assert_eq!(calls_within(PlacesProtocol::New, Usd::from_micros(-1)), 0);
        let grid = estimate(&config, 500, true, false);
        assert_eq!((grid.calls_at_least, grid.calls_at_most), (26, 100));
    }
}
