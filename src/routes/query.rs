//! Parsing of paths and queries.

use std::fmt::Display;
use std::str::FromStr;

use database::repo::paging::Paging;
use rocket::request::FromParam;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use uuid::Uuid;

use crate::error::{ApiError, ApiResult};
use crate::views::described;

/// The id of a row in a path.
pub(super) struct PathId<T>(pub(super) T);

impl<T> IntoParams for PathId<T> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![described::path_id("Id of the row.", described::uuid())]
    }
}

impl<'a, T: From<Uuid>> FromParam<'a> for PathId<T> {
    type Error = uuid::Error;

    fn from_param(param: &'a str) -> Result<Self, uuid::Error> {
        Uuid::parse_str(param).map(|id| Self(id.into()))
    }
}

/// Returns the cursor after the last row if the page is full, since more rows may follow.
pub(super) fn cursor_behind<R, C>(rows: &[R], limit: i64, cursor: impl FnOnce(&R) -> C) -> Option<C> {
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    rows.last().filter(|_| is_full).map(cursor)
}

/// Maximum number of rows per response.
const MAX_ROWS: i64 = 1000;

/// Reads the size and offset of a page from the query.
pub(super) fn paging(limit: Option<&str>, offset: Option<&str>) -> ApiResult<Paging> {
    let limit = parsed("limit", limit)?.unwrap_or(Paging::default().limit);
    let offset = parsed("offset", offset)?.unwrap_or(0);
    if !(1..=MAX_ROWS).contains(&limit) {
        return Err(ApiError::bad_request(
            "limit",
            format!("limit is {limit}: it must be from 1 to {MAX_ROWS}"),
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

/// Parses an optional query parameter; Rocket itself would treat an invalid one as missing.
pub(super) fn parsed<T>(field: &'static str, text: Option<&str>) -> ApiResult<Option<T>>
where
    T: FromStr,
    T::Err: Display,
{
    text.map(str::parse)
        .transpose()
        .map_err(|error| ApiError::bad_request(field, format!("{field} is {:?}: {error}", text.unwrap_or_default())))
}
