//! Paging and text search, shared by all lists.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use diesel::expression::{AsExpression, TypedExpressionType};
use diesel::sql_types::{Record, SqlType};
use uuid::Uuid;

/// The requested part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// The maximum number of rows.
    pub limit: i64,
    /// The number of rows to skip.
    pub offset: i64,
}

impl Paging {
    /// Returns the paging for the first `limit` rows.
    #[must_use]
    pub const fn first(limit: i64) -> Self {
        Self { limit, offset: 0 }
    }
}

impl Default for Paging {
    /// The first 100 rows.
    fn default() -> Self {
        Self::first(100)
    }
}

/// Loads the page of `$rows` given by `$paging` and counts all of `$matching`; both queries are sent together. A macro,
/// since Diesel's bounds for a generic function would be very long.
macro_rules! page {
    ($conn:expr, $rows:expr, $matching:expr, $paging:expr) => {
        futures_util::try_join!(
            $rows
                .limit($paging.limit)
                .offset($paging.offset)
                .load(&mut $conn.reading()),
            $matching.count().get_result(&mut $conn.reading()),
        )
    };
}
pub(super) use page;

/// A row in a list, newest first, after which the next page starts. Every page costs the same, and rows added in the
/// meantime neither repeat nor skip any.
///
/// Clients receive it as text and send that back unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor<Id> {
    /// When the row was created.
    pub created_at: DateTime<Utc>,
    /// The row's id.
    pub id: Id,
}

impl<Id> Cursor<Id> {
    /// Returns the cursor of a row.
    #[must_use]
    pub const fn new(created_at: DateTime<Utc>, id: Id) -> Self {
        Self { created_at, id }
    }
}

impl<Id: Copy + Into<Uuid>> fmt::Display for Cursor<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.created_at.timestamp_micros(), self.id.into().simple())
    }
}

/// The text is not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the next_cursor of an earlier answer")]
pub struct NotACursor;

impl<Id: From<Uuid>> FromStr for Cursor<Id> {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let read = || {
            let (micros, id) = text.split_once('_')?;
            Some(Self {
                created_at: DateTime::from_timestamp_micros(micros.parse().ok()?)?,
                id: Uuid::parse_str(id).ok()?.into(),
            })
        };
        read().ok_or(NotACursor)
    }
}

/// Returns the `ILIKE` pattern that finds `text` literally anywhere.
#[must_use]
pub fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

diesel::infix_operator!(Before, " < ", backend: diesel::pg::Pg);

/// Returns SQL's `(one, two) < (x, y)`, by which an index on both columns finds the start of a page.
pub(super) fn before<ST, Row, Cursor>(row: Row, cursor: Cursor) -> Before<Row::Expression, Cursor::Expression>
where
    Record<ST>: SqlType + TypedExpressionType,
    Row: AsExpression<Record<ST>>,
    Cursor: AsExpression<Record<ST>>,
{
    Before::new(row.as_expression(), cursor.as_expression())
}

diesel::infix_operator!(After, " > ", backend: diesel::pg::Pg);

/// Returns SQL's `(one, two) > (x, y)`: [`before`] for ascending orders.
pub(super) fn after<ST, Row, Cursor>(row: Row, cursor: Cursor) -> After<Row::Expression, Cursor::Expression>
where
    Record<ST>: SqlType + TypedExpressionType,
    Row: AsExpression<Record<ST>>,
    Cursor: AsExpression<Record<ST>>,
{
    After::new(row.as_expression(), cursor.as_expression())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::JobId;

    #[test]
    fn wildcards_in_a_searched_text_mean_themselves() {
        assert_eq!(containing(r"50%_a\b"), r"%50\%\_a\\b%");
    }

    #[test]
    fn a_cursor_reads_back_as_it_was_written() {
        let cursor = Cursor {
            created_at: DateTime::from_timestamp_micros(1_763_000_000_123_456).unwrap(),
            id: JobId::from(Uuid::new_v4()),
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in ["", "1763", "x_y", "1763000000123456_", "99999999999999999999_0"] {
            assert_eq!(text.parse::<Cursor<JobId>>(), Err(NotACursor), "{text:?}");
        }
    }
}
