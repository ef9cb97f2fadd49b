//! Bodies of answers: an `ETag`, `304 Not Modified` for whoever has the body already, and compression.

use std::io::Cursor;

use async_compression::Level;
use async_compression::tokio::bufread::GzipEncoder;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{ContentType, Method, Status};
use rocket::request::Request;
use rocket::response::Response;
use tokio::io::BufReader;
use twox_hash::XxHash3_128;

/// The size in bytes up to which a body gets an `ETag`. Larger ones, and those that are written while they are sent, do not:
/// they would have to be kept in memory.
const MAX_TAGGED: usize = 1 << 20;
/// The size in bytes from which a body is compressed: smaller ones fit into one packet anyway.
const MIN_COMPRESSED: usize = 1400;

/// A fairing that tags and compresses what a GET was answered.
#[derive(Debug)]
pub struct Bodies;

#[rocket::async_trait]
impl Fairing for Bodies {
    fn info(&self) -> Info {
        Info {
            name: "tags and compression of answers",
            kind: Kind::Response,
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let is_text = response.content_type().is_some_and(|kind| is_text(&kind));
        if !matches!(request.method(), Method::Get | Method::Head) || response.status() != Status::Ok || !is_text {
            return;
        }
        let size = response.body().preset_size();
        if size.is_some_and(|size| size <= MAX_TAGGED) && !response.headers().contains("ETag") {
            // The body is in memory already.
            let Ok(body) = response.body_mut().to_bytes().await else {
                return;
            };
            let tag = tag(&body);
            response.set_raw_header("ETag", tag.clone());
            // To be kept by the client alone, and asked about each time.
            response.set_raw_header("Cache-Control", "private, no-cache");
            response.adjoin_raw_header("Vary", "Authorization, X-Tenant-Id");
            if request.headers().get("If-None-Match").any(|known| knows(known, &tag)) {
                response.set_status(Status::NotModified);
                response.remove_header("Content-Type");
                return;
            }
            response.set_sized_body(body.len(), Cursor::new(body));
        }
        if size.is_none_or(|size| size >= MIN_COMPRESSED) {
            response.adjoin_raw_header("Vary", "Accept-Encoding");
            if request.headers().get("Accept-Encoding").any(takes_gzip) {
                let body = response.body_mut().take();
                response.set_raw_header("Content-Encoding", "gzip");
                response.set_streamed_body(GzipEncoder::with_quality(BufReader::new(body), Level::Fastest));
            }
        }
    }
}

/// Returns whether a body of this type is text that is complete at some point, unlike a stream of events.
fn is_text(kind: &ContentType) -> bool {
    let subtype = kind.sub();
    (kind.top() == "text" && subtype != "event-stream")
        || (kind.top() == "application"
            && ["json", "x-ndjson", "jsonl", "javascript", "xml"]
                .iter()
                .any(|text| subtype == *text || subtype.as_str().ends_with(&format!("+{text}"))))
}

/// Returns the tag of a body. It is weak, since the compressed body has the same.
///
/// A tag tells versions of one answer apart and guards nothing, so that a fast hash does: a cryptographic one took a sixth of
/// the time of a long list.
fn tag(body: &[u8]) -> String {
    let hash = XxHash3_128::oneshot(body).to_be_bytes();
    format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(hash))
}

/// Returns whether a client's `If-None-Match` names the tag (RFC 9110, 13.1.2).
fn knows(known: &str, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    known.trim() == "*" || known.split(',').any(|one| opaque(one) == opaque(tag))
}

/// Returns whether a client's `Accept-Encoding` allows gzip (RFC 9110, 12.5.3).
fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(Ok(1.0), str::parse::<f32>);
        name.eq_ignore_ascii_case("gzip") && weight.is_ok_and(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_by_its_opaque_part() {
        let tag = tag(b"{}");
        let strong = tag.trim_start_matches("W/").to_owned();
        for known in [tag.clone(), strong, format!("\"a\", {tag}"), "*".to_owned()] {
            assert!(knows(&known, &tag), "{known}");
        }
        for known in ["", "\"a\"", "W/\"a\", \"b\""] {
            assert!(!knows(known, &tag), "{known}");
        }
        assert_ne!(tag, super::tag(b"[]"));
    }

    #[test]
    fn gzip_is_used_where_it_is_accepted() {
        for accepted in ["gzip", "deflate, GZIP;q=0.5", "br;q=1.0, gzip; q=0.1"] {
            assert!(takes_gzip(accepted), "{accepted}");
        }
        for accepted in ["", "identity", "gzip;q=0", "deflate, gzip;q=0.0", "xgzip", "gzip;q=a"] {
            assert!(!takes_gzip(accepted), "{accepted}");
        }
    }

    #[test]
    fn text_is_told_from_other_bodies() {
        for (kind, expected) in [
            ("application/json", true),
            ("application/problem+json", true),
            ("text/csv; charset=utf-8", true),
            ("application/x-ndjson", true),
            ("text/event-stream", false),
            ("application/octet-stream", false),
            ("image/png", false),
        ] {
            assert_eq!(is_text(&ContentType::parse_flexible(kind).unwrap()), expected, "{kind}");
        }
    }
}
