//! What lists have in common: which part is wanted, and how a text is searched for.

use diesel::expression::{AsExpression, TypedExpressionType};
use diesel::sql_types::{Record, SqlType};

/// The part of a list that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// At most so many rows.
    pub limit: i64,
    /// So many rows left out first.
    pub offset: i64,
}

impl Paging {
    /// Asks for the first `limit` rows.
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

/// Returns the `ILIKE` pattern that finds `text` anywhere, taken literally.
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

/// Returns SQL's `(one, two) < (x, y)`, by which an index on both columns finds where a page begins.
pub(super) fn before<ST, Row, Cursor>(row: Row, cursor: Cursor) -> Before<Row::Expression, Cursor::Expression>
where
    Record<ST>: SqlType + TypedExpressionType,
    Row: AsExpression<Record<ST>>,
    Cursor: AsExpression<Record<ST>>,
{
    Before::new(row.as_expression(), cursor.as_expression())
}

diesel::infix_operator!(After, " > ", backend: diesel::pg::Pg);

/// Returns SQL's `(one, two) > (x, y)`, as [`before`] for ascending orders.
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
    use super::containing;

    #[test]
    fn wildcards_in_a_searched_text_mean_themselves() {
        assert_eq!(containing(r"50%_a\b"), r"%50\%\_a\\b%");
    }
}
