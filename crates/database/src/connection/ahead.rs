//! The query that opens a transaction in front of its first statement.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use diesel::QueryResult;
use diesel::connection::{InstrumentationEvent, StrQueryHelper};
use diesel::result::Error;
use futures_core::future::BoxFuture;
use futures_util::future::{FutureExt, OptionFuture, Shared, join, maybe_done};
use tokio_postgres::error::SqlState;

use super::errors::query_error;
use super::lock::lock;
use super::{COMMIT, Connection, ends_transaction, opens_transaction};

/// The answer to a query sent ahead, awaited by every statement behind it.
type Gate = Shared<BoxFuture<'static, Result<(), Arc<tokio_postgres::Error>>>>;

/// The answer to a query sent ahead, where there was one.
type Opened = Option<Result<(), Arc<tokio_postgres::Error>>>;

/// Where the query put in front of the next statement stands.
pub(super) enum Ahead {
    /// There is none, or it was answered well.
    Clear,
    /// It leaves with the next statement.
    Waiting(String),
    /// It has left.
    Sent(Gate),
    /// It was refused. This state is final: nothing can be said about the transaction any more.
    Failed(Arc<tokio_postgres::Error>),
}

impl Connection {
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
    /// (A function with side effects called from a `SELECT` is the caller's to avoid, unless it refuses to run as the login role,
    /// as the claim of jobs does.)
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

    /// Sends the query waiting in front of the next statement, and returns the gate it stands for
    /// with the text to report as finished (once, to instrumentation).
    pub(super) fn open_gate(&self) -> QueryResult<(Option<Gate>, Option<String>)> {
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
    pub(super) async fn in_turn<T>(
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
}

/// Returns whether `sql` may leave before its transaction is known to be open.
///
/// Everything it could do outside is read, and what it reads is thrown away.
fn is_harmless_outside_a_transaction(sql: &str) -> bool {
    sql.starts_with("SELECT ") || ends_transaction(sql)
}
