//! Header fields of every response: the request's id, rate limits, security, and cross-origin access (CORS).

mod bodies;

use std::io::Cursor;

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{Header, Method, Status};
use rocket::request::Request;
use rocket::response::Response;

pub use self::bodies::Bodies;
use crate::error::RequestId;
use crate::guards::limits::Shown;

/// No response is a page that loads or embeds anything, or that may be embedded.
const ALWAYS: &[(&str, &str)] = &[
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-site"),
];
/// The content security policy of pages that do not set one themselves.
const CONTENT_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const REQUEST_HEADERS: &str = "Authorization, Content-Type, X-Tenant-Id, Idempotency-Key, If-None-Match";
const ANSWER_HEADERS: &str = "X-Request-Id, ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, Content-Disposition, WWW-Authenticate";
/// How long browsers may cache a preflight response, in seconds.
const PREFLIGHT_SECONDS: &str = "600";

/// A fairing that sets the header fields.
#[derive(Debug)]
pub struct Headers {
    origins: Vec<String>,
}

impl Headers {
    /// Creates the fairing; pages of these origins, written as browsers send them, may call the API.
    #[must_use]
    pub fn new(origins: Vec<String>) -> Self {
        Self { origins }
    }

    /// Responds to preflight requests, and lets pages of allowed origins read the response.
    fn share(&self, request: &Request<'_>, response: &mut Response<'_>) {
        if self.origins.is_empty() {
            return;
        }
        // A cache must not serve one origin's response to another origin.
        response.adjoin_raw_header("Vary", "Origin");
        let Some(origin) = request.headers().get_one("Origin") else {
            return;
        };
        if !self.origins.iter().any(|known| known == origin) {
            return;
        }
        response.set_raw_header("Access-Control-Allow-Origin", origin.to_owned());
        response.set_raw_header("Access-Control-Expose-Headers", ANSWER_HEADERS);
        if request.method() == Method::Options && request.headers().contains("Access-Control-Request-Method") {
            response.set_status(Status::NoContent);
            response.set_sized_body(0, Cursor::new(""));
            response.remove_header("Content-Type");
            response.remove_header("Allow");
            response.set_raw_header("Access-Control-Allow-Methods", METHODS);
            response.set_raw_header("Access-Control-Allow-Headers", REQUEST_HEADERS);
            response.set_raw_header("Access-Control-Max-Age", PREFLIGHT_SECONDS);
        }
    }
}

#[rocket::async_trait]
impl Fairing for Headers {
    fn info(&self) -> Info {
        Info {
            name: "header fields of every answer",
            kind: Kind::Response,
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let RequestId(id) = RequestId::of(request);
        response.set_header(Header::new("X-Request-Id", id.to_string()));
        for (name, value) in ALWAYS {
            response.set_raw_header(*name, *value);
        }
        for (name, value) in [
            ("Content-Security-Policy", CONTENT_POLICY),
            ("Cache-Control", "no-store"),
        ] {
            if !response.headers().contains(name) {
                response.set_raw_header(name, value);
            }
        }
        // draft-ietf-httpapi-ratelimit-headers: a policy per limit, and its current state.
        for state in Shown::of(request) {
            response.adjoin_raw_header("RateLimit-Policy", format!("\"{}\";q={};w=60", state.kind, state.limit));
            response.adjoin_raw_header(
                "RateLimit",
                format!("\"{}\";r={};t={}", state.kind, state.remaining, state.ends_in),
            );
        }
        self.share(request, response);
    }
}
