//! Sitemaps: where a site keeps them, what they list, and the job that stores it.

pub mod count;
mod date;
pub mod discover;
mod enqueue;
mod entry;
mod fetch;
mod generator;
mod input;
pub mod page_type;
pub mod parse;
pub mod problem;
mod read;
mod scan;
mod store;

pub use enqueue::enqueue;
pub use entry::{Alternate, Entry, SitemapKind};
pub use parse::{Item, ParseLimits, Summary, parse};
pub use scan::SitemapScan;
