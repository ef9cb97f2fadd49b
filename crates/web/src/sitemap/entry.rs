//! The entries of a sitemap file.

use chrono::{DateTime, Utc};

/// The format of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SitemapKind {
    /// An unknown format.
    #[default]
    Unknown,
    /// A list of pages: `urlset`.
    UrlSet,
    /// A list of sitemap files: `sitemapindex`.
    Index,
    /// An RSS feed.
    Rss,
    /// An Atom feed.
    Atom,
    /// A text with one URL per line.
    Text,
}

impl SitemapKind {
    /// Returns the label stored in rows.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::UrlSet => "urlset",
            Self::Index => "index",
            Self::Rss => "rss",
            Self::Atom => "atom",
            Self::Text => "text",
        }
    }
}

/// The same page in another language.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Alternate {
    /// The language, as in `hreflang`.
    pub hreflang: String,
    /// The URL as written in the file.
    pub href: String,
}

/// An entry: a page, or a sitemap file in an index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The URL as written in the file.
    pub loc: String,
    /// The absolute URL.
    pub url: String,
    /// When the page last changed.
    pub lastmod: Option<DateTime<Utc>>,
    /// How often the page changes: one of the seven words of the standard.
    pub changefreq: Option<&'static str>,
    /// The priority in hundredths, 0 to 100.
    pub priority: Option<u8>,
    /// The number of images.
    pub images: u32,
    /// The number of videos.
    pub videos: u32,
    /// The number of news items.
    pub news: u32,
    /// The page in other languages.
    pub alternates: Vec<Alternate>,
}

/// Maximum number of alternates kept per entry, which is more than any site has languages.
pub const MAX_ALTERNATES: usize = 200;

impl Entry {
    /// Empties the entry, keeping its allocated memory.
    pub fn clear(&mut self) {
        let Self {
            loc,
            url,
            lastmod,
            changefreq,
            priority,
            images,
            videos,
            news,
            alternates,
        } = self;
        loc.clear();
        url.clear();
        alternates.clear();
        (*lastmod, *changefreq, *priority) = (None, None, None);
        (*images, *videos, *news) = (0, 0, 0);
    }
}

const FREQUENCIES: [&str; 7] = ["always", "hourly", "daily", "weekly", "monthly", "yearly", "never"];

pub fn frequency(text: &str) -> Option<&'static str> {
    FREQUENCIES.into_iter().find(|word| word.eq_ignore_ascii_case(text))
}

/// Parses a priority as hundredths.
pub fn priority(text: &str) -> Option<u8> {
    match text {
        "0.5" => Some(50),
        "1.0" => Some(100),
        // Some files use a decimal comma.
        text => {
            let number: f32 = text.replace(',', ".").parse().ok()?;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is from 0 to 100"
            )]
            (0.0..=1.0).contains(&number).then(|| (number * 100.0).round() as u8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_are_hundredths() {
        for (text, expected) in [
            ("0.5", Some(50)),
            ("1", Some(100)),
            ("0,8", Some(80)),
            ("0", Some(0)),
            ("1.01", None),
            ("-1", None),
            ("high", None),
            ("NaN", None),
        ] {
            assert_eq!(priority(text), expected, "{text}");
        }
    }
}
