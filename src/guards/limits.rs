//! Rate limits.
//!
//! The database counts, because any number of processes share a limit, and this process takes requests in advance
//! (`leases`), so that most requests write nothing. It remembers for a moment that a window is full: a
//! caller far beyond its limit costs one query a second.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use database::ids::TenantId;
use database::models::enums::RateKind;
use database::pool::Pool;
use rocket::request::{FromRequest, Outcome, Request};
use uuid::Uuid;

use super::addresses::Addresses;
use super::leases::{Denied, Leases, Standing};
use super::parameters::Parameters;
use crate::config::LimitsConfig;
use crate::error::{ApiError, ApiResult};

/// The rate limits, with this process's leases.
#[derive(Debug)]
pub struct Limits {
    config: LimitsConfig,
    leases: Leases,
    visitors: Addresses,
    /// Counts invalid credentials, apart from visitors: they must not make `/ready` refuse a balancer at the same
    /// address.
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
            leases: Leases::new(),
            visitors: Addresses::new(config.public_per_minute),
            credentials: Addresses::new(config.public_per_minute),
        }
    }

    pub(super) fn config(&self) -> &LimitsConfig {
        &self.config
    }

    /// Gives back what was taken in advance and is not used, until the runtime ends.
    pub fn tend(&self, pool: Pool) -> impl Future<Output = ()> + use<> {
        self.leases.clone().tend(pool)
    }

    /// Gives back all that was taken in advance.
    pub async fn give_back(&self, pool: &Pool) {
        self.leases.give_back(pool, Duration::ZERO).await;
    }

    /// Counts a request, or refuses it.
    pub(super) async fn count(&self, request: &Request<'_>, pool: &Pool, counted: &Counted) -> ApiResult<()> {
        let Counted {
            kind,
            tenant,
            caller,
            caller_limit,
            tenant_limit,
        } = *counted;
        let mut nearest: Option<RateState> = None;
        let mut taken = Vec::new();
        for (subject, limit) in [
            ((tenant, kind, caller), caller_limit),
            ((tenant, kind, Uuid::nil()), tenant_limit),
        ] {
            if limit == 0 {
                continue;
            }
            let lease = self.leases.of(subject);
            let state = |standing: Standing| RateState {
                kind,
                limit,
                remaining: standing.left,
                ends_in: standing.ends_in,
            };
            match self.leases.take_one(&lease, pool, limit).await {
                Ok(standing) => {
                    let state = state(standing);
                    if nearest.is_none_or(|nearest| state.remaining < nearest.remaining) {
                        nearest = Some(state);
                    }
                    taken.push(lease);
                }
                Err(denied) => {
                    // A refused request does not count.
                    taken.iter().for_each(|lease| lease.put_back());
                    return Err(match denied {
                        Denied::Full(standing) => {
                            let state = state(standing);
                            Shown::add(request, state);
                            refusal(&state)
                        }
                        Denied::Unavailable(reason) => ApiError::Unavailable(reason),
                        Denied::Internal(reason) => ApiError::Internal(reason),
                    });
                }
            }
        }
        if let Some(nearest) = nearest {
            Shown::add(request, nearest);
        }
        Ok(())
    }

    /// Checks that an address has not sent too many invalid credentials.
    pub(super) fn check_credentials(&self, address: Option<IpAddr>) -> ApiResult<()> {
        address.map_or(Ok(()), |address| self.credentials.check(address))
    }

    /// Counts an invalid credential.
    pub(super) fn count_invalid_credential(&self, address: Option<IpAddr>) -> ApiResult<()> {
        address.map_or(Ok(()), |address| self.credentials.count(address))
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

/// A request to a public route, with known parameters and counted against the limit of its address.
#[derive(Clone, Copy, Debug)]
pub struct Visitor;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Visitor {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let (limits, parameters) = (
            request.rocket().state::<Limits>(),
            request.rocket().state::<Parameters>(),
        );
        let admitted = match (limits, parameters) {
            (Some(limits), Some(parameters)) => {
                let counted = request
                    .client_ip()
                    .map_or(Ok(()), |address| limits.visitors.count(address));
                counted.and_then(|()| parameters.check(request))
            }
            _ => Err(ApiError::Internal(
                "the limits or the parameters are not managed".to_owned(),
            )),
        };
        match admitted {
            Ok(()) => Outcome::Success(Self),
            Err(error) => Outcome::Error((error.keep(request), ())),
        }
    }
}
