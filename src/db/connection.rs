//! The connection: diesel-async over unnamed statements.
//!
//! diesel-async's own `AsyncPgConnection` names every statement it prepares. Behind a pooler that
//! hands out a server connection per transaction such a name may not exist, or mean another
//! process's SQL. [`Connection`] sends each statement as one unnamed
//! `Parse/Bind/Describe/Execute/Sync` batch instead, which any pooler passes through, and knows at
//! every moment whether it is fit to be handed to somebody else.
//!
//! Three promises are kept here, and tested in `tests/api/connection.rs`:
//!
//! - no statement outlives its batch: `pg_prepared_statements` stays empty;
//! - nothing written through a connection whose `BEGIN` failed is ever executed, and nothing read
//!   through it is ever returned (see [`Connection::send_ahead`]);
//! - a connection with an unread answer or an open transaction is [broken] for the pool, however
//!   the future that used it ended.
//!
//! [broken]: PoolableConnection::is_broken

mod errors;
mod rows;
mod types;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use diesel::connection::{CacheSize, DynInstrumentation, Instrumentation, InstrumentationEvent, StrQueryHelper};
use diesel::pg::{Pg, PgQueryBuilder};
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::query_builder::{AsQuery, QueryBuilder, QueryFragment, QueryId};
use diesel::result::Error;
use diesel::{ConnectionError, ConnectionResult, QueryResult};
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncConnectionCore, SimpleAsyncConnection, TransactionManager,
};
use futures_core::future::BoxFuture;
use futures_util::future::{FutureExt, OptionFuture, Shared, join, maybe_done};
use futures_util::stream::TryStreamExt;
use tokio::task::AbortHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Client, Socket};

pub use self::errors::is_outage;
use self::errors::query_error;
pub(super) use self::errors::sentence;
use self::rows::Progress;
pub use self::rows::{Field, Row, Rows};
use self::types::{Bind, Types};
use super::tls::{Connector, Stream};
use crate::config::{DatabaseUrl, SessionLimits};

/// A statement ready to be sent: its text, and each bind with the type it is declared as.
type Statement = (String, Vec<(Bind, Type)>);

/// The answer to a query sent ahead, awaited by every statement behind it.
type Gate = Shared<BoxFuture<'static, Result<(), Arc<tokio_postgres::Error>>>>;

/// The answer to a query sent ahead, where there was one.
type Opened = Option<Result<(), Arc<tokio_postgres::Error>>>;

/// The empty `SELECT` fails in an aborted transaction, and the `COMMIT` behind it is then not tried.
const COMMIT: &str = "SELECT; COMMIT";

/// A PostgreSQL connection whose statements are never named.
///
/// It implements diesel-async's [`AsyncConnection`], so that `RunQueryDsl`, `transaction` and the
/// migration harness work on it. `&Connection` implements [`AsyncConnectionCore`] as well:
/// statements polled together (`try_join!`) leave together, in the order of their first poll.
///
/// Timestamps are exchanged in binary and need no session time zone; the session is put to UTC all
/// the same, except through a pooler, where a session setting would reach other clients.
pub struct Connection {
    client: Arc<Client>,
    types: Types,
    progress: Arc<Progress>,
    /// Held while a statement is put on the wire; tokio's mutex serves in order of arrival, which
    /// is what keeps pipelined statements in order when one of them has to wait.
    turn: tokio::sync::Mutex<()>,
    ahead: Mutex<Ahead>,
    /// A transaction was opened by text (`BEGIN`) and its end has not been answered.
    in_transaction: AtomicBool,
    /// Nobody may use the connection again.
    condemned: AtomicBool,
    transaction_settings: String,
    connector: Connector,
    socket: AbortHandle,
    through_pooler: bool,
    transaction_manager: AnsiTransactionManager,
    instrumentation: Mutex<DynInstrumentation>,
}

/// Where the query put in front of the next statement stands.
enum Ahead {
    /// There is none, or it was answered well.
    Clear,
    /// It leaves with the next statement.
    Waiting(String),
    /// It has left.
    Sent(Gate),
    /// It was refused. This state is final: nothing can be said about the transaction any more.
    Failed(Arc<tokio_postgres::Error>),
}

/// How a session is set up once it is open.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// Where the server is, and how it is spoken to.
    pub url: DatabaseUrl,
    /// What `pg_stat_activity` shows; the URL's own `application_name` wins.
    pub application_name: String,
    /// The time limits of the session, none by default.
    pub limits: SessionLimits,
}

impl ConnectOptions {
    /// Describes a session on `url` without time limits, as migrations want it.
    #[must_use]
    pub fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            application_name: env!("CARGO_PKG_NAME").to_owned(),
            limits: SessionLimits::none(),
        }
    }
}

impl Connection {
    /// Connects without time limits, for migrations and other administration.
    ///
    /// # Errors
    ///
    /// [`ConnectionError`] when the URL's TLS settings are unusable, the server cannot be reached
    /// or refuses, or the session cannot be set up. No message holds the password.
    pub async fn connect(url: &DatabaseUrl) -> ConnectionResult<Self> {
        Self::open(&ConnectOptions::new(url.clone())).await
    }

    /// Connects as `options` say.
    ///
    /// # Errors
    ///
    /// As [`Connection::connect`].
    pub async fn open(options: &ConnectOptions) -> ConnectionResult<Self> {
        let connector =
            Connector::new(&options.url).map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
        Self::open_with(&connector, options).await
    }

    /// Connects through a connector made beforehand, which reads no certificate file again.
    ///
    /// # Errors
    ///
    /// As [`Connection::connect`].
    pub(crate) async fn open_with(connector: &Connector, options: &ConnectOptions) -> ConnectionResult<Self> {
        let (client, socket) = connector
            .connect(&options.application_name)
            .await
            .map_err(|error| ConnectionError::BadConnection(errors::sentence(&error)))?;
        Self::set_up(client, socket, connector, options)
            .await
            .map_err(ConnectionError::CouldntSetupConfiguration)
    }

    async fn set_up(
        client: Client,
        socket: tokio_postgres::Connection<Socket, Stream>,
        connector: &Connector,
        options: &ConnectOptions,
    ) -> QueryResult<Self> {
        // The task ends when the client is dropped. What it fails with, every pending answer fails with.
        let socket = tokio::spawn(async move {
            if let Err(error) = socket.await {
                log::debug!("a database connection ended: {}", errors::sentence(&error));
            }
        });
        let limits = options.limits.settings();
        let pooler = options.url.is_pooler();
        // A session setting made through a transaction pooler stays on a server connection that
        // other clients use next, and is not there when this client comes back. There the limits
        // travel with every transaction instead.
        let session = if pooler {
            String::new()
        } else {
            let mut text = "SET TIME ZONE 'UTC'".to_owned();
            for (name, value) in &limits {
                text.push_str(&format!("; SET {name} = {value}"));
            }
            text
        };
        let types = types::learn(&client, &session).await.map_err(query_error)?;
        let transaction_settings = if pooler {
            limits
                .iter()
                .map(|(name, value)| format!("SET LOCAL {name} = {value}; "))
                .collect()
        } else {
            String::new()
        };
        Ok(Self {
            client: Arc::new(client),
            types,
            progress: Arc::default(),
            turn: tokio::sync::Mutex::new(()),
            ahead: Mutex::new(Ahead::Clear),
            in_transaction: AtomicBool::new(false),
            condemned: AtomicBool::new(false),
            transaction_settings,
            connector: connector.clone(),
            socket: socket.abort_handle(),
            through_pooler: pooler,
            transaction_manager: AnsiTransactionManager::default(),
            instrumentation: Mutex::new(DynInstrumentation::default_instrumentation()),
        })
    }

    /// Returns the settings that every transaction on this connection has to begin with.
    ///
    /// Empty on a direct connection, whose session carries them; through a pooler
    /// `SET LOCAL statement_timeout = ...; ` and so on, to be put right behind `BEGIN; `.
    #[must_use]
    pub fn transaction_settings(&self) -> &str {
        &self.transaction_settings
    }

    /// Returns a token that cancels what this connection is executing.
    ///
    /// A cancellation may arrive after the statement it was meant for: whoever uses the token must
    /// discard the connection afterwards, never return it to the pool. Not to be used through a
    /// pooler, see the implementation of `Drop`.
    #[must_use]
    pub fn cancel_token(&self) -> tokio_postgres::CancelToken {
        self.client.cancel_token()
    }

    /// Puts a simple query that opens a transaction in front of the next statement.
    ///
    /// For `db::tenant`, which alone opens transactions by text.
    ///
    /// `sql` begins with `BEGIN`, for example
    /// `BEGIN; SET LOCAL ROLE app; SET LOCAL app.tenant_id = '...'`. Nothing is sent yet: the query
    /// leaves together with the next statement, so that it costs no round trip, and a future that
    /// is dropped before that has opened nothing. Both answers are consumed together. If the query
    /// was refused, its error takes the place of the statement's own result, and of the result of
    /// every later statement: the connection is of no more use and the pool will discard it.
    ///
    /// **Why nothing can happen outside the transaction.** A failure *behind* the `BEGIN` leaves an
    /// aborted block, in which the server refuses everything that follows. Three failures come
    /// *before* it and leave no block at all: a syntax error anywhere in `sql`, since a simple query
    /// is parsed as a whole; a cancellation that reaches the server between parsing and execution;
    /// a want of memory. A statement right behind such a query runs in autocommit, as the login
    /// role. What was read that way is thrown away unseen. What would be written could not be taken
    /// back, therefore only statements that begin with `SELECT`, and `COMMIT` and `ROLLBACK`, which
    /// change nothing outside a block, leave in the same flush; any other statement waits until the
    /// server has answered that the transaction is open, at the price of one round trip.
    /// (A function with side effects called from a `SELECT` is the caller's to avoid.)
    ///
    /// **If the future is dropped** before the statement was polled, nothing has been sent. The
    /// waiting query still makes the connection unfit for another borrower, who would run it.
    /// Afterwards there is an unread answer and an open transaction; either makes the connection
    /// broken for the pool.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyInTransaction`] within a transaction, [`Error::QueryBuilderError`] when `sql`
    /// does not begin with `BEGIN` or when another query already waits.
    pub fn send_ahead(&self, sql: &str) -> QueryResult<()> {
        if !opens_transaction(sql) {
            return Err(Error::QueryBuilderError(
                "a query sent ahead has to begin with `BEGIN`".into(),
            ));
        }
        // PostgreSQL only warns of a BEGIN within a transaction, and would go on in the old one.
        if self.in_transaction.load(Ordering::Acquire) {
            return Err(Error::AlreadyInTransaction);
        }
        let mut ahead = lock(&self.ahead);
        let settled = match &*ahead {
            Ahead::Clear => true,
            Ahead::Sent(gate) => matches!(gate.peek(), Some(Ok(()))),
            Ahead::Waiting(_) | Ahead::Failed(_) => false,
        };
        if !settled {
            return Err(Error::QueryBuilderError("another query was already sent ahead".into()));
        }
        *ahead = Ahead::Waiting(sql.to_owned());
        Ok(())
    }

    /// Takes back the query that waits in front of the next statement, if it has not left.
    ///
    /// Returns whether it had not: then no transaction was opened, and there is none to end.
    pub(crate) fn withdraw_ahead(&self) -> bool {
        let mut ahead = lock(&self.ahead);
        let waits = matches!(*ahead, Ahead::Waiting(_));
        if waits {
            *ahead = Ahead::Clear;
        }
        waits
    }

    /// Commits a transaction that [`send_ahead`](Self::send_ahead) opened.
    ///
    /// # Errors
    ///
    /// When a statement in it had failed, and nothing is committed: a bare `COMMIT` would end such
    /// a transaction by rolling it back, and call that a success.
    pub(crate) async fn commit(&self) -> QueryResult<()> {
        self.run_batch(COMMIT).await
    }

    /// Returns whether something was sent whose answer has not been read to its end.
    ///
    /// True while a query runs, after the future of one was dropped, and after a half-read stream
    /// was dropped, until a later answer has been read to its end: answers come in order, so that
    /// one proves all earlier ones complete.
    #[must_use]
    pub fn in_flight(&self) -> bool {
        self.progress.in_flight()
    }

    /// Returns whether the connection is between units of work: nothing in flight or waiting, no
    /// transaction open, no failure that lasts.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        !self.in_flight() && self.is_idle()
    }

    /// Returns whether the connection may be kept: it is clean, or only the end of the last answer
    /// is still on its way, which whoever borrows the connection next checks again.
    pub(crate) fn is_worth_keeping(&self) -> bool {
        self.progress.read_tail();
        (!self.in_flight() || self.progress.has_tail()) && self.is_idle()
    }

    /// What [`Self::is_clean`] asks, but for answers.
    fn is_idle(&self) -> bool {
        let ahead_is_settled = match &*lock(&self.ahead) {
            Ahead::Clear => true,
            Ahead::Sent(gate) => matches!(gate.peek(), Some(Ok(()))),
            Ahead::Waiting(_) | Ahead::Failed(_) => false,
        };
        ahead_is_settled
            && !self.in_transaction.load(Ordering::Acquire)
            && !self.condemned.load(Ordering::Acquire)
            && !self.client.is_closed()
    }

    /// Makes the connection unfit for any further borrower.
    pub(crate) fn condemn(&self) {
        self.condemned.store(true, Ordering::Release);
    }

    /// Sends the query waiting in front of the next statement, and returns the gate it stands for
    /// with the text to report as finished (once, to instrumentation).
    fn open_gate(&self) -> QueryResult<(Option<Gate>, Option<String>)> {
        let mut ahead = lock(&self.ahead);
        match std::mem::replace(&mut *ahead, Ahead::Clear) {
            Ahead::Clear => Ok((None, None)),
            Ahead::Failed(error) => {
                *ahead = Ahead::Failed(Arc::clone(&error));
                Err(query_error(error))
            }
            Ahead::Sent(gate) => match gate.peek().cloned() {
                Some(Ok(())) => Ok((None, None)),
                Some(Err(error)) => {
                    *ahead = Ahead::Failed(Arc::clone(&error));
                    Err(query_error(error))
                }
                None => {
                    *ahead = Ahead::Sent(gate.clone());
                    Ok((Some(gate), None))
                }
            },
            Ahead::Waiting(sql) => {
                self.record(InstrumentationEvent::start_query(&StrQueryHelper::new(&sql)));
                self.in_transaction.store(true, Ordering::Release);
                let number = self.progress.begin();
                let client = Arc::clone(&self.client);
                let progress = Arc::clone(&self.progress);
                let text = sql.clone();
                // Sends the query when it is first polled, which `in_turn` does before anything else.
                let gate: Gate = async move {
                    let answer = client.batch_execute(&text).await;
                    progress.settle(number, answer.as_ref().err());
                    answer.map_err(Arc::new)
                }
                .boxed()
                .shared();
                *ahead = Ahead::Sent(gate.clone());
                Ok((Some(gate), Some(sql)))
            }
        }
    }

    /// Sends one statement in its turn and waits for the beginning of its answer, and for the
    /// answer to what was sent ahead of it.
    ///
    /// Returns the answer with the statement's number, by which [`Progress`] knows it.
    async fn in_turn<T>(
        &self,
        sql: &str,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> QueryResult<(T, u64)> {
        let turn = self.turn.lock().await;
        let (gate, sent) = self.open_gate()?;
        let mut opened = pin!(maybe_done(OptionFuture::from(gate)));
        if !is_harmless_outside_a_transaction(sql) {
            opened.as_mut().await;
            self.pass(opened.as_mut().output_mut(), sent.as_deref())?;
        }
        let number = self.progress.begin();
        let mut answer = pin!(maybe_done(answer));
        // A first poll puts a statement on the wire, here right behind the query sent ahead.
        poll_fn(|context| {
            let _ = opened.as_mut().poll(context);
            let _ = answer.as_mut().poll(context);
            Poll::Ready(())
        })
        .await;
        drop(turn);
        // Not `try_join`: the channel behind each answer is bounded, so an answer that nobody reads
        // holds up all later ones, also after the other one failed.
        join(opened.as_mut(), answer.as_mut()).await;
        self.pass(opened.as_mut().output_mut(), sent.as_deref())
            .inspect_err(|_| self.settle_unseen(number, answer.as_mut().take_output()))?;
        match answer.take_output() {
            Some(Ok(value)) => Ok((value, number)),
            Some(Err(error)) => {
                self.progress.settle(number, Some(&error));
                if error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME) {
                    // Nothing here names a statement, except tokio-postgres when a result holds a
                    // type created after this connection was opened (see `types`). The next
                    // connection knows the type.
                    self.condemn();
                }
                Err(query_error(error))
            }
            None => Err(Error::QueryBuilderError("a statement was answered twice".into())),
        }
    }

    /// Takes note of the answer to a query sent ahead, if there was one; a refusal holds for good.
    fn pass(&self, opened: Option<&mut Opened>, sent: Option<&str>) -> QueryResult<()> {
        // Taken, so that a statement which waited for it does not report it a second time.
        let Some(opened) = opened.and_then(Option::take) else {
            return Ok(());
        };
        let result = opened.map_err(|error| {
            *lock(&self.ahead) = Ahead::Failed(Arc::clone(&error));
            query_error(error)
        });
        if let Some(sql) = sent {
            self.finish(sql, &result);
        }
        result
    }

    fn settle_unseen<T>(&self, number: u64, answer: Option<Result<T, tokio_postgres::Error>>) {
        if let Some(Err(error)) = answer {
            self.progress.settle(number, Some(&error));
        }
    }

    fn statement(&self, query: &impl QueryFragment<Pg>) -> QueryResult<Statement> {
        let mut text = PgQueryBuilder::default();
        query.to_sql(&mut text, &Pg)?;
        let mut collected = RawBytesBindCollector::<Pg>::new();
        query.collect_binds(&mut collected, &mut self.types.lookup(), &Pg)?;
        let binds = collected
            .metadata
            .iter()
            .zip(collected.binds)
            .map(|(metadata, bytes)| {
                // Type 0 leaves the choice to the server, which knows what the statement needs.
                let oid = metadata.oid().unwrap_or(0);
                let declared =
                    Type::from_oid(oid).unwrap_or_else(|| Type::new(String::new(), oid, Kind::Simple, String::new()));
                (Bind(bytes), declared)
            })
            .collect();
        Ok((text.finish(), binds))
    }

    fn start(&self, query: &(impl QueryFragment<Pg> + QueryId)) -> QueryResult<Statement> {
        self.record(InstrumentationEvent::start_query(&diesel::debug_query::<Pg, _>(query)));
        self.statement(query)
    }

    async fn load_rows(&self, statement: QueryResult<Statement>) -> QueryResult<Rows> {
        let (sql, binds) = statement?;
        let answer = self.client.query_typed_raw(&sql, binds);
        let result = self.in_turn(&sql, answer).await;
        let result = result.map(|(rows, number)| Rows::new(rows, number, Arc::clone(&self.progress)));
        self.finish(&sql, &result);
        result
    }

    async fn count_rows(&self, statement: QueryResult<Statement>) -> QueryResult<usize> {
        let (sql, binds) = statement?;
        let answer = async {
            let mut rows = pin!(self.client.query_typed_raw(&sql, binds).await?);
            while rows.try_next().await?.is_some() {}
            Ok(rows.rows_affected().unwrap_or(0))
        };
        let result = self.in_turn(&sql, answer).await;
        let result = result.map(|(affected, number)| {
            self.progress.settle(number, None);
            usize::try_from(affected).unwrap_or(usize::MAX)
        });
        self.finish(&sql, &result);
        result
    }

    async fn run_batch(&self, sql: &str) -> QueryResult<()> {
        let event = StrQueryHelper::new(sql);
        self.record(InstrumentationEvent::start_query(&event));
        if opens_transaction(sql) {
            self.in_transaction.store(true, Ordering::Release);
        }
        let result = self
            .in_turn(sql, self.client.batch_execute(sql))
            .await
            .map(|((), number)| {
                self.progress.settle(number, None);
                // Only an answer that says so: a COMMIT that was refused may have left the block open.
                if ends_transaction(sql) {
                    self.in_transaction.store(false, Ordering::Release);
                }
            });
        self.finish(sql, &result);
        result
    }

    fn record(&self, event: InstrumentationEvent<'_>) {
        lock(&self.instrumentation).on_connection_event(event);
    }

    fn finish<T>(&self, sql: &str, result: &QueryResult<T>) {
        self.record(InstrumentationEvent::finish_query(
            &StrQueryHelper::new(sql),
            result.as_ref().err(),
        ));
    }
}

/// Ends what is still running, since nobody will read its answer.
///
/// The socket is closed when the last answer has come; without this, a query whose future was
/// dropped would keep its session, its locks and its transaction until it ends by itself.
impl Drop for Connection {
    fn drop(&mut self) {
        if !self.in_flight() || self.client.is_closed() {
            return;
        }
        if self.through_pooler {
            // A pooler closes the server connection of a client that left in the middle. Asking it
            // to cancel instead is no use: PgBouncer 1.18 exits with "bad client state" when the
            // client is gone before the request was passed on.
            self.socket.abort();
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (token, connector) = (self.client.cancel_token(), self.connector.clone());
        runtime.spawn(async move {
            if let Err(error) = connector.cancel(&token).await {
                log::debug!("a query that nobody waits for could not be cancelled: {error}");
            }
        });
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("in_flight", &self.in_flight())
            .field("closed", &self.client.is_closed())
            .finish_non_exhaustive()
    }
}

/// Returns whether `sql` may leave before its transaction is known to be open.
///
/// Everything it could do outside is read, and what it reads is thrown away.
fn is_harmless_outside_a_transaction(sql: &str) -> bool {
    sql.starts_with("SELECT ") || ends_transaction(sql)
}

fn opens_transaction(sql: &str) -> bool {
    let starts_with = |word: &str| {
        sql.trim_start()
            .get(..word.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(word))
    };
    starts_with("BEGIN") || starts_with("START TRANSACTION")
}

fn ends_transaction(sql: &str) -> bool {
    sql == "COMMIT" || sql == COMMIT || sql == "ROLLBACK"
}

/// Locks a mutex whose data no panic can leave half-written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SimpleAsyncConnection for Connection {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.run_batch(query).await
    }
}

impl SimpleAsyncConnection for &Connection {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.run_batch(query).await
    }
}

impl AsyncConnectionCore for Connection {
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Rows>>;
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type Stream<'conn, 'query> = Rows;
    type Row<'conn, 'query> = Row;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        let statement = self.start(&source.as_query());
        self.load_rows(statement).boxed()
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        let statement = self.start(&source);
        self.count_rows(statement).boxed()
    }
}

/// Pipelining: futures made from shared references may be polled together.
impl<'a> AsyncConnectionCore for &'a Connection {
    type LoadFuture<'conn, 'query> = BoxFuture<'a, QueryResult<Rows>>;
    type ExecuteFuture<'conn, 'query> = BoxFuture<'a, QueryResult<usize>>;
    type Stream<'conn, 'query> = Rows;
    type Row<'conn, 'query> = Row;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        let statement = self.start(&source.as_query());
        self.load_rows(statement).boxed()
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        let statement = self.start(&source);
        self.count_rows(statement).boxed()
    }
}

impl AsyncConnection for Connection {
    type TransactionManager = AnsiTransactionManager;

    async fn establish(database_url: &str) -> ConnectionResult<Self> {
        let url: DatabaseUrl = database_url
            .parse()
            .map_err(|error| ConnectionError::InvalidConnectionUrl(format!("the database URL is unusable: {error}")))?;
        Self::connect(&url).await
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        &mut self.transaction_manager
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        &mut **self.instrumentation.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.instrumentation = Mutex::new(instrumentation.into());
    }

    /// Does nothing: no statement is kept.
    fn set_prepared_statement_cache_size(&mut self, _size: CacheSize) {}
}

impl PoolableConnection for Connection {
    fn is_broken(&mut self) -> bool {
        self.progress.read_tail();
        !self.is_clean() || AnsiTransactionManager::is_broken_transaction_manager(self)
    }
}
