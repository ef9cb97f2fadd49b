//! The public keys of the service that issues tokens (JSON Web Key Set, RFC 7517).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::{Client, redirect};
use rustls::ClientConfig;
use rustls::crypto::ring;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;
use web::trust::system_roots;

/// How long keys count as fresh.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// Minimum time between two requests to the service, for an unknown key or while it does not answer.
const ASK_EVERY: Duration = Duration::from_secs(30);
/// How long keys stay valid while the service does not answer.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// Timeout of a request to the service.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum size of a key set, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// A key and the algorithm it may be used with.
#[derive(Clone, Debug)]
pub struct PublicKey {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The key.
    pub key: DecodingKey,
}

/// The keys published at one URL, fetched on demand and cached.
///
/// A caller with a known key never waits for the service: stale keys are refreshed in the background.
#[derive(Clone, Debug)]
pub struct Jwks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    url: Url,
    state: Mutex<State>,
    /// Held during a request to the service, so that only one is made.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    keys: HashMap<String, PublicKey>,
    fetched_at: Option<Instant>,
    asked_at: Option<Instant>,
}

impl State {
    fn may_ask(&self) -> bool {
        self.asked_at.is_none_or(|at| at.elapsed() >= ASK_EVERY)
    }

    fn is_fresh(&self) -> bool {
        self.fetched_at.is_some_and(|at| at.elapsed() < FRESH)
    }

    fn find(&self, id: &str) -> Option<PublicKey> {
        let is_usable = self.fetched_at.is_some_and(|at| at.elapsed() < STALE);
        self.keys.get(id).filter(|_| is_usable).cloned()
    }
}

impl Jwks {
    /// Creates a client for `url`, which the operator sets and which may be any address.
    ///
    /// # Errors
    ///
    /// Returns an error if the TLS client cannot be set up.
    pub fn new(url: Url) -> Result<Self, rustls::Error> {
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(system_roots().store.clone())
            .with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        Ok(Self(Arc::new(Inner {
            client,
            url,
            state: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        })))
    }

    /// Returns a cached key, or `None`, without a request.
    #[must_use]
    pub fn find_known(&self, id: &str) -> Option<PublicKey> {
        self.0.with(|state| state.find(id))
    }

    /// Returns a key, fetching the key set if it is not cached.
    pub async fn find(&self, id: &str) -> Option<PublicKey> {
        let (known, is_fresh, may_ask) = self.0.with(|state| (state.find(id), state.is_fresh(), state.may_ask()));
        match known {
            Some(key) => {
                if !is_fresh && may_ask {
                    let inner = Arc::clone(&self.0);
                    tokio::spawn(async move { inner.ask(|state| !state.is_fresh()).await });
                }
                Some(key)
            }
            None if may_ask => {
                self.0.ask(|state| state.find(id).is_none()).await;
                self.find_known(id)
            }
            // Another caller's request may be in progress.
            None => {
                drop(self.0.asking.lock().await);
                self.find_known(id)
            }
        }
    }
}

impl Inner {
    fn with<T>(&self, read: impl FnOnce(&mut State) -> T) -> T {
        read(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fetches the key set, unless it was just fetched or is no longer needed.
    async fn ask(&self, is_needed: impl FnOnce(&State) -> bool) {
        let _asking = self.asking.lock().await;
        let is_due = self.with(|state| {
            let is_due = is_needed(state) && state.may_ask();
            if is_due {
                state.asked_at = Some(Instant::now());
            }
            is_due
        });
        if !is_due {
            return;
        }
        match self.fetch().await {
            Ok(keys) => self.with(|state| {
                state.keys = keys;
                state.fetched_at = Some(Instant::now());
            }),
            // Without its URL, which may contain a secret.
            Err(error) => log::warn!("fetching the JWKS failed: {error:#}"),
        }
    }

    async fn fetch(&self) -> anyhow::Result<HashMap<String, PublicKey>> {
        let request = self.client.get(self.url.clone()).send().await;
        let mut response = request
            .and_then(reqwest::Response::error_for_status)
            .map_err(reqwest::Error::without_url)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            anyhow::ensure!(
                body.len() + chunk.len() <= MAX_BYTES,
                "the response is larger than {MAX_BYTES} bytes"
            );
            body.extend_from_slice(&chunk);
        }
        read(&body)
    }
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// Parses a key set. Keys of unsupported kinds are skipped.
fn read(body: &[u8]) -> anyhow::Result<HashMap<String, PublicKey>> {
    let KeySet { keys } = serde_json::from_slice(body)?;
    let usable = keys
        .into_iter()
        .filter_map(|key| usable(&serde_json::from_value(key).ok()?));
    Ok(usable.collect())
}

fn usable(jwk: &Jwk) -> Option<(String, PublicKey)> {
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        _ => return None,
    };
    let is_for_signatures = jwk
        .common
        .public_key_use
        .as_ref()
        .is_none_or(|of| *of == PublicKeyUse::Signature);
    let is_for_algorithm = jwk
        .common
        .key_algorithm
        .is_none_or(|named_by_key| named_by_key == named);
    if !is_for_signatures || !is_for_algorithm {
        return None;
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    Some((jwk.common.key_id.clone()?, PublicKey { algorithm, key }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsupported_keys_are_skipped() {
        let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
        let set = serde_json::json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "kid": "good", "x": x, "y": x },
            { "kty": "EC", "crv": "P-256", "kid": "for encryption", "use": "enc", "x": x, "y": x },
            { "kty": "EC", "crv": "P-256", "kid": "of another algorithm", "alg": "HS256", "x": x, "y": x },
            { "kty": "EC", "crv": "P-384", "kid": "of another curve", "x": x, "y": x },
            { "kty": "EC", "crv": "P-256", "x": x, "y": x },
            { "kty": "oct", "kid": "a secret", "k": "c2VjcmV0" },
            { "kty": "of tomorrow" },
            7
        ] });
        let keys = read(set.to_string().as_bytes()).unwrap();
        assert_eq!(keys.keys().collect::<Vec<_>>(), ["good"]);
        assert_eq!(keys["good"].algorithm, Algorithm::ES256);
        assert!(read(b"[]").is_err());
    }

    /// Advances a paused clock by an hour without the service, then by a day.
    #[tokio::test]
    async fn known_keys_survive_an_outage_of_at_most_a_day() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
        let set = format!(r#"{{"keys":[{{"kty":"EC","crv":"P-256","kid":"known","x":"{x}","y":"{x}"}}]}}"#);
        let answers_once = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await.unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                set.len()
            );
            stream.write_all((head + &set).as_bytes()).await.unwrap();
        });
        let keys = Jwks::new(url.parse().unwrap()).unwrap();
        assert!(keys.find("known").await.is_some());
        answers_once.await.unwrap();
        tokio::time::pause();
        for minute in 0..60 {
            tokio::time::advance(Duration::from_secs(60)).await;
            assert!(keys.find("known").await.is_some(), "after {minute} minutes");
        }
        assert!(keys.find("unknown").await.is_none());
        tokio::time::advance(Duration::from_secs(22 * 60 * 60)).await;
        assert!(keys.find("known").await.is_some(), "after 23 hours");
        tokio::time::advance(Duration::from_secs(61 * 60)).await;
        assert!(keys.find("known").await.is_none(), "after a day");
    }
}
