//! Places, in the form of the v1 contract.

mod details;
mod history;
mod past_search;
mod search;
mod staged;

pub use self::details::PlaceDetailsView;
pub use self::history::{ChangeView, Curated};
pub use self::past_search::{PastSearchView, SearchTotals};
pub use self::search::{SearchAnswer, SearchRequest, SearchStatus};
pub use self::staged::{PlaceList, PlaceView};

use serde::Serialize;
use utoipa::ToSchema;

/// A confirmation of what was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Done {
    /// What was done, in words.
    pub message: &'static str,
}
