//! The HTTP API, one file per scraper or resource. A handler combines guards, a repository call and a view.

pub mod audit;
pub mod batches;
pub mod contacts;
pub mod costs;
pub mod domains;
pub mod email_scans;
pub mod export;
pub mod jobs;
pub mod keys;
pub mod place_curation;
pub mod place_files;
pub mod place_filter;
pub mod places;
mod query;
pub mod scans;
pub mod service;
pub mod sitemap_files;
pub mod sitemaps;
pub mod suppressions;
pub mod usage;

use rocket::Route;

/// Returns all routes of the program.
#[must_use]
pub fn routes() -> Vec<Route> {
    [
        service::routes(),
        scans::routes(),
        batches::routes(),
        jobs::routes(),
        domains::routes(),
        places::routes(),
        place_curation::routes(),
        place_files::routes(),
        costs::routes(),
        usage::routes(),
        sitemap_files::routes(),
        sitemaps::routes(),
        email_scans::routes(),
        contacts::routes(),
        suppressions::routes(),
        keys::routes(),
        audit::routes(),
    ]
    .concat()
}
