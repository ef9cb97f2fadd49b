//! Rows as they arrive, and the progress of outstanding answers.

use std::num::NonZeroU32;
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};

use diesel::QueryResult;
use diesel::pg::{Pg, PgValue};
use diesel::row::{PartialRow, RowIndex, RowSealed};
use futures_core::Stream;
use tokio_postgres::RowStream;
use tokio_postgres::types::{FromSql, Type};

use super::errors::query_error;
use super::lock::lock;

/// How far the server's answers have been read.
///
/// Statements are numbered as they are sent. Answers arrive in the same order, so an answer read to its end proves all
/// earlier ones complete, even if they were dropped.
#[derive(Default)]
pub(super) struct Progress {
    sent: AtomicU64,
    answered: AtomicU64,
    /// The rest of the last answer, if its reader stopped early. Diesel's `get_result` does: it takes one row and drops
    /// the stream, whose end may still be to come.
    tail: Mutex<Option<(u64, Pin<Box<RowStream>>)>>,
}

impl Progress {
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
    number: u64,
    progress: Arc<Progress>,
}

impl Rows {
    pub(super) fn new(rows: RowStream, number: u64, progress: Arc<Progress>) -> Self {
        Self {
            rows: Some(Box::pin(rows)),
            number,
            progress,
        }
    }
}

impl Stream for Rows {
    type Item = QueryResult<Row>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(rows) = self.rows.as_mut() else {
            return Poll::Ready(None);
        };
        let item = match ready!(rows.as_mut().poll_next(context)) {
            Some(Ok(row)) => return Poll::Ready(Some(Ok(Row(row)))),
            Some(Err(error)) => {
                self.progress.settle(self.number, Some(&error));
                Some(Err(query_error(error)))
            }
            None => {
                self.progress.settle(self.number, None);
                None
            }
        };
        self.rows = None;
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
