//! HTTP/2, and HTTP/1.1 where it fails.

use h2::Reason;

use super::case::{Case, page, page_or_no_robots};
use super::certificates::{Authority, speaking};
use super::server::{Http2, Server};

/// A server that behaves so by HTTP/2, and answers by HTTP/1.1 as well.
fn both(behaviour: &str, how: Http2) -> Case {
    speaks(behaviour, how, &["h2", "http/1.1"])
}

fn speaks(behaviour: &str, how: Http2, protocols: &[&str]) -> Case {
    let tls = speaking(&Authority::trusted().server("shop.test"), protocols);
    Case::new(behaviour)
        .on(
            "shop.test:443",
            Server::Http2(tls, how, page_or_no_robots(page("by HTTP/1.1"))),
        )
        .get("https://shop.test/")
        .direct()
}

pub fn cases() -> Vec<Case> {
    let html = ("content-type", "text/html");
    let unreadable = "shop.test sent an HTTP/2 answer that cannot be read";
    vec![
        both("HTTP/2", Http2::Page(200, html, b"hello".to_vec())).says("hello"),
        speaks("HTTP/2 only", Http2::Page(200, html, b"hello".to_vec()), &["h2"]).says("hello"),
        speaks(
            "HTTP/1.1 where both could",
            Http2::Page(200, html, b"hello".to_vec()),
            &["http/1.1"],
        )
        .says("by HTTP/1.1"),
        both("a status by HTTP/2", Http2::Page(404, html, b"no".to_vec()))
            .fails("status", "shop.test answered with status 404"),
        both(
            "a picture by HTTP/2",
            Http2::Page(200, ("content-type", "image/png"), b"\x89PNG".to_vec()),
        )
        .fails("unreadable", "shop.test answered with image/png instead of a web page"),
        both(
            "a body of the limit by HTTP/2",
            Http2::Page(200, html, vec![b'x'; 100_000]),
        )
        .says(&"x".repeat(100_000)),
        both("HTTP/1.1 is required", Http2::Reset(Reason::HTTP_1_1_REQUIRED)).says("by HTTP/1.1"),
        both("a protocol error", Http2::Reset(Reason::PROTOCOL_ERROR)).says("by HTTP/1.1"),
        both("an internal error", Http2::Reset(Reason::INTERNAL_ERROR)).says("by HTTP/1.1"),
        both("a compression error", Http2::Reset(Reason::COMPRESSION_ERROR)).says("by HTTP/1.1"),
        both("inadequate security", Http2::Reset(Reason::INADEQUATE_SECURITY)).says("by HTTP/1.1"),
        both("a call for calm", Http2::Reset(Reason::ENHANCE_YOUR_CALM)).says("by HTTP/1.1"),
        both("a protocol error in the body", Http2::ResetBody(Reason::PROTOCOL_ERROR)).says("by HTTP/1.1"),
        both(
            "HTTP/1.1 is required in the body",
            Http2::ResetBody(Reason::HTTP_1_1_REQUIRED),
        )
        .says("by HTTP/1.1"),
        both(
            "connections that go away by a protocol error",
            Http2::End(Reason::PROTOCOL_ERROR),
        )
        .says("by HTTP/1.1"),
        both("a connection that goes away once", Http2::EndOnce(Reason::NO_ERROR)).says("by HTTP/2"),
        both("a stream that is refused once", Http2::RefuseOnce).says("by HTTP/2"),
        both(
            "HTTP/1.1 under the name of HTTP/2",
            Http2::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        )
        .says("by HTTP/1.1"),
        both("bytes that are no HTTP", Http2::Garbage(&[0xff; 64])).says("by HTTP/1.1"),
        speaks(
            "a protocol error of HTTP/2 only",
            Http2::Reset(Reason::PROTOCOL_ERROR),
            &["h2"],
        )
        .fails("unreadable", unreadable),
    ]
}
