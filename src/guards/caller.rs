//! The authenticated caller, its permission and its tenant.

use std::marker::PhantomData;

use database::ids::TenantId;
use database::models::api_key::{KeySecret, is_key};
use database::models::audit_entry::NewAuditEntry;
use database::models::enums::{RateKind, Scope};
use database::models::tenant_limits::TenantLimits;
use database::models::values::RawJson;
use database::pool::Pool;
use database::repo;
use database::tenant::TenantConnection;
use jobs::Quotas;
use rocket::http::{Method, Status};
use rocket::request::{FromRequest, Outcome, Request};
use uuid::Uuid;

use super::actor::Actor;
use super::identity::{Identities, Identity};
use super::limits::{Counted, Limits};
use super::named::{credential, named_tenant, read_tenant};
use super::parameters::Parameters;
use super::token::Tokens;
use crate::config::{LimitsConfig, Rates};
use crate::error::{ApiError, ApiResult, RequestId};

/// A permission as a type, for use in a handler's signature.
pub trait Permission: Send + Sync + 'static {
    /// The scope that the key or the role must have; `None` admits every caller.
    const SCOPE: Option<Scope>;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Permission for $name {
                const SCOPE: Option<Scope> = Some(Scope::$name);
            }
        )+
    };
}

permissions! {
    /// May read the tenant's rows.
    Read,
    /// May start work.
    Scan,
    /// May curate: change statuses, notes, tags and corrections.
    Curate,
    /// May delete rows and manage keys.
    Admin,
}

/// May ask who it is, like every caller.
#[derive(Clone, Copy, Debug)]
pub struct Anyone;

impl Permission for Anyone {
    const SCOPE: Option<Scope> = None;
}

/// A caller with a valid API key or token and the permission `P`, and the tenant that the request acts for.
///
/// The guard counts the request and fails beyond the limits. It also checks a tenant that the header `X-Tenant-Id` or
/// the query's `tenant_id` names; [`Caller::acting_for`] checks one that a body names.
#[derive(Debug)]
pub struct Caller<P> {
    pub(super) known: Known,
    permission: PhantomData<fn() -> P>,
}

/// A caller, before its permission is checked.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) actor: Actor,
    /// The tenant that the request acts for.
    pub(super) tenant: TenantId,
    /// The caller's own tenant.
    pub(super) home: TenantId,
    scopes: Vec<Scope>,
    pub(super) may_act_for_all: bool,
    limits: Option<TenantLimits>,
    defaults: LimitsConfig,
    pub(super) request: RequestId,
    /// The hash of the session in which somebody is signed in; `None` where a header field has the credential.
    pub(super) session: Option<[u8; 32]>,
}

impl<P: Permission> Caller<P> {
    /// Checks that a caller has the permission.
    pub(super) fn with(known: Known) -> ApiResult<Self> {
        P::SCOPE.map_or(Ok(()), |scope| known.require(scope))?;
        Ok(Self {
            known,
            permission: PhantomData,
        })
    }

    /// Returns the tenant that the request acts for.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.known.tenant
    }

    /// Returns who sent the request.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.known.actor
    }

    /// Checks for a further scope, such as one that the caller grants to a key.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] if the caller does not have it.
    pub fn require(&self, scope: Scope) -> ApiResult<()> {
        self.known.require(scope)
    }

    /// Returns the caller, acting for the tenant that a body names, or unchanged if it names none.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`] if the name is not a UUID, [`ApiError::Forbidden`] if the caller may not act for the
    /// tenant, [`ApiError::NotFound`] if a super administrator names one that does not exist or is not active.
    pub async fn acting_for(self, named: Option<&str>, pool: &Pool) -> ApiResult<Self> {
        let known = match named {
            None => self.known,
            Some(named) => self.known.turn_to(read_tenant(named)?, pool).await?,
        };
        Ok(Self { known, ..self })
    }

    /// Adds an entry to the audit log, in the transaction that performs the action.
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
            actor: &self.known.actor.to_string(),
            action,
            subject,
            details: Some(&details),
            request_id: Some(self.known.request.0),
        };
        repo::audit_log::insert(conn, &entry).await?;
        Ok(())
    }
}

impl<P: Permission> Caller<P> {
    /// Returns what the caller may do.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.known.scopes
    }

    /// Returns whether the caller may act for every tenant.
    #[must_use]
    pub fn may_act_for_all(&self) -> bool {
        self.known.may_act_for_all
    }

    /// Returns the limits per minute on requests of a kind, of the caller and of its tenant as a whole; `None` means no
    /// limit.
    #[must_use]
    pub fn rate_limits(&self, kind: RateKind) -> (Option<i32>, Option<i32>) {
        let counted = self.known.counted(kind);
        let limit = |limit: i32| Some(limit).filter(|limit| *limit > 0);
        (limit(counted.caller_limit), limit(counted.tenant_limit))
    }

    /// Returns the tenant's quotas.
    #[must_use]
    pub fn quotas(&self) -> Quotas {
        self.known.defaults.quotas().of_tenant(self.known.limits.as_ref())
    }

    /// Returns how many rows the tenant may store; `None` means no limit.
    #[must_use]
    pub fn stored_rows(&self) -> Option<i64> {
        self.quotas().stored_rows
    }
}

impl Known {
    fn require(&self, scope: Scope) -> ApiResult<()> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(ApiError::Forbidden(match self.actor {
            Actor::Key(_) => format!("this key does not have the scope \"{scope}\""),
            Actor::Person(_) | Actor::Administrator(_) => {
                format!("this request requires the scope \"{scope}\", which administrators of the tenant have")
            }
        }))
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
            actor: self.actor.acting_in(tenant.id == self.home),
            tenant: tenant.id,
            limits,
            ..self
        })
    }

    /// Returns the subjects of a rate limit, the caller and its tenant, with their limits per minute.
    fn counted(&self, kind: RateKind) -> Counted {
        let of = |rates: Rates| match kind {
            RateKind::Reads => rates.reads,
            RateKind::Requests => rates.requests,
            RateKind::Batches => rates.batches,
        };
        let own = |limit: fn(&TenantLimits) -> Option<i32>| self.limits.as_ref().and_then(limit);
        let requests = (
            own(|limits| limits.caller_requests_per_minute),
            own(|limits| limits.requests_per_minute),
        );
        // Whoever may send more other requests than reads may read as often.
        let reads = |own: Option<i32>, rates: Rates| own.filter(|own| rates.reads > 0 && *own > rates.reads);
        let (caller, tenant) = match kind {
            RateKind::Reads => (
                reads(requests.0, self.defaults.caller),
                reads(requests.1, self.defaults.tenant),
            ),
            RateKind::Requests => requests,
            RateKind::Batches => (
                own(|limits| limits.caller_batches_per_minute),
                own(|limits| limits.batches_per_minute),
            ),
        };
        Counted {
            kind,
            tenant: self.tenant,
            caller: self.actor.id(),
            caller_limit: caller.unwrap_or_else(|| of(self.defaults.caller)),
            tenant_limit: tenant.unwrap_or_else(|| of(self.defaults.tenant)),
        }
    }

    /// Returns the caller of a request, authenticated and counted once, however many guards need it.
    pub(super) async fn of(request: &Request<'_>) -> Result<Self, Status> {
        let known: &Result<Self, Status> = request
            .local_cache_async(async {
                let known = Self::authenticate(request).await;
                known.map_err(|error| error.of_route(request).keep(request))
            })
            .await;
        known.clone()
    }

    async fn authenticate(request: &Request<'_>) -> ApiResult<Self> {
        let state = Managed::of(request)?;
        let identity = state.identify_by_header(request).await?;
        let known = Self::counted_once(request, &state, identity).await?;
        state.parameters.check(request)?;
        match named_tenant(request)? {
            None => Ok(known),
            Some(named) => known.turn_to(named, state.pool).await,
        }
    }

    /// Returns the caller with an identity, once the request is counted.
    pub(super) async fn counted_once(
        request: &Request<'_>,
        state: &Managed<'_>,
        identity: Identity,
    ) -> ApiResult<Self> {
        let Identity {
            actor,
            tenant,
            scopes,
            may_act_for_all,
            limits,
        } = identity;
        let known = Self {
            actor,
            tenant,
            home: tenant,
            scopes,
            may_act_for_all,
            limits,
            defaults: *state.limits.config(),
            request: RequestId::of(request),
            session: None,
        };
        // Asking how far a job is must not keep anybody from starting one.
        let counted = known.counted(match request.method() {
            Method::Get | Method::Head => RateKind::Reads,
            _ => RateKind::Requests,
        });
        state.limits.count(request, state.pool, &counted).await?;
        Ok(known)
    }
}

/// The managed state that the guards of callers need.
pub(super) struct Managed<'r> {
    pub(super) pool: &'r Pool,
    pub(super) identities: &'r Identities,
    tokens: &'r Tokens,
    limits: &'r Limits,
    parameters: &'r Parameters,
}

impl<'r> Managed<'r> {
    /// Returns the identity behind the credential in the header fields of a request.
    pub(super) async fn identify_by_header(&self, request: &Request<'_>) -> ApiResult<Identity> {
        self.identify(request, credential(request)?).await
    }

    /// Returns the identity behind the credential of a request. Credentials that are not valid count against the limit of
    /// their address.
    pub(super) async fn identify(&self, request: &Request<'_>, credential: &str) -> ApiResult<Identity> {
        let address = request.client_ip();
        let found = if is_key(credential) {
            let hash = KeySecret::hash_of(credential);
            let may_ask = || self.limits.check_credentials(address);
            self.identities.key(self.pool, &hash, may_ask).await
        } else {
            self.identify_person(request, credential).await
        };
        if matches!(found, Err(ApiError::Unauthorized(_))) {
            self.limits.count_invalid_credential(address)?;
        }
        found
    }

    async fn identify_person(&self, request: &Request<'_>, token: &str) -> ApiResult<Identity> {
        let RequestId(id) = RequestId::of(request);
        let person = self.tokens.check(token).await.map_err(|reason| {
            log::debug!("request {id}: token rejected: {reason}");
            ApiError::Unauthorized("the credential is neither a valid API key nor a valid token")
        })?;
        self.identities.person(self.pool, person).await
    }

    pub(super) fn of(request: &'r Request<'_>) -> ApiResult<Self> {
        let rocket = request.rocket();
        let found = || {
            Some(Self {
                pool: rocket.state()?,
                identities: rocket.state()?,
                tokens: rocket.state()?,
                limits: rocket.state()?,
                parameters: rocket.state()?,
            })
        };
        found().ok_or_else(|| ApiError::Internal("the state of the caller guard is not managed".to_owned()))
    }
}

#[rocket::async_trait]
impl<'r, P: Permission> FromRequest<'r> for Caller<P> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let known = match Known::of(request).await {
            Ok(known) => known,
            Err(status) => return Outcome::Error((status, ())),
        };
        match Self::with(known) {
            Ok(caller) => Outcome::Success(caller),
            Err(error) => Outcome::Error((error.keep(request), ())),
        }
    }
}

/// Counts the request against the limits on batches, for a caller that may scan.
#[derive(Clone, Copy, Debug)]
pub struct CountedBatch;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for CountedBatch {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let known = match Known::of(request).await {
            Ok(known) => known,
            Err(status) => return Outcome::Error((status, ())),
        };
        let counted = async {
            known.require(Scope::Scan)?;
            let state = Managed::of(request)?;
            let counted = known.counted(RateKind::Batches);
            state.limits.count(request, state.pool, &counted).await
        };
        match counted.await {
            Ok(()) => Outcome::Success(Self),
            Err(error) => Outcome::Error((error.keep(request), ())),
        }
    }
}
