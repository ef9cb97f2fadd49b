//! Sends statements in order and tracks their answers.

mod ending;
mod named;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use diesel::QueryResult;
use diesel::connection::{DebugQuery, DynInstrumentation, Instrumentation, InstrumentationEvent, StrQueryHelper};
use diesel::result::Error;
use futures_util::future::{FutureExt, OptionFuture, join, maybe_done};
use futures_util::stream::TryStreamExt;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use self::ending::{Ending, Gate};
use super::errors::{is_outdated, outdated, outdates_statements, query_error};
use super::lock::lock;
use super::rows::{Progress, Rows};
use super::statements::{Answer, Message, Statements};
use super::types::Bind;

/// A statement ready to be sent: its text, and each bind with its declared type.
pub(super) type Statement = (Arc<str>, Vec<(Bind, Type)>);

const ROLLBACK: &str = "ROLLBACK";

/// The answer to a query sent ahead, if there was one.
type Opened = Option<Result<(), Arc<tokio_postgres::Error>>>;

/// When the first statement of a transaction is sent; its caller decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaves {
    /// After the server has confirmed the transaction.
    AfterBegin,
    /// In the same flush as `BEGIN`, too early to be held back if that is refused.
    WithBegin,
}

/// The state of the query to send before the next statement.
enum Ahead {
    /// There is none, or it succeeded.
    Clear,
    /// It will be sent with the next statement.
    Waiting(String),
    /// It was sent.
    Sent(Gate),
    /// It was refused. This is final: the state of the transaction is unknown.
    Failed(Arc<tokio_postgres::Error>),
}

impl Ahead {
    fn is_settled(&self) -> bool {
        match self {
            Self::Clear => true,
            Self::Sent(gate) => matches!(gate.peek(), Some(Ok(()))),
            Self::Waiting(_) | Self::Failed(_) => false,
        }
    }
}

/// One socket to PostgreSQL and its state.
pub(super) struct Wire {
    client: Arc<Client>,
    progress: Arc<Progress>,
    /// Held while a statement is sent; tokio's mutex is fair, which keeps pipelined statements in order if one of them
    /// has to wait.
    turn: tokio::sync::Mutex<()>,
    ahead: Mutex<Ahead>,
    /// The query that opened the last transaction, with its number.
    begun: Mutex<(String, u64)>,
    /// How the transaction will end.
    ending: Ending,
    /// Prepared statements; `None` where statements must not be named.
    named: Option<Mutex<Statements>>,
    /// `BEGIN` was sent, and the end of its transaction is not confirmed.
    in_transaction: AtomicBool,
    /// The connection must not be used again.
    condemned: AtomicBool,
    instrumentation: Mutex<DynInstrumentation>,
}

impl Wire {
    /// Takes over a session whose every answer has to come within `answer_timeout`. Statements are named if it `is_direct`.
    pub(super) fn new(client: Client, answer_timeout: Option<Duration>, is_direct: bool) -> Self {
        Self {
            client: Arc::new(client),
            progress: Arc::new(Progress::new(answer_timeout)),
            turn: tokio::sync::Mutex::new(()),
            ahead: Mutex::new(Ahead::Clear),
            begun: Mutex::default(),
            ending: Ending::default(),
            named: is_direct.then(Mutex::default),
            in_transaction: AtomicBool::new(false),
            condemned: AtomicBool::new(false),
            instrumentation: Mutex::new(DynInstrumentation::default_instrumentation()),
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(super) fn condemn(&self) {
        self.condemned.store(true, Ordering::Release);
    }

    /// Returns whether nothing waits to be sent, no transaction is open and no failure is permanent. Answers may be
    /// outstanding.
    pub(super) fn is_idle(&self) -> bool {
        self.is_usable() && !self.in_transaction.load(Ordering::Acquire)
    }

    /// Returns whether no failure is permanent and nothing waits to be sent.
    pub(super) fn is_usable(&self) -> bool {
        lock(&self.ahead).is_settled() && !self.condemned.load(Ordering::Acquire) && !self.client.is_closed()
    }

    /// Queues `begin`, a simple query that opens a transaction, before the next statement.
    pub(super) fn send_ahead(&self, begin: String) -> QueryResult<()> {
        // PostgreSQL only warns about a BEGIN inside a transaction, and continues in the old one.
        if self.in_transaction.load(Ordering::Acquire) {
            return Err(Error::AlreadyInTransaction);
        }
        let mut ahead = lock(&self.ahead);
        if !ahead.is_settled() {
            return Err(Error::QueryBuilderError("another query was already sent ahead".into()));
        }
        *ahead = Ahead::Waiting(begin);
        self.ending.take();
        Ok(())
    }

    /// Lets the transaction that waits to be opened end with its `reads`-th statement.
    pub(super) fn end_after(&self, reads: usize) {
        self.ending.after(reads);
    }

    /// Returns whether the end of the transaction was sent with its last statement, and is all that is left.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.is_all_that_is_left()
    }

    /// Waits for the answer to the end that was sent, if there is one.
    pub(super) async fn ended(&self) {
        let Some(end) = self.ending.sent() else { return };
        let answer = end.await;
        self.finished(ROLLBACK, &answer.map_err(query_error));
        if self.ending.take().is_some_and(|end| matches!(end.peek(), Some(Ok(())))) {
            self.in_transaction.store(false, Ordering::Release);
        }
    }

    /// Takes the answer to the end that was sent, if it has come.
    pub(super) fn read_end(&self) {
        let _ = self.ended().now_or_never();
    }

    /// Returns the query that ends the transaction, to be sent by its first poll.
    fn rollback(&self) -> Gate {
        self.started(&StrQueryHelper::new(ROLLBACK));
        self.gate(ROLLBACK.to_owned(), self.progress.begin())
    }

    /// Takes back the query that waits for the next statement. Returns whether it had not been sent.
    pub(super) fn withdraw_ahead(&self) -> bool {
        let mut ahead = lock(&self.ahead);
        let waits = matches!(*ahead, Ahead::Waiting(_));
        if waits {
            *ahead = Ahead::Clear;
        }
        waits
    }

    /// Sends a statement and returns its rows as they arrive.
    pub(super) async fn load(&self, statement: QueryResult<Statement>, leaves: Leaves) -> QueryResult<Rows> {
        let (sql, binds) = statement?;
        let result = self.run(&Message::Load(&sql, &binds), leaves).await;
        let result = result.and_then(|(answer, number)| match answer {
            Answer::Rows(rows) => Ok(Rows::new(rows, number, Arc::clone(&self.progress))),
            Answer::Count(_) => Err(Error::QueryBuilderError("a query was answered with a number".into())),
        });
        self.finished(&sql, &result);
        result
    }

    /// Sends a statement and returns the number of affected rows.
    pub(super) async fn execute(&self, statement: QueryResult<Statement>) -> QueryResult<usize> {
        let (sql, binds) = statement?;
        let result = self.run(&Message::Execute(&sql, &binds), Leaves::AfterBegin).await;
        let result = result.map(|(answer, number)| {
            self.progress.settle(number, None);
            match answer {
                Answer::Count(affected) => usize::try_from(affected).unwrap_or(usize::MAX),
                Answer::Rows(_) => 0,
            }
        });
        self.finished(&sql, &result);
        result
    }

    /// Sends a statement, by its name where it may have one.
    ///
    /// A prepared statement whose result has other columns since the schema changed, or which the server has forgotten,
    /// is prepared anew and sent once more, if nothing of the transaction was done before.
    async fn run(&self, message: &Message<'_>, leaves: Leaves) -> QueryResult<(Answer, u64)> {
        match self.in_turn(leaves, message).await {
            Err(error) if is_outdated(&error) && self.can_repeat().await => {
                self.in_turn(Leaves::AfterBegin, message).await
            }
            result => result,
        }
    }

    /// Sends a message on its first poll, and waits for what is wanted of its answer.
    async fn send(
        &self,
        message: &Message<'_>,
        prepared: Option<tokio_postgres::Statement>,
    ) -> Result<Answer, tokio_postgres::Error> {
        let (sql, binds) = match message {
            Message::Batch(sql) => {
                self.client.batch_execute(sql).await?;
                return Ok(Answer::Count(0));
            }
            Message::Load(sql, binds) | Message::Execute(sql, binds) => (sql, binds),
        };
        let rows = match &prepared {
            Some(prepared) => {
                let binds: Vec<&Bind> = binds.iter().map(|(bind, _)| bind).collect();
                self.client.query_raw(prepared, binds).await?
            }
            None => {
                let binds: Vec<_> = binds.iter().map(|(bind, declared)| (bind, declared.clone())).collect();
                self.client.query_typed_raw(sql, binds).await?
            }
        };
        if matches!(message, Message::Load(..)) {
            return Ok(Answer::Rows(rows));
        }
        let mut rows = pin!(rows);
        while rows.try_next().await?.is_some() {}
        Ok(Answer::Count(rows.rows_affected().unwrap_or(0)))
    }

    /// Sends statements without binds as one simple query.
    pub(super) async fn batch(&self, sql: &str) -> QueryResult<()> {
        self.simple(sql, Leaves::AfterBegin).await
    }

    /// Sends `end`, which ends the transaction; it counts as ended only after success, since a refused one may have
    /// left the transaction open.
    pub(super) async fn end_transaction(&self, end: &str) -> QueryResult<()> {
        self.ending.when_asked();
        self.simple(end, Leaves::WithBegin).await?;
        self.in_transaction.store(false, Ordering::Release);
        Ok(())
    }

    async fn simple(&self, sql: &str, leaves: Leaves) -> QueryResult<()> {
        self.started(&StrQueryHelper::new(sql));
        let result = self.in_turn(leaves, &Message::Batch(sql)).await;
        let result = result.map(|(_, number)| self.progress.settle(number, None));
        self.finished(sql, &result);
        result
    }

    /// Sends the query that waits for the next statement. Returns its gate, and the text to report as finished (once,
    /// to instrumentation).
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
                self.started(&StrQueryHelper::new(&sql));
                self.in_transaction.store(true, Ordering::Release);
                let number = self.progress.begin();
                *lock(&self.begun) = (sql.clone(), number);
                // Sent on the first poll, which `in_turn` does before anything else.
                let gate = self.gate(sql.clone(), number);
                *ahead = Ahead::Sent(gate.clone());
                Ok((Some(gate), Some(sql)))
            }
        }
    }

    /// Returns a simple query with its number. It is sent on the first poll, and settled when it is answered.
    fn gate(&self, sql: String, number: u64) -> Gate {
        let (client, progress) = (Arc::clone(&self.client), Arc::clone(&self.progress));
        async move {
            let answer = client.batch_execute(&sql).await;
            progress.settle(number, answer.as_ref().err());
            answer.map_err(Arc::new)
        }
        .boxed()
        .shared()
    }

    /// Sends a statement in its turn, and waits for the start of its answer and for the answer to the query sent ahead.
    ///
    /// Returns the answer with the statement's number in [`Progress`].
    async fn in_turn(&self, leaves: Leaves, message: &Message<'_>) -> QueryResult<(Answer, u64)> {
        self.progress.bounded(self.send_and_wait(leaves, message)).await?
    }

    async fn send_and_wait(&self, leaves: Leaves, message: &Message<'_>) -> QueryResult<(Answer, u64)> {
        let turn = self.turn.lock().await;
        self.ending.check_is_open()?;
        let (gate, sent) = self.open_gate()?;
        let mut opened = pin!(maybe_done(OptionFuture::from(gate)));
        let known = self.known(message);
        let (is_known, has_to_prepare) = (matches!(known, Some(Some(_))), matches!(known, Some(None)));
        if leaves == Leaves::AfterBegin || has_to_prepare {
            opened.as_mut().await;
            self.pass(opened.as_mut().output_mut(), sent.as_deref())?;
        }
        let prepared = match known {
            // In its turn, so that statements polled together keep their order.
            Some(None) => self.prepare(message).await?,
            known => known.flatten(),
        };
        let number = self.progress.begin();
        let mut answer = pin!(maybe_done(self.send(message, prepared)));
        let mut end = self.ending.count(|| self.rollback());
        // A first poll sends a statement, here directly after the query sent ahead.
        poll_fn(|context| {
            let _ = opened.as_mut().poll(context);
            let _ = answer.as_mut().poll(context);
            if let Some(end) = &mut end {
                let _ = end.poll_unpin(context);
            }
            Poll::Ready(())
        })
        .await;
        drop(turn);
        // Not `try_join`: the channel of each answer is bounded, so an unread answer blocks all later ones, even after
        // the other failed.
        join(opened.as_mut(), answer.as_mut()).await;
        if end.is_some() {
            self.ending.last_is_answered();
        }
        self.pass(opened.as_mut().output_mut(), sent.as_deref())
            .inspect_err(|_| self.settle_unseen(number, answer.as_mut().take_output()))?;
        match answer.take_output() {
            Some(Ok(value)) => Ok((value, number)),
            Some(Err(error)) if is_known && outdates_statements(&error) => {
                self.progress.settle(number, Some(&error));
                // A change of the schema outdates others as well.
                self.named.as_ref().inspect(|named| lock(named).clear());
                Err(outdated(&error))
            }
            Some(Err(error)) => Err(self.refused(number, error)),
            None => Err(Error::QueryBuilderError("a statement was answered twice".into())),
        }
    }

    fn refused(&self, number: u64, error: tokio_postgres::Error) -> Error {
        self.progress.settle(number, Some(&error));
        if error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME) {
            // Of the driver's own statements, when a result has a type created after this connection was opened (see
            // `types`). The next connection knows the type.
            self.condemn();
        }
        if error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION) {
            // The server was demoted. The next connection may find the new primary.
            self.condemn();
        }
        query_error(error)
    }

    /// Records the answer to a query sent ahead, if there was one; a refusal is permanent.
    fn pass(&self, opened: Option<&mut Opened>, sent: Option<&str>) -> QueryResult<()> {
        // Taken, so that a statement that waited for it does not report it again.
        let Some(opened) = opened.and_then(Option::take) else {
            return Ok(());
        };
        let result = opened.map_err(|error| {
            *lock(&self.ahead) = Ahead::Failed(Arc::clone(&error));
            query_error(error)
        });
        if let Some(sql) = sent {
            self.finished(sql, &result);
        }
        result
    }

    fn settle_unseen<T>(&self, number: u64, answer: Option<Result<T, tokio_postgres::Error>>) {
        if let Some(Err(error)) = answer {
            self.progress.settle(number, Some(&error));
        }
    }

    /// Reports the start of a query.
    pub(super) fn started(&self, query: &dyn DebugQuery) {
        self.record(InstrumentationEvent::start_query(query));
    }

    fn finished<T>(&self, sql: &str, result: &QueryResult<T>) {
        self.record(InstrumentationEvent::finish_query(
            &StrQueryHelper::new(sql),
            result.as_ref().err(),
        ));
    }

    fn record(&self, event: InstrumentationEvent<'_>) {
        lock(&self.instrumentation).on_connection_event(event);
    }

    pub(super) fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        &mut **self.instrumentation.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn instrument(&mut self, instrumentation: impl Instrumentation) {
        self.instrumentation = Mutex::new(instrumentation.into());
    }
}
