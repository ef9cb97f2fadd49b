//! Rows as they arrive, and the progress of outstanding answers.

use std::num::NonZeroU32;
use std::ops::Range;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use diesel::QueryResult;
use diesel::pg::{Pg, PgValue};
use diesel::result::Error;
use diesel::row::{PartialRow, RowIndex, RowSealed};
use futures_core::Stream;
use tokio::time::{Sleep, sleep, timeout};
use tokio_postgres::RowStream;
use tokio_postgres::types::{FromSql, Type};

use super::errors::{query_error, silence};
use super::lock::lock;

/// How far the server's answers have been read.
///
/// Statements are numbered as they are sent. Answers arrive in the same order, so an answer read to its end proves all
/// earlier ones complete, even if they were dropped.
pub(super) struct Progress {
    sent: AtomicU64,
    answered: AtomicU64,
    /// How long the server may be silent while an answer is outstanding.
    answer_timeout: Option<Duration>,
    /// It was silent for longer: nothing can be expected of this connection.
    silent: AtomicBool,
    /// The rest of the last answer, if its reader stopped early. Diesel's `get_result` does: it takes one row and drops
    /// the stream, whose end may still be to come.
    tail: Mutex<Option<(u64, Pin<Box<RowStream>>)>>,
}

impl Progress {
    pub(super) fn new(answer_timeout: Option<Duration>) -> Self {
        Self {
            sent: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            answer_timeout,
            silent: AtomicBool::new(false),
            tail: Mutex::default(),
        }
    }

    /// Waits for `answer` for as long as the server may be silent, counted anew whenever an earlier statement of the
    /// connection is answered meanwhile.
    pub(super) async fn bounded<T>(&self, answer: impl Future<Output = T>) -> QueryResult<T> {
        let Some(answer_timeout) = self.answer_timeout else {
            return Ok(answer.await);
        };
        if self.is_silent() {
            return Err(silence(answer_timeout));
        }
        let mut answer = pin!(answer);
        loop {
            let answered = self.answered.load(Ordering::Acquire);
            if let Ok(answer) = timeout(answer_timeout, answer.as_mut()).await {
                return Ok(answer);
            }
            if self.answered.load(Ordering::Acquire) == answered {
                self.silent.store(true, Ordering::Release);
                return Err(silence(answer_timeout));
            }
        }
    }

    /// Returns whether the server was silent for too long.
    pub(super) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Acquire)
    }

    /// Returns a timer that ends when the server will have been silent for too long from now on.
    fn timer(&self) -> Option<Pin<Box<Sleep>>> {
        self.answer_timeout
            .map(|answer_timeout| Box::pin(sleep(answer_timeout)))
    }

    fn fall_silent(&self) -> Error {
        self.silent.store(true, Ordering::Release);
        silence(self.answer_timeout.unwrap_or_default())
    }

    /// Returns the number of the next statement.
    pub(super) fn begin(&self) -> u64 {
        // A kept answer would block those after it; a dropped one is skipped.
        lock(&self.tail).take();
        self.sent.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Records that answer `number` ended, successfully or with an error from the server, which then sends nothing more
    /// about that statement. Any other error leaves the answer open.
    pub(super) fn settle(&self, number: u64, error: Option<&tokio_postgres::Error>) {
        if error.is_none_or(|error| error.as_db_error().is_some()) {
            self.answered.fetch_max(number, Ordering::AcqRel);
        }
    }

    /// Returns whether statement `number` is the last that was sent.
    pub(super) fn is_last(&self, number: u64) -> bool {
        self.sent.load(Ordering::Acquire) == number
    }

    /// Returns whether an answer is outstanding.
    pub(super) fn in_flight(&self) -> bool {
        self.answered.load(Ordering::Acquire) < self.sent.load(Ordering::Acquire)
    }

    /// Returns whether only the end of the last answer is missing.
    pub(super) fn has_tail(&self) -> bool {
        lock(&self.tail).is_some()
    }

    /// Reads the available rest of an answer whose reader stopped early.
    pub(super) fn read_tail(&self) {
        let tail = lock(&self.tail).take();
        if let Some((number, rows)) = tail {
            self.read_on(number, rows);
        }
    }

    fn read_on(&self, number: u64, mut rows: Pin<Box<RowStream>>) {
        // Bounded, since this runs in `drop`: for a longer answer the connection is not worth saving.
        const MAX_ROWS: usize = 256;
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..MAX_ROWS {
            match rows.as_mut().poll_next(&mut context) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(error))) => return self.settle(number, Some(&error)),
                Poll::Ready(None) => return self.settle(number, None),
                Poll::Pending => break,
            }
        }
        if number == self.sent.load(Ordering::Acquire) {
            *lock(&self.tail) = Some((number, rows));
        }
    }
}

/// The rows of one answer, as they arrive.
pub struct Rows {
    rows: Option<Pin<Box<RowStream>>>,
    /// Runs while a row is waited for.
    timer: Option<Pin<Box<Sleep>>>,
    number: u64,
    progress: Arc<Progress>,
}

impl Rows {
    pub(super) fn new(rows: RowStream, number: u64, progress: Arc<Progress>) -> Self {
        Self {
            rows: Some(Box::pin(rows)),
            timer: None,
            number,
            progress,
        }
    }
}

impl Stream for Rows {
    type Item = QueryResult<Row>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(rows) = this.rows.as_mut() else {
            return Poll::Ready(None);
        };
        let item = match rows.as_mut().poll_next(context) {
            Poll::Ready(Some(Ok(row))) => {
                this.timer = None;
                return Poll::Ready(Some(Ok(Row(row))));
            }
            Poll::Ready(Some(Err(error))) => {
                this.progress.settle(this.number, Some(&error));
                Some(Err(query_error(error)))
            }
            Poll::Ready(None) => {
                this.progress.settle(this.number, None);
                None
            }
            Poll::Pending => {
                if this.timer.is_none() {
                    this.timer = this.progress.timer();
                }
                let Some(timer) = this.timer.as_mut() else {
                    return Poll::Pending;
                };
                ready!(timer.as_mut().poll(context));
                Some(Err(this.progress.fall_silent()))
            }
        };
        this.rows = None;
        Poll::Ready(item)
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        if let Some(rows) = self.rows.take() {
            self.progress.read_on(self.number, rows);
        }
    }
}

/// A row in PostgreSQL's binary format.
pub struct Row(tokio_postgres::Row);

impl RowSealed for Row {}

impl RowIndex<usize> for Row {
    fn idx(&self, index: usize) -> Option<usize> {
        (index < self.0.len()).then_some(index)
    }
}

impl<'a> RowIndex<&'a str> for Row {
    fn idx(&self, name: &'a str) -> Option<usize> {
        self.0.columns().iter().position(|column| column.name() == name)
    }
}

impl<'a> diesel::row::Row<'a, Pg> for Row {
    type InnerPartialRow = Self;
    type Field<'b>
        = Field<'b>
    where
        Self: 'b,
        'a: 'b;

    fn field_count(&self) -> usize {
        self.0.len()
    }

    fn get<'b, I>(&'b self, index: I) -> Option<Field<'b>>
    where
        'a: 'b,
        Self: RowIndex<I>,
    {
        let index = self.idx(index)?;
        let column = self.0.columns().get(index)?;
        let RawValue(value) = self.0.try_get(index).ok()?;
        let oid = NonZeroU32::new(column.type_().oid())?;
        Some(Field {
            name: column.name(),
            value,
            oid,
        })
    }

    fn partial_row(&self, range: Range<usize>) -> PartialRow<'_, Self> {
        PartialRow::new(self, range)
    }
}

/// One column of a [`Row`].
pub struct Field<'a> {
    name: &'a str,
    value: Option<&'a [u8]>,
    oid: NonZeroU32,
}

impl<'a> diesel::row::Field<'a, Pg> for Field<'a> {
    fn field_name(&self) -> Option<&str> {
        Some(self.name)
    }

    fn value(&self) -> Option<PgValue<'_>> {
        self.value.map(|bytes| PgValue::new(bytes, &self.oid))
    }
}

/// The undecoded bytes of a value, for Diesel to decode.
struct RawValue<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for RawValue<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
