//! Sitemaps: where a site keeps them, what they list, and the job that stores it.

pub mod count;

mod scan;
mod store;
mod submit;

pub use scan::SitemapScan;
pub use submit::{DEFAULT_DEPTH, DEFAULT_URLS, SitemapRequest, Submitted, submit};
