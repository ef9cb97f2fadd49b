//! The HTTP API, one file per scraper or resource. A handler combines guards, a repository call and a view.

use rocket::Route;
use utoipa::openapi::OpenApi;

/// The prefix of the routes of the API.
const PREFIX: &str = "/api/v1";

/// Lists the handlers of a file: their routes and the description of these. None is mounted without being described.
macro_rules! handlers {
    ($($handler:ident),+ $(,)?) => {
        /// Returns the routes of this file.
        #[must_use]
        pub fn routes() -> Vec<rocket::Route> {
            rocket::routes![$($handler),+]
        }

        /// Describes the routes of this file.
        #[must_use]
        pub fn describe() -> utoipa::openapi::OpenApi {
            #[derive(utoipa::OpenApi)]
            #[openapi(paths($($handler),+))]
            struct Description;
            <Description as utoipa::OpenApi>::openapi()
        }
    };
}

pub mod audit;
pub mod batches;
pub mod contact_marks;
pub mod contacts;
pub mod contract;
pub mod costs;
pub(crate) mod curation;
pub mod domain_changes;
pub mod domain_evidence;
pub mod domains;
pub mod email_scans;
pub mod events;
pub mod export;
pub(crate) mod follow;
pub mod job_changes;
pub(crate) mod job_filter;
pub mod jobs;
pub mod keys;
pub mod lead_files;
pub mod lead_filter;
pub mod lead_report;
pub mod leads;
pub mod me;
pub mod metrics;
pub mod names;
mod overlap;
pub mod place_curation;
pub mod place_files;
pub mod place_filter;
pub mod place_searches;
pub mod places;
pub(crate) mod query;
pub mod request_webhooks;
pub mod rescans;
pub mod scans;
pub(crate) mod schedule_requests;
pub mod schedule_work;
pub mod schedules;
pub mod score_rules;
pub mod service;
pub mod sitemap_files;
pub mod sitemaps;
pub mod suppression_import;
pub mod suppressions;
pub mod tenants;
pub mod usage;
mod wait;
pub mod webhook_deliveries;
pub mod webhooks;

/// Returns all routes of the program.
#[must_use]
pub fn routes() -> Vec<Route> {
    [
        contract::routes(),
        service::routes(),
        scans::routes(),
        batches::routes(),
        jobs::routes(),
        job_changes::routes(),
        events::routes(),
        domains::routes(),
        domain_changes::routes(),
        domain_evidence::routes(),
        rescans::routes(),
        places::routes(),
        place_curation::routes(),
        place_files::routes(),
        place_searches::routes(),
        costs::routes(),
        usage::routes(),
        sitemap_files::routes(),
        sitemaps::routes(),
        email_scans::routes(),
        prefixed(email_scans::routes()),
        contacts::routes(),
        contact_marks::routes(),
        leads::routes(),
        lead_files::routes(),
        lead_report::routes(),
        score_rules::routes(),
        suppressions::routes(),
        suppression_import::routes(),
        me::routes(),
        tenants::routes(),
        keys::routes(),
        audit::routes(),
        schedules::routes(),
        webhooks::routes(),
        request_webhooks::routes(),
        webhook_deliveries::routes(),
    ]
    .concat()
}

/// Returns v1's routes without a prefix, under the prefix of all others.
fn prefixed(routes: Vec<Route>) -> Vec<Route> {
    let moved = routes.into_iter().map(|route| {
        // Fails only if the base is not a path; then a route is mounted twice and the launch fails.
        route
            .clone()
            .map_base(|base| format!("{PREFIX}{base}"))
            .unwrap_or(route)
    });
    moved.collect()
}

/// Returns the descriptions of all routes.
#[must_use]
pub fn descriptions() -> Vec<OpenApi> {
    vec![
        contract::describe(),
        service::describe(),
        scans::describe(),
        batches::describe(),
        jobs::describe(),
        job_changes::describe(),
        events::describe(),
        domains::describe(),
        domain_changes::describe(),
        domain_evidence::describe(),
        rescans::describe(),
        places::describe(),
        place_curation::describe(),
        place_files::describe(),
        place_searches::describe(),
        costs::describe(),
        usage::describe(),
        sitemap_files::describe(),
        sitemaps::describe(),
        contacts::describe(),
        contact_marks::describe(),
        leads::describe(),
        lead_files::describe(),
        lead_report::describe(),
        score_rules::describe(),
        suppressions::describe(),
        suppression_import::describe(),
        me::describe(),
        tenants::describe(),
        keys::describe(),
        audit::describe(),
        schedules::describe(),
        webhooks::describe(),
        request_webhooks::describe(),
        webhook_deliveries::describe(),
        email_scans::describe(),
        OpenApi::default().nest(PREFIX, email_scans::describe()),
    ]
}
