//! What calls cost, and the ledger that they are written into before they are made.

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
use crate::Services;
use crate::settings::{PlacesConfig, PlacesProtocol};

/// Google's places in the ledger.
const SERVICE: &str = "google_places";

/// What Google bills a call as, and its list price per thousand in US dollars
/// (<https://developers.google.com/maps/billing-and-pricing/pricing>, without free calls and discounts).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sku {
    /// Google's name for it.
    pub name: &'static str,
    /// The price of one call in millionths of a US dollar.
    pub price_micros: i32,
}

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A page of a search.
    Search,
    /// Where a part of the map is.
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
            // The basic fields, and those of contact and atmosphere.
            (PlacesProtocol::Legacy, Self::Details) => ("Place Details", 25_000),
            // The rating and the website make it so.
            (PlacesProtocol::New, Self::Search) => ("Text Search Enterprise", 35_000),
            (PlacesProtocol::New, Self::Center) => ("Text Search Pro", 32_000),
            (PlacesProtocol::New, Self::Details) => ("Place Details Enterprise", 20_000),
        };
        Sku { name, price_micros }
    }
}

/// What a search would cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The minimum number of calls, if the area holds as many places as are wanted.
    pub calls_at_least: i64,
    /// The maximum number of calls.
    pub calls_at_most: i64,
    /// What a page of results is billed as.
    pub price_class: &'static str,
    /// What that costs at least, in US dollars by the list.
    pub usd_at_least: f64,
    /// What it costs at most.
    pub usd_at_most: f64,
}

/// Returns what a search for at most `max_results` places would cost. `is_center_known` says whether Google has to be
/// asked where the place is, `grid` whether the area may be split.
#[must_use]
pub fn estimate(config: &PlacesConfig, max_results: usize, grid: bool, is_center_known: bool) -> Estimate {
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let center = i64::from(!is_center_known);
    let cap = config.calls_per_search;
    // No page is asked for that is not needed, and a query has three.
    let pages = whole(max_results.div_ceil(PAGE));
    let of_query = whole(MAX_RESULTS / PAGE);
    // Places outside the radius do not count, so that each query may have to be read to its end; and an area may be
    // split as long as the cap allows.
    let most = if grid { cap } else { (center + of_query).min(cap) };
    let least = (center + if grid { pages } else { pages.min(of_query) }).min(cap);
    let search = Call::Search.sku(config.protocol);
    let usd = |calls: i64| {
        let asked = if calls > 0 { center } else { 0 };
        let micros = (calls - asked) * i64::from(search.price_micros)
            + asked * i64::from(Call::Center.sku(config.protocol).price_micros);
        // Exact: far below 2^53.
        #[expect(clippy::cast_precision_loss, reason = "a sum of money, not a measurement")]
        let dollars = micros as f64 / 1_000_000.0;
        dollars
    };
    Estimate {
        calls_at_least: least,
        calls_at_most: most,
        price_class: search.name,
        usd_at_least: usd(least),
        usd_at_most: usd(most),
    }
}

/// Why no call is made any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapReached(pub String);

/// Writes a call into the ledger, unless a cap forbids it.
///
/// # Errors
///
/// Database errors.
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

/// Notes in the ledger that a call brought nothing.
///
/// # Errors
///
/// Database errors.
pub(super) async fn failed(ctx: &JobContext<Services>, id: ApiCallId, error: &PlacesError) -> Result<(), JobError> {
    let mut conn = ctx.tenant().await?;
    repo::api_calls::fail(&mut conn, id, error.is_billed(), &error.to_string()).await?;
    conn.commit().await?;
    Ok(())
}

/// Returns the answers that the ledger has of this job, by step.
///
/// # Errors
///
/// Database errors.
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
        assert_eq!((small.usd_at_least, small.usd_at_most), (0.032, 0.096));
        let grid = estimate(&config, 500, true, false);
        assert_eq!((grid.calls_at_least, grid.calls_at_most), (26, 100));
    }
}
