//! The data layer of ScraperSky: settings, connections, tables, repositories.
//!
//! ```text
//! config < db
//! schema < models < repo
//! ```
//!
//! It is a crate of its own, as `schema` is, because Diesel's expressions are most of what there is to compile, and
//! a change of a route or a scraper rebuilds without them. The program sees its modules under the old names:
//! `scrapersky::db`, `scrapersky::repo`.

pub mod config;
pub mod db;
pub mod models;
pub mod repo;

pub use scrapersky_schema as schema;
