//! Table `place_details`.

use chrono::{DateTime, Utc};
use diesel::prelude::HasQuery;
use schema::place_details;
use uuid::Uuid;

use super::values::RawJson;
use crate::ids::{DomainId, TenantId};

/// Details of a staged place, and the result of its hand-over.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = place_details)]
pub struct PlaceDetails {
    /// Identifies the row.
    pub id: Uuid,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// Google's place id.
    pub place_id: String,
    /// Its website.
    pub website: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
    /// Its opening hours, as Google writes them.
    pub opening_hours: Option<RawJson>,
    /// The details as received.
    pub raw_data: Option<RawJson>,
    /// When Google's content about the place was last fetched, if after the last search.
    pub content_at: Option<DateTime<Utc>>,
    /// When Google's content about the place was removed, as its terms require.
    pub cleared_at: Option<DateTime<Utc>>,
    /// The domain created from it.
    pub domain_id: Option<DomainId>,
    /// When it was handed over.
    pub handed_over_at: Option<DateTime<Utc>>,
    /// Why it could not be handed over.
    pub hand_over_error: Option<String>,
}

/// Details of a place from an answer of Google's; `None` if the answer has none.
#[derive(Clone, Debug)]
pub struct NewPlaceDetails<'a> {
    /// Google's place id.
    pub place_id: &'a str,
    /// Its website.
    pub website: Option<&'a str>,
    /// Its telephone number.
    pub phone: Option<&'a str>,
    /// Its opening hours, as Google writes them.
    pub opening_hours: Option<&'a RawJson>,
    /// The details as received; `None` if they came with a search.
    pub raw_data: Option<&'a RawJson>,
    /// When they were fetched.
    pub content_at: DateTime<Utc>,
}

/// The result of handing a place over.
#[derive(Clone, Debug)]
pub struct HandOver<'a> {
    /// Google's place id.
    pub place_id: &'a str,
    /// The domain created from it.
    pub domain_id: Option<DomainId>,
    /// Why it did not become a domain.
    pub error: Option<&'a str>,
}
