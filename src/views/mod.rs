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

/// A page of a list.
#[derive(Debug, Serialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many match the filter in all.
    pub total: i64,
    /// The maximum number of rows.
    pub limit: i64,
    /// The number of rows skipped.
    pub offset: i64,
    /// Asks for the next part, stable while rows are added; null at the end, or where the list
    /// has none.
    pub next_cursor: Option<String>,
}
