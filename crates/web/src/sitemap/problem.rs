//! Problems of sitemap files, and their descriptions.

use std::collections::BTreeMap;
use std::fmt;

/// Maximum size of a file according to sitemaps.org, in bytes after decompression.
pub const STANDARD_BYTES: u64 = 52_428_800;

/// Maximum number of URLs in a file according to sitemaps.org.
pub const STANDARD_URLS: u64 = 50_000;

/// Maximum length of a URL in characters according to sitemaps.org.
pub const STANDARD_URL_LENGTH: usize = 2048;

/// Maximum length of an accepted URL in bytes, which is what browsers and servers support at most.
pub const MAX_URL: usize = 8192;

/// Why reading a file ended early, or why nothing of it was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The file is empty.
    Empty,
    /// The file is a web page, most likely an error or a login page.
    WebPage,
    /// The DOCTYPE declares entities, which can make XML read other files or grow without limit.
    Doctype,
    /// The file has none of the formats and is not a list of URLs.
    Unrecognised,
    /// The elements are nested more deeply than in any sitemap.
    TooDeep,
    /// A tag or text is larger than in any sitemap.
    LongPiece,
    /// The file exceeds the maximum size.
    TooLarge,
    /// The file lists more than the maximum number of entries.
    TooManyUrls,
    /// The compression is damaged or ends early.
    Damaged,
    /// The file ends within an element.
    CutOff,
    /// The file is not well-formed XML from some point on.
    Malformed,
    /// The file could not be read from its storage.
    Unreadable,
}

impl Failure {
    /// Returns whether the file has none of the formats.
    #[must_use]
    pub fn is_no_sitemap(self) -> bool {
        matches!(self, Self::Empty | Self::WebPage | Self::Doctype | Self::Unrecognised)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::WebPage => "it is a web page, not a sitemap",
            Self::Doctype => "its DOCTYPE declares entities, which are not read",
            Self::Unrecognised => "it is not a sitemap, feed or list of URLs",
            Self::TooDeep => "its elements are nested too deeply",
            Self::LongPiece => "one of its tags or texts is too long",
            Self::TooLarge => "it is larger than is read",
            Self::TooManyUrls => "it lists more URLs than are read",
            Self::Damaged => "its compression is damaged or cut off",
            Self::CutOff => "it is cut off",
            Self::Malformed => "it is not well-formed XML from some point on",
            Self::Unreadable => "it could not be read back",
        })
    }
}

/// A problem with entries, or with the file as a whole, that does not end reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// More than [`STANDARD_URLS`] entries.
    TooManyForStandard,
    /// More than [`STANDARD_BYTES`].
    TooLargeForStandard,
    /// A root element without a namespace, or with an unknown one.
    Namespace,
    /// An entry without a URL.
    NoLocation,
    /// An entry whose URL is invalid or not http.
    BadLocation,
    /// An entry with another URL, which was read as a separate entry.
    SecondLocation,
    /// A relative URL.
    RelativeLocation,
    /// A URL longer than the standard allows.
    LongLocation,
    /// A URL on another host.
    OtherHost,
    /// An invalid date.
    BadLastmod,
    /// An invalid frequency.
    BadChangefreq,
    /// An invalid priority.
    BadPriority,
    /// A named entity that XML does not have.
    UnknownEntity,
}

impl Problem {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::TooManyForStandard => ("", "it lists more than the 50,000 URLs of the standard"),
            Self::TooLargeForStandard => ("", "it is larger than the 50 MB of the standard"),
            Self::Namespace => ("", "its root element is not in the namespace of its format"),
            Self::NoLocation => ("entries", "have no URL and were left out"),
            Self::BadLocation => ("entries", "have no usable URL and were left out"),
            Self::SecondLocation => ("URLs", "share their entry with another"),
            Self::RelativeLocation => ("URLs", "are relative"),
            Self::LongLocation => ("URLs", "are longer than the 2,048 characters of the standard"),
            Self::OtherHost => ("URLs", "are of another host"),
            Self::BadLastmod => ("dates", "cannot be read"),
            Self::BadChangefreq => ("change frequencies", "are none of the standard"),
            Self::BadPriority => ("priorities", "are not from 0 to 1"),
            Self::UnknownEntity => ("references", "are to entities that XML does not have"),
        }
    }
}

/// The problems of a file, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(BTreeMap<Problem, u64>);

impl Problems {
    pub(super) fn add(&mut self, problem: Problem) {
        *self.0.entry(problem).or_default() += 1;
    }

    /// Returns how often a problem occurred.
    #[must_use]
    pub fn count(&self, problem: Problem) -> u64 {
        self.0.get(&problem).copied().unwrap_or_default()
    }

    /// Returns whether no problem occurred.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (problem, count)) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            match problem.words() {
                ("", sentence) => f.write_str(sentence)?,
                (things, what) => write!(f, "{things} that {what}: {count}")?,
            }
        }
        Ok(())
    }
}
