//! Curation of sitemap files.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::fields;
use crate::views::words::CurationWord;

/// A decision about one sitemap file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "status": "selected" }))]
pub struct CurationRequest {
    /// The new curation status.
    #[schema(value_type = CurationWord)]
    pub status: String,
}

/// A decision about many sitemap files: either `ids` or `filter` is required.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "status": "archived", "filter": { "curation_status": "maybe" }, "preview": true }))]
pub struct BulkCurationRequest {
    /// The new curation status.
    #[schema(value_type = CurationWord)]
    pub status: String,
    /// Ids of the files to change.
    #[serde(default)]
    #[schema(max_items = 10_000)]
    pub ids: Option<Vec<Uuid>>,
    /// Selects the files to change; `{}` selects all.
    #[serde(default, deserialize_with = "fields::optional")]
    pub filter: Option<CurationFilter>,
    /// Whether to count the files without changing them.
    #[serde(default)]
    #[schema(default = false)]
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
    #[schema(value_type = Option<CurationWord>)]
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
