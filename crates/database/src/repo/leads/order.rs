//! The orders of a list of leads, and cursors in them.

use chrono::{DateTime, Utc};
use diesel::prelude::{ExpressionMethods, PgSortExpressionMethods, QueryDsl};
use diesel::sql_types::{Binary, Double, Integer, Nullable, SmallInt, Timestamptz, Uuid};
use schema::leads;
use serde::{Deserialize, Serialize};

use super::filter::{LeadFilter, Rows, matching};
use crate::ids::{LeadId, TenantId};
use crate::models::lead::Lead;
use crate::repo::paging::{Position, after, before};
use crate::repo::places::{NAME_CHARS, exact, searched};

/// The order of a list of leads; ties are ordered by id, and leads without a value come last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeadOrder {
    /// Newest first.
    #[default]
    Newest,
    /// Last changed first.
    Changed,
    /// By the first 120 characters of the name, ignoring case, and then of the domain.
    Name,
    /// Highest priority first.
    Priority,
    /// Best rated first.
    Rating,
    /// Last scanned first.
    LastScan,
    /// Highest score first.
    Score,
}

/// A lead in a list, after which the next page starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadPosition {
    /// The order and the lead's value in it.
    pub key: LeadKey,
    /// The lead's id.
    pub id: LeadId,
}

/// An order of leads and a lead's value in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LeadKey {
    /// For [`LeadOrder::Newest`].
    Newest(DateTime<Utc>),
    /// For [`LeadOrder::Changed`].
    Changed(DateTime<Utc>),
    /// For [`LeadOrder::Name`]: name and domain, in any case.
    Name(String),
    /// For [`LeadOrder::Priority`].
    Priority(Option<i32>),
    /// For [`LeadOrder::Rating`].
    Rating(#[serde(with = "exact")] Option<f64>),
    /// For [`LeadOrder::LastScan`].
    LastScan(Option<DateTime<Utc>>),
    /// For [`LeadOrder::Score`].
    Score(Option<i16>),
}

impl LeadPosition {
    /// Returns the cursor of a lead in this order.
    #[must_use]
    pub fn of(row: &Lead, order: LeadOrder) -> Self {
        let key = match order {
            LeadOrder::Newest => LeadKey::Newest(row.created_at),
            LeadOrder::Changed => LeadKey::Changed(row.updated_at),
            LeadOrder::Name => {
                let cut = |text: &str| text.chars().take(NAME_CHARS).collect::<String>();
                LeadKey::Name(format!(
                    "{}\n{}",
                    cut(&row.name),
                    cut(row.domain.as_deref().unwrap_or_default())
                ))
            }
            LeadOrder::Priority => LeadKey::Priority(row.priority),
            LeadOrder::Rating => LeadKey::Rating(row.rating),
            LeadOrder::LastScan => LeadKey::LastScan(row.last_scan_at),
            LeadOrder::Score => LeadKey::Score(row.score),
        };
        Self { key, id: row.id }
    }
}

impl Position for LeadPosition {
    type Order = LeadOrder;

    const LIST: &'static str = "leads";

    fn order(&self) -> LeadOrder {
        match self.key {
            LeadKey::Newest(_) => LeadOrder::Newest,
            LeadKey::Changed(_) => LeadOrder::Changed,
            LeadKey::Name(_) => LeadOrder::Name,
            LeadKey::Priority(_) => LeadOrder::Priority,
            LeadKey::Rating(_) => LeadOrder::Rating,
            LeadKey::LastScan(_) => LeadOrder::LastScan,
            LeadKey::Score(_) => LeadOrder::Score,
        }
    }
}

pub(super) fn ordered(query: Rows<'_>, order: LeadOrder) -> Rows<'_> {
    match order {
        LeadOrder::Newest => query.order((leads::created_at.desc(), leads::id.desc())),
        LeadOrder::Changed => query.order((leads::updated_at.desc(), leads::id.desc())),
        LeadOrder::Name => query.order((leads::search_name.asc(), leads::id.asc())),
        LeadOrder::Priority => query.order((leads::priority.desc().nulls_last(), leads::id.desc())),
        LeadOrder::Rating => query.order((leads::rating.desc().nulls_last(), leads::id.desc())),
        LeadOrder::LastScan => query.order((leads::last_scan_at.desc().nulls_last(), leads::id.desc())),
        LeadOrder::Score => query.order((leads::score.desc().nulls_last(), leads::id.desc())),
    }
}

/// Returns the queries for the matching leads after a cursor. Leads without a value have their own query, since no index
/// serves "less, or null" at once.
pub(super) fn behind<'a>(
    tenant: TenantId,
    filter: &LeadFilter<'a>,
    LeadPosition { key, id }: &LeadPosition,
) -> (Rows<'a>, Option<Rows<'a>>) {
    let id = *id;
    let rows = || matching(tenant, filter);
    macro_rules! less {
        ($column:ident: $sql:ty, $value:expr) => {{
            let valueless = rows().filter(leads::$column.is_null());
            match $value {
                Some(value) => {
                    let less = before::<(Nullable<$sql>, Uuid), _, _>((leads::$column, leads::id), (value, id));
                    (rows().filter(less), Some(valueless))
                }
                None => (valueless.filter(leads::id.lt(id)), None),
            }
        }};
    }
    match key {
        LeadKey::Newest(time) => {
            let less = before::<(Timestamptz, Uuid), _, _>((leads::created_at, leads::id), (*time, id));
            (rows().filter(less), None)
        }
        LeadKey::Changed(time) => {
            let less = before::<(Timestamptz, Uuid), _, _>((leads::updated_at, leads::id), (*time, id));
            (rows().filter(less), None)
        }
        LeadKey::Name(text) => {
            let more = after::<(Binary, Uuid), _, _>((leads::search_name, leads::id), (searched(text.clone()), id));
            (rows().filter(more), None)
        }
        LeadKey::Priority(priority) => less!(priority: Integer, *priority),
        LeadKey::Rating(rating) => less!(rating: Double, *rating),
        LeadKey::LastScan(time) => less!(last_scan_at: Timestamptz, *time),
        LeadKey::Score(score) => less!(score: SmallInt, *score),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_in_its_order_only() {
        let time = DateTime::from_timestamp_micros(1_763_000_000_123_456).unwrap();
        let orders = [
            (LeadKey::Newest(time), LeadOrder::Newest),
            (LeadKey::Changed(time), LeadOrder::Changed),
            (LeadKey::Name("Zoë’s_Café & Sons\nzoes.test".into()), LeadOrder::Name),
            (LeadKey::Priority(Some(-3)), LeadOrder::Priority),
            (LeadKey::Rating(Some(f64::INFINITY)), LeadOrder::Rating),
            (LeadKey::Rating(None), LeadOrder::Rating),
            (LeadKey::LastScan(Some(time)), LeadOrder::LastScan),
            (LeadKey::LastScan(None), LeadOrder::LastScan),
            (LeadKey::Score(Some(70)), LeadOrder::Score),
            (LeadKey::Score(None), LeadOrder::Score),
        ];
        for (key, order) in orders.clone() {
            let cursor = LeadPosition {
                key,
                id: uuid::Uuid::new_v4().into(),
            };
            let text = cursor.cursor().unwrap();
            for (_, other) in &orders {
                let read = LeadPosition::from_cursor(&text, other);
                assert_eq!(read.ok(), (*other == order).then(|| cursor.clone()), "{text}");
            }
        }
    }
}
