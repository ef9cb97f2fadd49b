//! Posts to URLs that tenants chose, such as those of webhooks.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use url::Url;

use super::attempt::{Again, Attempt};
use super::body::{self, Answer, Excess, Failed, Sink};
use super::client::Clients;
use super::page::retry_after;
use super::policy::{Policy, clean, host_of};
use super::resolve::SystemLookup;
use super::settings::{CONNECT_TIMEOUT, FetchConfig};
use super::{FetchError, Reply, SetupError, Want};

/// How much of an answer is read, in bytes.
const MAX_ANSWER: usize = 16 * 1024;

/// A client that posts JSON to public addresses only, as a [`Fetcher`](super::Fetcher) fetches from them, with the same exceptions
/// of the operator.
///
/// Redirects are not followed: what is posted and signed is for the URL that was chosen. Neither robots.txt nor the pace
/// applies, since whoever receives the posts asked for them.
pub struct Poster {
    policy: Arc<Policy>,
    clients: Clients,
    timeout: Duration,
}

impl std::fmt::Debug for Poster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poster").finish_non_exhaustive()
    }
}

impl Poster {
    /// Creates a client with the system's resolver and trusted certificates; each post may take `timeout`.
    ///
    /// # Errors
    ///
    /// As [`Fetcher::new`](super::Fetcher::new).
    pub fn new(config: &FetchConfig, timeout: Duration) -> Result<Self, SetupError> {
        let policy = Arc::new(Policy::new(config));
        Ok(Self {
            clients: Clients::new(config, &policy, Arc::new(SystemLookup::default()))?,
            policy,
            timeout,
        })
    }

    /// Returns a URL as it is posted to.
    ///
    /// # Errors
    ///
    /// [`FetchError`] if the URL is not one of HTTP, or names an address or a port that nothing is posted to. Where a name leads is
    /// found out when it is posted to.
    pub fn admit(config: &FetchConfig, url: &str) -> Result<Url, FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::BadUrl("it is not a URL"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::BadUrl("it must not have a user name or password"));
        }
        let url = clean(&url)?;
        Policy::new(config).route(&url)?;
        Ok(url)
    }

    /// Posts JSON. The answer may have any status; at most 16 KiB of its body are kept.
    ///
    /// # Errors
    ///
    /// [`FetchError`], which names the host but nothing else of the request.
    pub async fn post_json(
        &self,
        url: &Url,
        headers: &[(&'static str, String)],
        body: &str,
    ) -> Result<Reply, FetchError> {
        let host = host_of(url);
        let post = async {
            match self.post_once(url, headers, body, false).await {
                // A connection that was kept had ended.
                Err(Failed { again: Some(again), .. }) => {
                    self.post_once(url, headers, body, again == Again::Http1).await
                }
                posted => posted,
            }
        };
        let answer = tokio::time::timeout(self.timeout, post)
            .await
            .map_err(|_| FetchError::Timeout {
                host,
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

    async fn post_once(
        &self,
        url: &Url,
        headers: &[(&'static str, String)],
        body: &str,
        is_http1: bool,
    ) -> Result<Answer, Failed> {
        let host = host_of(url);
        let route = self.policy.route(url)?;
        let request = self.clients.request(Method::POST, route, url, is_http1);
        let request = request.header(CONTENT_TYPE, "application/json").body(body.to_owned());
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, value));
        let limits = body::Limits {
            attempt: Attempt {
                host: &host,
                https: url.scheme() == "https",
                connect_timeout: CONNECT_TIMEOUT,
            },
            max_body: MAX_ANSWER,
            excess: Excess::Cut,
        };
        let check_peer = |peer| self.policy.check_peer(route, &host, peer);
        body::exchange(request, Want::status(), &limits, &mut Sink::Memory, check_peer).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_of_http_at_public_addresses_are_admitted() {
        let admit = |url| Poster::admit(&FetchConfig::default(), url).map(String::from);
        assert_eq!(
            admit("https://hooks.example.com/a?b=c#d"),
            Ok("https://hooks.example.com/a?b=c".to_owned())
        );
        for url in [
            "hooks.example.com",
            "ftp://example.com/",
            "http://127.0.0.1/",
            "http://[::1]:8080/",
            "http://169.254.169.254/latest",
            "http://example.com:22/",
            "https://user@example.com/",
            "https://user:password@example.com/",
        ] {
            assert!(admit(url).is_err(), "{url}");
        }
    }
}
