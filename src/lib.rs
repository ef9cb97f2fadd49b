//! ScraperSky: the HTTP API that gathers leads about local businesses.

pub mod cli;
pub mod config;
pub mod db;
pub mod jobs;
pub mod logging;
pub mod models;
pub mod repo;
pub mod scrapers;
#[rustfmt::skip]
#[expect(missing_docs, reason = "printed by the diesel CLI")]
pub mod schema;
