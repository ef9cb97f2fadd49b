//! Lists as clients get them: a page, and a link to the next one.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use rocket::http::uri::Origin;
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket::serde::json::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// Characters that Rocket accepts in a request's URI, but that a URI must not contain or that would end the link.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// Cursor of the next page, which stays correct while rows are added; null on the last page.
    pub next_cursor: Option<String>,
    /// The number of rows that match the filter, on all pages; left out where rows are not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
}

impl<'r, T: Serialize> Responder<'r, 'static> for Page<T> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        respond(request, &self, self.next_cursor.as_deref())
    }
}

/// Returns a list as JSON, with a link to its next page (RFC 8288), if there is one.
///
/// # Errors
///
/// Status 500 if the list cannot be serialized.
pub fn respond(request: &Request<'_>, list: &impl Serialize, next: Option<&str>) -> response::Result<'static> {
    let mut response = Response::build_from(Json(list).respond_to(request)?);
    if let Some(cursor) = next {
        response.raw_header("Link", format!("<{}>; rel=\"next\"", next_page(request.uri(), cursor)));
    }
    response.ok()
}

/// Returns the path and query of a request with another cursor, which replaces an offset as well.
fn next_page(uri: &Origin<'_>, cursor: &str) -> String {
    let mut text = uri.path().as_str().to_owned();
    let mut mark = '?';
    for part in uri.query().map(|query| query.as_str().split('&')).into_iter().flatten() {
        let name = part.split_once('=').map_or(part, |(name, _)| name);
        let is_replaced = percent_decode_str(name)
            .decode_utf8()
            .is_ok_and(|name| name == "cursor" || name == "offset");
        if !is_replaced && !part.is_empty() {
            text.push(mark);
            text.push_str(part);
            mark = '&';
        }
    }
    text.push(mark);
    text.push_str("cursor=");
    text.push_str(cursor);
    utf8_percent_encode(&text, UNSAFE).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_page_differs_from_its_request_in_the_cursor_only() {
        for (asked, next) in [
            ("/api/v1/jobs", "/api/v1/jobs?cursor=x"),
            ("/api/v1/jobs?", "/api/v1/jobs?cursor=x"),
            (
                "/api/v1/jobs?limit=2&kind=a%26b",
                "/api/v1/jobs?limit=2&kind=a%26b&cursor=x",
            ),
            ("/a?cursor=1&q=cursor&c%75rsor=2&offset=7", "/a?q=cursor&cursor=x"),
            ("/a?q={b}", "/a?q=%7Bb%7D&cursor=x"),
        ] {
            assert_eq!(next_page(&Origin::parse(asked).unwrap(), "x"), next, "{asked}");
        }
    }
}
