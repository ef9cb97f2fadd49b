//! Fetches pages and follows their redirects.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{COOKIE, HeaderValue};
use tokio::sync::Semaphore;
use url::Url;

use super::attempt::{Again, Attempt};
use super::body::{self, Answer, Excess, Failed, Sink};
use super::cache::{Cache, Kept};
use super::client::{Clients, SetupError};
use super::cookies::Jar;
use super::counts::FetchCounts;
use super::error::FetchError;
use super::pace::{Pace, SharedPace};
use super::page::{Download, Page, Want};
use super::policy::{Policy, clean, host_of};
use super::resolve::{Lookup, SystemLookup};
use super::robots::{self, MAX_ROBOTS, Robots, product};
use super::settings::{CONNECT_TIMEOUT, FetchConfig};
use super::trail::{Budget, Trail, is_same_site};

/// The name that every robots.txt may use for this program, whatever the configured `User-Agent`.
const ROBOT: &str = "ScraperSky";

/// Fetches pages; cheap to clone, one per process.
///
/// Cookies last for one fetch; those of a [`session`](Self::session) for all of its fetches.
#[derive(Clone)]
pub struct Fetcher {
    inner: Arc<Inner>,
    jar: Option<Arc<Jar>>,
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
    counts: FetchCounts,
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
            jar: None,
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
                counts: FetchCounts::default(),
            }),
        })
    }

    /// Returns a fetcher that keeps cookies, for one job: it shares everything else, and nobody else has its cookies.
    #[must_use]
    pub fn session(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            jar: Some(Arc::default()),
        }
    }

    /// Returns the counts of its requests.
    #[must_use]
    pub fn counts(&self) -> FetchCounts {
        self.inner.counts.clone()
    }

    /// Returns the time limit of a fetch whose [`Want`] names none.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.inner.timeout
    }

    fn jar(&self) -> Arc<Jar> {
        self.jar.clone().unwrap_or_default()
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
        let jar = self.jar();
        let mut trail = Trail::new(clean(url)?, self.inner.max_redirects, &jar);
        loop {
            let answer = self
                .inner
                .permitted(&mut trail, want, Excess::Fail, Sink::Memory, &mut budget)
                .await?;
            if trail.target(&answer)?.is_some_and(|next| !follows(&next)) {
                return Ok(trail.page(answer, budget.spent()));
            }
            if trail.follow(&answer)? || (want.is_page() && trail.refresh(&answer, follows)) {
                continue;
            }
            let page = trail.page(answer, budget.spent());
            return if want.is_page() { page.nonempty() } else { Ok(page) };
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
        let jar = self.jar();
        let mut trail = Trail::new(clean(url)?, self.inner.max_redirects, &jar);
        loop {
            let mut answer = self
                .inner
                .permitted(&mut trail, want, Excess::Cut, Sink::File(&mut *file), &mut budget)
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
        // What is fetched for all jobs is told nothing of one.
        let jar = Jar::default();
        let mut trail = Trail::new(file, self.max_redirects, &jar);
        let want = Want::anything().up_to(MAX_ROBOTS);
        loop {
            let answer = self
                .exchange(&mut trail, want, Excess::Cut, Sink::Memory, None, budget)
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
        trail: &mut Trail<'_>,
        want: Want,
        excess: Excess,
        into: Sink<'_>,
        budget: &mut Budget,
    ) -> Result<Answer, FetchError> {
        let robots = self.robots(&trail.at, budget).await;
        let robots = robots.map_err(|error| trail.failed(error))?;
        robots.check(&trail.at)?;
        self.exchange(trail, want, excess, into, robots.delay(), budget).await
    }

    /// Sends the next request of a fetch and reads the response.
    async fn exchange(
        &self,
        trail: &mut Trail<'_>,
        want: Want,
        excess: Excess,
        mut into: Sink<'_>,
        pause: Option<Duration>,
        budget: &mut Budget,
    ) -> Result<Answer, FetchError> {
        let url = trail.at.clone();
        let host = host_of(&url);
        let cookies = trail.cookies();
        let limits = body::Limits {
            attempt: Attempt {
                host: &host,
                https: url.scheme() == "https",
                connect_timeout: CONNECT_TIMEOUT,
            },
            max_body: want.max_body.unwrap_or(self.max_body),
            excess,
        };
        let mut request = Request {
            url: &url,
            cookies: cookies.as_ref(),
            is_http1: false,
        };
        let mut first = None;
        let answer = loop {
            let sent = self.send(request, want, &limits, &mut into, pause, budget).await;
            let Failed { error, again } = match sent {
                Ok(answer) => break Ok(answer),
                Err(failed) => failed,
            };
            request.is_http1 = match again {
                Some(Again::NewConnection | Again::NewHttp2) if first.is_none() => false,
                Some(Again::Http1 | Again::NewHttp2) if !request.is_http1 => true,
                // A server that speaks nothing but HTTP/2 has said what is wrong before.
                _ if request.is_http1 && matches!(error, FetchError::Tls { .. }) => break Err(first.unwrap_or(error)),
                _ => break Err(error),
            };
            first.get_or_insert(error);
        };
        self.counts.note(&answer);
        let answer = answer.map_err(|error| trail.failed(error))?;
        trail.answered(cookies, &answer);
        Ok(answer)
    }

    /// Sends a request once.
    async fn send(
        &self,
        request: Request<'_>,
        want: Want,
        limits: &body::Limits<'_>,
        into: &mut Sink<'_>,
        pause: Option<Duration>,
        budget: &mut Budget,
    ) -> Result<Answer, Failed> {
        let host = limits.attempt.host;
        let route = self.policy.route(request.url)?;
        // Waiting for the pace does not count against the site's time limit.
        self.pace.turn(host, pause).await;
        let _connection = self.connections.acquire().await;
        let mut builder = self.clients.request(Method::GET, route, request.url, request.is_http1);
        if let Some(cookies) = request.cookies {
            builder = builder.header(COOKIE, cookies);
        }
        let check_peer = |peer| self.policy.check_peer(route, host, peer);
        let exchange = body::exchange(builder, want, limits, into, check_peer);
        budget.run(host, "the answer", exchange).await
    }
}

/// One request.
#[derive(Clone, Copy)]
struct Request<'a> {
    url: &'a Url,
    cookies: Option<&'a HeaderValue>,
    is_http1: bool,
}
