//! TLS, redirects and security headers.

use std::sync::Arc;

use rcgen::SanType;
use rustls::ServerConfig;
use scans::ScansConfig;
use serde_json::{Value, json};

use super::{at_once, scan};
use crate::support::app::TestApp;
use crate::support::site::{Authority, Reply, Site};

const HOST: &str = "acme.bench.test";

/// Settings that send https to one site, and http to another one.
fn with_https(scans: ScansConfig, https: &Site, authority: &Authority) -> ScansConfig {
    let mut scans = at_once(scans);
    scans.fetch.extra_ca = Some(authority.file.clone());
    for host in [HOST, "www.acme.bench.test"] {
        let rule = format!("{host}:443={}", https.addr).parse().unwrap();
        scans.fetch.connect_to.insert(0, rule);
    }
    scans
}

/// A certificate for both names of the site.
fn for_both(authority: &Authority) -> Arc<ServerConfig> {
    authority.server_with(HOST, &[b"http/1.1"], |params| {
        params
            .subject_alt_names
            .push(SanType::DnsName("www.acme.bench.test".try_into().unwrap()));
    })
}

/// The tests that cost or give points, and what they found.
fn points(security: &Value) -> Vec<(String, String, i64)> {
    let tests = security["tests"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    tests
        .filter(|test| test["modifier"] != 0)
        .map(|test| {
            assert!(!text(&test["reason"]).is_empty());
            (
                text(&test["test"]),
                text(&test["result"]),
                test["modifier"].as_i64().unwrap(),
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_by_https_is_graded_and_its_other_addresses_are_followed() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let authority = Authority::new();
    let https = Site::tls(for_both(&authority), |path| match path {
        "/" => Reply::new(
            "200 OK",
            &[
                ("Content-Type", "text/html"),
                ("Strict-Transport-Security", "max-age=31536000"),
                ("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'"),
                ("X-Content-Type-Options", "nosniff"),
                ("Set-Cookie", "session=1; Secure; HttpOnly; SameSite=Lax"),
            ],
            "<title>Secure</title><script src='https://cdn.other.test/a.js'></script>",
        ),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let plain = Site::start(|path| match path {
        "/" => Reply::new("301 Moved Permanently", &[("Location", "https://acme.bench.test/")], ""),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let _work = app.work_with(&plain, |scans| with_https(scans, &https, &authority));
    let hosting = scan(&acme, HOST).await["hosting"].clone();
    assert_eq!(hosting["has_ssl"], true);
    assert_eq!(hosting["ssl_names"], json!([HOST, "www.acme.bench.test"]));
    assert_eq!(
        hosting["redirects"],
        json!({
            "host": HOST,
            "http": { "route": ["http://acme.bench.test/", "https://acme.bench.test/"], "status": 301, "error": null },
            "other_name": { "route": ["https://www.acme.bench.test/"], "status": 200, "error": null },
        })
    );
    let security = &hosting["security_headers"];
    let expected = [
        ("content_security_policy", "no_unsafe", 5),
        ("cookies", "secure_with_same_site", 5),
        ("subresource_integrity", "foreign_scripts_unprotected", -5),
        ("x_frame_options", "by_policy", 5),
    ]
    .map(|(test, result, points)| (test.to_owned(), result.to_owned(), points));
    assert_eq!(points(security), expected, "{security}");
    assert_eq!((&security["score"], &security["grade"]), (&json!(110), &json!("A+")));
    assert_eq!(security["headers"]["x-content-type-options"], "nosniff");
    assert_eq!(security["headers"]["permissions-policy"], Value::Null);
    // One request for each address that was not known.
    let asked = |site: &Site| site.paths().iter().filter(|path| *path == "/").count();
    assert_eq!((asked(&plain), asked(&https)), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_by_http_fails_and_says_why() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let authority = Authority::new();
    let expired = authority.server_with(HOST, &[b"http/1.1"], |params| {
        params.not_before = rcgen::date_time_ymd(2001, 1, 2);
        params.not_after = rcgen::date_time_ymd(2002, 1, 2);
    });
    let https = Site::tls(expired, |_| Reply::html("unseen")).await;
    let plain = Site::start(|path| match path {
        "/" => Reply::html("<title>Plain</title>plain"),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let _work = app.work_with(&plain, |scans| with_https(scans, &https, &authority));
    let hosting = scan(&acme, HOST).await["hosting"].clone();
    assert_eq!(
        (&hosting["has_ssl"], &hosting["ssl_fault"]),
        (&json!(false), &json!("expired"))
    );
    assert_eq!(
        hosting["ssl_names"],
        json!([HOST]),
        "the certificate is read although it is refused"
    );
    assert_eq!(
        https.requests().len(),
        0,
        "no request is sent over a connection that is not trusted"
    );
    assert_eq!(
        hosting["redirects"]["http"],
        json!({ "route": ["http://acme.bench.test/"], "status": 200, "error": null })
    );
    let security = &hosting["security_headers"];
    let expected = [
        ("content_security_policy", "not_implemented", -25),
        ("redirection", "missing", -20),
        ("strict_transport_security", "invalid_certificate", -20),
        ("x_content_type_options", "not_implemented", -5),
        ("x_frame_options", "not_implemented", -20),
    ]
    .map(|(test, result, points)| (test.to_owned(), result.to_owned(), points));
    assert_eq!(points(security), expected, "{security}");
    assert_eq!((&security["score"], &security["grade"]), (&json!(10), &json!("F")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_was_reached_through_both_names_is_not_asked_again() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|path| match path {
        "/" => Reply::new("301 Moved", &[("Location", "http://www.acme.bench.test/home")], ""),
        "/home" => Reply::html("<title>Home</title>home"),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let _work = app.work_with(&site, at_once);
    let hosting = scan(&acme, HOST).await["hosting"].clone();
    assert_eq!(
        hosting["redirects"],
        json!({
            "host": "www.acme.bench.test",
            "http": {
                "route": ["http://acme.bench.test/", "http://www.acme.bench.test/home"],
                "status": 200,
                "error": null,
            },
            "other_name": null,
        })
    );
    assert!(hosting["ssl_names"].is_null());
    assert_eq!(site.paths().iter().filter(|path| *path == "/").count(), 1);
}
