//! Table `place_searches`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, Insertable};
use schema::place_searches;

use super::values::RawJson;
use crate::ids::{PlaceSearchId, TenantId, UserId};

/// A search for places.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = place_searches)]
pub struct PlaceSearch {
    /// Identifies the row.
    pub id: PlaceSearchId,
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// Whose work it is.
    pub user_id: Option<UserId>,
    /// Where was searched.
    pub location: String,
    /// What was searched for.
    pub business_type: String,
    /// How it was searched.
    pub params: Option<RawJson>,
    /// When the row was made.
    pub created_at: Option<DateTime<Utc>>,
    /// How far it is.
    pub status: Option<String>,
    /// When the row last changed.
    pub updated_at: Option<DateTime<Utc>>,
}

/// A new [`PlaceSearch`].
///
/// What is `None` is left to the column's default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = place_searches)]
pub struct NewPlaceSearch<'a> {
    /// Whose work it is.
    pub user_id: Option<UserId>,
    /// Where was searched.
    pub location: &'a str,
    /// What was searched for.
    pub business_type: &'a str,
    /// How it was searched.
    pub params: Option<&'a RawJson>,
    /// How far it is.
    pub status: Option<&'a str>,
}

/// What to change about a [`PlaceSearch`].
///
/// `None` leaves a column as it is; where a column may be NULL, `Some(None)` makes it so.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = place_searches)]
pub struct PlaceSearchChanges<'a> {
    /// How far it is.
    pub status: Option<Option<&'a str>>,
    /// How it was searched.
    pub params: Option<Option<&'a RawJson>>,
}
