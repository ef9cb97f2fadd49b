//! Request and response structs. Nothing else is `Serialize` to clients, and no row is.
//!
//! A response is made from rows by destructuring, so that a new column is a decision.

pub mod answer;
pub mod audit;
pub mod batch;
pub mod contact;
pub mod csv;
pub mod domain;
pub mod job;
pub mod key;
pub mod place;
pub mod place_csv;
pub mod problem;
pub mod scan;
pub mod sitemap;

use serde::Serialize;

/// A part of a list.
#[derive(Debug, Serialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many match the filter in all.
    pub total: i64,
    /// At most so many rows were asked for.
    pub limit: i64,
    /// So many rows were left out first.
    pub offset: i64,
    /// Asks for what comes behind, stable while rows are added; null at the end, or where the list
    /// has none.
    pub next_cursor: Option<String>,
}
