//! Finds a site's home page: by https and by http, with and without `www.`.

use std::time::{Duration, Instant};

use url::Url;

use super::error::{FailureKind, FetchError};
use super::fetcher::Fetcher;
use super::page::{Page, Want};
use super::tls::TlsFault;

/// How much of the time of a home page each candidate is sure of, as a fraction.
const SHARE: u32 = 10;

/// A site's home page.
#[derive(Debug)]
pub struct Home {
    /// The page.
    pub page: Page,
    /// Why it did not come by https, if it did not.
    pub https_failure: Option<FetchError>,
}

impl Fetcher {
    /// Fetches the home page of a site, wherever one of its [`Candidates`] answers.
    ///
    /// # Errors
    ///
    /// As [`get_within`](Self::get_within) and [`Page::success`]: the real cause, where no candidate answers.
    pub async fn home(&self, host: &str) -> Result<Home, FetchError> {
        let mut candidates = Candidates::new(host, self.timeout());
        while let Some((url, time)) = candidates.next() {
            let fetched = self.get_within(&url, Want::html().within(time)).await;
            match fetched.and_then(Page::success) {
                Ok(page) => {
                    let https_failure = candidates.https_failure(&page.final_url).cloned();
                    return Ok(Home { page, https_failure });
                }
                Err(error) => candidates.failed(&url, error)?,
            }
        }
        Err(candidates.into_error())
    }
}

/// The URLs under which a home page may be found, one after the other: the name as it is given by https and by http,
/// then with `www.` or without.
///
/// The next one is tried where a host is dead: its name does not resolve, it refuses connections, does not answer, or has
/// a bad certificate; then https under the other name comes before http under this one.
#[derive(Debug)]
pub struct Candidates {
    given: String,
    /// Those that were not tried: whether it is the other name, and whether it is http.
    left: Vec<(bool, bool)>,
    other: String,
    failures: Vec<(Url, FetchError)>,
    timeout: Duration,
    deadline: Instant,
}

/// Yields each candidate and how long it may take.
impl Iterator for Candidates {
    type Item = (Url, Duration);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some((is_other, is_http)) = self.left.pop() {
            let host = if is_other { &self.other } else { &self.given };
            let scheme = if is_http { "http" } else { "https" };
            let Ok(url) = Url::parse(&format!("{scheme}://{host}/")) else {
                continue;
            };
            let share = self.timeout / SHARE;
            let kept = share * u32::try_from(self.left.len()).unwrap_or(0);
            let time = self.deadline.saturating_duration_since(Instant::now());
            return Some((url, time.saturating_sub(kept).clamp(share, self.timeout)));
        }
        None
    }
}

impl Candidates {
    /// Lists the candidates of a host; each may take `timeout`, and all together half as much again.
    #[must_use]
    pub fn new(host: &str, timeout: Duration) -> Self {
        let other = match host.strip_prefix("www.") {
            Some(bare) => bare.to_owned(),
            None => format!("www.{host}"),
        };
        Self {
            given: host.to_owned(),
            other,
            // The next one is the last.
            left: vec![(true, true), (true, false), (false, true), (false, false)],
            failures: Vec::new(),
            timeout,
            deadline: Instant::now() + timeout + timeout / 2,
        }
    }

    /// Records that a candidate did not return a page.
    ///
    /// # Errors
    ///
    /// The failure, if the site answered or no name server does: no other candidate would say more.
    pub fn failed(&mut self, url: &Url, error: FetchError) -> Result<(), FetchError> {
        let is_unknown = matches!(error, FetchError::Dns { .. });
        let is_dead = error.is_silence() || error.kind() == FailureKind::Dns;
        if !is_dead || error.is_dns_outage() {
            return Err(error);
        }
        let is_other = url.host_str() == Some(&self.other);
        if is_unknown {
            self.left.retain(|(other, _)| *other != is_other);
        } else if is_bad_certificate(&error)
            && let [_, other, given] = self.left.as_mut_slice()
        {
            std::mem::swap(other, given);
        }
        self.failures.push((url.clone(), error));
        Ok(())
    }

    /// Returns why there was no page by https, if the one that came from `page` came without.
    #[must_use]
    pub fn https_failure(&self, page: &Url) -> Option<&FetchError> {
        if page.scheme() == "https" {
            return None;
        }
        let of = |is_other: bool| {
            let host = if is_other { &self.other } else { &self.given };
            let mut failures = self.failures.iter();
            failures.find(|(url, _)| url.scheme() == "https" && url.host_str() == Some(host))
        };
        let first = page.host_str() == Some(&self.other);
        of(first).or_else(|| of(!first)).map(|(_, error)| error)
    }

    /// Returns the failure to report when every candidate failed.
    #[must_use]
    pub fn into_error(self) -> FetchError {
        let Self { failures, given, .. } = self;
        let (given, other): (Vec<_>, Vec<_>) = failures
            .into_iter()
            .partition(|(url, _)| url.host_str() == Some(&given));
        let cause = |mut failures: Vec<(Url, FetchError)>| {
            // The one by https first.
            failures.sort_by_key(|(url, _)| url.scheme() == "http");
            failures.into_iter().map(|(_, error)| error).reduce(real_cause)
        };
        match (cause(given), cause(other)) {
            // Of two names that do not resolve, the one that was asked for is the one to tell about.
            (Some(FetchError::Dns { .. }), Some(other)) if !matches!(other, FetchError::Dns { .. }) => other,
            (Some(given), _) => given,
            (None, Some(other)) => other,
            (None, None) => FetchError::BadUrl("its host is not a valid name"),
        }
    }
}

fn is_bad_certificate(error: &FetchError) -> bool {
    matches!(error, FetchError::Tls { fault, .. } if *fault != TlsFault::NotSpoken)
}

/// Returns which of two failures is the real cause, where a host gave no page by https, nor by http after that.
#[must_use]
pub fn real_cause(https: FetchError, http: FetchError) -> FetchError {
    match (https.kind(), http.kind()) {
        // What the site answered says more than that it did not.
        _ if !http.is_silence() || matches!(http, FetchError::Broken { .. } | FetchError::DeadRedirect { .. }) => http,
        _ if matches!(https, FetchError::DeadRedirect { .. }) => https,
        // A host that never answers, whatever became of TLS; https is waited for longer.
        (FailureKind::Timeout, _) => https,
        (_, FailureKind::Timeout) => http,
        // TLS is not offered there: what counts is why http failed.
        _ if !is_bad_certificate(&https) && https.kind() == FailureKind::Tls => http,
        _ => https,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> String {
        "shop.test".to_owned()
    }

    fn timeout() -> FetchError {
        FetchError::Timeout {
            host: host(),
            what: "the answer",
            limit: Duration::from_secs(1),
        }
    }

    fn refused() -> FetchError {
        FetchError::Connect {
            host: host(),
            reason: "it refuses connections".to_owned(),
        }
    }

    fn tls(fault: TlsFault) -> FetchError {
        FetchError::Tls {
            host: host(),
            fault,
            certificate: None,
        }
    }

    #[test]
    fn the_failure_that_names_the_real_cause_is_told() {
        let no_tls = || tls(TlsFault::NotSpoken);
        let expired = || tls(TlsFault::Expired(None));
        let broken = || FetchError::Broken { host: host() };
        let forbidden = || FetchError::Status {
            host: host(),
            status: 403,
            retry_after: None,
        };
        for (https, http, told) in [
            (no_tls(), timeout(), timeout()),
            (expired(), timeout(), timeout()),
            (refused(), timeout(), timeout()),
            (timeout(), refused(), timeout()),
            (no_tls(), broken(), broken()),
            (no_tls(), refused(), refused()),
            (expired(), refused(), expired()),
            (expired(), forbidden(), forbidden()),
            (refused(), broken(), broken()),
        ] {
            assert_eq!(real_cause(https.clone(), http.clone()), told, "{https}, then {http}");
        }
    }

    fn tried(host: &str, fail: impl Fn(&Url) -> FetchError) -> Vec<String> {
        let mut candidates = Candidates::new(host, Duration::from_secs(20));
        let mut tried = Vec::new();
        while let Some((url, _)) = candidates.next() {
            tried.push(url.to_string());
            if candidates.failed(&url, fail(&url)).is_err() {
                break;
            }
        }
        tried
    }

    #[test]
    fn candidates_follow_each_other_as_their_failures_suggest() {
        let (bare, bare_plain) = ("https://shop.test/", "http://shop.test/");
        let (www, www_plain) = ("https://www.shop.test/", "http://www.shop.test/");
        let unknown = |temporary| FetchError::Dns {
            host: host(),
            temporary,
        };
        assert_eq!(tried("shop.test", |_| refused()), [bare, bare_plain, www, www_plain]);
        assert_eq!(
            tried("www.shop.test", |_| refused()),
            [www, www_plain, bare, bare_plain]
        );
        assert_eq!(tried("shop.test", |_| unknown(false)), [bare, www]);
        assert_eq!(tried("shop.test", |_| unknown(true)), [bare]);
        let expired = |_: &Url| tls(TlsFault::Expired(None));
        assert_eq!(tried("shop.test", expired), [bare, www, bare_plain, www_plain]);
    }

    #[test]
    fn all_candidates_together_take_half_as_long_again_as_one() {
        let timeout = Duration::from_secs(20);
        let mut candidates = Candidates::new("shop.test", timeout);
        let (url, first) = candidates.next().unwrap();
        assert_eq!(first, timeout);
        // As if the first one had hung.
        candidates.deadline -= first;
        candidates.failed(&url, refused()).unwrap();
        let mut whole = first;
        while let Some((url, time)) = candidates.next() {
            whole += time;
            candidates.deadline -= time;
            candidates.failed(&url, refused()).unwrap();
        }
        assert!(whole <= timeout + timeout / 2 + Duration::from_secs(2), "{whole:?}");
    }
}
