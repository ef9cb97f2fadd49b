//! Sitemaps: where a site keeps them, what they list, and the job that stores it.

mod date;
mod entry;
mod generator;
mod input;
pub mod page_type;
pub mod parse;
pub mod problem;

pub use entry::{Alternate, Entry, SitemapKind};
pub use parse::{Item, ParseLimits, Summary, parse};
