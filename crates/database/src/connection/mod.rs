//! A connection that knows whether its statements may have names, and whether it may be handed on.
//!
//! diesel-async's own `AsyncPgConnection` names every statement it prepares. Behind a pooler that assigns a server
//! connection per transaction, such a name may not exist, or may name another process's SQL. [`Connection`] names
//! statements, which saves the server half of the work, only where the probe of the new connection has proven that the
//! session is the server's own. Elsewhere it sends each statement as one unnamed `Parse/Bind/Describe/Execute/Sync`
//! batch, which any pooler passes through. It always knows whether it may be handed to the next borrower.
//!
//! It keeps three promises, tested in `tests/api/connection.rs` and `tests/api/named.rs`:
//!
//! - through a pooler no statement outlives its batch: `pg_prepared_statements` stays empty;
//! - nothing written through a connection whose `BEGIN` failed is ever executed, and nothing read
//!   through it is ever returned (see [`Connection::send_ahead`]);
//! - a connection with an unread answer or an open transaction is [broken] for the pool, however
//!   the future that used it ended.
//!
//! No statement text is inspected for this. The handle decides whether a statement may be sent before `BEGIN` is
//! answered: [`Connection`] waits, [`Reading`](reading::Reading) does not. Transactions are opened and ended by methods
//! (or by Diesel's own `transaction`); a test over the sources forbids `BEGIN` anywhere else.
//!
//! [broken]: diesel_async::pooled_connection::PoolableConnection::is_broken

mod errors;
mod lock;
pub mod reading;
mod rows;
mod statements;
mod texts;
mod traits;
mod types;
mod wire;

use std::fmt;
use std::time::{Duration, Instant};

use diesel::pg::Pg;
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::{ConnectionError, ConnectionResult, QueryResult};
use diesel_async::AnsiTransactionManager;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::types::{Kind, Type};

use self::errors::query_error;
pub use self::errors::{Shortage, is_outage, is_unfit_value, shortage};
pub(super) use self::errors::{is_crowded, is_read_only};
pub use self::rows::{Field, Row, Rows};
use self::types::{Bind, Types};
use self::wire::{Leaves, Statement, Wire};
use super::connector::{Connector, Opened, sentence};
use crate::settings::SessionLimits;
use crate::url::DatabaseUrl;

/// The empty `SELECT` fails in an aborted transaction, and then `COMMIT` is not executed.
const COMMIT: &str = "SELECT; COMMIT";

/// How long a statement that nobody waits for may go on after a cancellation, until the next is sent.
const CANCEL_AGAIN: Duration = Duration::from_millis(200);

/// Statements are short and many run at once, so parallel workers only slow them down. (Listing places in a circle
/// among 100,000 took 4 ms; with workers 23 ms at best and 760 ms on a busy machine.)
const NO_PARALLEL_PLANS: (&str, u128) = ("max_parallel_workers_per_gather", 0);

/// A PostgreSQL connection whose statements are named only if the server is reached directly.
///
/// It implements diesel-async's [`AsyncConnection`](diesel_async::AsyncConnection), so `RunQueryDsl`, `transaction` and
/// the migration harness work on it. `&Connection` implements
/// [`AsyncConnectionCore`](diesel_async::AsyncConnectionCore) as well: statements polled together (`try_join!`) are
/// sent together, in the order of their first poll.
///
/// Timestamps are exchanged in binary and need no session time zone; the session is set to UTC anyway, except through a
/// pooler, where a session setting would affect other clients.
pub struct Connection {
    wire: Wire,
    types: Types,
    transaction_settings: String,
    connector: Connector,
    server: usize,
    socket: AbortHandle,
    through_pooler: bool,
    keeps_session: bool,
    transaction_manager: AnsiTransactionManager,
}

/// How to open and set up a session.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// The server and how to connect to it.
    pub url: DatabaseUrl,
    /// The name in `pg_stat_activity`; the URL's own `application_name` takes precedence.
    pub application_name: String,
    /// The time limits of the session, none by default.
    pub limits: SessionLimits,
}

impl ConnectOptions {
    /// Returns options for a session on `url` without time limits, as migrations need it.
    #[must_use]
    pub fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            application_name: "scrapersky".to_owned(),
            limits: SessionLimits::none(),
        }
    }
}

impl Connection {
    /// Connects without time limits, for migrations and other administration.
    ///
    /// # Errors
    ///
    /// [`ConnectionError`] if the URL's TLS settings are unusable, the server cannot be reached or refuses, or the
    /// session cannot be set up. No message contains the password.
    pub async fn connect(url: &DatabaseUrl) -> ConnectionResult<Self> {
        Self::open(&ConnectOptions::new(url.clone())).await
    }

    /// Connects with the given options.
    ///
    /// # Errors
    ///
    /// As [`Connection::connect`].
    pub async fn open(options: &ConnectOptions) -> ConnectionResult<Self> {
        let connector =
            Connector::new(&options.url).map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
        Self::open_with(&connector, options).await
    }

    /// Connects through an existing connector, without reading certificate files again.
    ///
    /// # Errors
    ///
    /// As [`Connection::connect`].
    pub(crate) async fn open_with(connector: &Connector, options: &ConnectOptions) -> ConnectionResult<Self> {
        let opened = connector
            .connect(&options.application_name)
            .await
            .map_err(|error| errors::connection_error(&error))?;
        let connect_timeout = connector.connect_timeout();
        timeout(connect_timeout, Self::set_up(opened, connector, options))
            .await
            .unwrap_or_else(|_| Err(errors::silence(connect_timeout)))
            .map_err(ConnectionError::CouldntSetupConfiguration)
    }

    async fn set_up(opened: Opened, connector: &Connector, options: &ConnectOptions) -> QueryResult<Self> {
        let Opened {
            client,
            socket,
            is_direct,
            server,
        } = opened;
        // The task ends when the client is dropped. Its error becomes the error of every pending answer.
        let socket = tokio::spawn(async move {
            if let Err(error) = socket.await {
                log::debug!("a database connection ended: {}", sentence(&error));
            }
        });
        let mut settings = vec![NO_PARALLEL_PLANS];
        settings.extend(options.limits.settings());
        let pooler = options.url.is_pooler() || !is_direct;
        // Through a transaction pooler, a session setting would stay on a server connection that other clients use
        // next, and be missing when this client returns. There the settings are sent with every transaction instead.
        let session = if pooler {
            String::new()
        } else {
            let mut text = "SET TIME ZONE 'UTC'".to_owned();
            for (name, value) in &settings {
                text.push_str(&format!("; SET {name} = {value}"));
            }
            text
        };
        let types = types::learn(&client, &session).await.map_err(query_error)?;
        let transaction_settings = if pooler {
            settings
                .iter()
                .map(|(name, value)| format!("SET LOCAL {name} = {value}; "))
                .collect()
        } else {
            String::new()
        };
        Ok(Self {
            wire: Wire::new(client, options.limits.answer_timeout(), !pooler),
            types,
            transaction_settings,
            connector: connector.clone(),
            server,
            socket: socket.abort_handle(),
            through_pooler: pooler,
            keeps_session: !pooler || options.url.keeps_sessions(),
            transaction_manager: AnsiTransactionManager::default(),
        })
    }

    /// Opens a transaction before the next statement, with `settings` that apply in it.
    ///
    /// `settings` are statements such as `SET LOCAL ROLE app; SET LOCAL app.tenant_id = '...'`. Nothing is sent yet:
    /// `BEGIN` and the settings are sent together with the next statement, so they cost no round trip, and a future
    /// dropped before that has opened nothing. Both answers are read together. If the server refuses to open the
    /// transaction, that error replaces the result of this and every later statement; the connection is then unusable
    /// and the pool discards it.
    ///
    /// **Why nothing is written outside the transaction.** A failure *after* `BEGIN` leaves an aborted block, in which
    /// the server refuses everything that follows. Three failures happen *before* it and leave no block: a syntax error
    /// anywhere in `settings`, since a simple query is parsed as a whole; a cancellation that arrives between parsing
    /// and execution; out of memory. A statement sent right after such a query would run in autocommit, as the login
    /// role. Therefore a statement waits, for one round trip, until the server has confirmed the transaction, unless
    /// its caller declares it read-only by sending it through [`reading`](Self::reading).
    ///
    /// **If the future is dropped** before the statement was polled, nothing has been sent. The waiting query still
    /// makes the connection unfit for another borrower, who would run it. Later there is an unread answer and an open
    /// transaction; either makes the connection broken for the pool.
    ///
    /// # Errors
    ///
    /// [`AlreadyInTransaction`](diesel::result::Error::AlreadyInTransaction) inside a transaction,
    /// [`QueryBuilderError`](diesel::result::Error::QueryBuilderError) if another transaction is waiting to be opened.
    pub fn send_ahead(&self, settings: &str) -> QueryResult<()> {
        self.wire
            .send_ahead(format!("BEGIN; {}{settings}", self.transaction_settings))
    }

    /// Lets the transaction that waits to be opened end with its `reads`-th statement: its rollback leaves in the same flush.
    ///
    /// They must all be sent through [`reading`](Self::reading); a later statement is refused.
    pub(crate) fn end_after(&self, reads: usize) {
        self.wire.end_after(reads);
    }

    /// Returns whether the transaction has ended by itself, as [`end_after`](Self::end_after) said, or is about to.
    pub(crate) fn is_ending(&self) -> bool {
        self.wire.is_ending()
    }

    /// Waits until the transaction has ended, if it is about to.
    pub(crate) async fn ended(&self) {
        self.wire.ended().await;
    }

    /// Cancels a transaction that is waiting to be opened. Returns `true` if it had not been sent, so that there is
    /// nothing to end.
    pub(crate) fn withdraw_ahead(&self) -> bool {
        self.wire.withdraw_ahead()
    }

    /// Commits a transaction that [`send_ahead`](Self::send_ahead) opened.
    ///
    /// # Errors
    ///
    /// If a statement in it failed; nothing is committed then. A bare `COMMIT` would roll such a transaction back and
    /// report success.
    pub async fn commit(&self) -> QueryResult<()> {
        self.wire.end_transaction(COMMIT).await
    }

    /// Rolls back a transaction that [`send_ahead`](Self::send_ahead) opened.
    ///
    /// # Errors
    ///
    /// If no answer arrives.
    pub async fn rollback(&self) -> QueryResult<()> {
        self.wire.end_transaction("ROLLBACK").await
    }

    /// Returns a token that cancels the running statement.
    ///
    /// A cancellation may arrive after the statement it was meant for: discard the connection after using the token,
    /// never return it to the pool. Do not use it through a pooler; see `Drop`.
    #[must_use]
    pub fn cancel_token(&self) -> tokio_postgres::CancelToken {
        self.wire.client().cancel_token()
    }

    /// Returns whether a sent statement's answer has not been read to its end.
    ///
    /// This is so while a query runs, and after its future or a half-read stream was dropped, until a later answer has
    /// been read to its end: answers arrive in order, so that proves all earlier ones complete.
    #[must_use]
    pub fn in_flight(&self) -> bool {
        self.wire.progress().in_flight()
    }

    /// Returns whether the connection is between units of work: nothing in flight or waiting, no open transaction, no
    /// permanent failure.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        !self.in_flight() && self.wire.is_idle()
    }

    /// Returns whether the connection may be kept: it is clean, or only the end of the last answer or of its transaction is
    /// still to come, which the next borrower checks again.
    pub(crate) fn is_worth_keeping(&self) -> bool {
        self.wire.read_end();
        if self.wire.is_ending() {
            return self.wire.is_usable();
        }
        let progress = self.wire.progress();
        progress.read_tail();
        (!progress.in_flight() || progress.has_tail()) && self.wire.is_idle()
    }

    /// Returns whether the server was silent for so long that it counts as frozen or out of reach.
    pub(crate) fn is_silent(&self) -> bool {
        self.wire.progress().is_silent()
    }

    /// Lets the search for the next connection begin behind this one's server, which fell silent.
    pub(crate) fn leave_server(&self) {
        self.connector.leave(self.server);
    }

    /// Returns whether the connection leads, or may lead, through a pooler: the URL says so, or the probe of the new
    /// connection could not prove that the session is the server's own.
    #[must_use]
    pub fn is_through_pooler(&self) -> bool {
        self.through_pooler
    }

    /// Returns whether all statements of this connection run in one session of the server: session settings, session
    /// locks and LISTEN work. Through a pooler this is the operator's word.
    #[must_use]
    pub fn keeps_session(&self) -> bool {
        self.keeps_session
    }

    /// Marks the connection as unusable for any further borrower.
    pub(crate) fn condemn(&self) {
        self.wire.condemn();
    }

    fn statement(&self, query: &(impl QueryFragment<Pg> + QueryId)) -> QueryResult<Statement> {
        let text = texts::of(query)?;
        let mut collected = RawBytesBindCollector::<Pg>::new();
        query.collect_binds(&mut collected, &mut self.types.lookup(), &Pg)?;
        let binds = collected
            .metadata
            .iter()
            .zip(collected.binds)
            .map(|(metadata, bytes)| {
                // Type 0 lets the server infer the type from the statement.
                let oid = metadata.oid().unwrap_or(0);
                let declared =
                    Type::from_oid(oid).unwrap_or_else(|| Type::new(String::new(), oid, Kind::Simple, String::new()));
                (Bind(bytes), declared)
            })
            .collect();
        Ok((text, binds))
    }

    fn start(&self, query: &(impl QueryFragment<Pg> + QueryId)) -> QueryResult<Statement> {
        self.wire.started(&diesel::debug_query::<Pg, _>(query));
        self.statement(query)
    }

    async fn load_rows(&self, statement: QueryResult<Statement>) -> QueryResult<Rows> {
        self.wire.load(statement, Leaves::AfterBegin).await
    }

    async fn count_rows(&self, statement: QueryResult<Statement>) -> QueryResult<usize> {
        self.wire.execute(statement).await
    }

    async fn run_batch(&self, sql: &str) -> QueryResult<()> {
        self.wire.batch(sql).await
    }
}

/// Cancels what is still running, since nobody will read its answer.
///
/// The socket closes after the last answer; without this, a query whose future was dropped would keep its session,
/// locks and transaction until it finishes.
impl Drop for Connection {
    fn drop(&mut self) {
        if !self.in_flight() || self.wire.client().is_closed() {
            return;
        }
        if self.through_pooler {
            // A pooler closes the server connection of a client that disconnects mid-query. A cancel request would not
            // work: PgBouncer 1.18 exits with "bad client state" if the client is gone before the request is passed on.
            self.socket.abort();
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (token, connector) = (self.wire.client().cancel_token(), self.connector.clone());
        let socket = self.socket.clone();
        runtime.spawn(async move {
            // A cancellation stops what runs when it arrives. A statement that begins a moment later would go on, so it is
            // sent again; the socket closes after the last answer, which a frozen server never sends.
            let end = Instant::now() + connector.connect_timeout();
            while !socket.is_finished() && Instant::now() < end {
                if let Err(error) = connector.cancel(&token).await {
                    log::debug!("a query that nobody waits for could not be cancelled: {error}");
                }
                tokio::time::sleep(CANCEL_AGAIN).await;
            }
            socket.abort();
        });
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("in_flight", &self.in_flight())
            .field("closed", &self.wire.client().is_closed())
            .finish_non_exhaustive()
    }
}
