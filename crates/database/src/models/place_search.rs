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
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The user who works on it.
    pub user_id: Option<UserId>,
    /// The searched location.
    pub location: String,
    /// The searched text.
    pub business_type: String,
    /// The parameters of the search.
    pub params: Option<RawJson>,
    /// When the row was created.
    pub created_at: Option<DateTime<Utc>>,
    /// Its status.
    pub status: Option<String>,
    /// When the row last changed.
    pub updated_at: Option<DateTime<Utc>>,
}

/// A new [`PlaceSearch`].
///
/// `None` leaves a column at its default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = place_searches)]
pub struct NewPlaceSearch<'a> {
    /// The user who works on it.
    pub user_id: Option<UserId>,
    /// The searched location.
    pub location: &'a str,
    /// The searched text.
    pub business_type: &'a str,
    /// The parameters of the search.
    pub params: Option<&'a RawJson>,
    /// Its status.
    pub status: Option<&'a str>,
}

/// Changes of a [`PlaceSearch`].
///
/// `None` leaves a column unchanged; `Some(None)` sets a nullable column to NULL.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = place_searches)]
pub struct PlaceSearchChanges<'a> {
    /// Its status.
    pub status: Option<Option<&'a str>>,
    /// The parameters of the search.
    pub params: Option<Option<&'a RawJson>>,
}
