//! Curation of sitemap files.

use database::models::enums::CurationStatus;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::fields;

/// A decision about one sitemap file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CurationRequest {
    /// The new curation status: `new`, `selected`, `maybe`, `not_a_fit` or `archived`.
    pub status: String,
}

/// A decision about many sitemap files: either `ids` or `filter` is required.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkCurationRequest {
    /// The new curation status: `new`, `selected`, `maybe`, `not_a_fit` or `archived`.
    pub status: String,
    /// Ids of the files to change, at most 10000.
    #[serde(default)]
    pub ids: Option<Vec<Uuid>>,
    /// Selects the files to change; `{}` selects all.
    #[serde(default, deserialize_with = "fields::optional")]
    pub filter: Option<CurationFilter>,
    /// Whether to count the files without changing them.
    #[serde(default)]
    pub preview: bool,
}

/// A filter of sitemap files; a missing field matches every file.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CurationFilter {
    /// Only files of the domain with this id.
    #[serde(default)]
    pub domain_id: Option<Uuid>,
    /// Only files with this analysis status.
    #[serde(default)]
    pub status: Option<String>,
    /// Only files with this curation status.
    #[serde(default)]
    pub curation_status: Option<String>,
    /// Only files whose URL contains this text.
    #[serde(default)]
    pub q: Option<String>,
}

/// The result of a decision about many sitemap files.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkCurationView {
    /// The number of files selected.
    pub matched: i64,
    /// The number of files changed.
    pub updated: usize,
}

/// Returns the API's word for a curation status.
#[must_use]
pub const fn curation_word(status: CurationStatus) -> &'static str {
    match status {
        CurationStatus::New => "new",
        CurationStatus::Selected => "selected",
        CurationStatus::Maybe => "maybe",
        CurationStatus::NotAFit => "not_a_fit",
        CurationStatus::Archived => "archived",
    }
}

/// Reads a curation status in the API's spelling or the database's; `None` if the word is neither.
#[must_use]
pub fn read_curation(word: &str) -> Option<CurationStatus> {
    let is_meant = |status: &CurationStatus| curation_word(*status) == word || status.label() == word;
    CurationStatus::ALL.iter().copied().find(is_meant)
}
