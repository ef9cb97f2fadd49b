//! Places of business from Google's Places API.
//!
//! - [`answer`] parses Google's responses in both protocols, without side effects;
//! - [`grid`] computes distances and splits areas with more places than Google returns per query;
//! - [`cost`] has the prices and the ledger: a call is entered before it is made, and its result is entered in the
//!   transaction that stores it, so that a restarted job continues after the last page it stored;
//! - [`money`] has sums of money, exact;
//! - [`client`] calls Google;
//! - [`website`] distinguishes a business's own domain from a page on a portal;
//! - the jobs: [`PlacesSearch`], [`PlacesDetails`], [`PlacesHandOver`], [`PlacesRetention`].

pub mod answer;
pub mod client;
pub mod cost;
mod details;
mod error;
pub mod grid;
mod hand_over;
mod imported;
pub mod money;
pub mod retention;
mod search;
mod submit;
pub mod website;

pub use self::client::Places;
pub use self::details::PlacesDetails;
pub use self::error::PlacesError;
pub use self::hand_over::PlacesHandOver;
pub use self::imported::{imported_id, is_imported};
pub use self::retention::PlacesRetention;
pub use self::search::PlacesSearch;
pub use self::submit::{
    RESULTS_OF_ONE_QUERY, SearchRequest, Submitted, submit_details, submit_hand_over, submit_search,
};
use jobs::Registry;

use super::Services;

/// Adds this folder's kinds of jobs.
#[must_use]
pub fn register(registry: Registry<Services>) -> Registry<Services> {
    registry
        .register::<PlacesSearch>()
        .register::<PlacesDetails>()
        .register::<PlacesHandOver>()
        .register::<PlacesRetention>()
}
