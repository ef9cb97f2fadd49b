//! HTTP to a service that the operator configured, as opposed to a site named by a stranger.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, RequestBuilder, redirect, retry};
use url::Url;

use super::attempt::Attempt;
use super::body::{self, Excess, Sink};
use super::client::tls_config;
use super::page::retry_after;
use super::policy::host_of;
use super::settings::{CONNECT_TIMEOUT, FetchConfig};
use super::{FetchError, SetupError, Want};

/// A client of one configured service.
///
/// It only connects to the configured scheme, host and port: redirects are not followed, and no request names another
/// host. Any host is allowed, including this machine, since the operator chose it and no tenant can change it. It
/// ignores robots.txt and keeps no pause between requests, since the service has its own limits.
pub struct Service {
    client: Client,
    base: Url,
    timeout: Duration,
    max_body: usize,
}

/// A response of the service, with any status.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
    /// The requested delay before a retry.
    pub retry_after: Option<Duration>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

impl Service {
    /// Creates a client of the service at `base`; each call may take `timeout`.
    ///
    /// # Errors
    ///
    /// As [`Fetcher::new`](super::Fetcher::new).
    pub fn new(config: &FetchConfig, base: &Url, timeout: Duration) -> Result<Self, SetupError> {
        let mut tls = tls_config(config)?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .user_agent(config.user_agent.as_str())
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .build()?;
        Ok(Self {
            client,
            base: base.clone(),
            timeout,
            max_body: config.max_body,
        })
    }

    /// Gets a path.
    ///
    /// # Errors
    ///
    /// [`FetchError`], which names the host but nothing else of the request.
    pub async fn get(
        &self,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&'static str, &str)],
    ) -> Result<Reply, FetchError> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(self.client.get(url), headers).await
    }

    /// Posts JSON to a path.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn post_json(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
        body: String,
    ) -> Result<Reply, FetchError> {
        let request = self.client.post(self.url(path));
        let request = request.header("Content-Type", "application/json").body(body);
        self.send(request, headers).await
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }

    async fn send(&self, request: RequestBuilder, headers: &[(&'static str, &str)]) -> Result<Reply, FetchError> {
        let host = host_of(&self.base);
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value));
        let limits = body::Limits {
            attempt: Attempt {
                host: &host,
                https: self.base.scheme() == "https",
                connect_timeout: CONNECT_TIMEOUT.min(self.timeout),
            },
            max_body: self.max_body,
            excess: Excess::Fail,
        };
        let unknown = || FetchError::Broken { host: host.clone() };
        let mut into = Sink::Memory;
        let exchange = body::exchange(request, Want::anything(), &limits, &mut into, |peer| {
            peer.ok_or_else(unknown)
        });
        let answer = tokio::time::timeout(self.timeout, exchange)
            .await
            .map_err(|_| FetchError::Timeout {
                host: host.clone(),
                what: "the answer",
                limit: self.timeout,
            })?
            .map_err(|failed| failed.error)?;
        Ok(Reply {
            status: answer.status.as_u16(),
            retry_after: retry_after(&answer.headers),
            body: answer.body,
        })
    }
}
