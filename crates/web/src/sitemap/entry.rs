//! What a sitemap file lists.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use url::Url;

use super::problem::{MAX_URL, Problem, Problems, STANDARD_URL_LENGTH};

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

/// Makes URLs absolute.
pub struct Resolver<'a> {
    base: &'a Url,
    host: &'a str,
}

impl<'a> Resolver<'a> {
    pub fn new(base: &'a Url) -> Self {
        Self {
            base,
            host: base.host_str().unwrap_or_default(),
        }
    }

    /// Returns the absolute URL, notes what is wrong with it, and returns nothing for one that is unusable.
    pub fn absolute<'l>(&self, loc: &'l str, problems: &mut Problems) -> Option<Cow<'l, str>> {
        if loc.is_empty() {
            problems.add(Problem::NoLocation);
            return None;
        }
        if loc.len() > MAX_URL {
            problems.add(Problem::BadLocation);
            return None;
        }
        if loc.len() > STANDARD_URL_LENGTH {
            problems.add(Problem::LongLocation);
        }
        if let Some(host) = plain_host(loc) {
            if host != self.host {
                problems.add(Problem::OtherHost);
            }
            return Some(Cow::Borrowed(loc));
        }
        let url = match Url::parse(loc) {
            Ok(url) => url,
            Err(url::ParseError::RelativeUrlWithoutBase) => {
                problems.add(Problem::RelativeLocation);
                self.base.join(loc).ok()?
            }
            Err(_) => {
                problems.add(Problem::BadLocation);
                return None;
            }
        };
        if !matches!(url.scheme(), "http" | "https") || url.as_str().len() > MAX_URL {
            problems.add(Problem::BadLocation);
            return None;
        }
        if url.host_str() != Some(self.host) {
            problems.add(Problem::OtherHost);
        }
        let mut url = url;
        url.set_fragment(None);
        Some(Cow::Owned(url.into()))
    }
}

/// Returns the host of a URL that is written as the WHATWG's parser would write it again, so that it need not be
/// parsed: almost all are.
fn plain_host(loc: &str) -> Option<&str> {
    let rest = loc.strip_prefix("https://").or_else(|| loc.strip_prefix("http://"))?;
    let (host, path) = rest.split_at(rest.find('/')?);
    let is_host = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    // A host whose last part begins with a digit may be an address in another spelling.
    let last = host.rsplit('.').next()?.bytes().next()?;
    let is_path = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'/' | b'-'
                    | b'_'
                    | b'.'
                    | b'~'
                    | b'?'
                    | b'='
                    | b'&'
                    | b'%'
                    | b'+'
                    | b','
                    | b':'
                    | b';'
                    | b'@'
                    | b'!'
                    | b'('
                    | b')'
                    | b'*'
                    | b'$'
            )
    };
    let is_plain = host.bytes().all(is_host)
        && last.is_ascii_lowercase()
        && !host.contains("xn--")
        && path.bytes().all(is_path)
        // Dots between slashes are steps, plain or encoded.
        && !path.contains("/.")
        && !path.contains("/%2");
    is_plain.then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_is_not_parsed_is_as_the_parser_would_write_it() {
        let pieces = [
            "http://",
            "https://",
            "HTTP://",
            "shop.test",
            "Shop.test",
            "xn--a",
            "127.1",
            "0x7f.1",
            "shop.test:80",
            "a@shop.test",
            "/",
            "/a",
            "//",
            "/./",
            "/../",
            "/%2e/",
            "/%2E%2e",
            "?a=b",
            "?",
            "?a=/../b",
            "#c",
            " ",
            "é",
            "%zz",
            "%",
            "'",
            "\"",
            "|",
            "/a.b",
            "..",
            ";c=d",
            "\t",
        ];
        let mut plain = 0;
        for one in pieces {
            for two in pieces {
                for three in pieces {
                    for four in pieces {
                        let loc = [one, two, three, four].concat();
                        if let Some(host) = plain_host(&loc) {
                            plain += 1;
                            let url = Url::parse(&loc).unwrap();
                            assert_eq!((url.as_str(), url.host_str()), (loc.as_str(), Some(host)));
                        }
                    }
                }
            }
        }
        assert!(plain > 150, "{plain}");
    }

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
