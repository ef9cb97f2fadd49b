//! Who calls, and for which tenant.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rocket::request::{FromRequest, Outcome, Request};
use uuid::Uuid;

use crate::db::pool::Pool;
use crate::error::{ApiError, ApiResult};
use crate::models::api_key::{ApiKey, KeySecret};
use crate::models::enums::Scope;
use crate::models::ids::{ApiKeyId, TenantId};
use crate::repo;

/// How long a key that was looked up is taken to be as it was: half of the 5 s in which a revoked
/// key has to be refused everywhere.
const CACHED_FOR: Duration = Duration::from_millis(2500);
/// How many keys are remembered; beyond it all are forgotten at once.
const CACHED_AT_MOST: usize = 10_000;

/// Whoever sent a valid API key.
#[derive(Clone, Debug)]
pub struct Caller {
    key: ApiKeyId,
    tenant: TenantId,
    scopes: Vec<Scope>,
}

impl Caller {
    /// Returns whose rows the request is about.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Returns the key in use.
    #[must_use]
    pub fn key(&self) -> ApiKeyId {
        self.key
    }

    /// Checks that the key allows something.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`], which names the scope.
    pub fn require(&self, scope: Scope) -> ApiResult<()> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(ApiError::Forbidden(format!("this key has no scope \"{scope}\"")))
    }

    /// Checks a tenant that the request names besides the key, in its body or query.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`] when it is no UUID, [`ApiError::Forbidden`] when it is another's.
    pub fn check_tenant(&self, named: Option<&str>) -> ApiResult<()> {
        let Some(named) = named else { return Ok(()) };
        let named = Uuid::parse_str(named.trim())
            .map_err(|_| ApiError::bad_request("tenant_id", format!("tenant_id is {named:?}: it must be a UUID")))?;
        if named == self.tenant.get() {
            return Ok(());
        }
        Err(ApiError::Forbidden("the caller may not act for this tenant".to_owned()))
    }

    async fn authenticate(request: &Request<'_>) -> ApiResult<Self> {
        let header = request
            .headers()
            .get_one("Authorization")
            .ok_or(ApiError::Unauthorized(
                "who calls? Send the header `Authorization: Bearer <API key>`",
            ))?;
        let secret = match header.split_once(' ') {
            Some((scheme, secret)) if scheme.eq_ignore_ascii_case("bearer") => secret.trim(),
            _ => {
                return Err(ApiError::Unauthorized(
                    "the Authorization header must be `Bearer <API key>`",
                ));
            }
        };
        let hash = KeySecret::hash_of(secret);
        let (pool, cache) = match (request.rocket().state::<Pool>(), request.rocket().state::<KeyCache>()) {
            (Some(pool), Some(cache)) => (pool, cache),
            _ => {
                return Err(ApiError::Internal(
                    "the pool or the key cache is not managed".to_owned(),
                ));
            }
        };
        let caller = match cache.get(&hash) {
            Some(caller) => caller,
            None => {
                let caller = look_up(pool, &hash).await?;
                cache.put(hash, caller.clone());
                caller
            }
        };
        let caller = caller.ok_or(ApiError::Unauthorized("this API key is not valid"))?;
        caller.check_tenant(request.headers().get_one("X-Tenant-Id"))?;
        Ok(caller)
    }
}

async fn look_up(pool: &Pool, hash: &[u8; 32]) -> ApiResult<Option<Caller>> {
    let mut conn = pool.system().await?;
    let Some(key) = repo::api_keys::find_valid(&mut conn, hash).await? else {
        return Ok(None);
    };
    repo::api_keys::touch(&mut conn, &key).await?;
    conn.commit().await?;
    let ApiKey {
        id, tenant_id, scopes, ..
    } = key;
    let scopes = scopes.0.iter().filter_map(|label| label.parse().ok()).collect();
    Ok(Some(Caller {
        key: id,
        tenant: tenant_id,
        scopes,
    }))
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Caller {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match Self::authenticate(request).await {
            Ok(caller) => Outcome::Success(caller),
            Err(error) => Outcome::Error((error.keep(request), ())),
        }
    }
}

/// What was found for keys a moment ago, by hash, those that are not valid among them.
#[derive(Debug, Default)]
pub struct KeyCache(Mutex<HashMap<[u8; 32], Known>>);

/// What was found for a key, and when; no caller where the key was not valid.
type Known = (Instant, Option<Caller>);

impl KeyCache {
    /// Returns what was found for a key, if that is recent enough: `Some(None)` is a key known not
    /// to be valid.
    #[expect(
        clippy::option_option,
        reason = "unknown, known to be invalid, and valid are three things"
    )]
    fn get(&self, hash: &[u8; 32]) -> Option<Option<Caller>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, caller) = known.get(hash)?;
        (at.elapsed() < CACHED_FOR).then(|| caller.clone())
    }

    fn put(&self, hash: [u8; 32], caller: Option<Caller>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CACHED_AT_MOST {
            known.clear();
        }
        known.insert(hash, (Instant::now(), caller));
    }
}
