//! Where a site keeps its sitemaps.

use std::time::Duration;

use scraper::{Html, Selector};
use url::Url;

use super::download;
use super::parse::{ParseLimits, parse};
use super::problem::Problems;
use super::resolve::Resolver;
use crate::fetch::{FetchError, Fetcher};

/// Names under which sitemaps are found where nobody says so, the most usual first.
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

/// How much of a file is read to see whether it is one at all.
const PROBED: usize = 16 * 1024;

/// How long a name is tried: a site that takes longer for a name that nobody says has no answer to it.
const PROBE_TIME: Duration = Duration::from_secs(15);

/// Files that one site is believed to begin with.
const MAX_LINKS: usize = 1000;

/// How a file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscoveryMethod {
    /// Somebody named it.
    Request,
    /// By a line of robots.txt.
    Robots,
    /// By `<link rel="sitemap">` of the home page.
    Link,
    /// By its name.
    WellKnown,
    /// By the feed that the home page names.
    Feed,
    /// By an index.
    Index,
}

impl DiscoveryMethod {
    /// Returns the word that is stored.
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

/// A file to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its URL.
    pub url: Url,
    /// How it was found.
    pub method: DiscoveryMethod,
}

/// What a home page says of sitemaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageLinks {
    /// `<link rel="sitemap">`.
    pub sitemaps: Vec<Url>,
    /// Feeds.
    pub feeds: Vec<Url>,
}

impl PageLinks {
    /// Reads them of a page that came from `base`.
    #[must_use]
    pub fn of(document: &Html, base: &Url) -> Self {
        let mut links = Self::default();
        // A selector of a constant reads without fail.
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

/// How thoroughly is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// All that says where sitemaps are, and all names.
    All,
    /// Where nothing says so the most usual name only, to which programs that use another one redirect: with the home
    /// page and robots.txt that is what a host is asked at once, and a scan does not wait for its turn.
    Quick,
}

/// Finds the sitemaps of the site of `origin`, whose home page says `links`.
///
/// Names that nobody says are tried, and count only where a sitemap is; what robots.txt or the page say is believed.
/// Feeds list what is new: they count only where there is nothing else.
///
/// # Errors
///
/// When the host cannot be reached to be asked for its robots.txt.
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
        if let Some(url) = probe(fetcher, &url).await? {
            add(&mut found, origin, url, DiscoveryMethod::WellKnown);
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

/// Adds a file, once where the site answers with and without `www.` or encryption: the one next to the home page.
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

/// Returns what is the same for the URLs under which a site shows one page: with and without `www.`, http and https.
#[must_use]
pub fn page_key(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    rest.strip_prefix("www.").unwrap_or(rest)
}

/// Looks whether there is a sitemap, and returns where it really is.
async fn probe(fetcher: &Fetcher, url: &Url) -> Result<Option<Url>, FetchError> {
    let fetched = match download::download(fetcher, url, PROBED, PROBE_TIME).await {
        Ok(fetched) => fetched,
        Err(error @ (FetchError::Dns { .. } | FetchError::Connect { .. } | FetchError::File(_))) => return Err(error),
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
    fn a_file_that_answers_under_two_hosts_is_one() {
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
