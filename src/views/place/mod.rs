//! Places, as the v1 contract has them.

mod details;
mod history;
mod search;
mod staged;
mod status;

pub use self::details::{FoundBy, HandOverView, PlaceDetailsView, ProfileView};
pub use self::history::{ChangeView, Curated};
pub use self::search::{SearchAccepted, SearchRequest, SearchStatus};
pub use self::staged::{PlaceList, PlaceView};
pub use self::status::{STATUS_WORDS, read_status, status_word};

use serde::Serialize;

/// A sentence about what was done.
#[derive(Debug, Serialize)]
pub struct Done {
    /// The sentence.
    pub message: &'static str,
}
