//! HTTP/1 as servers write it.

use chrono::{TimeDelta, Utc};

use super::case::{Case, SHORT, answer, no_robots, page, raw};
use super::server::{Reply, Server, Then};

pub fn cases() -> Vec<Case> {
    [statuses(), heads(), bodies(), connections()]
        .into_iter()
        .flatten()
        .collect()
}

/// A page whose status line and headers are as given, and whose body says hello.
fn head(behaviour: &str, lines: &str) -> Case {
    Case::http(behaviour, raw(format!("{lines}\r\nhello")))
}

fn statuses() -> Vec<Case> {
    let status = |status: u16| Case::http(&format!("status {status}"), answer(&format!("{status} X"), "", "no"));
    let said = |status: u16| format!("shop.test answered with status {status}");
    let mut cases = Vec::new();
    for code in [
        300, 301, 304, 400, 401, 402, 403, 404, 405, 406, 410, 418, 421, 451, 501, 505, 999,
    ] {
        cases.push(status(code).fails("status", &said(code)));
    }
    for code in [
        408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530,
    ] {
        cases.push(status(code).fails("status, again", &said(code)));
    }
    for (behaviour, value, again) in [
        ("Retry-After in seconds", "120", "again after 120 s"),
        (
            "Retry-After as a date of the past",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "again after 0 s",
        ),
        ("Retry-After that says nothing", "soon", "again"),
    ] {
        let reply = answer("503 Unavailable", &format!("Retry-After: {value}\r\n"), "");
        cases.push(Case::http(behaviour, reply).fails(&format!("status, {again}"), &said(503)));
    }
    cases.push(
        Case::answering("Retry-After as a date", |request| {
            let date = (Utc::now() + TimeDelta::seconds(122)).format("%a, %d %b %Y %H:%M:%S GMT");
            no_robots(request).unwrap_or_else(|| answer("503 X", &format!("Retry-After: {date}\r\n"), ""))
        })
        .fails("status, again after 120 s", &said(503)),
    );
    for code in [200, 201, 203, 206] {
        let reply = answer(&format!("{code} X"), "Content-Type: text/html\r\n", "hello");
        cases.push(Case::http(&format!("a page with status {code}"), reply).says("hello"));
    }
    cases
}

fn heads() -> Vec<Case> {
    let html = "Content-Type: text/html\r\n";
    let unreadable = "shop.test sent an HTTP answer that cannot be read";
    let many = |number| format!("HTTP/1.1 200 OK\r\n{html}{}", "X-Line: 1\r\n".repeat(number));
    let large = format!("HTTP/1.1 200 OK\r\n{html}X-Large: {}\r\n", "x".repeat(80_000));
    let of = |lines: &str| format!("HTTP/1.1 200 OK\r\n{html}{lines}");
    vec![
        head("HTTP/1.0", &format!("HTTP/1.0 200 OK\r\n{html}")).says("hello"),
        head("no reason", &format!("HTTP/1.1 200\r\n{html}")).says("hello"),
        head("a reason in Latin 1", &format!("HTTP/1.1 200 \u{e9}\r\n{html}")).says("hello"),
        head("a blank before the colon", &of("X-A : b\r\n")).says("hello"),
        head("a header over two lines", &of("X-A: b\r\n c\r\n")).says("hello"),
        head("a header over two lines by a tab", &of("X-A: b\r\n\tc\r\n")).says("hello"),
        head("a line without a colon", &of("nonsense\r\n")).says("hello"),
        head("a header whose name has a blank", &of("X A: b\r\n")).says("hello"),
        head("a header without a name", &of(": b\r\n")).says("hello"),
        head("a header without a value", &of("X-A:\r\n")).says("hello"),
        head("a header in Latin 1", &of("X-A: \u{e9}\r\n")).says("hello"),
        head(
            "headers in upper case",
            "HTTP/1.1 200 OK\r\nCONTENT-TYPE: TEXT/HTML\r\n",
        )
        .says("hello"),
        head("150 headers", &many(150)).says("hello"),
        head("a length twice", &of("Content-Length: 5\r\nContent-Length: 5\r\n")).says("hello"),
        head("a length and more", &of("Content-Length: 4\r\n")).says("hell"),
        head(
            "a keep-alive of HTTP/1.0",
            &format!("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n{html}Content-Length: 5\r\n"),
        )
        .says("hello"),
        Case::http(
            "lines that end in LF",
            raw(b"HTTP/1.1 200 OK\nContent-Type: text/html\n\nhello"),
        )
        .says("hello"),
        Case::http(
            "100 Continue first",
            raw(format!("HTTP/1.1 100 Continue\r\n\r\n{}", of("\r\nhello"))),
        )
        .says("hello"),
        Case::http(
            "103 Early Hints first",
            raw(format!(
                "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{}",
                of("\r\nhello")
            )),
        )
        .says("hello"),
        head("lengths that differ", &of("Content-Length: 5\r\nContent-Length: 6\r\n")).fails("unreadable", unreadable),
        head("a length of no number", &of("Content-Length: five\r\n")).fails("unreadable", unreadable),
        head("no HTTP", "SSH-2.0-OpenSSH_9.7\r\n").fails("unreadable", unreadable),
        head("HTTP/0.9", "<html>hello</html>\r\n").fails("unreadable", unreadable),
        head("a status of no number", "HTTP/1.1 OK\r\n").fails("unreadable", unreadable),
        head("large headers", &large).fails("too large", "shop.test sent headers larger than 65536 bytes, the limit"),
        head("300 headers", &many(300)).fails(
            "too large",
            "shop.test sent headers of more than 200 lines or larger than 65536 bytes, the limit",
        ),
    ]
}

fn bodies() -> Vec<Case> {
    let html = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n";
    let chunked = |behaviour: &str, body: &str| {
        Case::http(
            behaviour,
            raw(format!("{html}Transfer-Encoding: chunked\r\n\r\n{body}")),
        )
    };
    let broken = "shop.test ended the connection before its answer was complete";
    let large = "shop.test sent a body larger than 100000 bytes, the limit";
    let hanging = |bytes: String| Reply(bytes.into_bytes(), Then::Hang);
    let slow = "shop.test took too long: the answer did not end within 0.6 s";
    vec![
        chunked("chunks", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n").says("hello"),
        chunked("chunks with extensions", "5;a=b\r\nhello\r\n0\r\n\r\n").says("hello"),
        chunked("chunks with trailers", "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n").says("hello"),
        chunked("chunks that break off", "5\r\nhello\r\n").fails("connection, again", broken),
        chunked("chunks of no size", "x\r\nhello\r\n0\r\n\r\n").fails("connection, again", broken),
        Case::http(
            "chunks and a length",
            raw(format!(
                "{html}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            )),
        )
        .says("hello"),
        Case::http(
            "a body that is too short",
            raw(format!("{html}Content-Length: 9\r\n\r\nhello")),
        )
        .fails("connection, again", broken),
        Case::http("a body that is too large", page("x".repeat(100_001))).fails("too large", large),
        Case::http(
            "a body too large without a length",
            raw(format!("{html}\r\n{}", "x".repeat(100_001))),
        )
        .fails("too large", large),
        Case::http("a body of the limit", page("x".repeat(100_000))).says(&"x".repeat(100_000)),
        Case::http(
            "a body that never comes",
            hanging(format!("{html}Content-Length: 5\r\n\r\n")),
        )
        .within(SHORT)
        .fails("timeout, again", slow),
        Case::http("a body that never ends", hanging(format!("{html}\r\nhello")))
            .within(SHORT)
            .fails("timeout, again", slow),
        Case::http(
            "the body of an error that never ends",
            hanging("HTTP/1.1 404 X\r\n\r\nhe".to_owned()),
        )
        .fails("status", "shop.test answered with status 404"),
    ]
}

fn connections() -> Vec<Case> {
    let broken = "shop.test ended the connection before its answer was complete";
    let nothing = |then| Reply(Vec::new(), then);
    let kept = || Reply(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n".to_vec(), Then::Keep);
    // robots.txt comes by a connection that is kept, and ends when it is used again.
    let dropping = move |behaviour: &str, then| {
        Case::answering(behaviour, move |request| match (request.path, request.request) {
            ("/robots.txt", _) => kept(),
            (_, 0) => page("hello"),
            _ => nothing(then),
        })
    };
    let only_once = |behaviour: &str, then| {
        Case::answering(behaviour, move |request| match no_robots(request) {
            Some(reply) => reply,
            None if request.connection == 1 => nothing(then),
            None => page("hello"),
        })
    };
    vec![
        dropping("a kept connection that ends", Then::Close).says("hello"),
        dropping("a kept connection that is reset", Then::Reset).says("hello"),
        only_once("a connection that ends without an answer once", Then::Close).says("hello"),
        Case::http("connections that end without an answer", nothing(Then::Close)).fails("connection, again", broken),
        Case::http("connections that are reset", nothing(Then::Reset)).fails("connection, again", broken),
        Case::http("no answer", nothing(Then::Hang)).within(SHORT).fails(
            "timeout, again",
            "shop.test took too long: the answer did not end within 0.6 s",
        ),
        Case::new("a port that nobody listens on").refusing("shop.test").fails(
            "connection, again",
            "shop.test cannot be connected to: it refuses connections",
        ),
        Case::new("half a status line")
            .on("shop.test:80", Server::Bytes(b"HTTP/1.1 2".to_vec(), Then::Close))
            .fails("connection, again", broken),
        Case::answering("robots.txt that forbids it", |_| {
            raw("HTTP/1.1 200 OK\r\n\r\nUser-agent: *\nDisallow: /\n")
        })
        .fails("robots", "robots.txt of shop.test forbids fetching this page"),
        Case::answering("robots.txt with status 503", |_| {
            raw("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n")
        })
        .fails(
            "robots, again",
            "robots.txt of shop.test answered with status 503; nothing may be fetched until it can be read",
        ),
    ]
}
