//! Parsing of paths and queries.

use std::convert::Infallible;
use std::fmt::Display;
use std::str::FromStr;

use database::repo::paging::{Paging, Position};
use rocket::request::{FromParam, FromRequest, Outcome, Request};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use uuid::Uuid;

use crate::error::{ApiError, ApiResult};
use crate::views::Page;
use crate::views::described;
use crate::views::words::Words;

/// The id of a row in a path.
pub(crate) struct PathId<T>(pub(crate) T);

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

/// Returns the position of the last row if a part has as many rows as were asked for, since more may follow.
pub(super) fn position_behind<R, P>(rows: &[R], limit: i64, position: impl FnOnce(&R) -> P) -> Option<P> {
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    rows.last().filter(|_| is_full).map(position)
}

/// Maximum number of rows per response.
const MAX_ROWS: i64 = 1000;
/// Number of rows per response by default.
const DEFAULT_ROWS: i64 = 100;

/// Reads the maximum number of rows of a page from the query.
fn read_limit(limit: Option<&str>) -> ApiResult<i64> {
    let limit = parsed("limit", limit)?.unwrap_or(DEFAULT_ROWS);
    if !(1..=MAX_ROWS).contains(&limit) {
        return Err(ApiError::bad_request(
            "limit",
            format!("limit is {limit}: it must be from 1 to {MAX_ROWS}"),
        ));
    }
    Ok(limit)
}

/// The part of a list that a query asks for. A guard, so that each list takes and describes the same two parameters.
#[derive(Clone, Copy, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery<'r> {
    /// Maximum number of rows.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<&'r str>,
    /// `next_cursor` of the previous page.
    #[param(pattern = "^[A-Za-z0-9_-]+$")]
    pub(crate) cursor: Option<&'r str>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for PageQuery<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self {
            limit: query_value(request, "limit"),
            cursor: query_value(request, "cursor"),
        })
    }
}

/// Returns the value of a parameter of the query.
pub(super) fn query_value<'r>(request: &'r Request<'_>, name: &str) -> Option<&'r str> {
    let mut fields = request.query_fields();
    fields.find(|field| field.name == name).map(|field| field.value)
}

/// The number of rows that a query skips, in lists of v1.
#[derive(Clone, Copy, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OffsetQuery<'r> {
    /// The number of rows to skip; not combined with `cursor`.
    #[param(value_type = Option<i64>, minimum = 0, default = 0)]
    pub(super) offset: Option<&'r str>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for OffsetQuery<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self {
            offset: query_value(request, "offset"),
        })
    }
}

/// The page of a list that a request asks for.
pub(crate) struct Asked<P> {
    /// The maximum number of rows.
    pub(super) limit: i64,
    /// What to read: one row more, which says whether a page follows.
    pub(crate) paging: Paging<P>,
}

impl<P: Position> Asked<P> {
    /// Reads the size and start of a page of a list in this order from the query.
    pub(crate) fn read(page: &PageQuery<'_>, order: &P::Order) -> ApiResult<Self> {
        let limit = read_limit(page.limit)?;
        let after = page
            .cursor
            .map(|cursor| P::from_cursor(cursor, order))
            .transpose()
            .map_err(|error| ApiError::bad_request("cursor", error.to_string()))?;
        let paging = Paging {
            limit: limit + 1,
            after,
        };
        Ok(Self { limit, paging })
    }

    /// Reads the number of rows to skip, which lists of v1 have as well.
    pub(super) fn read_offset(&self, query: &OffsetQuery<'_>) -> ApiResult<i64> {
        let offset = parsed("offset", query.offset)?.unwrap_or(0);
        if offset < 0 {
            let detail = format!("offset is {offset}: it must be 0 or more");
            return Err(ApiError::bad_request("offset", detail));
        }
        if offset > 0 && self.paging.after.is_some() {
            let detail = "offset cannot be combined with cursor: a cursor says where its page begins";
            return Err(ApiError::bad_request("offset", detail));
        }
        Ok(offset)
    }

    /// Cuts the rows that were read to the page, and returns the cursor of the next one.
    pub(crate) fn cut<R>(&self, rows: &mut Vec<R>, position: impl FnOnce(&R) -> P) -> ApiResult<Option<String>> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if rows.len() <= limit {
            return Ok(None);
        }
        rows.truncate(limit);
        let cursor = rows.last().map(|row| position(row).cursor()).transpose();
        cursor.map_err(|error| ApiError::Internal(format!("serializing a cursor failed: {error}")))
    }

    /// Returns the page of the rows that were read.
    pub(super) fn page<R, V: From<R>>(
        &self,
        mut rows: Vec<R>,
        total: Option<i64>,
        position: impl FnOnce(&R) -> P,
    ) -> ApiResult<Page<V>> {
        let next_cursor = self.cut(&mut rows, position)?;
        Ok(Page {
            items: rows.into_iter().map(V::from).collect(),
            next_cursor,
            total,
        })
    }
}

/// Parses an optional query parameter; Rocket itself would treat an invalid one as missing.
pub(crate) fn parsed<T>(field: &'static str, text: Option<&str>) -> ApiResult<Option<T>>
where
    T: FromStr,
    T::Err: Display,
{
    text.map(str::parse)
        .transpose()
        .map_err(|error| ApiError::bad_request(field, format!("{field} is {:?}: {error}", text.unwrap_or_default())))
}

/// Reads a word of a closed set.
pub(crate) fn word<T: Words>(field: &'static str, text: &str) -> ApiResult<T> {
    T::read(text).ok_or_else(|| {
        let detail = format!("{field} is {text:?}: expected one of {}", T::listed());
        ApiError::bad_request(field, detail)
    })
}

/// Reads `true` or `false`; an empty text counts as missing.
pub(super) fn read_flag(field: &'static str, text: Option<&str>) -> ApiResult<Option<bool>> {
    parsed(field, text.filter(|text| !text.is_empty()))
}
