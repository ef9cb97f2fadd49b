//! The orders of a list of places, and cursors in them.

use chrono::{DateTime, Utc};
use diesel::prelude::{ExpressionMethods, PgSortExpressionMethods, QueryDsl};
use diesel::sql_types::{Binary, Double, Integer, Nullable, Timestamptz};
use schema::places_staging;
use serde::{Deserialize, Serialize};

use super::filter::{PlaceFilter, Rows, matching, search_name, searched};
use crate::ids::{StagedPlaceId, TenantId};
use crate::models::staged_place::StagedPlace;
use crate::repo::paging::{Position, after, before};

/// How many characters at the start of a name are used for searching and sorting.
pub(in crate::repo) const NAME_CHARS: usize = 120;

/// The order of a list of places; ties are ordered by row number, and rows without a value come last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlaceOrder {
    /// Last found first.
    #[default]
    Newest,
    /// Best rated first.
    Rating,
    /// Highest priority first.
    Priority,
    /// By the first 120 characters of the name, ignoring case.
    Name,
}

/// A row in a list, after which the next page starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacePosition {
    /// The order and the row's value in it.
    pub key: PlaceKey,
    /// The row's number.
    pub id: StagedPlaceId,
}

/// An order of places and a row's value in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PlaceKey {
    /// For [`PlaceOrder::Newest`].
    Newest(Option<DateTime<Utc>>),
    /// For [`PlaceOrder::Rating`].
    Rating(#[serde(with = "exact")] Option<f64>),
    /// For [`PlaceOrder::Priority`].
    Priority(Option<i32>),
    /// For [`PlaceOrder::Name`], in any case.
    Name(String),
}

impl PlacePosition {
    /// Returns the cursor of a row in this order.
    #[must_use]
    pub fn of(row: &StagedPlace, order: PlaceOrder) -> Self {
        let key = match order {
            PlaceOrder::Newest => PlaceKey::Newest(row.search_time),
            PlaceOrder::Rating => PlaceKey::Rating(row.rating),
            PlaceOrder::Priority => PlaceKey::Priority(row.priority),
            PlaceOrder::Name => PlaceKey::Name(row.name.chars().take(NAME_CHARS).collect()),
        };
        Self { key, id: row.id }
    }
}

impl Position for PlacePosition {
    type Order = PlaceOrder;

    const LIST: &'static str = "places";

    fn order(&self) -> PlaceOrder {
        match self.key {
            PlaceKey::Newest(_) => PlaceOrder::Newest,
            PlaceKey::Rating(_) => PlaceOrder::Rating,
            PlaceKey::Priority(_) => PlaceOrder::Priority,
            PlaceKey::Name(_) => PlaceOrder::Name,
        }
    }
}

/// Numbers by their bits: JSON has no infinite ones, and readers round.
pub(in crate::repo) mod exact {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde's signature")]
    pub(in crate::repo) fn serialize<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        number.map(f64::to_bits).serialize(serializer)
    }

    pub(in crate::repo) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(f64::from_bits))
    }
}

pub(super) fn ordered(query: Rows<'_>, order: PlaceOrder) -> Rows<'_> {
    match order {
        PlaceOrder::Newest => query.order((
            places_staging::search_time.desc().nulls_last(),
            places_staging::id.desc(),
        )),
        PlaceOrder::Rating => query.order((places_staging::rating.desc().nulls_last(), places_staging::id.desc())),
        PlaceOrder::Priority => query.order((places_staging::priority.desc().nulls_last(), places_staging::id.desc())),
        PlaceOrder::Name => query.order((search_name().asc(), places_staging::id.asc())),
    }
}

/// Returns the queries for the matching places after a cursor. Rows without a value have their own query, since no
/// index serves "less, or null" at once.
pub(super) fn behind<'a>(
    tenant: TenantId,
    filter: &PlaceFilter<'a>,
    PlacePosition { key, id }: &PlacePosition,
) -> (Rows<'a>, Option<Rows<'a>>) {
    let id = *id;
    let rows = || matching(tenant, filter);
    macro_rules! less {
        ($column:ident: $sql:ty, $value:expr) => {{
            let valueless = rows().filter(places_staging::$column.is_null());
            match $value {
                Some(value) => {
                    let less = before::<(Nullable<$sql>, Integer), _, _>(
                        (places_staging::$column, places_staging::id),
                        (value, id),
                    );
                    (rows().filter(less), Some(valueless))
                }
                None => (valueless.filter(places_staging::id.lt(id)), None),
            }
        }};
    }
    match key {
        PlaceKey::Newest(time) => less!(search_time: Timestamptz, *time),
        PlaceKey::Rating(rating) => less!(rating: Double, *rating),
        PlaceKey::Priority(priority) => less!(priority: Integer, *priority),
        PlaceKey::Name(text) => {
            let more =
                after::<(Binary, Integer), _, _>((search_name(), places_staging::id), (searched(text.clone()), id));
            (rows().filter(more), None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_in_its_order_only() {
        let time = DateTime::from_timestamp_micros(1_763_000_000_123_456);
        let orders = [
            (PlaceKey::Newest(time), PlaceOrder::Newest),
            (PlaceKey::Newest(None), PlaceOrder::Newest),
            (PlaceKey::Rating(Some(4.3)), PlaceOrder::Rating),
            (PlaceKey::Rating(Some(f64::INFINITY)), PlaceOrder::Rating),
            (PlaceKey::Rating(None), PlaceOrder::Rating),
            (PlaceKey::Priority(Some(-3)), PlaceOrder::Priority),
            (PlaceKey::Name("Zoë’s_Café & Sons".into()), PlaceOrder::Name),
        ];
        for (key, order) in orders.clone() {
            let cursor = PlacePosition { key, id: 7.into() };
            let text = cursor.cursor().unwrap();
            for (_, other) in &orders {
                let read = PlacePosition::from_cursor(&text, other);
                assert_eq!(read.ok(), (*other == order).then(|| cursor.clone()), "{text}");
            }
        }
    }
}
