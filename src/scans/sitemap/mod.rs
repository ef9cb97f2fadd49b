//! Sitemaps: where a site keeps them, what they list, and the job that stores it.

pub mod count;
mod enqueue;
mod scan;
mod store;

pub use enqueue::enqueue;
pub use scan::SitemapScan;
