//! The data and errors of a fetched page.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use url::Url;
use web::fetch::{FailureKind, FetchConfig, FetchError, Fetcher, Want};

use super::{brotli, get, gzip, leading_to, outcome_of, page_or_no_robots};
use crate::support::site::{Names, Reply, Site};

#[tokio::test]
async fn a_page_has_its_metadata() {
    let site = Site::start(|path| match path {
        "/robots.txt" => Reply::new("404 Not Found", &[], ""),
        "/a?b=c" => Reply::redirect("/home#top"),
        _ => Reply::html("<title>Café</title>"),
    })
    .await;
    let fetcher = Fetcher::new(&leading_to(&site)).unwrap();
    let url = Url::parse("http://ann:secret@shop.test:8080/a?b=c#d").unwrap();
    let page = fetcher.get(&url, Want::html()).await.unwrap().success().unwrap();
    assert_eq!(page.requested_url.as_str(), "http://shop.test:8080/a?b=c");
    assert_eq!(page.final_url.as_str(), "http://shop.test:8080/home");
    assert_eq!(page.redirects, std::slice::from_ref(&page.requested_url));
    assert_eq!(page.text().text, "<title>Café</title>");
    assert_eq!(page.remote_addr, site.addr);
    assert_eq!(page.tls, None);
    assert!(page.time_to_first_byte <= page.elapsed);
    let head = site.requests().pop().unwrap().to_ascii_lowercase();
    assert!(head.contains("host: shop.test:8080\r\n"), "{head}");
    assert!(head.contains("user-agent: scrapersky/"), "{head}");
    assert!(
        head.contains("accept-encoding: ") && head.contains("gzip") && head.contains("br"),
        "{head}"
    );
    for unwanted in ["cookie", "referer", "authorization", "secret", "zstd"] {
        assert!(!head.contains(unwanted), "{head}");
    }
}

#[tokio::test]
async fn unreadable_responses_are_errors() {
    let html = ("Content-Type", "text/html");
    for (case, reply, outcome, said) in [
        (
            "zstd",
            Reply::new("200 OK", &[html, ("Content-Encoding", "zstd")], b"\x28\xb5\x2f\xfd"),
            FailureKind::Unreadable,
            "the unsupported encoding zstd",
        ),
        (
            "twice",
            Reply::new("200 OK", &[html, ("Content-Encoding", "gzip, br")], gzip(&gzip(b"a"))),
            FailureKind::Unreadable,
            "compressed content",
        ),
        (
            "damaged",
            Reply::new("200 OK", &[html, ("Content-Encoding", "gzip")], b"no gzip"),
            FailureKind::Unreadable,
            "compressed content",
        ),
        (
            "a picture",
            Reply::new("200 OK", &[("Content-Type", "image/png")], b"\x89PNG"),
            FailureKind::Unreadable,
            "image/png instead of a web page",
        ),
        (
            "no HTTP",
            Reply::Bytes(b"SSH-2.0-OpenSSH_9.7\r\n".to_vec()),
            FailureKind::Unreadable,
            "an HTTP answer",
        ),
        (
            "too short",
            Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_vec()),
            FailureKind::Connection,
            "before its answer was complete",
        ),
        (
            "nothing",
            Reply::Bytes(Vec::new()),
            FailureKind::Connection,
            "before its answer was complete",
        ),
    ] {
        let (found, message) = outcome_of(reply, |_| {}).await;
        assert_eq!(found, outcome, "{case}: {message}");
        assert!(message.contains(said), "{case}: {message}");
    }
}

#[tokio::test]
async fn common_compressions_are_decoded() {
    let html = ("Content-Type", "text/html");
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(b"hello").unwrap();
    for (encoding, body) in [
        ("gzip", gzip(b"hello")),
        ("br", brotli(b"hello")),
        ("deflate", zlib.finish().unwrap()),
    ] {
        let reply = Reply::new("200 OK", &[html, ("Content-Encoding", encoding)], body);
        let site = Site::start(move |path| page_or_no_robots(path, &reply)).await;
        let page = get(&leading_to(&site), "http://shop.test/").await.unwrap();
        assert_eq!(&page.body[..], b"hello", "{encoding}");
    }
}

#[tokio::test]
async fn a_wrong_charset_does_no_harm() {
    for (declared, body, text) in [
        ("utf-8", &b"Caf\xe9 M\xfcller"[..], "Café Müller"),
        ("iso-8859-1", "Café Müller".as_bytes(), "Café Müller"),
        ("no-such-charset", "Café".as_bytes(), "Café"),
    ] {
        let reply = Reply::new(
            "200 OK",
            &[("Content-Type", &format!("text/html; charset={declared}"))],
            body,
        );
        let site = Site::start(move |path| page_or_no_robots(path, &reply)).await;
        let page = get(&leading_to(&site), "http://shop.test/").await.unwrap();
        assert_eq!(page.text().text, text, "{declared}");
    }
}

#[tokio::test]
async fn an_error_status_is_not_a_page() {
    let reply = Reply::new(
        "503 Service Unavailable",
        &[("Retry-After", "120"), ("Content-Type", "image/png")],
        "busy",
    );
    let site = Site::start(move |path| page_or_no_robots(path, &reply)).await;
    let page = get(&leading_to(&site), "http://shop.test/").await.unwrap();
    assert_eq!((page.status.as_u16(), &page.body[..]), (503, &b"busy"[..]));
    let error = page.success().unwrap_err();
    assert!(matches!(error, FetchError::Status { retry_after: Some(after), .. } if after.as_secs() == 120));
    assert_eq!((error.kind(), error.is_transient()), (FailureKind::Status, true));
}

/// A server that wrongly claims to compress its error pages and its missing robots.txt.
#[tokio::test]
async fn a_damaged_error_body_does_not_hide_its_status() {
    let damaged = [("Content-Encoding", "gzip"), ("Content-Type", "text/html")];
    let reply = Reply::new("410 Gone", &damaged, "no gzip");
    let robots = Reply::new("404 Not Found", &damaged, "no gzip");
    let site = Site::start(move |path| {
        if path == "/robots.txt" {
            robots.clone()
        } else {
            reply.clone()
        }
    })
    .await;
    let page = get(&leading_to(&site), "http://shop.test/").await.unwrap();
    assert_eq!(
        page.success().unwrap_err().to_string(),
        "shop.test answered with status 410"
    );
}

#[tokio::test]
async fn unreachable_hosts_are_reported_with_the_reason() {
    let addr: SocketAddr = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let config = FetchConfig {
        connect_to: vec![format!("shop.test={addr}").parse().unwrap()],
        ..FetchConfig::default()
    };
    let error = get(&config, "http://shop.test/").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "shop.test cannot be connected to: it refuses connections"
    );
    assert_eq!((error.kind(), error.is_transient()), (FailureKind::Connection, true));

    let nobody = Arc::new(Names(|_: &str| Vec::new()));
    let fetcher = Fetcher::with_lookup(&FetchConfig::default(), nobody).unwrap();
    let url = Url::parse("https://nowhere.example/").unwrap();
    let error = fetcher.get(&url, Want::html()).await.unwrap_err();
    assert_eq!(error.to_string(), "nowhere.example does not resolve to an address");
    assert_eq!((error.kind(), error.is_transient()), (FailureKind::Dns, false));
}
