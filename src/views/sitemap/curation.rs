//! The curation of sitemap files.

use database::models::enums::CurationStatus;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Decides about one sitemap file.
#[derive(Debug, Deserialize)]
pub struct CurationRequest {
    /// `new`, `selected`, `maybe`, `not_a_fit` or `archived`.
    pub status: String,
}

/// Decides about many.
#[derive(Debug, Deserialize)]
pub struct BulkCurationRequest {
    /// `new`, `selected`, `maybe`, `not_a_fit` or `archived`.
    pub status: String,
    /// These.
    #[serde(default)]
    pub ids: Option<Vec<Uuid>>,
    /// Or all that match.
    #[serde(default)]
    pub filter: Option<CurationFilter>,
    /// Whether to count them only.
    #[serde(default)]
    pub preview: bool,
}

/// Which sitemap files are meant; what is missing does not matter.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurationFilter {
    /// Only those of this domain.
    #[serde(default)]
    pub domain_id: Option<Uuid>,
    /// Only those with this analysis status.
    #[serde(default)]
    pub status: Option<String>,
    /// Only those with this curation status.
    #[serde(default)]
    pub curation_status: Option<String>,
    /// Only those whose URL contains this text.
    #[serde(default)]
    pub q: Option<String>,
}

/// What became of a decision about many.
#[derive(Debug, Serialize)]
pub struct BulkCurationView {
    /// How many files were meant.
    pub matched: i64,
    /// How many were changed.
    pub updated: usize,
}

/// Returns the word by which clients know a decision.
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

/// Reads a decision, by the clients' word or the database's label.
#[must_use]
pub fn read_curation(word: &str) -> Option<CurationStatus> {
    let is_meant = |status: &CurationStatus| curation_word(*status) == word || status.label() == word;
    CurationStatus::ALL.iter().copied().find(is_meant)
}
