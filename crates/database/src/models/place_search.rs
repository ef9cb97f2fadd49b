//! Table `place_searches`.

use chrono::{DateTime, Utc};
use diesel::prelude::{HasQuery, Insertable};
use schema::place_searches;

use super::enums::Outcome;
use super::values::RawJson;
use crate::ids::{JobId, PlaceSearchId, TenantId, UserId};

/// A search for places.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = place_searches)]
pub struct PlaceSearch {
    /// Identifies the row.
    pub id: PlaceSearchId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The user or API key that requested it.
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
    /// Its job, which may be deleted already.
    pub job_id: Option<JobId>,
    /// Why the job ended the way it did; `None` until it has ended.
    pub outcome: Option<Outcome>,
}

/// A new [`PlaceSearch`].
///
/// `None` leaves a column at its default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = place_searches)]
pub struct NewPlaceSearch<'a> {
    /// The user or API key that requests it.
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
