//! The rules of a site's robots.txt: the Robots Exclusion Protocol (RFC 9309).
//!
//! Numbers in comments are sections of the RFC; `tests` has one test for each of its rules. In addition, `Sitemap`
//! lines (sitemaps.org) and the common `Crawl-delay` are read.

mod field;
mod reader;
mod rule;

pub(super) use self::reader::product;

use std::borrow::Cow;
use std::time::Duration;

use encoding_rs::Encoding;
use url::Url;

use self::reader::Reader;
use self::rule::{Rule, fits, normalised, without_special};
use super::FetchError;
use super::policy::host_of;

/// How many bytes of a robots.txt are read: the RFC's minimum (2.5).
pub(super) const MAX_ROBOTS: usize = 500 * 1024;

/// The robots.txt of one origin.
#[derive(Clone, Debug, Default)]
pub struct Robots {
    text: Option<String>,
    unavailable: Option<u16>,
    rules: Vec<Rule>,
    delay: Option<Duration>,
    sitemaps: Vec<String>,
}

/// Reads the bytes of a robots.txt, which are UTF-8 (2.2) unless they show that they are UTF-16.
pub(super) fn text_of(body: &[u8]) -> Cow<'_, str> {
    let encoding = match (Encoding::for_bom(body), body.get(..2)) {
        (Some((encoding, _)), _) => encoding,
        (None, Some([first, 0])) if *first != 0 => encoding_rs::UTF_16LE,
        (None, Some([0, second])) if *second != 0 => encoding_rs::UTF_16BE,
        _ => encoding_rs::UTF_8,
    };
    encoding.decode_with_bom_removal(body).0
}

impl Robots {
    /// Parses a robots.txt for a crawler with any of the `names`.
    #[must_use]
    pub fn parse(text: &str, names: &[String]) -> Self {
        let mut reader = Reader::new(names);
        // Lines end with CR, LF or both (2.2); the empty line between CR and LF is ignored.
        for line in text.trim_start_matches('\u{feff}').split(['\r', '\n']) {
            reader.line(line);
        }
        let group = if reader.named_ever {
            reader.ours
        } else {
            reader.everyones
        };
        Self {
            text: Some(text.to_owned()),
            unavailable: None,
            rules: group.rules,
            delay: group.delay,
            sitemaps: reader.sitemaps,
        }
    }

    /// Returns the rules of a site without a robots.txt: everything may be fetched (2.3.1.3).
    pub(super) fn absent() -> Self {
        Self::default()
    }

    /// Returns the rules of a site whose robots.txt is unavailable: nothing may be fetched (2.3.1.4).
    pub(super) fn unavailable(status: u16) -> Self {
        Self {
            unavailable: Some(status),
            ..Self::default()
        }
    }

    /// Returns the text, cut at 500 KiB, if there is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Returns the sitemaps as written.
    #[must_use]
    pub fn sitemaps(&self) -> &[String] {
        &self.sitemaps
    }

    /// Returns the crawl delay, at most 10 s.
    #[must_use]
    pub fn delay(&self) -> Option<Duration> {
        self.delay
    }

    /// Returns whether `url` may be fetched: the longest matching rule decides, and of two equally long ones the one
    /// that allows (2.2.2).
    #[must_use]
    pub fn allows(&self, url: &Url) -> bool {
        if url.path() == "/robots.txt" {
            return true;
        }
        if self.unavailable.is_some() {
            return false;
        }
        let path = match url.query() {
            Some(query) => normalised(&format!("{}?{query}", url.path())).into_owned(),
            None => normalised(url.path()).into_owned(),
        };
        let path = without_special(&path);
        let fitting = self.rules.iter().filter(|rule| fits(&rule.pattern, &path));
        fitting
            .max_by_key(|rule| (rule.pattern.len(), rule.allow))
            .is_none_or(|rule| rule.allow)
    }

    /// Returns an error unless `url` may be fetched.
    pub(super) fn check(&self, url: &Url) -> Result<(), FetchError> {
        let host = host_of(url);
        match self.unavailable {
            None if self.allows(url) => Ok(()),
            None => Err(FetchError::Robots { host }),
            Some(_) if self.allows(url) => Ok(()),
            Some(status) => Err(FetchError::RobotsUnavailable { host, status }),
        }
    }

    /// Returns whether the robots.txt was available.
    pub(super) fn is_available(&self) -> bool {
        self.unavailable.is_none()
    }

    /// Returns the approximate memory size in bytes.
    pub(super) fn weight(&self) -> usize {
        let rules: usize = self.rules.iter().map(|rule| rule.pattern.len() + 32).sum();
        let sitemaps: usize = self.sitemaps.iter().map(|sitemap| sitemap.len() + 32).sum();
        256 + rules + sitemaps + self.text.as_ref().map_or(0, String::len)
    }
}

#[cfg(test)]
mod tests;
