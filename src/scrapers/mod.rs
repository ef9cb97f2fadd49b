//! What gathers facts from the outside: the one door for outbound HTTP, and one folder a scraper.

pub mod domain;
pub mod email;
pub mod fetch;
pub mod html;
pub mod places;
pub mod sitemap;

use self::domain::DomainScan;
use self::email::{EmailScanJob, MailCheck};
use self::fetch::{Fetcher, SetupError};
use self::places::Places;
use self::sitemap::SitemapScan;
use crate::config::{EmailConfig, FetchConfig, PlacesConfig, SitemapConfig};
use crate::db::pool::Pool;
use crate::jobs::Registry;

/// What every job may use; one in a process.
#[derive(Debug)]
pub struct Services {
    /// The way to other hosts.
    pub fetcher: Fetcher,
    /// The way to Google's places, in a program that searches for them.
    pub places: Option<Places>,
    /// What an analysis of sitemaps may take.
    pub sitemap: SitemapConfig,
    /// What a crawl for email addresses may take.
    pub email: EmailConfig,
    /// Who says which domains take mail, where that is asked.
    pub mail: Option<MailCheck>,
}

impl Services {
    /// Prepares them.
    ///
    /// # Errors
    ///
    /// When the settings of outbound HTTP cannot be used.
    pub fn new(config: &FetchConfig) -> Result<Self, SetupError> {
        Ok(Self {
            fetcher: Fetcher::new(config)?,
            sitemap: config.sitemap.clone(),
            places: None,
            mail: MailCheck::new(&config.email),
            email: config.email.clone(),
        })
    }

    /// Keeps the pace with each host together with all processes that use this database.
    #[must_use]
    pub fn sharing_pace(self, pool: Pool) -> Self {
        self.fetcher.share_pace(pool);
        self
    }

    /// Adds the way to Google's places.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_places(self, fetch: &FetchConfig, places: &PlacesConfig) -> Result<Self, SetupError> {
        Ok(Self {
            places: Some(Places::new(fetch, places)?),
            ..self
        })
    }
}

/// Returns every kind of job that this program works on.
#[must_use]
pub fn registry() -> Registry<Services> {
    places::register(
        Registry::new()
            .register::<DomainScan>()
            .register::<SitemapScan>()
            .register::<EmailScanJob>(),
    )
}
