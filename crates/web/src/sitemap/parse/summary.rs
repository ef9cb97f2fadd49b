//! What goes into reading a file, and what comes out of it.

use chrono::{DateTime, Utc};

use crate::sitemap::entry::{Entry, SitemapKind};
use crate::sitemap::problem::{Failure, Problems, STANDARD_BYTES, STANDARD_URLS};

/// What is taken of one file.
#[derive(Clone, Copy, Debug)]
pub struct ParseLimits {
    /// Bytes after decompression.
    pub max_bytes: u64,
    /// Entries.
    pub max_urls: u64,
    /// Bytes of one tag or text.
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

/// Something that a file lists.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// A page.
    Page(&'a Entry),
    /// Another sitemap file.
    Child(&'a Entry),
}

/// What a file is, beside what it lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Its kind.
    pub kind: SitemapKind,
    /// Whether it was compressed, by its first bytes.
    pub is_gzip: bool,
    /// Its size after decompression, as far as it was read.
    pub bytes: u64,
    /// How many pages it lists.
    pub pages: u64,
    /// How many sitemap files it lists.
    pub children: u64,
    /// Whether an entry says when it changed.
    pub has_lastmod: bool,
    /// Whether an entry says how often it changes.
    pub has_changefreq: bool,
    /// Whether an entry has a priority.
    pub has_priority: bool,
    /// The latest change of an entry.
    pub last_modified: Option<DateTime<Utc>>,
    /// What made it.
    pub generator: Option<String>,
    /// What is wrong with it.
    pub problems: Problems,
    /// Why reading ended early, if it did.
    pub failure: Option<Failure>,
}

impl Summary {
    /// Returns whether the whole file was read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failure.is_none()
    }

    /// Returns what is wrong with it as a sentence, if anything is.
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
