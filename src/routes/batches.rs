//! Domain scans.

use rocket::{Route, routes};

/// Returns the routes of this file.
#[must_use]
pub fn routes() -> Vec<Route> {
    routes![]
}
