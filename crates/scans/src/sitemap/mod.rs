//! Sitemaps: counting the pages they list, and the job that analyses and stores them.

pub mod count;

mod scan;
mod store;
mod submit;

pub use scan::SitemapScan;
pub use submit::{DEFAULT_DEPTH, DEFAULT_URLS, SitemapRequest, Submitted, submit};
