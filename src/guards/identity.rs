//! The identities behind credentials, read from the database and cached briefly.

use std::time::Duration;

use database::ids::{TenantId, UserId};
use database::models::enums::Scope;
use database::models::tenant_limits::TenantLimits;
use database::pool::Pool;
use database::repo;
use moka::sync::Cache;

use super::actor::{Actor, fingerprint};
use super::token::Person;
use crate::error::{ApiError, ApiResult};

/// How long an identity is cached: half of the 5 s within which a revoked key must be refused everywhere.
const CACHED_FOR: Duration = Duration::from_millis(2500);
/// Maximum number of cached credentials; beyond it the least used are evicted.
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

/// The result of a look-up.
#[derive(Clone, Debug)]
enum Found {
    Identity(Identity),
    Nobody,
    /// A user without an active tenant, and the reason.
    Stranger(&'static str),
}

/// The cache of identities, which also remembers invalid credentials.
#[derive(Debug)]
pub struct Identities(Cache<[u8; 32], Found>);

impl Default for Identities {
    fn default() -> Self {
        Self(
            Cache::builder()
                .max_capacity(MAX_CACHED)
                .time_to_live(CACHED_FOR)
                .build(),
        )
    }
}

impl Identities {
    /// Returns the identity of the API key with this hash.
    pub(super) async fn key(&self, pool: &Pool, hash: &[u8; 32]) -> ApiResult<Option<Identity>> {
        let found = match self.0.get(hash) {
            Some(found) => found,
            None => self.keep(*hash, find_key(pool, hash).await?),
        };
        Ok(match found {
            Found::Identity(identity) => Some(identity),
            Found::Nobody | Found::Stranger(_) => None,
        })
    }

    /// Returns the identity of a person.
    pub(super) async fn person(&self, pool: &Pool, person: Person) -> ApiResult<Identity> {
        let tenant = person.tenant.map(uuid::Uuid::into_bytes).unwrap_or_default();
        let name = fingerprint(&[b"person", person.id.as_bytes(), &tenant]);
        let found = match self.0.get(&name) {
            Some(found) => found,
            None => self.keep(name, find_person(pool, person).await?),
        };
        match found {
            Found::Identity(identity) => Ok(identity),
            Found::Stranger(reason) => Err(ApiError::Forbidden(reason.to_owned())),
            Found::Nobody => Err(ApiError::Internal("a person was cached as an unknown key".to_owned())),
        }
    }

    fn keep(&self, name: [u8; 32], found: Found) -> Found {
        self.0.insert(name, found.clone());
        found
    }
}

async fn find_key(pool: &Pool, hash: &[u8; 32]) -> ApiResult<Found> {
    let mut conn = pool.system().await?;
    let Some((key, limits)) = repo::api_keys::find_valid(&mut conn, hash).await? else {
        return Ok(Found::Nobody);
    };
    repo::api_keys::touch(&mut conn, &key).await?;
    conn.commit().await?;
    Ok(Found::Identity(Identity {
        actor: Actor::Key(key.id),
        tenant: key.tenant_id,
        scopes: key.scopes.0.iter().filter_map(|label| label.parse().ok()).collect(),
        may_act_for_all: false,
        limits,
    }))
}

async fn find_person(pool: &Pool, person: Person) -> ApiResult<Found> {
    let mut conn = pool.system().await?;
    let id = UserId::from(person.id);
    let (tenant, role, limits) = match repo::callers::find_person(&mut conn, id).await? {
        Some((profile, tenant, limits)) => (tenant, profile.role, limits),
        None => match person.tenant {
            None => {
                return Ok(Found::Stranger(
                    "this user has no profile, and the token names no tenant: an administrator must add a profile",
                ));
            }
            Some(named) => match repo::callers::find_tenant(&mut conn, named).await? {
                Some((tenant, limits)) => (tenant, None, limits),
                None => return Ok(Found::Stranger("the tenant that the token names does not exist")),
            },
        },
    };
    if !tenant.is_active {
        return Ok(Found::Stranger("the tenant of this user is not active"));
    }
    let (scopes, may_act_for_all) = rights(role.as_deref());
    Ok(Found::Identity(Identity {
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
