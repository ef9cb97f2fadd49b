//! Discovery of a site's sitemaps.

use std::time::Duration;

use scraper::{Html, Selector};
use url::Url;

use super::download;
use super::parse::{ParseLimits, parse};
use super::problem::Problems;
use super::resolve::Resolver;
use crate::fetch::{FailureKind, FetchError, Fetcher};

/// Common names of sitemaps, tried if the site names none, most common first.
const WELL_KNOWN: &[&str] = &[
    "/sitemap.xml",
    "/sitemap_index.xml",
    "/wp-sitemap.xml",
    "/sitemap.xml.gz",
    "/sitemap-index.xml",
    "/sitemap/sitemap.xml",
    "/sitemap/index.xml",
    "/sitemaps.xml",
    "/sitemap1.xml",
    "/sitemap.txt",
];

/// How much of a file is read to find out whether it is a sitemap, in bytes.
const PROBED: usize = 16 * 1024;

/// Timeout for trying a common name: a site that takes longer probably has no such file.
const PROBE_TIME: Duration = Duration::from_secs(15);

/// Maximum number of sitemaps that a site may name.
const MAX_LINKS: usize = 1000;

/// How a file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscoveryMethod {
    /// A client named it.
    Request,
    /// A line of robots.txt names it.
    Robots,
    /// `<link rel="sitemap">` on the home page names it.
    Link,
    /// It has a common name.
    WellKnown,
    /// It is a feed that the home page names.
    Feed,
    /// An index lists it.
    Index,
}

impl DiscoveryMethod {
    /// Returns the label stored in rows.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Robots => "robots_txt",
            Self::Link => "html_link",
            Self::WellKnown => "well_known",
            Self::Feed => "feed",
            Self::Index => "sitemap_index",
        }
    }
}

/// A file to start with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// URL of the file.
    pub url: Url,
    /// How it was found.
    pub method: DiscoveryMethod,
}

/// The sitemaps and feeds that a home page names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageLinks {
    /// The sitemaps from `<link rel="sitemap">`.
    pub sitemaps: Vec<Url>,
    /// The feeds.
    pub feeds: Vec<Url>,
}

impl PageLinks {
    /// Reads the links of a page that was fetched from `base`.
    #[must_use]
    pub fn of(document: &Html, base: &Url) -> Self {
        let mut links = Self::default();
        // A constant selector always parses.
        let Ok(selector) = Selector::parse("link[rel][href]") else {
            return links;
        };
        for element in document.select(&selector).take(MAX_LINKS) {
            let attribute = |name: &str| element.attr(name).unwrap_or_default().trim().to_ascii_lowercase();
            let rel = attribute("rel");
            let Some(url) = element.attr("href").and_then(|href| base.join(href.trim()).ok()) else {
                continue;
            };
            let has = |word: &str| rel.split_ascii_whitespace().any(|rel| rel == word);
            if has("sitemap") {
                links.sitemaps.push(url);
            } else if has("alternate")
                && matches!(
                    attribute("type").as_str(),
                    "application/rss+xml" | "application/atom+xml"
                )
            {
                links.feeds.push(url);
            }
        }
        links
    }
}

/// How thorough the discovery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Everything that names sitemaps, and all common names.
    All,
    /// Only the most common name if nothing names a sitemap; programs that use another name redirect from it. With the
    /// home page and robots.txt, these are as many requests as a host allows at once, so that a scan need not wait.
    Quick,
}

/// Finds the sitemaps of the site at `origin`, whose home page has `links`.
///
/// Common names are tried, and count only if there is a sitemap; names in robots.txt or on the page are trusted. Feeds
/// list only recent pages, so they count only if there is nothing else.
///
/// # Errors
///
/// Returns an error if the host cannot be reached for its robots.txt.
pub async fn discover(
    fetcher: &Fetcher,
    origin: &Url,
    links: &PageLinks,
    effort: Effort,
) -> Result<Vec<Found>, FetchError> {
    let mut found: Vec<Found> = Vec::new();
    let robots = fetcher.robots(origin).await?;
    for sitemap in robots.sitemaps() {
        let url = Resolver::new(origin).absolute(sitemap, &mut Problems::default());
        if let Some(url) = url.and_then(|url| Url::parse(&url).ok()) {
            add(&mut found, origin, url, DiscoveryMethod::Robots);
        }
    }
    for url in &links.sitemaps {
        add(&mut found, origin, url.clone(), DiscoveryMethod::Link);
    }
    let names = match effort {
        Effort::All => WELL_KNOWN,
        Effort::Quick if found.is_empty() => WELL_KNOWN.get(..1).unwrap_or_default(),
        Effort::Quick => &[],
    };
    for name in names {
        let Ok(url) = origin.join(name) else { continue };
        if found
            .iter()
            .any(|other| page_key(other.url.as_str()) == page_key(url.as_str()))
        {
            continue;
        }
        match probe(fetcher, &url).await {
            Ok(Some(url)) => add(&mut found, origin, url, DiscoveryMethod::WellKnown),
            Ok(None) => {}
            // A site that hangs for one name would for each.
            Err(error) if error.kind() == FailureKind::Timeout => break,
            Err(error) => return Err(error),
        }
        if effort == Effort::Quick && !found.is_empty() {
            break;
        }
    }
    if found.is_empty() {
        for url in links.feeds.iter().take(10) {
            found.push(Found {
                url: url.clone(),
                method: DiscoveryMethod::Feed,
            });
        }
    }
    Ok(found)
}

/// Adds a file. If the site serves it with and without `www.` or encryption, keeps the URL that matches the home page.
fn add(found: &mut Vec<Found>, origin: &Url, url: Url, method: DiscoveryMethod) {
    if !matches!(url.scheme(), "http" | "https") {
        return;
    }
    let key = page_key(url.as_str());
    if let Some(other) = found.iter_mut().find(|other| page_key(other.url.as_str()) == key) {
        if other.url.origin() != origin.origin() && url.origin() == origin.origin() {
            other.url = url;
        }
        return;
    }
    if found.len() < MAX_LINKS {
        found.push(Found { url, method });
    }
}

/// Returns the part that all URLs of a page share, whether with or without `www.`, and with http or https.
#[must_use]
pub fn page_key(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    rest.strip_prefix("www.").unwrap_or(rest)
}

/// Checks whether a URL leads to a sitemap, and returns the sitemap's final URL.
async fn probe(fetcher: &Fetcher, url: &Url) -> Result<Option<Url>, FetchError> {
    let fetched = match download::download(fetcher, url, PROBED, PROBE_TIME).await {
        Ok(fetched) => fetched,
        Err(
            error @ (FetchError::Dns { .. }
            | FetchError::Connect { .. }
            | FetchError::Timeout { .. }
            | FetchError::File(_)),
        ) => return Err(error),
        Err(_) => return Ok(None),
    };
    if !fetched.status.is_success() {
        return Ok(None);
    }
    // A few kilobytes at most.
    let summary = parse(
        fetched.file,
        &fetched.url,
        fetched.charset.as_deref(),
        &ParseLimits::default(),
        |_| std::ops::ControlFlow::Continue(()),
    );
    let is_one = !summary.failure.is_some_and(|failure| failure.is_no_sitemap());
    Ok(is_one.then_some(fetched.url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_served_by_two_hosts_counts_once() {
        let origin = Url::parse("https://www.shop.test/").unwrap();
        let mut found = Vec::new();
        for url in [
            "http://shop.test/a.xml",
            "https://www.shop.test/a.xml",
            "https://shop.test/a.xml#x",
            "https://shop.test/a.xml?b",
            "https://shop.test/b.xml",
            "ftp://shop.test/c.xml",
        ] {
            add(&mut found, &origin, Url::parse(url).unwrap(), DiscoveryMethod::Robots);
        }
        let urls: Vec<&str> = found.iter().map(|found| found.url.as_str()).collect();
        assert_eq!(
            urls,
            [
                "https://www.shop.test/a.xml",
                "https://shop.test/a.xml?b",
                "https://shop.test/b.xml"
            ]
        );
    }

    #[test]
    fn a_page_names_its_sitemaps_and_feeds() {
        let page = Html::parse_document(
            "<head><link rel='sitemap' type='application/xml' href='/maps/a.xml'><link rel='Alternate Sitemap' href=b.xml>\
             <link rel=alternate type='application/rss+xml' href='/feed'><link rel=alternate hreflang=de href='/de'>\
             <link rel=stylesheet href='/s.css'><link rel=sitemap><link rel=alternate type='Application/Atom+XML' href='https://other.test/atom'>",
        );
        let links = PageLinks::of(&page, &Url::parse("https://shop.test/x/").unwrap());
        let texts = |urls: &[Url]| urls.iter().map(Url::to_string).collect::<Vec<_>>();
        assert_eq!(
            texts(&links.sitemaps),
            ["https://shop.test/maps/a.xml", "https://shop.test/x/b.xml"]
        );
        assert_eq!(
            texts(&links.feeds),
            ["https://shop.test/feed", "https://other.test/atom"]
        );
    }
}
