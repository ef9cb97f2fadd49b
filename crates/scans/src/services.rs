//! The services shared by all jobs.

use std::sync::Arc;

use database::pool::Pool;
use web::extract::technology::Rules;
use web::fetch::{FetchConfig, Fetcher, SetupError};
use web::score::ScoreRules;

use super::dns::Dns;
use super::email::MailCheck;
use super::pace::DatabasePace;
use super::places::Places;
use crate::settings::{DomainConfig, EmailConfig, PlacesConfig, ScansConfig, SitemapConfig};

/// The services shared by all jobs of a process.
#[derive(Debug)]
pub struct Services {
    /// The client for other hosts.
    pub fetcher: Fetcher,
    /// The client for Google's places, if configured.
    pub places: Option<Places>,
    /// The limits of domain scans.
    pub domain: DomainConfig,
    /// The DNS client for domain scans, if enabled.
    pub dns: Option<Dns>,
    /// The limits of sitemap analyses.
    pub sitemap: SitemapConfig,
    /// The limits of email scans.
    pub email: EmailConfig,
    /// The rules by which technologies are told.
    pub rules: Rules,
    /// The rules of the score of leads.
    pub score: ScoreRules,
    /// The mail check, if enabled.
    pub mail: Option<MailCheck>,
    /// How many rows a tenant may store, where it has no limit of its own; 0 means no limit.
    pub rows_per_tenant: i64,
}

impl Services {
    /// Creates the services, with the rules by which technologies are told.
    ///
    /// # Errors
    ///
    /// Returns an error if the settings of outbound HTTP are invalid.
    pub fn new(config: &ScansConfig, rules: Rules) -> Result<Self, SetupError> {
        let asks_dns = config.domain.dns_check || config.email.mx_check;
        let dns = asks_dns.then(|| Dns::new(config.dns_server)).flatten();
        Ok(Self {
            rules,
            score: ScoreRules::standard(),
            domain: config.domain.clone(),
            mail: dns.clone().filter(|_| config.email.mx_check).map(MailCheck::new),
            dns: dns.filter(|_| config.domain.dns_check),
            fetcher: Fetcher::new(&config.fetch)?,
            places: None,
            sitemap: config.sitemap.clone(),
            email: config.email.clone(),
            rows_per_tenant: config.rows_per_tenant,
        })
    }

    /// Shares the pace per host with all processes that use this database.
    #[must_use]
    pub fn sharing_pace(self, pool: Pool) -> Self {
        self.fetcher.share_pace(Arc::new(DatabasePace(pool)));
        self
    }

    /// Scores leads by other rules than those that ship with the program.
    #[must_use]
    pub fn scoring_by(self, score: ScoreRules) -> Self {
        Self { score, ..self }
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
