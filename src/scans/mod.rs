//! What gathers facts from the outside: one folder for each scraper.

pub mod domain;
pub mod email;
mod failure;
mod pace;
pub mod places;
mod services;
pub mod sitemap;

use self::domain::DomainScan;
use self::email::EmailScanJob;
pub use self::services::Services;
use self::sitemap::SitemapScan;
use crate::jobs::Registry;

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
