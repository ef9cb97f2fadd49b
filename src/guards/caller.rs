//! Who calls, and for which tenant.

use std::fmt;

use database::ids::{ApiKeyId, TenantId, UserId};
use database::models::api_key::{KeySecret, is_key};
use database::models::audit_entry::NewAuditEntry;
use database::models::enums::{RateKind, Scope};
use database::models::tenant_limits::TenantLimits;
use database::models::values::RawJson;
use database::pool::Pool;
use database::repo;
use database::tenant::TenantConnection;
use rocket::request::{FromRequest, Outcome, Request};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Db;
use super::identity::{Identities, Identity};
use super::limits::Limits;
use super::token::Tokens;
use crate::config::{LimitsConfig, Rates};
use crate::error::{ApiError, ApiResult, RequestId};

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The holder of an API key.
    Key(ApiKeyId),
    /// Somebody who signed in.
    Person(UserId),
}

impl Actor {
    /// Returns the id of the key or the person.
    #[must_use]
    pub fn id(self) -> Uuid {
        match self {
            Self::Key(id) => id.get(),
            Self::Person(id) => id.get(),
        }
    }
}

/// As histories name it.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "API key {id}"),
            Self::Person(id) => write!(f, "user {id}"),
        }
    }
}

/// Whoever sent a valid API key, or the token of a person who signed in; and the tenant that the request is about.
///
/// Whoever gets one has been counted: a request beyond the limits has none. A tenant that the header `X-Tenant-Id` or
/// the query's `tenant_id` names has been checked; one that a body names is checked by [`Caller::acting_for`].
#[derive(Clone, Debug)]
pub struct Caller {
    actor: Actor,
    tenant: TenantId,
    scopes: Vec<Scope>,
    may_act_for_all: bool,
    limits: Option<TenantLimits>,
    defaults: LimitsConfig,
    request: RequestId,
}

impl Caller {
    /// Returns whose rows the request is about.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Returns who it is.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// Returns what the caller may do.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// Checks that the caller may do something.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`], which names the scope.
    pub fn require(&self, scope: Scope) -> ApiResult<()> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(ApiError::Forbidden(match self.actor {
            Actor::Key(_) => format!("this key has no scope \"{scope}\""),
            Actor::Person(_) => format!("this takes the scope \"{scope}\", which administrators of the tenant have"),
        }))
    }

    /// Returns the caller for the tenant that a body names; where it names none, for the same as before.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`] when it is no UUID, [`ApiError::Forbidden`] when it is another's and the caller no super
    /// admin, [`ApiError::NotFound`] when a super admin names one that is not there.
    pub async fn acting_for(self, named: Option<&str>, db: &Db<'_>) -> ApiResult<Self> {
        match named {
            None => Ok(self),
            Some(named) => self.turn_to(read_tenant(named)?, db.pool()).await,
        }
    }

    async fn turn_to(self, named: Uuid, pool: &Pool) -> ApiResult<Self> {
        if named == self.tenant.get() {
            return Ok(self);
        }
        if !self.may_act_for_all {
            return Err(ApiError::Forbidden("the caller may not act for this tenant".to_owned()));
        }
        let mut conn = pool.system().await?;
        let (tenant, limits) = repo::callers::find_tenant(&mut conn, named)
            .await?
            .filter(|(tenant, _)| tenant.is_active)
            .ok_or(ApiError::NotFound)?;
        Ok(Self {
            tenant: tenant.id,
            limits,
            ..self
        })
    }

    /// Counts scans against the tenant's quota of the day, in the transaction that queues them.
    ///
    /// # Errors
    ///
    /// [`ApiError::TooMany`] when there are none left, and those of the database.
    pub async fn count_scans(&self, conn: &mut TenantConnection, scans: usize) -> ApiResult<()> {
        let own = self.limits.as_ref().and_then(|limits| limits.scans_per_day);
        let Some(quota) = own.or(Some(self.defaults.scans_per_day).filter(|quota| *quota > 0)) else {
            return Ok(());
        };
        let scans = i64::try_from(scans).unwrap_or(i64::MAX);
        let day = repo::scan_days::count(conn, scans).await?;
        if day.scans <= i64::from(quota) {
            return Ok(());
        }
        let left = (i64::from(quota) - (day.scans - scans)).max(0);
        Err(ApiError::TooMany {
            detail: format!("the tenant may queue {quota} scans a day (UTC): {left} are left, and this takes {scans}"),
            retry_after: super::limits::whole_seconds(day.ends_in),
        })
    }

    /// Notes in the audit log what the request does, in the transaction that does it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn note(
        &self,
        conn: &mut TenantConnection,
        action: &str,
        subject: Option<&str>,
        details: serde_json::Value,
    ) -> ApiResult<()> {
        let details = RawJson::from(details);
        let entry = NewAuditEntry {
            actor: &self.actor.to_string(),
            action,
            subject,
            details: Some(&details),
            request_id: Some(self.request.0),
        };
        repo::audit_log::insert(conn, &entry).await?;
        Ok(())
    }

    /// Returns what the caller and the tenant as a whole may do of a kind in a minute; zero is any number.
    pub(super) fn rates(&self, kind: RateKind) -> (i32, i32) {
        let of = |rates: Rates| match kind {
            RateKind::Requests => rates.requests,
            RateKind::Batches => rates.batches,
        };
        let own = |limit: fn(&TenantLimits) -> Option<i32>| self.limits.as_ref().and_then(limit);
        let (caller, tenant) = match kind {
            RateKind::Requests => (
                own(|limits| limits.caller_requests_per_minute),
                own(|limits| limits.requests_per_minute),
            ),
            RateKind::Batches => (
                own(|limits| limits.caller_batches_per_minute),
                own(|limits| limits.batches_per_minute),
            ),
        };
        (
            caller.unwrap_or_else(|| of(self.defaults.caller)),
            tenant.unwrap_or_else(|| of(self.defaults.tenant)),
        )
    }

    async fn authenticate(request: &Request<'_>) -> ApiResult<Self> {
        let credential = credential(request)?;
        let state = Managed::of(request)?;
        let identity = if is_key(credential) {
            let hash = KeySecret::hash_of(credential);
            let found = state.identities.key(state.pool, &hash).await?;
            found.ok_or(ApiError::Unauthorized("this API key is not valid"))?
        } else {
            let RequestId(id) = RequestId::of(request);
            let person = state.tokens.check(credential).await.map_err(|reason| {
                log::debug!("request {id}: a token is refused: {reason}");
                ApiError::Unauthorized("this is neither a valid API key nor a valid token")
            })?;
            state.identities.person(state.pool, person).await?
        };
        let Identity {
            actor,
            tenant,
            scopes,
            may_act_for_all,
            limits,
        } = identity;
        let caller = Self {
            actor,
            tenant,
            scopes,
            may_act_for_all,
            limits,
            defaults: *state.limits.config(),
            request: RequestId::of(request),
        };
        state
            .limits
            .count(request, state.pool, &caller, RateKind::Requests)
            .await?;
        match named_tenant(request)? {
            None => Ok(caller),
            Some(named) => caller.turn_to(named, state.pool).await,
        }
    }
}

/// What the guard needs of the program.
struct Managed<'r> {
    pool: &'r Pool,
    identities: &'r Identities,
    tokens: &'r Tokens,
    limits: &'r Limits,
}

impl<'r> Managed<'r> {
    fn of(request: &'r Request<'_>) -> ApiResult<Self> {
        let rocket = request.rocket();
        match (rocket.state(), rocket.state(), rocket.state(), rocket.state()) {
            (Some(pool), Some(identities), Some(tokens), Some(limits)) => Ok(Self {
                pool,
                identities,
                tokens,
                limits,
            }),
            _ => Err(ApiError::Internal(
                "what callers are known by is not managed".to_owned(),
            )),
        }
    }
}

fn credential<'r>(request: &'r Request<'_>) -> ApiResult<&'r str> {
    let mut headers = request.headers().get("Authorization");
    let header = headers.next().ok_or(ApiError::Unauthorized(
        "who calls? Send the header `Authorization: Bearer <API key or token>`",
    ))?;
    if headers.next().is_some() {
        return Err(ApiError::Unauthorized("there are two Authorization headers"));
    }
    match header.split_once(' ') {
        Some((scheme, credential)) if scheme.eq_ignore_ascii_case("bearer") => Ok(credential.trim()),
        _ => Err(ApiError::Unauthorized(
            "the Authorization header must be `Bearer <API key or token>`",
        )),
    }
}

fn read_tenant(named: &str) -> ApiResult<Uuid> {
    Uuid::parse_str(named.trim())
        .map_err(|_| ApiError::bad_request("tenant_id", format!("tenant_id is {named:?}: it must be a UUID")))
}

/// Returns the one tenant that header and query name. An empty parameter of a query names none.
fn named_tenant(request: &Request<'_>) -> ApiResult<Option<Uuid>> {
    let headers = request.headers().get("X-Tenant-Id").map(read_tenant);
    let query = request
        .query_fields()
        .filter(|field| field.name == "tenant_id" && !field.value.is_empty());
    let mut named = None;
    for tenant in headers.chain(query.map(|field| read_tenant(field.value))) {
        let tenant = tenant?;
        if named.replace(tenant).is_some_and(|earlier| earlier != tenant) {
            return Err(ApiError::bad_request("tenant_id", "the request names two tenants"));
        }
    }
    Ok(named)
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Caller {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        // Once a request, however many guards ask: it is counted.
        let known = request
            .local_cache_async(async { Self::authenticate(request).await.map_err(|error| error.keep(request)) })
            .await;
        match known {
            Ok(caller) => Outcome::Success(caller.clone()),
            Err(status) => Outcome::Error((*status, ())),
        }
    }
}

/// A caller who may queue a batch now, which has been counted.
#[derive(Clone, Copy, Debug)]
pub struct CountedBatch;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for CountedBatch {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let caller = match Caller::from_request(request).await {
            Outcome::Success(caller) => caller,
            Outcome::Error(error) => return Outcome::Error(error),
            Outcome::Forward(status) => return Outcome::Forward(status),
        };
        let counted = match Managed::of(request) {
            Ok(state) => {
                state
                    .limits
                    .count(request, state.pool, &caller, RateKind::Batches)
                    .await
            }
            Err(error) => Err(error),
        };
        match counted {
            Ok(()) => Outcome::Success(Self),
            Err(error) => Outcome::Error((error.keep(request), ())),
        }
    }
}

/// Returns a name for something in the cache of identities that tells nothing of it.
pub(super) fn fingerprint(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
