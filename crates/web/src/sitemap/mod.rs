//! Sitemaps: discovery, download and parsing.

mod date;
pub mod discover;
pub mod download;
mod entry;
mod generator;
mod input;
pub mod page_type;
pub mod parse;
pub mod problem;
pub mod read;
mod resolve;

pub use entry::{Alternate, Entry, SitemapKind};
pub use parse::{Item, ParseLimits, Summary, parse};
