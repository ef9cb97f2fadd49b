//! The caller: its tenant, scopes, limits, and how much of them is used.

use scans::places::money::Usd;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::who::WhoView;
use super::words::ScopeWord;

/// The caller, the tenant, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeView {
    /// The tenant that the request acts for.
    pub tenant: TenantName,
    /// The caller.
    pub caller: WhoView,
    /// What the caller may do.
    #[schema(value_type = Vec<ScopeWord>)]
    pub scopes: Vec<&'static str>,
    /// Whether the caller is a super administrator, who may act for every tenant.
    pub may_act_for_all_tenants: bool,
    /// Requests per minute.
    pub requests_per_minute: RateLimits,
    /// The tenant's quotas.
    pub quotas: QuotasView,
}

/// A tenant by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct TenantName {
    /// Id of the tenant.
    pub id: Uuid,
    /// Name of the tenant.
    pub name: String,
}

/// The limits on requests, by kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct RateLimits {
    /// GET and HEAD requests.
    pub reads: RateLimit,
    /// All other requests.
    pub requests: RateLimit,
    /// Requests that queue a batch, which count as others too.
    pub batches: RateLimit,
}

/// A limit on requests per minute.
#[derive(Debug, Serialize, ToSchema)]
pub struct RateLimit {
    /// The maximum of the caller; null means no limit.
    pub caller: Option<i32>,
    /// The maximum of all callers of the tenant together; null means no limit.
    pub tenant: Option<i32>,
}

impl From<(Option<i32>, Option<i32>)> for RateLimit {
    fn from((caller, tenant): (Option<i32>, Option<i32>)) -> Self {
        Self { caller, tenant }
    }
}

/// What a tenant may use, and what it has used.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuotasView {
    /// Scans queued today (UTC). They are counted only while there is a limit: without one, `used` is null.
    pub scans_today: Share<Option<i64>>,
    /// Rows in the tables that grow with what is found.
    pub stored_rows: Share<i64>,
    /// Billed calls of paid services this month (UTC), and their price.
    pub paid_calls_this_month: PaidCalls,
}

/// How much of a quota is used.
#[derive(Debug, Serialize, ToSchema)]
pub struct Share<T> {
    /// How much is used.
    pub used: T,
    /// The quota; null means no limit.
    pub limit: Option<i64>,
}

/// How many calls were paid for, and how much.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaidCalls {
    /// The number of billed calls.
    pub used: i64,
    /// The maximum number of calls; null means no limit.
    pub limit: Option<i64>,
    /// The price at list prices, in US dollars.
    #[schema(value_type = f64)]
    pub usd: Usd,
}
