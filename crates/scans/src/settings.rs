//! Limits of scans and place searches.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;
use web::fetch::FetchConfig;

/// The settings of scans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScansConfig {
    /// Outbound HTTP.
    pub fetch: FetchConfig,
    /// The name server to use instead of the system's.
    pub dns_server: Option<SocketAddr>,
    /// The limits of domain scans.
    pub domain: DomainConfig,
    /// The limits of sitemap analyses.
    pub sitemap: SitemapConfig,
    /// The limits of email scans.
    pub email: EmailConfig,
    /// A folder with further rules by which technologies are told.
    pub rules_dir: Option<PathBuf>,
    /// A file with current versions, instead of the one that ships with the program.
    pub versions_file: Option<PathBuf>,
    /// How many rows a tenant may store, where it has no limit of its own; 0 means no limit.
    pub rows_per_tenant: i64,
}

/// The limits and options of a domain scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainConfig {
    /// The maximum number of pages read besides the home page.
    pub pages: usize,
    /// The maximum duration of reading them.
    pub pages_time: Duration,
    /// Whether to ask DNS for the domain's records.
    pub dns_check: bool,
}

impl Default for DomainConfig {
    fn default() -> Self {
        Self {
            pages: 5,
            pages_time: Duration::from_secs(60),
            dns_check: true,
        }
    }
}

/// The limits of an analysis of a site's sitemaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SitemapConfig {
    /// Maximum size of a file in bytes, after decompression. The standard allows 50 MB.
    pub max_file_bytes: usize,
    /// Maximum number of files.
    pub max_files: usize,
    /// Maximum number of URLs, which also limits requests.
    pub max_urls: usize,
    /// The maximum depth of nested indexes.
    pub max_depth: usize,
    /// The maximum duration of one download.
    pub file_timeout: Duration,
    /// The maximum duration of a domain scan's sitemap count.
    pub count_time: Duration,
    /// The maximum time without a file that lists a page.
    pub idle_time: Duration,
    /// The maximum number of files in a row that list no page.
    pub idle_files: usize,
}

impl Default for SitemapConfig {
    fn default() -> Self {
        Self {
            max_file_bytes: 200 * 1024 * 1024,
            max_files: 10_000,
            max_urls: 20_000_000,
            max_depth: 5,
            file_timeout: Duration::from_secs(120),
            count_time: Duration::from_secs(60),
            idle_time: Duration::from_secs(15 * 60),
            idle_files: 200,
        }
    }
}

/// The limits and options of an email scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailConfig {
    /// The maximum number of links between the home page and a page.
    pub max_depth: usize,
    /// The maximum duration over all attempts.
    pub time: Duration,
    /// Whether all subdomains belong to a site, or only the domain itself and its `www`.
    pub subdomains: bool,
    /// Whether to check by DNS if the domains of addresses accept mail.
    pub mx_check: bool,
}

impl Default for EmailConfig {
    fn default() -> Self {
        Self {
            max_depth: 6,
            time: Duration::from_secs(30 * 60),
            subdomains: false,
            mx_check: true,
        }
    }
}

/// A protocol of Google's Places API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlacesProtocol {
    /// The older Text Search, `/maps/api/place/textsearch/json`, which existing keys are for.
    Legacy,
    /// Places API (New), `/v1/places:searchText`.
    New,
}

/// What happens to Google's content about a place after its retention. Place ids are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiredPlaces {
    /// It is removed.
    Clear,
    /// It is fetched again, at the cost of one call each.
    Refresh,
}

/// The settings of place searches and the limits of their cost.
#[derive(Clone, Debug)]
pub struct PlacesConfig {
    /// The protocol.
    pub protocol: PlacesProtocol,
    /// The URL of the service. The operator sets it, and it may be a private address.
    pub url: Url,
    /// Google's key; without one, searches fail.
    pub key: Option<SecretString>,
    /// The language of names and addresses, such as `en`.
    pub language: Option<String>,
    /// The preferred country for ambiguous places, such as `us`.
    pub region: Option<String>,
    /// The timeout of a call.
    pub timeout: Duration,
    /// How long the next page of the older protocol takes to become available.
    pub token_delay: Duration,
    /// The maximum number of calls per search.
    pub calls_per_search: i64,
    /// The maximum number of calls per tenant and calendar month (UTC); `None` means no limit.
    pub calls_per_month: Option<i64>,
    /// How long Google's content is kept; `None` means forever.
    pub keep: Option<Duration>,
    /// What happens to expired content.
    pub expired: ExpiredPlaces,
}

impl PlacesConfig {
    /// Returns the default settings of a protocol, at Google's own address and without a key.
    ///
    /// # Panics
    ///
    /// Never, since the addresses are valid URLs.
    #[must_use]
    pub fn new(protocol: PlacesProtocol) -> Self {
        let url = match protocol {
            PlacesProtocol::Legacy => "https://maps.googleapis.com",
            PlacesProtocol::New => "https://places.googleapis.com",
        };
        Self {
            protocol,
            #[expect(clippy::expect_used, reason = "both are constants, and a test makes each")]
            url: Url::parse(url).expect("Google's addresses are URLs"),
            key: None,
            language: None,
            region: None,
            timeout: Duration::from_secs(10),
            token_delay: Duration::from_secs(2),
            calls_per_search: 100,
            calls_per_month: None,
            keep: None,
            expired: ExpiredPlaces::Clear,
        }
    }
}
