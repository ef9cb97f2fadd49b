//! Opens connections: to the right one of a URL's servers, encrypted as far as its `sslmode` demands.
//!
//! Servers are tried in the order of the URL, each with a time limit of its own, so that one that accepts connections
//! and says nothing does not use up the time of the others. Where one server of several is meant, such as the primary,
//! the search begins at the server that was the right one last time.

use std::error::Error as _;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{Either, FutureExt, select};
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Client, SimpleQueryMessage, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::backend_key;
use super::servers::{Place, Server, Wanted};
use super::tls::{self, Mode, TlsError};
use crate::url::DatabaseUrl;

/// The encrypted stream of a connection.
pub(crate) type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// How long a server may take to accept a connection, per address: TCP, TLS and authentication.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The same where other servers can be tried.
const CONNECT_TIMEOUT_OF_SEVERAL: Duration = Duration::from_secs(5);

/// A TCP connection that is silent for this long is probed, three times at this interval.
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// How long data may stay unacknowledged before a TCP connection counts as lost.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// Asks a session what it is; see [`Session`].
const PROBE: &str = "SELECT pg_backend_pid(), pg_is_in_recovery(), current_setting('transaction_read_only')";

/// Why one server was not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    /// It refused, or the connection failed.
    #[error("{}", sentence(.0))]
    Driver(#[from] tokio_postgres::Error),
    /// Its name could not be looked up.
    #[error("the host name cannot be looked up: {0}")]
    Lookup(io::Error),
    /// It did not answer in time.
    #[error("the server did not answer within {} s", .0.as_secs_f32())]
    Silent(Duration),
    /// It refuses writes.
    #[error("the server is a standby or otherwise read-only")]
    ReadOnly,
    /// It accepts writes, and one that does not was asked for.
    #[error("the server accepts writes, and target_session_attrs asks for one that does not")]
    Writable,
}

/// Why no server of a URL was used: each server with its cause.
#[derive(Debug)]
pub(crate) struct ConnectError(Vec<(Server, Cause)>);

impl ConnectError {
    /// Returns the error codes that servers sent.
    pub(crate) fn codes(&self) -> impl Iterator<Item = &SqlState> {
        self.0.iter().filter_map(|(_, cause)| match cause {
            Cause::Driver(error) => error.code(),
            _ => None,
        })
    }

    /// Returns whether a server was reached, and none accepts writes.
    pub(crate) fn is_read_only(&self) -> bool {
        self.0.iter().any(|(_, cause)| matches!(cause, Cause::ReadOnly))
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [(_, cause)] => write!(f, "{cause}"),
            causes => {
                for (index, (server, cause)) in causes.iter().enumerate() {
                    let separator = if index == 0 { "" } else { "; " };
                    write!(f, "{separator}{server}: {cause}")?;
                }
                Ok(())
            }
        }
    }
}

/// An open connection, whose socket still has to be polled.
pub(crate) struct Opened {
    pub(crate) client: Client,
    pub(crate) socket: tokio_postgres::Connection<Socket, Stream>,
    /// Whether the session is certainly the server's own: no pooler is in between.
    pub(crate) is_direct: bool,
    /// The number of the server in the URL.
    pub(crate) server: usize,
}

/// Opens connections to one URL; its certificates are read once, in `new`.
#[derive(Clone)]
pub(crate) struct Connector {
    driver: tokio_postgres::Config,
    servers: Arc<[Server]>,
    wanted: Wanted,
    tls: MakeRustlsConnect,
    mode: Mode,
    connect_timeout: Duration,
    /// Where the next search begins.
    first: Arc<AtomicUsize>,
}

impl Connector {
    /// Reads the URL's servers and TLS settings, and the certificates they name.
    pub(crate) fn new(url: &DatabaseUrl) -> Result<Self, TlsError> {
        let (mode, config) = tls::configure(url)?;
        let mut driver = url.driver_config().map_err(TlsError::Url)?;
        let servers = url.servers().map_err(TlsError::Url)?;
        let wanted = url.wanted(servers.len()).map_err(TlsError::Url)?;
        let connect_timeout = match (driver.get_connect_timeout(), servers.len()) {
            (Some(own), _) => *own,
            (None, 1) => CONNECT_TIMEOUT,
            (None, _) => CONNECT_TIMEOUT_OF_SEVERAL,
        };
        driver.keepalives_idle(KEEPALIVE);
        driver.keepalives_interval(KEEPALIVE_INTERVAL);
        driver.keepalives_retries(KEEPALIVE_RETRIES);
        if driver.get_tcp_user_timeout().is_none() {
            driver.tcp_user_timeout(UNACKNOWLEDGED);
        }
        Ok(Self {
            driver,
            servers: servers.into(),
            wanted,
            tls: MakeRustlsConnect::new(config),
            mode,
            connect_timeout,
            first: Arc::default(),
        })
    }

    /// Returns how long a server may take to open a session, or to set it up.
    pub(crate) fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// Returns how long it may take to find a server and to set up a session.
    pub(crate) fn longest(&self) -> Duration {
        self.connect_timeout * u32::try_from(self.servers.len() + 1).unwrap_or(u32::MAX)
    }

    /// Opens a connection with `application_name`, unless the URL has its own.
    pub(crate) async fn connect(&self, application_name: &str) -> Result<Opened, ConnectError> {
        let mut driver = self.driver.clone();
        if driver.get_application_name().is_none() {
            driver.application_name(application_name);
        }
        let found = self.find(&driver, self.wanted).await;
        match (self.wanted, found) {
            (Wanted::PreferStandby, Err(_)) => self.find(&driver, Wanted::Any).await,
            (_, found) => found,
        }
    }

    /// Lets the next search begin behind a server that fell silent: it may accept connections again, and no longer be the one
    /// that others write to.
    pub(crate) fn leave(&self, server: usize) {
        let next = (server + 1) % self.servers.len().max(1);
        // Several connections to it may say so; only the first moves the search on.
        let _ = self
            .first
            .compare_exchange(server, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Asks the server to cancel the running statement of a connection opened here.
    pub(crate) async fn cancel(&self, token: &CancelToken) -> Result<(), Cause> {
        match timeout(self.connect_timeout, token.cancel_query(self.tls.clone())).await {
            Ok(cancelled) => Ok(cancelled?),
            Err(_) => Err(Cause::Silent(self.connect_timeout)),
        }
    }

    async fn find(&self, driver: &tokio_postgres::Config, wanted: Wanted) -> Result<Opened, ConnectError> {
        let count = self.servers.len();
        let first = match wanted {
            // Any server will do, so the order of the URL is the operator's preference.
            Wanted::Any => 0,
            _ => self.first.load(Ordering::Relaxed),
        };
        let mut causes = Vec::new();
        for index in (first..first + count).map(|index| index % count) {
            let Some(server) = self.servers.get(index) else {
                continue;
            };
            let mut search = Search {
                first: &self.first,
                next: (index + 1) % count,
            };
            match self.open(driver, server, wanted).await {
                Ok(mut opened) => {
                    search.next = index;
                    opened.server = index;
                    return Ok(opened);
                }
                Err(cause) => causes.push((server.clone(), cause)),
            }
        }
        Err(ConnectError(causes))
    }

    /// Opens a session on one server, by the first of its addresses that leads to one that is wanted.
    async fn open(&self, driver: &tokio_postgres::Config, server: &Server, wanted: Wanted) -> Result<Opened, Cause> {
        let mut driver = driver.clone();
        driver.port(server.port);
        let (name, addresses): (_, Vec<IpAddr>) = match &server.place {
            Place::Socket(folder) => {
                driver.host_path(folder);
                // Sockets are never encrypted.
                return self.attempt(driver, Mode::Disable, wanted).await;
            }
            Place::Host(name, Some(address)) => (name, vec![*address]),
            Place::Host(name, None) => {
                let lookup = tokio::net::lookup_host((name.as_str(), server.port));
                let found = timeout(self.connect_timeout, lookup).await;
                let found = found
                    .map_err(|_| Cause::Silent(self.connect_timeout))?
                    .map_err(Cause::Lookup)?;
                (name, found.map(|address| address.ip()).collect())
            }
        };
        let mut first = None;
        for address in addresses {
            let mut driver = driver.clone();
            driver.host(name).hostaddr(address);
            match self.attempt(driver, self.mode, wanted).await {
                Ok(opened) => return Ok(opened),
                Err(cause) => first = first.or(Some(cause)),
            }
        }
        Err(first.unwrap_or_else(|| Cause::Lookup(io::ErrorKind::AddrNotAvailable.into())))
    }

    async fn attempt(&self, driver: tokio_postgres::Config, mode: Mode, wanted: Wanted) -> Result<Opened, Cause> {
        let attempt = async {
            let mut opened = self.shake_hands(driver, mode).await?;
            let session = Session::ask(&mut opened).await?;
            session.require(wanted)?;
            let given = backend_key::process_id(&opened.client);
            opened.is_direct = given.is_some() && given == session.process_id;
            Ok(opened)
        };
        timeout(self.connect_timeout, attempt)
            .await
            .unwrap_or(Err(Cause::Silent(self.connect_timeout)))
    }

    async fn shake_hands(&self, mut driver: tokio_postgres::Config, mode: Mode) -> Result<Opened, Cause> {
        driver.ssl_mode(mode.of_driver());
        let connected = match driver.connect(self.tls.clone()).await {
            // `prefer` also accepts an unencrypted connection if only that works.
            Err(error) if mode == Mode::Prefer && concerns_encryption(&error) => {
                driver.ssl_mode(Mode::Disable.of_driver());
                // The first error is more informative than "the server requires encryption".
                driver.connect(self.tls.clone()).await.map_err(|_| error)
            }
            result => result,
        };
        let (client, socket) = connected?;
        Ok(Opened {
            client,
            socket,
            is_direct: false,
            server: 0,
        })
    }
}

/// The search of a server; if it ends here without success, or is given up, the next begins behind this server.
struct Search<'c> {
    first: &'c AtomicUsize,
    next: usize,
}

impl Drop for Search<'_> {
    fn drop(&mut self) {
        self.first.store(self.next, Ordering::Relaxed);
    }
}

/// What a session says of itself.
#[derive(Clone, Copy, Debug)]
struct Session {
    process_id: Option<i32>,
    is_in_recovery: bool,
    is_read_only: bool,
}

impl Session {
    async fn ask(opened: &mut Opened) -> Result<Self, Cause> {
        let answer = pin!(opened.client.simple_query(PROBE));
        // Nobody else polls the socket yet. It ends only if the connection fails.
        let socket = poll_fn(|context| opened.socket.poll_unpin(context));
        let answer = match select(answer, socket).await {
            Either::Left((answer, _)) => answer?,
            Either::Right((Err(error), _)) => return Err(error.into()),
            Either::Right((Ok(()), answer)) => answer.await?,
        };
        let row = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let text = |index| row.and_then(|row| row.get(index));
        Ok(Self {
            process_id: text(0).and_then(|text| text.parse().ok()),
            is_in_recovery: text(1) == Some("t"),
            is_read_only: text(2) == Some("on"),
        })
    }

    fn require(&self, wanted: Wanted) -> Result<(), Cause> {
        match wanted {
            Wanted::ReadWrite if self.is_read_only => Err(Cause::ReadOnly),
            Wanted::Primary if self.is_in_recovery => Err(Cause::ReadOnly),
            Wanted::ReadOnly if !self.is_read_only => Err(Cause::Writable),
            Wanted::Standby | Wanted::PreferStandby if !self.is_in_recovery => Err(Cause::Writable),
            _ => Ok(()),
        }
    }
}

/// Writes an error of the driver and its causes as one sentence, without repetition.
pub(crate) fn sentence(error: &tokio_postgres::Error) -> String {
    if let Some(db) = error.as_db_error() {
        return db.message().to_owned();
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}

/// Returns whether the same server might accept an unencrypted connection.
fn concerns_encryption(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        Some(code) => *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        None => {
            let mut cause = error.source();
            while let Some(inner) = cause {
                if inner.is::<rustls::Error>() {
                    return true;
                }
                // rustls errors are wrapped in an I/O error, whose `source` skips them.
                if let Some(io) = inner.downcast_ref::<io::Error>()
                    && io.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
                {
                    return true;
                }
                cause = inner.source();
            }
            false
        }
    }
}
