//! Table `place_details`.

use chrono::{DateTime, Utc};
use diesel::prelude::HasQuery;
use schema::place_details;
use uuid::Uuid;

use super::values::RawJson;
use crate::ids::{DomainId, TenantId};

/// What is known about a staged place beside its row, and what became of it when it was handed over.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = place_details)]
pub struct PlaceDetails {
    /// Identifies the row.
    pub id: Uuid,
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// Google's id of the place.
    pub place_id: String,
    /// Its website.
    pub website: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
    /// Its opening hours, as Google writes them.
    pub opening_hours: Option<RawJson>,
    /// The details, untouched.
    pub raw_data: Option<RawJson>,
    /// When Google's content about the place was last fetched, if later than by a search.
    pub content_at: Option<DateTime<Utc>>,
    /// When Google's content about the place was removed, because it may not be kept for ever.
    pub cleared_at: Option<DateTime<Utc>>,
    /// The domain that was made of it.
    pub domain_id: Option<DomainId>,
    /// When it was handed over.
    pub handed_over_at: Option<DateTime<Utc>>,
    /// Why it could not be handed over.
    pub hand_over_error: Option<String>,
}

/// What an answer of Google's says about a place beside its row. What is `None` it does not say.
#[derive(Clone, Debug)]
pub struct NewPlaceDetails<'a> {
    /// Google's id of the place.
    pub place_id: &'a str,
    /// Its website.
    pub website: Option<&'a str>,
    /// Its telephone number.
    pub phone: Option<&'a str>,
    /// Its opening hours, as Google writes them.
    pub opening_hours: Option<&'a RawJson>,
    /// The details, untouched; `None` where they came with a search.
    pub raw_data: Option<&'a RawJson>,
    /// When they were fetched.
    pub content_at: DateTime<Utc>,
}

/// What became of a place that was handed over.
#[derive(Clone, Debug)]
pub struct HandOver<'a> {
    /// Google's id of the place.
    pub place_id: &'a str,
    /// The domain that it became.
    pub domain_id: Option<DomainId>,
    /// Why it became none.
    pub error: Option<&'a str>,
}
