//! Rate limits.
//!
//! The database counts, because any number of processes share a limit. A process only remembers that a window is full
//! and then refuses without a query until the window ends. So a caller far beyond its limit costs the database nothing.
//! Requests of one tenant are counted one at a time, so that counting occupies at most one connection per tenant.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use database::ids::TenantId;
use database::models::enums::RateKind;
use database::pool::Pool;
use database::repo;
use database::repo::rate_windows::RateWindow;
use moka::sync::Cache;
use rocket::State;
use rocket::request::{FromRequest, Outcome, Request};
use uuid::Uuid;

use super::addresses::Addresses;
use crate::config::LimitsConfig;
use crate::error::{ApiError, ApiResult, whole_seconds};

/// The length of a window.
const WINDOW: Duration = Duration::from_secs(60);
/// How often a tenant's old windows are deleted.
const TIDY_EVERY: Duration = Duration::from_secs(60 * 60);
/// Maximum number of tenants and full windows in memory; beyond it the least used are evicted.
const MAX_REMEMBERED: u64 = 10_000;

/// The subject of a window: a caller, or with the nil UUID the tenant as a whole.
type Subject = (TenantId, RateKind, Uuid);

/// The rate limits, with this process's record of full windows.
#[derive(Debug)]
pub struct Limits {
    config: LimitsConfig,
    full: Cache<Subject, Full>,
    turns: Cache<TenantId, Arc<tokio::sync::Mutex<Turn>>>,
    visitors: Addresses,
    /// Of credentials that are not valid: these must not make `/ready` refuse a balancer at the same address.
    credentials: Addresses,
}

/// The subjects that a request counts against, the caller and its tenant, with their limits per window; 0 means no
/// limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) kind: RateKind,
    pub(super) tenant: TenantId,
    pub(super) caller: Uuid,
    pub(super) caller_limit: i32,
    pub(super) tenant_limit: i32,
}

#[derive(Clone, Copy, Debug)]
struct Full {
    until: Instant,
    limit: i32,
}

/// Held while a request of a tenant is counted.
#[derive(Debug, Default)]
struct Turn {
    tidied_at: Option<Instant>,
}

/// The state of a limit, for the header fields of the response.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateState {
    /// The kind of requests counted.
    pub kind: RateKind,
    /// The maximum number of requests per window of 60 s.
    pub limit: i32,
    /// The number of requests left in the window.
    pub remaining: i32,
    /// Seconds until the window ends.
    pub ends_in: u64,
}

/// The limits that a request was counted against, in the order of counting.
#[derive(Debug, Default)]
pub struct Shown(Mutex<Vec<RateState>>);

impl Shown {
    /// Returns the limits that a request was counted against.
    pub fn of(request: &Request<'_>) -> Vec<RateState> {
        lock(&request.local_cache(Self::default).0).clone()
    }

    fn add(request: &Request<'_>, state: RateState) {
        lock(&request.local_cache(Self::default).0).push(state);
    }
}

impl Limits {
    /// Creates the limits, with no window full.
    #[must_use]
    pub fn new(config: LimitsConfig) -> Self {
        Self {
            config,
            full: Cache::builder()
                .max_capacity(MAX_REMEMBERED)
                .time_to_live(WINDOW)
                .build(),
            turns: Cache::builder().max_capacity(MAX_REMEMBERED).build(),
            visitors: Addresses::new(config.public_per_minute),
            credentials: Addresses::new(config.public_per_minute),
        }
    }

    pub(super) fn config(&self) -> &LimitsConfig {
        &self.config
    }

    /// Counts a request, or refuses it.
    pub(super) async fn count(&self, request: &Request<'_>, pool: &Pool, counted: &Counted) -> ApiResult<()> {
        let Counted {
            kind,
            tenant,
            caller: id,
            caller_limit,
            tenant_limit,
        } = *counted;
        if caller_limit == 0 && tenant_limit == 0 {
            return Ok(());
        }
        let subjects = [
            ((tenant, kind, id), caller_limit),
            ((tenant, kind, Uuid::nil()), tenant_limit),
        ];
        self.refuse_known(request, subjects)?;
        let turn = self.turn(tenant);
        let mut turn = turn.lock().await;
        // The previous request may have filled the window.
        self.refuse_known(request, subjects)?;
        let mut conn = pool.tenant(tenant).await?;
        if turn.tidied_at.is_none_or(|at| at.elapsed() > TIDY_EVERY) {
            turn.tidied_at = Some(Instant::now());
            repo::rate_windows::delete_ended(&mut conn).await?;
        }
        let windows = repo::rate_windows::count(&mut conn, kind, id).await?;
        let mut nearest: Option<RateState> = None;
        for window in windows {
            let limit = if window.caller == id {
                caller_limit
            } else {
                tenant_limit
            };
            if limit == 0 {
                continue;
            }
            let state = state(kind, limit, &window);
            if window.used > limit {
                self.remember((tenant, kind, window.caller), limit, window.ends_in);
                Shown::add(request, state);
                return Err(refusal(&state));
            }
            if window.used == limit {
                self.remember((tenant, kind, window.caller), limit, window.ends_in);
            }
            if nearest.is_none_or(|nearest| state.remaining < nearest.remaining) {
                nearest = Some(state);
            }
        }
        conn.commit().await?;
        if let Some(nearest) = nearest {
            Shown::add(request, nearest);
        }
        Ok(())
    }

    /// Refuses the request without a query if a window is known to be full. A record made under a different limit is
    /// ignored, so that a changed limit takes effect at once.
    fn refuse_known(&self, request: &Request<'_>, subjects: [(Subject, i32); 2]) -> ApiResult<()> {
        let now = Instant::now();
        for (subject, limit) in subjects {
            let known = self.full.get(&subject);
            if let Some(known) = known.filter(|known| known.until > now && known.limit == limit) {
                let state = RateState {
                    kind: subject.1,
                    limit: known.limit,
                    remaining: 0,
                    ends_in: whole_seconds(known.until.duration_since(now).as_secs_f64()),
                };
                Shown::add(request, state);
                return Err(refusal(&state));
            }
        }
        Ok(())
    }

    fn remember(&self, subject: Subject, limit: i32, ends_in: f64) {
        let until = Instant::now() + Duration::from_secs_f64(ends_in.clamp(0.0, WINDOW.as_secs_f64()));
        self.full.insert(subject, Full { until, limit });
    }

    fn turn(&self, tenant: TenantId) -> Arc<tokio::sync::Mutex<Turn>> {
        self.turns.get_with(tenant, Arc::default)
    }

    /// Checks that an address has not sent too many credentials that are not valid.
    pub(super) fn check_credentials(&self, address: Option<IpAddr>) -> ApiResult<()> {
        address.map_or(Ok(()), |address| self.credentials.check(address))
    }

    /// Counts a credential that is not valid.
    pub(super) fn count_invalid_credential(&self, address: Option<IpAddr>) -> ApiResult<()> {
        address.map_or(Ok(()), |address| self.credentials.count(address))
    }
}

fn state(kind: RateKind, limit: i32, window: &RateWindow) -> RateState {
    RateState {
        kind,
        limit,
        remaining: (limit - window.used).max(0),
        ends_in: whole_seconds(window.ends_in),
    }
}

fn refusal(state: &RateState) -> ApiError {
    let RateState {
        kind, limit, ends_in, ..
    } = state;
    ApiError::TooMany {
        detail: format!("limit of {limit} {kind} per minute reached: try again in {ends_in} s"),
        retry_after: *ends_in,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request to a public route, counted against the limit of its address.
#[derive(Clone, Copy, Debug)]
pub struct Visitor;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Visitor {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let Some(address) = request.client_ip() else {
            return Outcome::Success(Self);
        };
        let counted = match request.guard::<&State<Limits>>().await {
            Outcome::Success(limits) => limits.visitors.count(address),
            _ => Err(ApiError::Internal("the limits are not managed".to_owned())),
        };
        match counted {
            Ok(()) => Outcome::Success(Self),
            Err(error) => Outcome::Error((error.keep(request), ())),
        }
    }
}
