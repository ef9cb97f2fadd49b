//! What a sitemap file lists.

use chrono::{DateTime, Utc};

/// What kind of file it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SitemapKind {
    /// None that is known.
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
    /// A URL a line.
    Text,
}

impl SitemapKind {
    /// Returns the word that is stored.
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
    /// The language, as `hreflang` says it.
    pub hreflang: String,
    /// Its URL, as it is written.
    pub href: String,
}

/// An entry: a page, or in an index a sitemap file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The URL as the file spells it.
    pub loc: String,
    /// The absolute URL.
    pub url: String,
    /// When it changed.
    pub lastmod: Option<DateTime<Utc>>,
    /// How often it changes: one of the seven words of the standard.
    pub changefreq: Option<&'static str>,
    /// Its priority in hundredths, 0 to 100.
    pub priority: Option<u8>,
    /// How many images it has.
    pub images: u32,
    /// How many videos it has.
    pub videos: u32,
    /// How many news items it has.
    pub news: u32,
    /// The same in other languages.
    pub alternates: Vec<Alternate>,
}

/// The most alternates of an entry that are kept: more than there are languages on any site.
pub const MAX_ALTERNATES: usize = 200;

impl Entry {
    /// Makes it empty again, with the memory it has.
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

/// Reads a priority as hundredths.
pub fn priority(text: &str) -> Option<u8> {
    match text {
        "0.5" => Some(50),
        "1.0" => Some(100),
        // Some write it with a comma.
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
