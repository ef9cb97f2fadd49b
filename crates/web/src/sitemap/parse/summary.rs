//! The limits and the result of parsing a file.

use chrono::{DateTime, Utc};

use crate::sitemap::entry::{Entry, SitemapKind};
use crate::sitemap::problem::{Failure, Problems, STANDARD_BYTES, STANDARD_URLS};

/// The limits of parsing a file.
#[derive(Clone, Copy, Debug)]
pub struct ParseLimits {
    /// Maximum size in bytes, after decompression.
    pub max_bytes: u64,
    /// Maximum number of entries.
    pub max_urls: u64,
    /// Maximum length of a tag or text, in bytes.
    pub max_piece: usize,
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self {
            max_bytes: 4 * STANDARD_BYTES,
            max_urls: 20 * STANDARD_URLS,
            max_piece: 1024 * 1024,
        }
    }
}

/// An item that a file lists.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// A page.
    Page(&'a Entry),
    /// Another sitemap file.
    Child(&'a Entry),
}

/// The facts about a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// The format.
    pub kind: SitemapKind,
    /// Whether the file was compressed, judged by its first bytes.
    pub is_gzip: bool,
    /// The size after decompression in bytes, as far as it was read.
    pub bytes: u64,
    /// The number of pages that it lists.
    pub pages: u64,
    /// The number of sitemap files that it lists.
    pub children: u64,
    /// Whether an entry states when it changed.
    pub has_lastmod: bool,
    /// Whether an entry states how often it changes.
    pub has_changefreq: bool,
    /// Whether an entry states a priority.
    pub has_priority: bool,
    /// The latest modification that an entry states.
    pub last_modified: Option<DateTime<Utc>>,
    /// The program that made the file, if known.
    pub generator: Option<String>,
    /// The problems of the file.
    pub problems: Problems,
    /// Why reading ended early; `None` if it did not.
    pub failure: Option<Failure>,
}

impl Summary {
    /// Returns whether the whole file was read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failure.is_none()
    }

    /// Returns a sentence with the problems of the file; `None` if it has none.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        match (self.failure, self.problems.is_empty()) {
            (None, true) => None,
            (None, false) => Some(self.problems.to_string()),
            (Some(failure), true) => Some(failure.to_string()),
            (Some(failure), false) => Some(format!("{failure}; {}", self.problems)),
        }
    }
}
