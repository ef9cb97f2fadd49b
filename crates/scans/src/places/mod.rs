//! Places of business, as Google's Places API knows them.
//!
//! - [`answer`] reads what Google answers, in both of its protocols, and is pure;
//! - [`grid`] knows distances and splits an area that holds more than Google tells of at once;
//! - [`cost`] knows what calls cost, and the ledger: a call is written down before it is made, and what it brought in
//!   the transaction that stores it, so that a job that is begun again goes on behind the last page it stored;
//! - [`client`] is the way to Google;
//! - [`website`] tells a business's own domain from a page on a portal;
//! - the jobs: [`PlacesSearch`], [`PlacesDetails`], [`PlacesHandOver`], [`PlacesRetention`].

pub mod answer;
pub mod client;
pub mod cost;
mod details;
mod error;
pub mod grid;
mod hand_over;
mod imported;
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

/// Adds the kinds of jobs of this folder.
#[must_use]
pub fn register(registry: Registry<Services>) -> Registry<Services> {
    registry
        .register::<PlacesSearch>()
        .register::<PlacesDetails>()
        .register::<PlacesHandOver>()
        .register::<PlacesRetention>()
}
