//! Fetches pages and follows their redirects.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::LOCATION;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

use super::attempt::Attempt;
use super::body::{self, Answer, Excess, Sink};
use super::cache::{Cache, Kept};
use super::client::{Clients, SetupError};
use super::error::FetchError;
use super::pace::{Pace, SharedPace};
use super::page::{Download, Page, Want};
use super::policy::{Policy, clean, host_of};
use super::refresh;
use super::resolve::{Lookup, SystemLookup};
use super::robots::{self, MAX_ROBOTS, Robots, product};
use super::settings::{CONNECT_TIMEOUT, FetchConfig};
use crate::names::registrable;

/// The name that every robots.txt may use for this program, whatever the configured `User-Agent`.
const ROBOT: &str = "ScraperSky";

/// Fetches pages; cheap to clone, one per process.
#[derive(Clone)]
pub struct Fetcher {
    inner: Arc<Inner>,
}

struct Inner {
    timeout: Duration,
    max_body: usize,
    max_redirects: usize,
    names: Vec<String>,
    policy: Arc<Policy>,
    clients: Clients,
    pace: Pace,
    connections: Semaphore,
    robots: Cache,
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher").finish_non_exhaustive()
    }
}

impl Fetcher {
    /// Creates a fetcher with the system's resolver and trusted certificates.
    ///
    /// # Errors
    ///
    /// [`SetupError`] if the configured certificates cannot be used.
    pub fn new(config: &FetchConfig) -> Result<Self, SetupError> {
        Self::with_lookup(config, Arc::new(SystemLookup::default()))
    }

    /// Creates a fetcher with another resolver, whose results are checked in the same way.
    ///
    /// # Errors
    ///
    /// As [`Fetcher::new`].
    pub fn with_lookup(config: &FetchConfig, lookup: Arc<dyn Lookup>) -> Result<Self, SetupError> {
        let policy = Arc::new(Policy::new(config));
        let mut names = vec![ROBOT.to_owned()];
        // "Mozilla", with which many user agents start, names no particular crawler.
        let named = product(&config.user_agent);
        if !named.is_empty() && named != "Mozilla" {
            names.push(named.to_owned());
        }
        Ok(Self {
            inner: Arc::new(Inner {
                timeout: config.timeout,
                max_body: config.max_body,
                max_redirects: config.max_redirects,
                names,
                clients: Clients::new(config, &policy, lookup)?,
                policy,
                pace: Pace::new(config.pace),
                connections: Semaphore::new(config.connections.max(1)),
                robots: Cache::default(),
            }),
        })
    }

    /// Fetches `url` and what it redirects to, as far as robots.txt allows. Where a page is wanted, one that leads on to
    /// another one of its site within seconds redirects too.
    ///
    /// A page with any status is returned; [`Page::success`] distinguishes them. The media type is checked, and excess
    /// size an error, only if the status is a success.
    ///
    /// # Errors
    ///
    /// [`FetchError`], also if robots.txt cannot be fetched because the host cannot be reached.
    pub async fn get(&self, url: &Url, want: Want) -> Result<Page, FetchError> {
        self.get_while(url, want, &|_| true).await
    }

    /// Fetches `url` like [`get`](Self::get), as long as redirects stay within the site, under one registered name.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and [`FetchError::OtherSite`] for a redirect that leads to another site.
    pub async fn get_within(&self, url: &Url, want: Want) -> Result<Page, FetchError> {
        let other = Mutex::new(None);
        let follows = |next: &Url| {
            let is_within = is_same_site(url, next);
            if !is_within {
                *other.lock().unwrap_or_else(PoisonError::into_inner) = Some(next.clone());
            }
            is_within
        };
        let page = self.get_while(url, want, &follows).await?;
        match other.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(mut to) => {
                to.set_query(None);
                to.set_fragment(None);
                Err(FetchError::OtherSite {
                    host: host_of(url),
                    to: to.into(),
                })
            }
            None => Ok(page),
        }
    }

    /// Fetches `url` like [`get`](Self::get), and follows redirects only as long as `follows` agrees to where they lead:
    /// the page is else the redirect itself, with its status.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn get_while(
        &self,
        url: &Url,
        want: Want,
        follows: &(dyn Fn(&Url) -> bool + Send + Sync),
    ) -> Result<Page, FetchError> {
        let mut budget = Budget::new(want.timeout.unwrap_or(self.inner.timeout));
        let mut trail = Trail::new(clean(url)?, self.inner.max_redirects);
        loop {
            let answer = self
                .inner
                .permitted(&trail.at, want, Excess::Fail, Sink::Memory, &mut budget)
                .await?;
            if trail.target(&answer)?.is_some_and(|next| !follows(&next)) {
                return Ok(trail.page(answer, budget.spent()));
            }
            if trail.follow(&answer)? || (want.is_page() && trail.refresh(&answer, follows)) {
                continue;
            }
            return Ok(trail.page(answer, budget.spent()));
        }
    }

    /// Fetches `url` like [`get`](Self::get), with the body written to a file: [`Page::body`] is empty. A body that is
    /// too large or interrupted is stored in part.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and [`FetchError::File`] if the file cannot be written.
    pub async fn download(&self, url: &Url, want: Want, file: &mut tokio::fs::File) -> Result<Download, FetchError> {
        let mut budget = Budget::new(want.timeout.unwrap_or(self.inner.timeout));
        let mut trail = Trail::new(clean(url)?, self.inner.max_redirects);
        loop {
            let mut answer = self
                .inner
                .permitted(&trail.at, want, Excess::Cut, Sink::File(&mut *file), &mut budget)
                .await?;
            if !trail.follow(&answer)? {
                return Ok(Download {
                    bytes: answer.bytes,
                    cut: answer.cut.take(),
                    page: trail.page(answer, budget.spent()),
                });
            }
        }
    }

    /// Shares the pace per host with other processes from now on.
    pub fn share_pace(&self, shared: Arc<dyn SharedPace>) {
        self.inner.pace.share(shared);
    }

    /// Returns whether robots.txt allows fetching `url`.
    ///
    /// # Errors
    ///
    /// [`FetchError`] if the host cannot be reached.
    pub async fn allowed(&self, url: &Url) -> Result<bool, FetchError> {
        let url = clean(url)?;
        Ok(self.robots(&url).await?.allows(&url))
    }

    /// Returns the robots.txt of the origin of `url`, fetched or cached.
    ///
    /// # Errors
    ///
    /// [`FetchError`] if the host cannot be reached.
    pub async fn robots(&self, url: &Url) -> Result<Arc<Robots>, FetchError> {
        let mut budget = Budget::new(self.inner.timeout);
        self.inner.robots(&clean(url)?, &mut budget).await
    }
}

impl Inner {
    async fn robots(&self, url: &Url, budget: &mut Budget) -> Result<Arc<Robots>, FetchError> {
        let origin = url.origin().ascii_serialization();
        let slot = self.robots.slot(&origin);
        let lock = async { Ok(slot.lock().await) };
        let mut kept = budget.run(&host_of(url), "reading robots.txt", lock).await?;
        if let Some(robots) = kept.as_ref().and_then(Kept::fresh) {
            return Ok(robots);
        }
        let loaded = match self.load_robots(url, budget).await {
            Ok(loaded) if loaded.is_available() => loaded,
            unreachable => {
                if let Some(older) = kept.as_ref().and_then(Kept::extended)
                    && let Some(robots) = older.fresh()
                {
                    *kept = Some(older);
                    return Ok(robots);
                }
                unreachable?
            }
        };
        let weight = loaded.weight();
        let robots = Kept::new(loaded);
        let answer = robots.fresh().unwrap_or_default();
        *kept = Some(robots);
        self.robots.weigh(&origin, weight);
        Ok(answer)
    }

    /// Fetches a robots.txt. Redirects to other hosts are followed without checking their robots.txt.
    async fn load_robots(&self, url: &Url, budget: &mut Budget) -> Result<Robots, FetchError> {
        let mut file = url.clone();
        file.set_path("/robots.txt");
        file.set_query(None);
        let mut trail = Trail::new(file, self.max_redirects);
        let want = Want::anything().up_to(MAX_ROBOTS);
        loop {
            let answer = self
                .exchange(&trail.at, want, Excess::Cut, Sink::Memory, None, budget)
                .await?;
            match trail.follow(&answer) {
                Ok(true) => continue,
                Ok(false) => {}
                // Endless redirects count as no robots.txt (RFC 9309, 2.3.1.2).
                Err(FetchError::Redirects { .. } | FetchError::BadRedirect { .. }) => return Ok(Robots::absent()),
                Err(error) => return Err(error),
            }
            let status = answer.status;
            return Ok(if status.is_success() {
                Robots::parse(&robots::text_of(&answer.body), &self.names)
            } else if status.is_server_error() || status.as_u16() == 429 {
                Robots::unavailable(status.as_u16())
            } else {
                Robots::absent()
            });
        }
    }

    /// Sends one request if robots.txt allows it, and reads the response.
    async fn permitted(
        &self,
        url: &Url,
        want: Want,
        excess: Excess,
        into: Sink<'_>,
        budget: &mut Budget,
    ) -> Result<Answer, FetchError> {
        let robots = self.robots(url, budget).await?;
        robots.check(url)?;
        self.exchange(url, want, excess, into, robots.delay(), budget).await
    }

    /// Sends one request and reads the response.
    async fn exchange(
        &self,
        url: &Url,
        want: Want,
        excess: Excess,
        into: Sink<'_>,
        pause: Option<Duration>,
        budget: &mut Budget,
    ) -> Result<Answer, FetchError> {
        let host = host_of(url);
        let route = self.policy.route(url)?;
        // Waiting for the pace does not count against the site's time limit.
        self.pace.turn(&host, pause).await;
        // Nor does waiting for a connection: the semaphore is never closed.
        let _connection = self.connections.acquire().await;
        let limits = body::Limits {
            attempt: Attempt {
                host: &host,
                https: url.scheme() == "https",
                connect_timeout: CONNECT_TIMEOUT,
            },
            max_body: want.max_body.unwrap_or(self.max_body),
            excess,
        };
        let request = self.clients.get(route, url);
        let check_peer = |peer| self.policy.check_peer(route, &host, peer);
        let exchange = body::exchange(request, want, limits, into, check_peer);
        budget.run(&host, "the answer", exchange).await
    }
}

/// Returns whether two URLs belong to one owner: to names under the one that was registered.
pub(super) fn is_same_site(one: &Url, other: &Url) -> bool {
    registrable(&host_of(one)) == registrable(&host_of(other))
}

/// The time left to one fetch.
struct Budget {
    whole: Duration,
    left: Duration,
}

impl Budget {
    fn new(whole: Duration) -> Self {
        Self { whole, left: whole }
    }

    fn spent(&self) -> Duration {
        self.whole.saturating_sub(self.left)
    }

    /// Runs a part of the fetch within the remaining time.
    async fn run<T>(
        &mut self,
        host: &str,
        what: &'static str,
        part: impl Future<Output = Result<T, FetchError>>,
    ) -> Result<T, FetchError> {
        let begun = Instant::now();
        let result = tokio::time::timeout(self.left, part).await;
        self.left = self.left.saturating_sub(begun.elapsed());
        result.unwrap_or_else(|_| {
            Err(FetchError::Timeout {
                host: host.to_owned(),
                what,
                limit: self.whole,
            })
        })
    }
}

/// The redirects from the requested URL to the final one.
struct Trail {
    seen: Vec<Url>,
    at: Url,
    max: usize,
}

impl Trail {
    fn new(first: Url, max: usize) -> Self {
        Self {
            seen: Vec::new(),
            at: first,
            max,
        }
    }

    /// Returns the target of a redirect, or `None` if the response is not one.
    fn target(&self, answer: &Answer) -> Result<Option<Url>, FetchError> {
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
    fn follow(&mut self, answer: &Answer) -> Result<bool, FetchError> {
        let Some(next) = self.target(answer)? else {
            return Ok(false);
        };
        let asked = self.seen.first().unwrap_or(&self.at);
        let looping = next == self.at || self.seen.contains(&next);
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
    fn refresh(&mut self, answer: &Answer, follows: &(dyn Fn(&Url) -> bool + Send + Sync)) -> bool {
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

    fn page(self, answer: Answer, elapsed: Duration) -> Page {
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
