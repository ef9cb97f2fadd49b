//! One behaviour, and what has to come of it.

use std::collections::HashMap;
use std::future::ready;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;
use web::fetch::{FailureKind, FetchConfig, FetchError, Fetcher, Lookup, Page, Want};

use super::certificates::Authority;
use super::server::{Reply, Request, Running, Server, Then};

/// How long a fetch may take unless the case says otherwise: nothing takes that long.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How long one may take from a server that hangs.
pub const SHORT: Duration = Duration::from_millis(600);

/// How long it may take where others get a share of it.
pub const LONG: Duration = Duration::from_secs(4);

/// What a name resolves to.
#[derive(Clone)]
pub enum Dns {
    To(IpAddr),
    /// No name server answers.
    Outage,
}

enum Ask {
    /// One page after the other, each within a job of this number.
    Pages(Vec<(usize, String)>),
    Home(String),
}

/// One behaviour of servers.
pub struct Case {
    behaviour: String,
    servers: Vec<(String, u16, Server)>,
    refusing: Vec<String>,
    dns: HashMap<String, Dns>,
    /// Whether names are looked up and ports are in the URL, as HTTP/2 needs it.
    is_direct: bool,
    timeout: Duration,
    ask: Ask,
    outcome: String,
    message: String,
}

impl Case {
    /// A site that answers by http.
    pub fn http(behaviour: &str, reply: Reply) -> Self {
        Self::new(behaviour).on("shop.test:80", Server::Http1(page_or_no_robots(reply)))
    }

    /// A site that answers by http as its requests are.
    pub fn answering(behaviour: &str, answer: impl Fn(&Request<'_>) -> Reply + Send + Sync + 'static) -> Self {
        Self::new(behaviour).on("shop.test:80", Server::Http1(Arc::new(answer)))
    }

    /// A site that nothing is known of.
    pub fn new(behaviour: &str) -> Self {
        Self {
            behaviour: behaviour.to_owned(),
            servers: Vec::new(),
            refusing: Vec::new(),
            dns: HashMap::new(),
            is_direct: false,
            timeout: TIMEOUT,
            ask: Ask::Pages(vec![(0, "http://shop.test/".to_owned())]),
            outcome: "ok".to_owned(),
            message: String::new(),
        }
    }

    /// Puts a server on a port, such as `shop.test:80`; the other one of http and https refuses connections.
    pub fn on(mut self, place: &str, server: Server) -> Self {
        let (host, port) = place.split_once(':').unwrap();
        self.servers.push((host.to_owned(), port.parse().unwrap(), server));
        self
    }

    /// Lets a host refuse connections.
    pub fn refusing(mut self, host: &str) -> Self {
        self.refusing.push(host.to_owned());
        self
    }

    pub fn dns(mut self, host: &str, dns: Dns) -> Self {
        self.dns.insert(host.to_owned(), dns);
        self
    }

    /// Fetches another URL.
    pub fn get(self, url: &str) -> Self {
        self.gets(&[(0, url)])
    }

    /// Fetches these URLs in turn, each in the job of the number.
    pub fn gets(mut self, urls: &[(usize, &str)]) -> Self {
        self.ask = Ask::Pages(urls.iter().map(|(job, url)| (*job, (*url).to_owned())).collect());
        self
    }

    /// Fetches the URL from the only server, over its own port.
    pub fn direct(mut self) -> Self {
        self.is_direct = true;
        self
    }

    /// Waits this long at most.
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Looks for the home page of a host.
    pub fn home(mut self, host: &str) -> Self {
        self.ask = Ask::Home(host.to_owned());
        self
    }

    /// Expects a page that says this.
    pub fn says(self, body: &str) -> Self {
        self.fails("ok", body)
    }

    /// Expects a failure: its kind, with "again" where another try may help, and its message.
    pub fn fails(mut self, outcome: &str, message: &str) -> Self {
        (self.outcome, self.message) = (outcome.to_owned(), message.to_owned());
        self
    }

    fn config(&self, rules: &[(String, SocketAddr)]) -> FetchConfig {
        FetchConfig {
            connect_to: rules
                .iter()
                .map(|(from, to)| format!("{from}={to}").parse().unwrap())
                .collect(),
            allow_nets: if self.is_direct {
                vec!["127.0.0.0/8".parse().unwrap()]
            } else {
                Vec::new()
            },
            extra_ca: Some(Authority::trusted().file.clone()),
            pace: Duration::ZERO,
            timeout: self.timeout,
            max_body: 100_000,
            ..FetchConfig::default()
        }
    }

    /// Tries it, and says how it differs from what is expected.
    pub async fn run(self) -> Result<(), String> {
        let mut running = Vec::new();
        let mut rules: Vec<(String, SocketAddr)> = Vec::new();
        for (host, port, server) in &self.servers {
            let server = Running::start(server.clone()).await;
            rules.push((format!("{host}:{port}"), server.addr));
            running.push(server);
        }
        // A port that nobody listens on any more.
        let closed = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap();
        let hosts = self.servers.iter().map(|(host, ..)| host).chain(&self.refusing);
        rules.extend(hosts.map(|host| (host.clone(), closed)));
        let mut dns = self.dns.clone();
        if self.is_direct {
            rules.clear();
            let host = &self.servers[0].0;
            dns.insert(host.clone(), Dns::To(Ipv4Addr::LOCALHOST.into()));
        }
        let config = self.config(&rules);
        let fetcher = Fetcher::with_lookup(&config, Arc::new(Names(dns))).unwrap();
        let begun = Instant::now();
        let found = match &self.ask {
            Ask::Home(host) => home(&fetcher, host).await,
            Ask::Pages(urls) => {
                let port = running
                    .first()
                    .filter(|_| self.is_direct)
                    .map(|server| server.addr.port());
                pages(&fetcher, urls, port).await
            }
        };
        let took = begun.elapsed();
        let expected = (self.outcome.clone(), self.message.clone());
        if found != expected {
            return Err(format!(
                "{}\n  expected {expected:?}\n  found    {found:?}",
                self.behaviour
            ));
        }
        if took > 2 * self.timeout + Duration::from_secs(1) {
            return Err(format!("{}: it took {took:?}", self.behaviour));
        }
        Ok(())
    }
}

async fn pages(fetcher: &Fetcher, urls: &[(usize, String)], port: Option<u16>) -> (String, String) {
    let jobs: Vec<Fetcher> = (0..3).map(|_| fetcher.session()).collect();
    let mut last = (String::new(), String::new());
    for (job, url) in urls {
        let mut url = Url::parse(url).unwrap();
        if port.is_some() {
            url.set_port(port).unwrap();
        }
        let page = jobs[*job].get_within(&url, Want::html()).await;
        last = described(page.and_then(Page::success));
    }
    last
}

async fn home(fetcher: &Fetcher, host: &str) -> (String, String) {
    match fetcher.home(host).await {
        Ok(home) => {
            let (outcome, body) = described(Ok(home.page));
            let why = home.https_failure.map(|error| format!(", not by https: {error}"));
            (outcome, body + &why.unwrap_or_default())
        }
        Err(error) => described(Err(error)),
    }
}

fn described(result: Result<Page, FetchError>) -> (String, String) {
    let error = match result {
        Ok(page) => return ("ok".to_owned(), page.text().text.into_owned()),
        Err(error) => error,
    };
    let kind = match error.kind() {
        FailureKind::RefusedAddress => "refused",
        FailureKind::Dns => "dns",
        FailureKind::Connection => "connection",
        FailureKind::Tls => error.tls().map_or("tls", |(fault, _)| fault.label()),
        FailureKind::Timeout => "timeout",
        FailureKind::TooLarge => "too large",
        FailureKind::Status => "status",
        FailureKind::OtherSite => "other site",
        FailureKind::StandIn(_) => "stand-in",
        FailureKind::Robots => "robots",
        FailureKind::Unreadable => "unreadable",
        FailureKind::Local => "local",
    };
    let again = match &error {
        FetchError::Status {
            retry_after: Some(pause),
            ..
        } => format!(", again after {} s", (pause.as_secs_f64() / 10.0).round() * 10.0),
        error if error.is_transient() => ", again".to_owned(),
        _ => String::new(),
    };
    (format!("{kind}{again}"), error.to_string())
}

/// Answers all but robots.txt, which is not there.
pub fn page_or_no_robots(reply: Reply) -> Arc<dyn Fn(&Request<'_>) -> Reply + Send + Sync> {
    Arc::new(move |request| no_robots(request).unwrap_or_else(|| reply.clone()))
}

/// The answer to a request for robots.txt: there is none.
pub fn no_robots(request: &Request<'_>) -> Option<Reply> {
    (request.path == "/robots.txt")
        .then(|| raw("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
}

/// Bytes, and the end of the connection.
pub fn raw(bytes: impl AsRef<[u8]>) -> Reply {
    Reply(bytes.as_ref().to_vec(), Then::Close)
}

/// A complete answer with a status line, header lines and a body.
pub fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    Reply([head.as_bytes(), body].concat(), Then::Close)
}

/// A web page.
pub fn page(body: impl AsRef<[u8]>) -> Reply {
    answer("200 OK", "Content-Type: text/html\r\n", body)
}

/// A redirect.
pub fn redirect(location: &str) -> Reply {
    answer("302 Found", &format!("Location: {location}\r\n"), "")
}

struct Names(HashMap<String, Dns>);

impl Lookup for Names {
    fn lookup(
        &self,
        host: String,
    ) -> std::pin::Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'static>> {
        Box::pin(ready(match self.0.get(&host) {
            Some(Dns::To(address)) => Ok(vec![*address]),
            Some(Dns::Outage) => Err(io::ErrorKind::TimedOut.into()),
            None => Err(io::Error::other("Name or service not known")),
        }))
    }
}
