//! The scrapers, which collect facts from other hosts, the schedules, which start them, and the webhooks, which tell other hosts of
//! events: one folder each.

mod dns;
pub mod domain;
pub mod email;
mod evidence;
mod failure;
pub mod leads;
mod pace;
pub mod places;
pub mod rescan;
mod room;
pub mod schedules;
mod services;
mod settings;
pub mod sitemap;
pub mod webhooks;

use jobs::Registry;

pub use self::dns::Dns;
use self::domain::DomainScan;
use self::email::EmailScanJob;
use self::leads::ScoreLeads;
pub use self::services::Services;
pub use self::settings::{
    DomainConfig, EmailConfig, ExpiredPlaces, PlacesConfig, PlacesProtocol, ScansConfig, SitemapConfig,
};
use self::sitemap::SitemapScan;
pub use self::webhooks::WebhooksConfig;

/// Returns all kinds of jobs that this program runs.
#[must_use]
pub fn registry() -> Registry<Services> {
    places::register(
        Registry::new()
            .register::<DomainScan>()
            .register::<SitemapScan>()
            .register::<EmailScanJob>()
            .register::<ScoreLeads>(),
    )
}
