//! The orders of a list of places, and cursors in them.

use chrono::{DateTime, Utc};
use diesel::prelude::{ExpressionMethods, PgSortExpressionMethods, QueryDsl};
use diesel::sql_types::{Binary, Double, Integer, Nullable, Timestamptz};
use schema::places_staging;

use super::filter::{PlaceFilter, Rows, matching, search_name, searched};
use crate::ids::{StagedPlaceId, TenantId};
use crate::models::staged_place::StagedPlace;
use crate::repo::paging::{after, before};

/// How many characters at the start of a name are used for searching and sorting.
const NAME_CHARS: usize = 120;

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
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceCursor {
    /// The order and the row's value in it.
    pub key: CursorKey,
    /// The row's number.
    pub id: StagedPlaceId,
}

/// An order of places and a row's value in it.
#[derive(Clone, Debug, PartialEq)]
pub enum CursorKey {
    /// For [`PlaceOrder::Newest`].
    Newest(Option<DateTime<Utc>>),
    /// For [`PlaceOrder::Rating`].
    Rating(Option<f64>),
    /// For [`PlaceOrder::Priority`].
    Priority(Option<i32>),
    /// For [`PlaceOrder::Name`], in any case.
    Name(String),
}

impl PlaceCursor {
    /// Returns the cursor of a row in this order.
    #[must_use]
    pub fn of(row: &StagedPlace, order: PlaceOrder) -> Self {
        let key = match order {
            PlaceOrder::Newest => CursorKey::Newest(row.search_time),
            PlaceOrder::Rating => CursorKey::Rating(row.rating),
            PlaceOrder::Priority => CursorKey::Priority(row.priority),
            PlaceOrder::Name => CursorKey::Name(row.name.chars().take(NAME_CHARS).collect()),
        };
        Self { key, id: row.id }
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
    PlaceCursor { key, id }: &PlaceCursor,
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
        CursorKey::Newest(time) => less!(search_time: Timestamptz, *time),
        CursorKey::Rating(rating) => less!(rating: Double, *rating),
        CursorKey::Priority(priority) => less!(priority: Integer, *priority),
        CursorKey::Name(text) => {
            let more =
                after::<(Binary, Integer), _, _>((search_name(), places_staging::id), (searched(text.clone()), id));
            (rows().filter(more), None)
        }
    }
}
