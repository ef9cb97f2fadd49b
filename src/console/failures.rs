//! Failures of the console's pages, as pages.

use std::io::Cursor;

use maud::html;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{ContentType, Header, Status};
use rocket::request::Request;
use rocket::response::{Responder, Response};
use serde::Deserialize;

use super::page::Page;

/// Shows failures to people as pages, and leads those who are not signed in to the form.
///
/// Programs keep getting `application/problem+json`: they do not ask for HTML.
#[derive(Clone, Copy, Debug)]
pub struct Failures;

/// What a page shows of a failure.
#[derive(Deserialize)]
struct Shown {
    title: String,
    detail: String,
    request_id: String,
}

#[rocket::async_trait]
impl Fairing for Failures {
    fn info(&self) -> Info {
        Info {
            name: "failures as pages",
            kind: Kind::Response,
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let is_problem = response
            .content_type()
            .is_some_and(|kind| kind.0.top() == "application" && kind.0.sub() == "problem+json");
        if !is_problem || !is_for_people(request) {
            return;
        }
        if response.status() == Status::Unauthorized {
            leave(request, response);
            return;
        }
        let Ok(text) = response.body_mut().to_string().await else {
            return;
        };
        let page = serde_json::from_str(&text).map(|shown| page(response.status(), &shown));
        match page.map(|page| page.respond_to(request)) {
            Ok(Ok(page)) => response.merge(page),
            Ok(Err(_)) | Err(_) => response.set_sized_body(text.len(), Cursor::new(text)),
        }
    }
}

/// Leads to the form; htmx follows a header instead of a redirect, which it would put into the page.
fn leave(request: &Request<'_>, response: &mut Response<'_>) {
    response.set_sized_body(0, Cursor::new(""));
    response.remove_header("Content-Type");
    response.remove_header("WWW-Authenticate");
    if request.headers().contains("HX-Request") {
        response.set_header(Header::new("HX-Redirect", "/sign-in"));
    } else {
        response.set_status(Status::SeeOther);
        response.set_header(Header::new("Location", "/sign-in"));
    }
}

fn page(status: Status, shown: &Shown) -> Page {
    let content = html! {
        p.error role="alert" { (shown.detail) }
        p { a href="/" { "Back to the console" } }
        p.hint { "Request " code { (shown.request_id) } }
    };
    Page::bare(&shown.title, &content).with_status(status)
}

/// Returns whether a browser shows the answer, or htmx puts it into a page.
fn is_for_people(request: &Request<'_>) -> bool {
    let path = request.uri().path();
    let is_api = path.as_str().starts_with("/api/") || path.as_str().starts_with("/email-scanner/");
    let asks = request.accept().is_some_and(|accept| {
        accept
            .media_types()
            .any(|kind| ContentType(kind.clone()) == ContentType::HTML)
    });
    !is_api && (asks || request.headers().contains("HX-Request"))
}
