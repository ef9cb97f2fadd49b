//! The HTTP API: one file a scraper or resource. A handler is guard, repository call, view.

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
pub mod scans;
pub mod service;
pub mod sitemap_files;
pub mod sitemaps;
pub mod suppressions;

use std::fmt::Display;
use std::str::FromStr;

use database::repo::paging::Paging;
use rocket::Route;
use rocket::request::FromParam;
use uuid::Uuid;

use crate::error::{ApiError, ApiResult};

/// Returns every route of the program.
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

/// A row's id in a path, of the table that its type names.
struct PathId<T>(T);

impl<'a, T: From<Uuid>> FromParam<'a> for PathId<T> {
    type Error = uuid::Error;

    fn from_param(param: &'a str) -> Result<Self, uuid::Error> {
        Uuid::parse_str(param).map(|id| Self(id.into()))
    }
}

/// Returns where the rows behind these begin, if these are as many as were asked for: then there may be more.
fn cursor_behind<R, C>(rows: &[R], limit: i64, cursor: impl FnOnce(&R) -> C) -> Option<C> {
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    rows.last().filter(|_| is_full).map(cursor)
}

/// The most rows that one answer holds.
const MOST_ROWS: i64 = 1000;

/// Reads a page's size and place from a query.
fn paging(limit: Option<&str>, offset: Option<&str>) -> ApiResult<Paging> {
    let limit = parsed("limit", limit)?.unwrap_or(Paging::default().limit);
    let offset = parsed("offset", offset)?.unwrap_or(0);
    if !(1..=MOST_ROWS).contains(&limit) {
        return Err(ApiError::bad_request(
            "limit",
            format!("limit is {limit}: it must be from 1 to {MOST_ROWS}"),
        ));
    }
    if offset < 0 {
        return Err(ApiError::bad_request(
            "offset",
            format!("offset is {offset}: it must be 0 or more"),
        ));
    }
    Ok(Paging { limit, offset })
}

/// Reads an optional parameter of a query; Rocket itself would take one that it cannot read for none.
fn parsed<T>(field: &'static str, text: Option<&str>) -> ApiResult<Option<T>>
where
    T: FromStr,
    T::Err: Display,
{
    text.map(str::parse)
        .transpose()
        .map_err(|error| ApiError::bad_request(field, format!("{field} is {:?}: {error}", text.unwrap_or_default())))
}
