//! Request and response structs. Only these are serialized for clients; database rows never are.
//!
//! A response is made from rows by destructuring, so that each new column requires a decision.

pub mod answer;
pub mod audit;
pub mod batch;
pub mod contact;
pub mod csv;
pub mod described;
pub mod domain;
pub mod job;
pub mod key;
pub mod place;
pub mod place_csv;
pub mod problem;
pub mod scan;
pub mod sitemap;

use serde::Serialize;
use utoipa::ToSchema;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// The number of rows that match the filter.
    pub total: i64,
    /// The maximum number of rows per page.
    pub limit: i64,
    /// The number of rows skipped before this page.
    pub offset: i64,
    /// Cursor of the next page, which stays correct while rows are added; null on the last page, and for lists without
    /// cursors.
    pub next_cursor: Option<String>,
}
