//! Paging and text search, shared by all lists.

use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use diesel::expression::{AsExpression, TypedExpressionType};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, Integer, Record, SqlType};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{
    ApiKeyId, AuditEntryId, BatchId, ContactId, DomainChangeId, DomainEvidenceId, JobId, LeadChangeRowId, PageId,
    PlaceChangeRowId, PlaceSearchId, ScheduleId, ScheduleRunId, SitemapFileId, SitemapRunId, SitemapUrlChangeId,
    SuppressionId, WebhookId,
};
use crate::models::event::EventPosition;
use crate::models::webhook_delivery::DeliveryPosition;

/// The requested part of a list: at most `limit` rows, from the start or after a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging<P> {
    /// The maximum number of rows.
    pub limit: i64,
    /// The position of the row after which the part begins; `None` is the start of the list.
    pub after: Option<P>,
}

impl<P> Paging<P> {
    /// Returns the paging for the first `limit` rows.
    #[must_use]
    pub const fn first(limit: i64) -> Self {
        Self { limit, after: None }
    }
}

impl<P> Default for Paging<P> {
    /// The first 100 rows.
    fn default() -> Self {
        Self::first(100)
    }
}

/// The requested part of a list of v1: `limit` rows after the first `offset` ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// The maximum number of rows.
    pub limit: i64,
    /// The number of rows to skip.
    pub offset: i64,
}

impl Offset {
    /// Returns the first `limit` rows.
    #[must_use]
    pub const fn first(limit: i64) -> Self {
        Self { limit, offset: 0 }
    }
}

/// Loads at most `$limit` of `$rows` and counts all of `$matching`; both queries are sent together. A macro, since
/// Diesel's bounds for a generic function would be very long.
///
/// Where all of a tenant's rows of a table match, `stored in $table` adds up their [count](super::stored_rows) instead.
///
/// Both answers are awaited: where the first query fails, the second says only that the transaction has failed, and may
/// be read before.
macro_rules! page {
    ($conn:expr, $rows:expr, stored in $table:literal, $limit:expr) => {{
        let rows = $rows.limit($limit).load(&mut $conn.reading());
        let entries = crate::repo::stored_rows::entries($conn.tenant_id(), $table);
        let counts = diesel_async::RunQueryDsl::load::<i64>(entries, &mut $conn.reading());
        crate::repo::paging::page!(rows, counts).map(|(rows, counts)| (rows, counts.iter().sum::<i64>()))
    }};
    ($conn:expr, $rows:expr, $matching:expr, $limit:expr) => {
        crate::repo::paging::page!(
            $rows.limit($limit).load(&mut $conn.reading()),
            $matching.count().get_result(&mut $conn.reading())
        )
    };
    ($rows:expr, $count:expr) => {
        match futures_util::join!($rows, $count) {
            (Ok(rows), Ok(count)) => Ok((rows, count)),
            (Err(error), _) | (Ok(_), Err(error)) => Err(error),
        }
    };
}
pub(super) use page;

/// A page of row numbers and the number of all matches: finding a few matches among many takes as long as counting
/// them, so one pass does both.
#[derive(QueryId)]
pub(super) struct Counted<Q, Id> {
    ids: Q,
    /// The first and last position of the page, from 1.
    first: i32,
    last: i32,
    id: PhantomData<Id>,
}

impl<Q, Id> Counted<Q, Id> {
    /// Returns the query for a part of the row numbers that `ids` selects, all of them, in order.
    pub(super) fn new(ids: Q, Offset { limit, offset }: Offset) -> Self {
        let at = |position: i64| i32::try_from(position).unwrap_or(i32::MAX);
        Self {
            ids,
            first: at(offset.saturating_add(1)),
            last: at(offset.saturating_add(limit)),
            id: PhantomData,
        }
    }
}

impl<Q, Id> Query for Counted<Q, Id>
where
    Array<Id>: SqlType,
{
    type SqlType = (Array<Id>, Integer);
}

impl<Q: QueryFragment<Pg>, Id> QueryFragment<Pg> for Counted<Q, Id> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // Without MATERIALIZED it would run twice.
        out.push_sql("WITH found AS MATERIALIZED (SELECT ARRAY(");
        self.ids.walk_ast(out.reborrow())?;
        out.push_sql(") AS ids) SELECT ids[");
        out.push_bind_param::<Integer, _>(&self.first)?;
        out.push_sql(" : ");
        out.push_bind_param::<Integer, _>(&self.last)?;
        out.push_sql("], cardinality(ids) FROM found");
        Ok(())
    }
}

/// The version of the text of cursors.
const VERSION: u8 = 1;

/// The position of a row in a list: the values that order the list, with a unique one among them.
///
/// The next page starts after it: every page costs the same, and rows added in the meantime neither repeat nor skip any.
pub trait Position: Serialize + DeserializeOwned {
    /// The orders of the list.
    type Order: PartialEq;

    /// The name of the list.
    const LIST: &'static str;

    /// Returns the order in which this is a position.
    fn order(&self) -> Self::Order;

    /// Returns the position as a cursor: opaque text that clients send back unchanged.
    ///
    /// # Errors
    ///
    /// Returns an error if the values cannot be represented as JSON.
    fn cursor(&self) -> serde_json::Result<String> {
        let text = serde_json::to_vec(&(VERSION, Self::LIST, self))?;
        Ok(URL_SAFE_NO_PAD.encode(text))
    }

    /// Reads a cursor of this list in this order.
    ///
    /// # Errors
    ///
    /// [`NotACursor`] for any other text, including a cursor of another list or order.
    fn from_cursor(cursor: &str, order: &Self::Order) -> Result<Self, NotACursor> {
        let text = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| NotACursor)?;
        let (version, list, position): (u8, String, Self) = serde_json::from_slice(&text).map_err(|_| NotACursor)?;
        if version == VERSION && list == Self::LIST && position.order() == *order {
            Ok(position)
        } else {
            Err(NotACursor)
        }
    }
}

/// The text is not a cursor of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cursor must be the next_cursor of an earlier answer of this list with the same sort")]
pub struct NotACursor;

/// The position of a row in a list that shows the newest rows first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newest<Id, Time = DateTime<Utc>> {
    /// When the row was created; `None`, for rows of the old system, comes first.
    pub at: Time,
    /// The row's id.
    pub id: Id,
}

impl<Id, Time> Newest<Id, Time> {
    /// Returns the position of a row.
    #[must_use]
    pub const fn new(at: Time, id: Id) -> Self {
        Self { at, id }
    }
}

/// Declares the positions of lists that have one order, by the names of the lists.
macro_rules! positions {
    ($($position:ty: $list:literal;)*) => {
        $(impl Position for $position {
            type Order = ();

            const LIST: &'static str = $list;

            fn order(&self) {}
        })*
    };
}

positions! {
    Newest<ApiKeyId>: "keys";
    Newest<BatchId>: "batches";
    Newest<ContactId>: "contacts";
    Newest<DomainChangeId>: "changes";
    Newest<JobId>: "jobs";
    Newest<PageId, Option<DateTime<Utc>>>: "pages";
    Newest<PlaceSearchId, Option<DateTime<Utc>>>: "places/searches";
    Newest<ScheduleId>: "schedules";
    Newest<ScheduleRunId>: "schedules/runs";
    Newest<SitemapFileId, Option<DateTime<Utc>>>: "sitemaps";
    Newest<SitemapRunId>: "sitemap-runs";
    Newest<SuppressionId>: "suppressions";
    Newest<Uuid>: "tenants";
    Newest<WebhookId>: "webhooks";
    AuditEntryId: "audit";
    DeliveryPosition: "webhooks/deliveries";
    DomainEvidenceId: "domains/evidence";
    EventPosition: "events";
    LeadChangeRowId: "leads/history";
    PlaceChangeRowId: "places/history";
    SitemapUrlChangeId: "sitemap-runs/changes";
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

    #[test]
    fn wildcards_in_a_searched_text_mean_themselves() {
        assert_eq!(containing(r"50%_a\b"), r"%50\%\_a\\b%");
    }

    #[test]
    fn a_cursor_reads_back_as_it_was_written() {
        let at = DateTime::from_timestamp_micros(1_763_000_000_123_456).unwrap();
        let job = Newest::new(at, JobId::from(Uuid::new_v4()));
        let text = job.cursor().unwrap();
        assert!(
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)),
            "{text}"
        );
        assert_eq!(Newest::from_cursor(&text, &()), Ok(job));
        for at in [Some(at), None] {
            let page = Newest::new(at, PageId::from(Uuid::new_v4()));
            assert_eq!(Newest::from_cursor(&page.cursor().unwrap(), &()), Ok(page));
        }
        let entry = AuditEntryId::from(i64::MIN);
        assert_eq!(AuditEntryId::from_cursor(&entry.cursor().unwrap(), &()), Ok(entry));
    }

    #[test]
    fn a_cursor_of_another_list_or_version_is_refused() {
        let at = DateTime::from_timestamp_micros(1_763_000_000_123_456).unwrap();
        let id = Uuid::new_v4();
        let key = Newest::new(at, ApiKeyId::from(id)).cursor().unwrap();
        let later = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&(2, "jobs", Newest::new(at, id))).unwrap());
        let padded = format!("{}=", Newest::new(at, JobId::from(id)).cursor().unwrap());
        for text in ["", "1763000000123456_0", "bnVsbA", "+", &key, &later, &padded] {
            assert_eq!(Newest::<JobId>::from_cursor(text, &()), Err(NotACursor), "{text:?}");
        }
    }
}
