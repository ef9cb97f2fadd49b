//! The identities behind credentials, read from the database and cached briefly.

use std::time::Duration;

use database::ids::{SessionId, TenantId, UserId};
use database::models::api_key::ApiKey;
use database::models::enums::Scope;
use database::models::tenant_limits::TenantLimits;
use database::pool::Pool;
use database::repo;
use database::tenant::SystemConnection;
use moka::sync::Cache;

use super::actor::{Actor, fingerprint};
use super::token::Person;
use crate::error::{ApiError, ApiResult};

/// How long an identity is cached: half of the 5 s within which a revoked key must be refused everywhere.
const CACHED_FOR: Duration = Duration::from_millis(2500);
/// How long a key that was valid is looked up even for an address that sends too many that are not: it shares the address
/// with whoever does that.
const TRUSTED_FOR: Duration = Duration::from_secs(60 * 60);
/// Maximum number of cached credentials of each kind; beyond it the least used are evicted.
const MAX_CACHED: u64 = 10_000;

/// The identity behind a credential.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) actor: Actor,
    pub(super) tenant: TenantId,
    pub(super) scopes: Vec<Scope>,
    pub(super) may_act_for_all: bool,
    pub(super) limits: Option<TenantLimits>,
}

impl Identity {
    fn of_key(key: &ApiKey, limits: Option<TenantLimits>) -> Self {
        Self {
            actor: Actor::Key(key.id),
            tenant: key.tenant_id,
            scopes: key.scopes.0.iter().filter_map(|label| label.parse().ok()).collect(),
            may_act_for_all: false,
            limits,
        }
    }
}

/// Why a credential has no identity.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    /// The key does not exist, was revoked or has expired.
    UnknownKey,
    /// A person without a tenant, and the reason.
    Stranger(&'static str),
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownKey => Self::Unauthorized("this API key is not valid"),
            Refusal::Stranger(reason) => Self::Forbidden(reason.to_owned()),
        }
    }
}

/// The result of a look-up.
type Found = Result<Identity, Refusal>;

/// The cache of identities, and apart from them of credentials that are not valid: those must not evict valid ones.
#[derive(Debug)]
pub struct Identities {
    valid: Cache<[u8; 32], Identity>,
    invalid: Cache<[u8; 32], Refusal>,
    trusted: Cache<[u8; 32], ()>,
    sessions: Cache<[u8; 32], (Identity, SessionId)>,
}

impl Default for Identities {
    fn default() -> Self {
        fn cache<T: Clone + Send + Sync + 'static>(time: Duration) -> Cache<[u8; 32], T> {
            Cache::builder().max_capacity(MAX_CACHED).time_to_live(time).build()
        }
        Self {
            valid: cache(CACHED_FOR),
            invalid: cache(CACHED_FOR),
            trusted: cache(TRUSTED_FOR),
            sessions: cache(CACHED_FOR),
        }
    }
}

impl Identities {
    /// Returns the identity of the API key with this hash. `may_ask` is called before the database is asked about a key
    /// that was not valid lately.
    pub(super) async fn key(
        &self,
        pool: &Pool,
        hash: &[u8; 32],
        may_ask: impl FnOnce() -> ApiResult<()>,
    ) -> ApiResult<Identity> {
        if let Some(known) = self.known(hash) {
            return Ok(known?);
        }
        if !self.trusted.contains_key(hash) {
            may_ask()?;
        }
        let found = find_key(pool, hash).await?;
        if found.is_ok() {
            self.trusted.insert(*hash, ());
        }
        self.keep(*hash, found)
    }

    /// Returns the identity of a person.
    pub(super) async fn person(&self, pool: &Pool, person: Person) -> ApiResult<Identity> {
        let tenant = person.tenant.map(uuid::Uuid::into_bytes).unwrap_or_default();
        let name = fingerprint(&[b"person", person.id.as_bytes(), &tenant]);
        match self.known(&name) {
            Some(known) => Ok(known?),
            None => self.keep(name, find_person(pool, person).await?),
        }
    }

    /// Returns the identity of the session with this hash, and the session.
    pub(super) async fn session(&self, pool: &Pool, hash: &[u8; 32]) -> ApiResult<(Identity, SessionId)> {
        if let Some(known) = self.sessions.get(hash) {
            return Ok(known);
        }
        let found = find_session(pool, hash).await?;
        self.sessions.insert(*hash, found.clone());
        Ok(found)
    }

    /// Forgets a session that has ended.
    pub(super) fn forget_session(&self, hash: &[u8; 32]) {
        self.sessions.invalidate(hash);
    }

    fn known(&self, name: &[u8; 32]) -> Option<Found> {
        let valid = self.valid.get(name).map(Ok);
        valid.or_else(|| self.invalid.get(name).map(Err))
    }

    fn keep(&self, name: [u8; 32], found: Found) -> ApiResult<Identity> {
        match &found {
            Ok(identity) => self.valid.insert(name, identity.clone()),
            Err(refusal) => self.invalid.insert(name, *refusal),
        }
        Ok(found?)
    }
}

async fn find_key(pool: &Pool, hash: &[u8; 32]) -> ApiResult<Found> {
    let mut conn = pool.system().await?;
    let Some((key, limits)) = repo::api_keys::find_valid(&mut conn, hash).await? else {
        return Ok(Err(Refusal::UnknownKey));
    };
    repo::api_keys::touch(&mut conn, &key).await?;
    conn.commit().await?;
    Ok(Ok(Identity::of_key(&key, limits)))
}

async fn find_session(pool: &Pool, hash: &[u8; 32]) -> ApiResult<(Identity, SessionId)> {
    const ENDED: ApiError = ApiError::Unauthorized("the session has ended: sign in again");
    let mut conn = pool.system().await?;
    let session = repo::sessions::find(&mut conn, hash).await?.ok_or(ENDED)?;
    let identity = match session.user_id {
        None => {
            let found = repo::api_keys::find_valid_of(&mut conn, &session).await?;
            let (key, limits) = found.ok_or(ENDED)?;
            repo::api_keys::touch(&mut conn, &key).await?;
            Identity::of_key(&key, limits)
        }
        Some(user) => {
            let person = Person {
                id: user.get(),
                tenant: Some(session.tenant_id.get()),
            };
            find_person_with(&mut conn, person).await??
        }
    };
    repo::sessions::touch(&mut conn, &session).await?;
    conn.commit().await?;
    Ok((identity, session.id))
}

async fn find_person(pool: &Pool, person: Person) -> ApiResult<Found> {
    find_person_with(&mut pool.system().await?, person).await
}

async fn find_person_with(conn: &mut SystemConnection, person: Person) -> ApiResult<Found> {
    let id = UserId::from(person.id);
    let (tenant, role, limits) = match repo::callers::find_person(conn, id).await? {
        Some((profile, tenant, limits)) => (tenant, profile.role, limits),
        None => match person.tenant {
            None => {
                return Ok(Err(Refusal::Stranger(
                    "this user has no profile, and the token names no tenant: an administrator must add a profile",
                )));
            }
            Some(named) => match repo::callers::find_tenant(conn, named).await? {
                Some((tenant, limits)) => (tenant, None, limits),
                None => return Ok(Err(Refusal::Stranger("the tenant that the token names does not exist"))),
            },
        },
    };
    if !tenant.is_active {
        return Ok(Err(Refusal::Stranger("the tenant of this user is not active")));
    }
    let (scopes, may_act_for_all) = rights(role.as_deref());
    Ok(Ok(Identity {
        actor: Actor::Person(id),
        tenant: tenant.id,
        scopes: scopes.to_vec(),
        may_act_for_all,
        limits,
    }))
}

/// Returns the scopes of a role, and whether they hold for every tenant. An unknown role has those of a member.
fn rights(role: Option<&str>) -> (&'static [Scope], bool) {
    match role {
        Some("SUPER_ADMIN" | "GLOBAL_ADMIN") => (Scope::ALL, true),
        Some("ADMIN") => (Scope::ALL, false),
        _ => (&[Scope::Read, Scope::Scan, Scope::Curate], false),
    }
}
