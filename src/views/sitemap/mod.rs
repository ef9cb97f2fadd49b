//! Sitemap files, the URLs they list, and the differences from the previous analysis.

mod curation;
mod file;
mod run;
mod scan;
mod url;

pub use self::curation::{BulkCurationRequest, BulkCurationView, CurationFilter, CurationRequest};
pub use self::file::SitemapView;
pub use self::run::{SitemapDiffView, SitemapRunView};
pub use self::scan::{SitemapScanAccepted, SitemapScanRequest};
pub use self::url::{CSV_HEAD, SitemapUrlView};
