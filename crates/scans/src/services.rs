//! What every job may use.

use std::sync::Arc;

use database::pool::Pool;
use web::fetch::{FetchConfig, Fetcher, SetupError};

use super::email::MailCheck;
use super::pace::DatabasePace;
use super::places::Places;
use crate::settings::{EmailConfig, PlacesConfig, ScansConfig, SitemapConfig};

/// What every job may use; one in a process.
#[derive(Debug)]
pub struct Services {
    /// The client for other hosts.
    pub fetcher: Fetcher,
    /// The client for Google's places, if configured.
    pub places: Option<Places>,
    /// What an analysis of sitemaps may take.
    pub sitemap: SitemapConfig,
    /// What a crawl for email addresses may take.
    pub email: EmailConfig,
    /// The mail check, if enabled.
    pub mail: Option<MailCheck>,
}

impl Services {
    /// Makes the services.
    ///
    /// # Errors
    ///
    /// When the settings of outbound HTTP cannot be used.
    pub fn new(config: &ScansConfig) -> Result<Self, SetupError> {
        Ok(Self {
            fetcher: Fetcher::new(&config.fetch)?,
            places: None,
            sitemap: config.sitemap.clone(),
            mail: MailCheck::new(&config.email),
            email: config.email.clone(),
        })
    }

    /// Keeps the pace with each host together with all processes that use this database.
    #[must_use]
    pub fn sharing_pace(self, pool: Pool) -> Self {
        self.fetcher.share_pace(Arc::new(DatabasePace(pool)));
        self
    }

    /// Adds the client for Google's places.
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
