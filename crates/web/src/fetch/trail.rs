//! One fetch on its way: the time left to it, and where redirects have led.

use std::time::Duration;

use reqwest::header::{HeaderValue, LOCATION};
use tokio::time::Instant;
use url::Url;

use super::body::Answer;
use super::cookies::Jar;
use super::error::{FailureKind, FetchError};
use super::page::Page;
use super::policy::{clean, host_of};
use super::refresh;
use crate::names::registrable;

/// Returns whether two URLs belong to one owner: to names under the one that was registered.
pub(super) fn is_same_site(one: &Url, other: &Url) -> bool {
    registrable(&host_of(one)) == registrable(&host_of(other))
}

/// The time left to one fetch.
pub(super) struct Budget {
    whole: Duration,
    left: Duration,
}

impl Budget {
    pub(super) fn new(whole: Duration) -> Self {
        Self { whole, left: whole }
    }

    pub(super) fn spent(&self) -> Duration {
        self.whole.saturating_sub(self.left)
    }

    /// Runs a part of the fetch within the remaining time.
    pub(super) async fn run<T, E: From<FetchError>>(
        &mut self,
        host: &str,
        what: &'static str,
        part: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let begun = Instant::now();
        let result = tokio::time::timeout(self.left, part).await;
        self.left = self.left.saturating_sub(begun.elapsed());
        result.unwrap_or_else(|_| {
            let error = FetchError::Timeout {
                host: host.to_owned(),
                what,
                limit: self.whole,
            };
            Err(error.into())
        })
    }
}

/// The redirects from the requested URL to the final one.
pub(super) struct Trail<'a> {
    pub(super) at: Url,
    seen: Vec<Url>,
    /// The cookies that went with each request so far: a site may redirect to itself once it has set one.
    sent: Vec<Option<HeaderValue>>,
    jar: &'a Jar,
    max: usize,
}

impl<'a> Trail<'a> {
    pub(super) fn new(first: Url, max: usize, jar: &'a Jar) -> Self {
        Self {
            at: first,
            seen: Vec::new(),
            sent: Vec::new(),
            jar,
            max,
        }
    }

    /// Returns the cookies of the next request.
    pub(super) fn cookies(&self) -> Option<HeaderValue> {
        self.jar.header(&self.at)
    }

    /// Takes note of an answer, which may set cookies.
    pub(super) fn answered(&mut self, sent: Option<HeaderValue>, answer: &Answer) {
        self.sent.push(sent);
        self.jar.store(&self.at, &answer.headers);
    }

    /// Returns a failure as what it is to the host that was asked for.
    pub(super) fn failed(&self, error: FetchError) -> FetchError {
        let asked = host_of(self.seen.first().unwrap_or(&self.at));
        let is_dead = matches!(
            error.kind(),
            FailureKind::Dns | FailureKind::Connection | FailureKind::Tls | FailureKind::Timeout
        );
        if is_dead && asked != host_of(&self.at) {
            return FetchError::DeadRedirect {
                host: asked,
                error: Box::new(error),
            };
        }
        error
    }

    /// Returns the target of a redirect, or `None` if the response is not one.
    pub(super) fn target(&self, answer: &Answer) -> Result<Option<Url>, FetchError> {
        if !answer.is_redirect() {
            return Ok(None);
        }
        let location = answer.headers.get(LOCATION).map(|value| value.as_bytes());
        // Like browsers, reads non-ASCII as UTF-8.
        let location = location.and_then(|bytes| std::str::from_utf8(bytes).ok());
        match location.and_then(|location| self.at.join(location).ok()) {
            Some(next) => clean(&next).map(Some),
            None => Err(FetchError::BadRedirect {
                host: host_of(&self.at),
            }),
        }
    }

    /// Follows the response if it is a redirect, and returns whether it is.
    pub(super) fn follow(&mut self, answer: &Answer) -> Result<bool, FetchError> {
        let Some(next) = self.target(answer)? else {
            return Ok(false);
        };
        let asked = self.seen.first().unwrap_or(&self.at);
        let cookies = self.jar.header(&next);
        let passed = self.seen.iter().chain([&self.at]).zip(&self.sent);
        let looping = passed.into_iter().any(|(url, sent)| *url == next && *sent == cookies);
        if looping || self.seen.len() >= self.max {
            return Err(FetchError::Redirects {
                host: host_of(asked),
                followed: self.seen.len(),
                looping,
            });
        }
        self.seen.push(std::mem::replace(&mut self.at, next));
        Ok(true)
    }

    /// Goes on if the answer is a page that leads on to another one of its site, and returns whether it is.
    pub(super) fn refresh(&mut self, answer: &Answer, follows: &(dyn Fn(&Url) -> bool + Send + Sync)) -> bool {
        if !answer.status.is_success() {
            return false;
        }
        let next = refresh::target(&answer.headers, &answer.body, &self.at).and_then(|next| clean(&next).ok());
        let next = next.filter(|next| {
            let is_new = *next != self.at && !self.seen.contains(next) && self.seen.len() < self.max;
            is_new && is_same_site(next, &self.at) && follows(next)
        });
        let Some(next) = next else { return false };
        self.seen.push(std::mem::replace(&mut self.at, next));
        true
    }

    pub(super) fn page(self, answer: Answer, elapsed: Duration) -> Page {
        Page {
            requested_url: self.seen.first().unwrap_or(&self.at).clone(),
            final_url: self.at,
            redirects: self.seen,
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
            remote_addr: answer.remote_addr,
            time_to_first_byte: answer.time_to_first_byte,
            elapsed,
            http_version: answer.http_version,
            tls: answer.tls,
        }
    }
}
