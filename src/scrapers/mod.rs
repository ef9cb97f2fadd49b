//! What gathers facts from the outside: the one door for outbound HTTP, and one folder a scraper.

pub mod domain;
pub mod fetch;
pub mod html;
pub mod places;
pub mod sitemap;

use self::domain::DomainScan;
use self::fetch::{Fetcher, SetupError};
use self::places::Places;
use self::sitemap::SitemapScan;
use crate::config::{FetchConfig, PlacesConfig, SitemapConfig};
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
        })
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
    places::register(Registry::new().register::<DomainScan>().register::<SitemapScan>())
}
