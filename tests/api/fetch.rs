//! The guarded fetcher against sites that mean well and sites that do not.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use url::Url;
use web::fetch::FetchConfig;
use web::fetch::{FailureKind, FetchError, Fetcher, Page, Want};

use crate::support::site::{Authority, Names, Reply, Site, self_signed};

const SECOND_LOOPBACK: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Settings by which `shop.test` leads to `site`, without a pause between requests.
fn leading_to(site: &Site) -> FetchConfig {
    FetchConfig {
        connect_to: vec![format!("shop.test={}", site.addr).parse().unwrap()],
        pace: Duration::ZERO,
        ..FetchConfig::default()
    }
}

/// Settings by which the addresses in `net` may be fetched.
fn allowing(net: &str) -> FetchConfig {
    FetchConfig {
        allow_nets: vec![net.parse().unwrap()],
        pace: Duration::ZERO,
        ..FetchConfig::default()
    }
}

async fn get(config: &FetchConfig, url: &str) -> Result<Page, FetchError> {
    let fetcher = Fetcher::new(config).unwrap();
    fetcher.get(&Url::parse(url).unwrap(), Want::html()).await
}

/// Fetches from a site that has no robots.txt and answers everything else with `reply`.
async fn outcome_of(reply: Reply, change: impl FnOnce(&mut FetchConfig)) -> (FailureKind, String) {
    let site = Site::start(move |path| page_or_no_robots(path, &reply)).await;
    let mut config = leading_to(&site);
    change(&mut config);
    let begun = Instant::now();
    let error = get(&config, "http://shop.test/").await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(5), "{error}");
    (error.kind(), error.to_string())
}

fn page_or_no_robots(path: &str, page: &Reply) -> Reply {
    if path == "/robots.txt" {
        Reply::new("404 Not Found", &[], "")
    } else {
        page.clone()
    }
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn brotli(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut out, 4096, 5, 22);
    writer.write_all(body).unwrap();
    drop(writer);
    out
}

#[tokio::test]
async fn a_page_comes_with_all_that_is_known_about_it() {
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
async fn no_spelling_of_a_private_address_is_connected_to() {
    let canary = Site::canary().await;
    let port = canary.port();
    let fetcher = Fetcher::new(&FetchConfig::default()).unwrap();
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "0.0.0.0",
        "0",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "example.com@127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "[fd00:ec2::254]",
    ] {
        for scheme in ["http", "https"] {
            let url = Url::parse(&format!("{scheme}://{host}:{port}/")).unwrap();
            let error = fetcher.get(&url, Want::html()).await.unwrap_err();
            assert_eq!(error.kind(), FailureKind::RefusedAddress, "{url}: {error}");
            assert!(!error.is_transient());
        }
    }
    assert_eq!(canary.connections(), 0);
    // The canary does sing.
    let page = get(&allowing("127.0.0.0/8"), &format!("http://2130706433:{port}/")).await;
    assert_eq!(&page.unwrap().body[..], b"secret");
    assert!(canary.connections() > 0);
}

#[tokio::test]
async fn names_that_lead_to_private_addresses_are_refused() {
    let canary = Site::canary().await;
    for address in [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "10.1.2.3",
        "169.254.169.254",
        "100.100.100.200",
        "fe80::1",
        "fd00::1",
        "0.0.0.0",
    ] {
        let address: IpAddr = address.parse().unwrap();
        let lookup = Names(move |_: &str| vec![address]);
        let fetcher = Fetcher::with_lookup(&FetchConfig::default(), Arc::new(lookup)).unwrap();
        let url = Url::parse(&format!("http://intranet.example:{}/", canary.port())).unwrap();
        let error = fetcher.get(&url, Want::html()).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::RefusedAddress, "{address}: {error}");
        let said = error.to_string();
        assert!(
            said.starts_with("intranet.example is not fetched, since it leads to a"),
            "{said}"
        );
        assert!(!said.contains(&address.to_string()), "{said}");
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn redirects_to_private_addresses_are_refused() {
    let canary = Site::canary().await;
    let port = canary.port();
    for location in [
        format!("http://127.0.0.1:{port}/"),
        format!("//127.1:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://[64:ff9b::7f00:1]:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("https://shop.test@0x7f.1:{port}/"),
        format!("\\\\127.0.0.1:{port}\\"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1:70/".to_owned(),
        "http://shop.example:25/".to_owned(),
    ] {
        let said = location.clone();
        let (outcome, message) = outcome_of(Reply::redirect(&location), |_| {}).await;
        assert_eq!(outcome, FailureKind::RefusedAddress, "{said}: {message}");
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_robots_txt_that_redirects_inside_is_not_followed() {
    let canary = Site::canary().await;
    let location = format!("http://127.0.0.1:{}/robots.txt", canary.port());
    let site = Site::start(move |_| Reply::redirect(&location)).await;
    let error = get(&leading_to(&site), "http://shop.test/").await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::RefusedAddress);
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_name_that_flips_never_reaches_the_address_that_is_not_allowed() {
    // 127.0.0.2 stands for the public address: the operator allows it, and nothing beside it.
    let open = Site::on((SECOND_LOOPBACK, 0).into(), None, |path| {
        page_or_no_robots(path, &Reply::html("public"))
    })
    .await;
    let canary = Site::on((Ipv4Addr::LOCALHOST, open.port()).into(), None, |_| {
        Reply::html("secret")
    })
    .await;
    for odd in [0, 1] {
        let asked = Arc::new(AtomicUsize::new(odd));
        let counter = Arc::clone(&asked);
        let lookup = Names(move |_: &str| {
            let inside = counter.fetch_add(1, Ordering::SeqCst) % 2 == 1;
            vec![if inside { Ipv4Addr::LOCALHOST } else { SECOND_LOOPBACK }.into()]
        });
        let fetcher = Fetcher::with_lookup(&allowing("127.0.0.2/32"), Arc::new(lookup)).unwrap();
        let url = Url::parse(&format!("http://flip.example:{}/", open.port())).unwrap();
        for _ in 0..10 {
            match fetcher.get(&url, Want::html()).await {
                Ok(page) => assert_eq!(&page.body[..], b"public"),
                Err(error) => assert_eq!(error.kind(), FailureKind::RefusedAddress, "{error}"),
            }
        }
        assert!(asked.load(Ordering::SeqCst) > 10);
    }
    assert!(open.connections() > 0);
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn of_a_name_with_both_only_the_permitted_addresses_are_tried() {
    let open = Site::on((SECOND_LOOPBACK, 0).into(), None, |path| {
        page_or_no_robots(path, &Reply::html("public"))
    })
    .await;
    let canary = Site::on((Ipv4Addr::LOCALHOST, open.port()).into(), None, |_| {
        Reply::html("secret")
    })
    .await;
    let lookup = Names(|_: &str| vec![Ipv4Addr::LOCALHOST.into(), SECOND_LOOPBACK.into()]);
    let fetcher = Fetcher::with_lookup(&allowing("127.0.0.2/32"), Arc::new(lookup)).unwrap();
    let url = Url::parse(&format!("http://both.example:{}/", open.port())).unwrap();
    let page = fetcher.get(&url, Want::html()).await.unwrap();
    assert_eq!((&page.body[..], page.remote_addr), (&b"public"[..], open.addr));
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn an_operators_rule_holds_for_its_name_only() {
    let site = Site::start(|path| page_or_no_robots(path, &Reply::html("ok"))).await;
    let config = FetchConfig {
        connect_to: vec![format!("*.bench.test:80={}", site.addr).parse().unwrap()],
        pace: Duration::ZERO,
        ..FetchConfig::default()
    };
    let lookup = Arc::new(Names(|_: &str| vec![Ipv4Addr::LOCALHOST.into()]));
    let fetcher = Fetcher::with_lookup(&config, lookup).unwrap();
    let fetch = async |url: String| fetcher.get(&Url::parse(&url).unwrap(), Want::html()).await;
    assert!(fetch("http://1.bench.test/".to_owned()).await.is_ok());
    let connections = site.connections();
    for url in [
        format!("http://bench.test:{}/", site.port()),
        format!("http://1.bench.test:{}/", site.port()),
        format!("http://evil.test:{}/", site.port()),
        format!("http://{}/", site.addr),
    ] {
        let error = fetch(url.clone()).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::RefusedAddress, "{url}: {error}");
    }
    assert_eq!(site.connections(), connections);
}

#[tokio::test]
async fn too_much_of_anything_ends_early() {
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
            message.starts_with(&format!("shop.test sent {what} larger than ")),
            "{case}: {message}"
        );
    }
}

#[tokio::test]
async fn too_slow_is_over_at_the_deadline() {
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
    assert_eq!(many.to_string(), "shop.test redirects more than 5 times");
    assert_eq!(many.kind(), FailureKind::Status);
}

#[tokio::test]
async fn what_cannot_be_read_says_so() {
    let html = ("Content-Type", "text/html");
    for (case, reply, outcome, said) in [
        (
            "zstd",
            Reply::new("200 OK", &[html, ("Content-Encoding", "zstd")], b"\x28\xb5\x2f\xfd"),
            FailureKind::Unreadable,
            "the encoding zstd",
        ),
        (
            "twice",
            Reply::new("200 OK", &[html, ("Content-Encoding", "gzip, gzip")], gzip(&gzip(b"a"))),
            FailureKind::Unreadable,
            "the encoding gzip, gzip",
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
async fn every_usual_compression_is_undone() {
    let html = ("Content-Type", "text/html");
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
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
async fn a_lying_charset_harms_nothing() {
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
async fn a_status_is_told_apart_from_a_page() {
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

/// A server that says it compresses what it does not, on its error pages as on the robots.txt that is not there.
#[tokio::test]
async fn the_damaged_body_of_an_error_does_not_hide_its_status() {
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
async fn certificates_are_checked() {
    let authority = Authority::new();
    let date = |year| rcgen::date_time_ymd(year, 1, 1);
    let expired = authority.server_with("shop.test", &[], |params| {
        (params.not_before, params.not_after) = (date(2001), date(2002));
    });
    for (tls, said) in [
        (
            self_signed("shop.test"),
            "its certificate comes from nobody who is trusted",
        ),
        (
            Authority::new().server("shop.test"),
            "its certificate comes from nobody who is trusted",
        ),
        (authority.server("other.test"), "its certificate is for another name"),
        (expired, "its certificate has expired"),
        (
            authority.server_with("shop.test", &[b"spdy/1"], |_| {}),
            "the server refused the handshake",
        ),
    ] {
        let site = Site::tls(tls, |_| Reply::html("secret")).await;
        let config = FetchConfig {
            extra_ca: Some(authority.file.clone()),
            ..leading_to(&site)
        };
        let error = get(&config, "https://shop.test/").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("shop.test cannot be reached over TLS: {said}")
        );
        assert_eq!((error.kind(), site.requests().len()), (FailureKind::Tls, 0));
    }
    let plain = Site::start(|_| Reply::html("no TLS")).await;
    let error = get(&leading_to(&plain), "https://shop.test/").await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Tls, "{error}");
}

#[tokio::test]
async fn a_trusted_certificate_is_shown() {
    let authority = Authority::new();
    let site = Site::tls(authority.server("shop.test"), |path| {
        page_or_no_robots(path, &Reply::html("ok"))
    })
    .await;
    let config = FetchConfig {
        extra_ca: Some(authority.file.clone()),
        ..leading_to(&site)
    };
    for url in ["https://shop.test/", "https://shop.test.:8443/"] {
        let page = get(&config, url).await.unwrap();
        let tls = page.tls.unwrap();
        assert_eq!(tls.version, Some("TLS 1.3"));
        assert!(tls.certificate.unwrap().len() > 100);
    }
    let missing = FetchConfig {
        extra_ca: Some("/nonexistent/ca.pem".into()),
        ..FetchConfig::default()
    };
    let error = Fetcher::new(&missing).unwrap_err().to_string();
    assert!(
        error.starts_with("SCRAPERSKY_EXTRA_CA names \"/nonexistent/ca.pem\""),
        "{error}"
    );
}

#[tokio::test]
async fn robots_txt_is_asked_for_once_and_honoured() {
    let site = Site::start(|path| match path {
        "/robots.txt" => Reply::new("200 OK", &[], "User-agent: ScraperSky\nDisallow: /private\n"),
        "/out" => Reply::redirect("/private/b"),
        _ => Reply::html("ok"),
    })
    .await;
    let fetcher = Fetcher::new(&leading_to(&site)).unwrap();
    let url = |path: &str| Url::parse(&format!("http://shop.test{path}")).unwrap();
    let (first, second) = (url("/"), url("/about"));
    let (first, second) = tokio::join!(fetcher.get(&first, Want::html()), fetcher.get(&second, Want::html()));
    assert!(first.is_ok() && second.is_ok());
    for path in ["/private/a", "/out"] {
        let error = fetcher.get(&url(path), Want::html()).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Robots);
        assert_eq!(error.to_string(), "robots.txt of shop.test forbids fetching this page");
    }
    assert!(!fetcher.allowed(&url("/private/a")).await.unwrap());
    let paths = site.paths();
    assert_eq!(
        paths.iter().filter(|path| *path == "/robots.txt").count(),
        1,
        "{paths:?}"
    );
    assert!(!paths.iter().any(|path| path.starts_with("/private")), "{paths:?}");
}

#[tokio::test]
async fn what_robots_txt_answers_decides() {
    let rules = "User-agent: *\nDisallow: /\n";
    for (case, reply, outcome) in [
        ("gone", Reply::new("410 Gone", &[], rules), None),
        ("forbidden", Reply::new("403 Forbidden", &[], rules), None),
        ("in circles", Reply::redirect("/robots.txt"), None),
        (
            "no answer for now",
            Reply::new("503 Service Unavailable", &[], ""),
            Some(FailureKind::Robots),
        ),
        (
            "too many",
            Reply::new("429 Too Many Requests", &[], ""),
            Some(FailureKind::Robots),
        ),
        ("elsewhere", Reply::redirect("/rules"), Some(FailureKind::Robots)),
        (
            "huge",
            Reply::new("200 OK", &[], [rules.as_bytes(), &vec![b'#'; 2_000_000]].concat()),
            Some(FailureKind::Robots),
        ),
        ("silent", Reply::Silence, Some(FailureKind::Timeout)),
    ] {
        let site = Site::start(move |path| match path {
            "/robots.txt" => reply.clone(),
            "/rules" => Reply::new("200 OK", &[], rules),
            _ => Reply::html("ok"),
        })
        .await;
        let config = FetchConfig {
            timeout: Duration::from_millis(500),
            ..leading_to(&site)
        };
        let result = get(&config, "http://shop.test/").await;
        assert_eq!(result.err().map(|error| error.kind()), outcome, "{case}");
    }
}

#[tokio::test]
async fn a_dead_host_is_reported_as_what_it_is() {
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
