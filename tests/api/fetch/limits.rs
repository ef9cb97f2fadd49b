//! Responses that are too large or too slow, and too many redirects.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use url::Url;
use web::fetch::{FailureKind, FetchConfig, Fetcher, Want};
use web::sitemap::download::download;

use super::{brotli, get, gzip, leading_to, outcome_of, page_or_no_robots};
use crate::support::site::{Reply, Site};

#[tokio::test]
async fn oversized_responses_end_early() {
    let html = ("Content-Type", "text/html");
    let zeros = vec![0; 20 * 1024 * 1024];
    let mut chunks = b"10000\r\n".to_vec();
    chunks.resize(chunks.len() + 0x10000, b'a');
    chunks.extend_from_slice(b"\r\n");
    let chunked = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let many_lines: String = (0..3000).map(|number| format!("X-{number}: a\r\n")).collect();
    let long_line = format!("X-Long: {}\r\n", "a".repeat(70_000));
    for (case, reply, what) in [
        ("10 MB", Reply::new("200 OK", &[html], vec![b'a'; 10_000_000]), "a body"),
        (
            "no length",
            Reply::Bytes([&b"HTTP/1.1 200 OK\r\n\r\n"[..], &zeros].concat()),
            "a body",
        ),
        ("endless chunks", Reply::Endless(chunked, chunks, 0), "a body"),
        (
            "gzip bomb",
            Reply::new("200 OK", &[html, ("Content-Encoding", "gzip")], gzip(&zeros)),
            "a body",
        ),
        (
            "brotli bomb",
            Reply::new("200 OK", &[html, ("Content-Encoding", "br")], brotli(&zeros)),
            "a body",
        ),
        (
            "many headers",
            Reply::Bytes(format!("HTTP/1.1 200 OK\r\n{many_lines}\r\n").into_bytes()),
            "headers",
        ),
        (
            "a long header",
            Reply::Bytes(format!("HTTP/1.1 200 OK\r\n{long_line}\r\n").into_bytes()),
            "headers",
        ),
        (
            "endless headers",
            Reply::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), long_line.into_bytes(), 0),
            "headers",
        ),
    ] {
        let (outcome, message) = outcome_of(reply, |_| {}).await;
        assert_eq!(outcome, FailureKind::TooLarge, "{case}: {message}");
        assert!(
            message.starts_with(&format!("shop.test sent {what}")) && message.contains(" larger than "),
            "{case}: {message}"
        );
    }
}

#[tokio::test]
async fn slow_responses_end_at_the_deadline() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n".to_vec();
    for (case, reply) in [
        ("a body byte by byte", Reply::Endless(head, b"a".to_vec(), 20)),
        (
            "headers byte by byte",
            Reply::Endless(b"HTTP/1.1 200 OK\r\nX: ".to_vec(), b"a".to_vec(), 20),
        ),
        (
            "early hints",
            Reply::Endless(Vec::new(), b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec(), 5),
        ),
        ("silence", Reply::Silence),
    ] {
        let begun = Instant::now();
        let (outcome, message) = outcome_of(reply, |config| config.timeout = Duration::from_millis(300)).await;
        assert_eq!(outcome, FailureKind::Timeout, "{case}: {message}");
        assert_eq!(
            message, "shop.test took too long: the answer did not end within 0.3 s",
            "{case}"
        );
        assert!(begun.elapsed() < Duration::from_millis(1500), "{case}");
    }
}

/// The CPU time of the calling thread.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

/// A body in chunks of one byte each. Handing each to the thread that writes the file cost several times what reading it
/// costs; for 2 MB that was 3.4 s.
#[test]
fn a_file_that_arrives_byte_by_byte_costs_as_much_as_reading_it() {
    const BYTES: usize = 100_000;
    let threads = tokio::runtime::Runtime::new().unwrap();
    let site = threads.block_on(Site::start(|path| {
        let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        bytes.extend(b"1\r\na\r\n".repeat(BYTES));
        bytes.extend(b"0\r\n\r\n");
        page_or_no_robots(path, &Reply::Bytes(bytes))
    }));
    let time = Duration::from_secs(120);
    let config = FetchConfig {
        timeout: time,
        ..leading_to(&site)
    };
    let url = Url::parse("http://shop.test/sitemap.txt").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (read, stored) = runtime.block_on(async {
        let fetcher = Fetcher::new(&config).unwrap();
        let begun = cpu_time();
        let page = fetcher.get(&url, Want::anything()).await.unwrap();
        let read = cpu_time() - begun;
        assert_eq!(page.body.len(), BYTES);
        let begun = cpu_time();
        let file = download(&fetcher, &url, 10_000_000, time).await.unwrap();
        assert_eq!(file.bytes, BYTES as u64);
        (read, cpu_time() - begun)
    });
    println!("{BYTES} bytes one by one: {read:?} of CPU to read them, {stored:?} to store them");
    assert!(stored < read * 3 / 2, "{stored:?} instead of {read:?}");
}

#[tokio::test]
async fn redirects_share_one_deadline() {
    let counter = AtomicUsize::new(0);
    let site = Site::start(move |path| {
        if path == "/robots.txt" {
            return Reply::new("404 Not Found", &[], "");
        }
        let next = counter.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(100));
        Reply::redirect(&format!("/{next}"))
    })
    .await;
    let config = FetchConfig {
        timeout: Duration::from_millis(350),
        max_redirects: 50,
        ..leading_to(&site)
    };
    let error = get(&config, "http://shop.test/").await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Timeout, "{error}");
}

#[tokio::test]
async fn redirects_end() {
    let site = Site::start(|path| match path {
        "/robots.txt" => Reply::new("404 Not Found", &[], ""),
        "/a" => Reply::redirect("http://shop.test/b"),
        "/b" => Reply::redirect("/a#again"),
        "/self" => Reply::redirect(""),
        "/bad" => Reply::redirect("http://[/"),
        "/5" => Reply::html("there"),
        path => Reply::redirect(&format!("/{}", path[1..].parse::<u32>().unwrap() + 1)),
    })
    .await;
    let fetcher = Fetcher::new(&leading_to(&site)).unwrap();
    let fetch = async |path: &str| {
        let url = Url::parse("http://shop.test").unwrap().join(path).unwrap();
        fetcher.get(&url, Want::html()).await
    };
    let error = async |path: &str| fetch(path).await.unwrap_err();
    assert_eq!(error("/a").await.to_string(), "shop.test redirects in a circle");
    assert_eq!(error("/self").await.to_string(), "shop.test redirects in a circle");
    assert_eq!(error("/bad").await.kind(), FailureKind::Unreadable);
    assert_eq!(fetch("/0").await.unwrap().redirects.len(), 5);
    let many = error("/6").await;
    assert_eq!(many.to_string(), "shop.test redirects more than 10 times");
    assert_eq!(many.kind(), FailureKind::Status);
}
