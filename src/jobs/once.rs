//! A request that has a name is done once, and answered the same however often it is sent.

use database::repo::{self, QueryError};
use database::tenant::TenantConnection;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The longest name of a request.
const MAX_KEY_BYTES: usize = 255;

/// A client's name for a request, and what the request was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    key: String,
    hash: [u8; 32],
}

/// Why a request cannot be done once under its name.
#[derive(Debug, thiserror::Error)]
pub enum OnceError {
    /// It is not a name.
    #[error("Idempotency-Key must be 1 to {MAX_KEY_BYTES} printable ASCII characters without spaces")]
    Malformed,
    /// Another request has the name.
    #[error("Idempotency-Key {0:?} was used for another request: a new request needs a new key")]
    Taken(String),
    /// The answer of the earlier request cannot be given again.
    #[error("an answer under an Idempotency-Key: {0}")]
    Answer(String),
    /// The database failed.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// A status and a JSON body, as they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The JSON.
    pub body: String,
}

impl RequestKey {
    /// Names a request to `route`, which is method and path with query, whose body has this SHA-256.
    ///
    /// # Errors
    ///
    /// [`OnceError::Malformed`].
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

/// Does `work` and commits, or returns what it was answered before under the same key.
///
/// What was done and that it was done are written in one transaction: `work` gets it, and returns a status with what
/// becomes the body.
///
/// # Errors
///
/// [`OnceError`], and those of `work`; nothing is written then.
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

/// Returns what a request was answered before, or notes that it begins now.
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
        _ => Err(OnceError::Answer("there is none".to_owned())),
    }
}
