//! Idempotency: a request with a key runs once and always gets the same response.

use database::repo::{self, QueryError};
use database::tenant::TenantConnection;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Maximum length of a key.
const MAX_KEY_BYTES: usize = 255;

/// A client's key for a request, with a hash of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    key: String,
    hash: [u8; 32],
}

/// Why a request cannot run under its key.
#[derive(Debug, thiserror::Error)]
pub enum OnceError {
    /// The key is malformed.
    #[error("Idempotency-Key must be 1 to {MAX_KEY_BYTES} printable ASCII characters without spaces")]
    Malformed,
    /// The key was used for another request.
    #[error("Idempotency-Key {0:?} was used for another request: a new request needs a new key")]
    Taken(String),
    /// The response cannot be stored, or the stored one cannot be returned.
    #[error("the answer under an Idempotency-Key is unusable: {0}")]
    Answer(String),
    /// The database failed.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// A stored response: status and JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body.
    pub body: String,
}

impl RequestKey {
    /// Creates the key of a request to `route` (method, path and query) whose body has this SHA-256.
    ///
    /// # Errors
    ///
    /// [`OnceError::Malformed`] if the key is not valid.
    pub fn new(key: &str, route: &str, body: &[u8; 32]) -> Result<Self, OnceError> {
        if key.is_empty() || key.len() > MAX_KEY_BYTES || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(OnceError::Malformed);
        }
        let hash = Sha256::new().chain_update(route).chain_update(body).finalize();
        Ok(Self {
            key: key.to_owned(),
            hash: hash.into(),
        })
    }
}

/// Runs `work` and commits, or returns the stored response of an earlier request with the same key.
///
/// The work and its response are written in one transaction, which `work` gets; it returns the status and the value
/// that becomes the body. Of two simultaneous requests, the second waits for the first. A failure is not stored: if the
/// request is repeated, it runs again.
///
/// # Errors
///
/// [`OnceError`] and the errors of `work`; nothing is written then.
pub async fn once<V, E>(
    key: Option<&RequestKey>,
    mut conn: TenantConnection,
    work: impl AsyncFnOnce(&mut TenantConnection) -> Result<(u16, V), E>,
) -> Result<Reply, E>
where
    V: Serialize,
    E: From<OnceError> + From<QueryError>,
{
    if let Some(key) = key
        && let Some(reply) = earlier(key, &mut conn).await?
    {
        return Ok(reply);
    }
    let (status, view) = work(&mut conn).await?;
    let body = serde_json::to_string(&view).map_err(|error| OnceError::Answer(error.to_string()))?;
    if let Some(key) = key {
        let stored = i16::try_from(status).map_err(|error| OnceError::Answer(error.to_string()))?;
        repo::idempotency_keys::finish(&mut conn, &key.key, stored, &body).await?;
    }
    conn.commit().await?;
    Ok(Reply { status, body })
}

/// Returns the stored response, or records that the request runs now.
async fn earlier(key: &RequestKey, conn: &mut TenantConnection) -> Result<Option<Reply>, OnceError> {
    let Some(known) = repo::idempotency_keys::begin(conn, &key.key, &key.hash).await? else {
        return Ok(None);
    };
    if known.request_hash != key.hash {
        return Err(OnceError::Taken(key.key.clone()));
    }
    match (
        known.status.and_then(|status| u16::try_from(status).ok()),
        known.response,
    ) {
        (Some(status), Some(body)) => Ok(Some(Reply { status, body })),
        _ => Err(OnceError::Answer("no answer is stored".to_owned())),
    }
}
