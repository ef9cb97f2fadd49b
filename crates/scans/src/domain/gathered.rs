//! The observations of a scan, before they are stored.

use std::sync::Arc;

use serde::Serialize;
use web::extract::SiteMetadata;
use web::fetch::robots::Robots;
use web::fetch::{FetchError, Page};
use web::hosting::{Providers, Signs, providers};
use web::security::{Observed, SecurityReport, judge};

use super::pages::Totals;
use super::redirects::Redirects;
use crate::dns::DnsRecords;
use crate::sitemap::count::SitemapCount;

/// Maximum size of a robots.txt that is stored, in bytes.
const MAX_ROBOTS: usize = 64 * 1024;
/// Maximum number of sitemaps that are named.
const MAX_SITEMAPS: usize = 50;

/// The observations of a scan.
pub(super) struct Gathered {
    /// The home page, without its body.
    pub(super) home: Page,
    /// Why it was not served by https, if it was not.
    pub(super) https_failure: Option<FetchError>,
    /// The facts that the site states.
    pub(super) metadata: SiteMetadata,
    pub(super) sitemaps: SitemapCount,
    pub(super) redirects: Redirects,
    /// The totals of all pages that were read.
    pub(super) totals: Totals,
    /// The rules for robots; `None` if they could not be fetched.
    pub(super) robots: Option<Arc<Robots>>,
    /// The domain's records; `None` if nobody asked.
    pub(super) dns: Option<DnsRecords>,
}

/// What a site asks of crawlers.
#[derive(Serialize)]
pub(super) struct CrawlerHints<'a> {
    /// What the home page asks in `<meta name="robots">`.
    pub(super) meta_robots: Option<&'a str>,
    /// What its headers ask in `X-Robots-Tag`.
    pub(super) x_robots_tag: Option<String>,
    /// The URL that the home page calls its own.
    pub(super) canonical_url: Option<&'a str>,
    /// The sitemaps that robots.txt names.
    pub(super) sitemaps: Vec<&'a str>,
    /// The pause between requests that robots.txt asks for, in seconds.
    pub(super) crawl_delay: Option<u64>,
}

impl Gathered {
    /// Grades the site's security.
    pub(super) fn security(&self) -> SecurityReport {
        judge(&Observed {
            url: &self.home.final_url,
            headers: &self.home.headers,
            page: &self.metadata.security,
            http: Some(&self.redirects.http),
            https_failure: self.https_failure.as_ref(),
        })
    }

    /// Returns who serves the site, and who runs its DNS and its mail.
    pub(super) fn providers(&self) -> Providers {
        let none = DnsRecords::default();
        let dns = self.dns.as_ref().unwrap_or(&none);
        let host = self.home.final_url.host_str().unwrap_or_default().to_owned();
        let mut names = vec![host];
        names.extend(dns.cname.iter().flatten().cloned());
        let headers: Vec<(&str, &str)> = self
            .home
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        providers(&Signs {
            names: &names,
            pointers: dns.ptr.as_deref().unwrap_or_default(),
            headers: &headers,
            name_servers: dns.ns.as_deref().unwrap_or_default(),
            mail_servers: &dns.mail_servers(),
        })
    }

    /// Returns the text of robots.txt as it is stored; `None` if there is none.
    pub(super) fn robots_txt(&self) -> Option<String> {
        let text = self.robots.as_ref()?.text()?;
        // Some servers answer every path with a page.
        if text.trim_start().starts_with('<') {
            return None;
        }
        let text = text.get(..text.floor_char_boundary(MAX_ROBOTS))?;
        // PostgreSQL stores no NUL characters.
        Some(text.replace('\0', "\u{fffd}"))
    }

    /// Returns what the site asks of crawlers.
    pub(super) fn crawler_hints(&self) -> CrawlerHints<'_> {
        let lines = self.home.headers.get_all("x-robots-tag").iter();
        let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
        let robots = self.robots.as_deref();
        let sitemaps = robots.map(Robots::sitemaps).unwrap_or_default();
        CrawlerHints {
            meta_robots: self.metadata.meta_robots.as_deref(),
            x_robots_tag: (!lines.is_empty()).then(|| lines.join(", ")),
            canonical_url: self.metadata.canonical_url.as_deref(),
            sitemaps: sitemaps.iter().take(MAX_SITEMAPS).map(String::as_str).collect(),
            crawl_delay: robots.and_then(Robots::delay).map(|delay| delay.as_secs()),
        }
    }
}
