//! The description and the pages around it. They need no key, and nothing from another host.

use rocket::http::{ContentType, Header};
use rocket::response::{Responder, content};
use rocket::{State, get};

use super::document::Document;
use crate::guards::Visitor;
use crate::views::problem::ProblemKind;

/// `RapiDoc` 9.3.8, compressed with gzip (MIT; see `assets/rapidoc-LICENSE.txt`).
const SCRIPT: &[u8] = include_bytes!("assets/rapidoc-9.3.8.min.js.gz");
const PAGE: &str = include_str!("assets/docs.html");
const STYLE: &str = include_str!("assets/docs.css");
/// These pages run the one script above and talk to this server only. The script sets styles of its own elements.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                              connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

handlers![
    get_description,
    show_docs,
    show_problems,
    get_docs_script,
    get_docs_style
];

/// A page with its content security policy, or what a page loads.
#[derive(Responder)]
pub struct Page<R> {
    inner: R,
    policy: Header<'static>,
}

impl<R> Page<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            policy: Header::new("Content-Security-Policy", CONTENT_POLICY),
        }
    }
}

/// A file compressed with gzip.
#[derive(Responder)]
pub struct Compressed {
    inner: (ContentType, &'static [u8]),
    coding: Header<'static>,
}

/// Returns this description.
#[utoipa::path(
    tag = "Service",
    responses((status = 200, body = serde_json::Value, content_type = "application/json"))
)]
#[get("/openapi.json")]
fn get_description(_visitor: Visitor, document: &State<Document>) -> content::RawJson<String> {
    content::RawJson(document.text.clone())
}

/// Shows this description as a page, to read and to try.
#[utoipa::path(tag = "Service", responses((status = 200, body = String, content_type = "text/html")))]
#[get("/docs")]
fn show_docs(_visitor: Visitor) -> Page<content::RawHtml<&'static str>> {
    Page::new(content::RawHtml(PAGE))
}

/// Explains the kinds of failures that `type` and `code` of an answer name.
#[utoipa::path(tag = "Service", responses((status = 200, body = String, content_type = "text/html")))]
#[get("/docs/problems")]
fn show_problems(_visitor: Visitor) -> Page<content::RawHtml<String>> {
    let kinds: String = ProblemKind::ALL.iter().map(section).collect();
    Page::new(content::RawHtml(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>ScraperSky: failures</title>\
         <link rel=\"stylesheet\" href=\"/docs/docs.css\"></head><body><main><h1>Failures</h1>\
         <p>A failure is <code>application/problem+json</code> (RFC 9457). <code>code</code> names its kind, \
         <code>detail</code> says what is wrong, <code>field</code> names the part of the request, and \
         <code>request_id</code> finds it in the server's log. Back to the <a href=\"/docs\">API</a>.</p>{kinds}</main></body></html>\n"
    )))
}

fn section(kind: &ProblemKind) -> String {
    let ProblemKind { status, code, meaning } = kind;
    let status = if *status == 0 {
        String::new()
    } else {
        format!(", HTTP {status}")
    };
    // Names are between backticks, in the description as well.
    let meaning: String = meaning
        .split('`')
        .enumerate()
        .map(|(index, part)| {
            if index % 2 == 1 {
                format!("<code>{part}</code>")
            } else {
                part.to_owned()
            }
        })
        .collect();
    format!("<h2 id=\"{code}\"><code>{code}</code>{status}</h2><p>{meaning}</p>")
}

/// Returns the script of the page at `/docs`.
#[utoipa::path(tag = "Service", responses((status = 200, body = String, content_type = "text/javascript")))]
#[get("/docs/rapidoc.js")]
fn get_docs_script(_visitor: Visitor) -> Compressed {
    Compressed {
        inner: (ContentType::JavaScript, SCRIPT),
        coding: Header::new("Content-Encoding", "gzip"),
    }
}

/// Returns the style sheet of the pages under `/docs`.
#[utoipa::path(tag = "Service", responses((status = 200, body = String, content_type = "text/css")))]
#[get("/docs/docs.css")]
fn get_docs_style(_visitor: Visitor) -> content::RawCss<&'static str> {
    content::RawCss(STYLE)
}
