//! The console: the API's resources in the browser.
//!
//! Pages are rendered by the server over the same guards, repositories and views as the API, and work without
//! JavaScript; htmx refreshes what moves. Nothing is loaded from another host, and nothing scraped becomes HTML: maud
//! escapes every text, and `page::link` alone links to sites.

mod assets;
mod chart;
mod failures;
mod find;
mod form;
mod jobs;
mod leads;
mod page;
mod schedules;
mod settings;
mod sign_in;
mod start;
mod webhooks;

use rocket::Route;

pub use self::failures::Failures;

/// Returns the routes of the console.
#[must_use]
pub fn routes() -> Vec<Route> {
    [
        assets::routes(),
        sign_in::routes(),
        start::routes(),
        leads::routes(),
        find::routes(),
        jobs::routes(),
        schedules::routes(),
        webhooks::routes(),
        settings::routes(),
    ]
    .concat()
}
