//! The cost of calls to paid services.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use database::repo::api_calls::CostLine;
use scans::PlacesConfig;
use scans::places::money::Usd;
use serde::Serialize;
use utoipa::ToSchema;

use super::Page;

/// The period of costs listed by default, in days: a year.
const DAYS: u64 = 365;

/// Calls and their cost at list prices, without free calls and discounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Costs {
    /// By month and kind of call, newest month first; all on one page.
    #[serde(flatten)]
    pub page: Page<CostView>,
    /// The cost of this month, in US dollars.
    #[schema(value_type = f64)]
    pub usd_this_month: Usd,
    /// The number of calls this month.
    pub calls_this_month: i64,
    /// Maximum number of calls per month; null means no limit.
    pub calls_per_month: Option<i64>,
    /// Maximum number of calls per search.
    pub calls_per_search: i64,
}

/// The calls of one kind in a month.
#[derive(Debug, Serialize, ToSchema)]
pub struct CostView {
    /// The month, such as `2026-11`.
    pub month: String,
    /// The service that was called.
    pub service: String,
    /// The kind of call, as the service's price list names it.
    pub sku: String,
    /// The number of calls.
    pub calls: i64,
    /// How many of them the service refused.
    pub refused: i64,
    /// Their cost, in US dollars.
    #[schema(value_type = f64)]
    pub usd: Usd,
}

impl Costs {
    /// Returns when the period of costs begins: with this day, or a year before `now`.
    #[must_use]
    pub fn begin(from: Option<NaiveDate>, now: DateTime<Utc>) -> DateTime<Utc> {
        match from {
            Some(day) => day.and_time(NaiveTime::MIN).and_utc(),
            None => now.checked_sub_days(Days::new(DAYS)).unwrap_or(DateTime::UNIX_EPOCH),
        }
    }

    /// Adds up the costs of the month of `now`.
    #[must_use]
    pub fn new(lines: Vec<CostLine>, config: &PlacesConfig, now: DateTime<Utc>) -> Self {
        let month = now.format("%Y-%m").to_string();
        let items: Vec<CostView> = lines.into_iter().map(CostView::from).collect();
        let this_month = || items.iter().filter(|line| line.month == month);
        Self {
            usd_this_month: this_month().map(|line| line.usd).sum(),
            calls_this_month: this_month().map(|line| line.calls).sum(),
            calls_per_month: config.calls_per_month,
            calls_per_search: config.calls_per_search,
            page: Page {
                items,
                next_cursor: None,
                total: None,
            },
        }
    }
}

impl From<CostLine> for CostView {
    fn from(line: CostLine) -> Self {
        let CostLine {
            month,
            service,
            sku,
            calls,
            refused,
            price_micros,
        } = line;
        Self {
            month: month.format("%Y-%m").to_string(),
            service,
            sku,
            calls,
            refused,
            usd: Usd::from_micros(price_micros),
        }
    }
}
