//! Headers of every response, and the shape of every failure.

use rocket::http::{ContentType, Header, Method};
use serde_json::json;

use crate::support::app::TestApp;

#[tokio::test]
async fn only_configured_origins_may_call() {
    let app = TestApp::with(&[("cors_origins", "https://app.test, http://localhost:3000")]).await;
    let acme = app.agency("acme").await;
    let ask = async |method: Method, origin: &str, key: Option<&str>| {
        let headers = [("Origin", origin), ("Access-Control-Request-Method", "POST")];
        app.send_with(&headers, method, "/api/v1/domains", key, None).await
    };
    for origin in ["https://app.test", "http://localhost:3000"] {
        let preflight = ask(Method::Options, origin, None).await;
        assert_eq!((preflight.status, preflight.text.as_str()), (204, ""), "{preflight:?}");
        assert_eq!(preflight.header("access-control-allow-origin"), Some(origin));
        let allowed = preflight.header("access-control-allow-headers").unwrap();
        assert!(allowed.contains("Authorization") && allowed.contains("Idempotency-Key"));
        assert!(
            preflight
                .header("access-control-allow-methods")
                .unwrap()
                .contains("DELETE")
        );
        for (key, status) in [(Some(acme.key.as_str()), 200), (None, 401)] {
            let answer = ask(Method::Get, origin, key).await;
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            let readable = answer.header("access-control-expose-headers").unwrap();
            assert!(readable.contains("Link, Location"), "{readable}");
            assert!(
                answer
                    .headers
                    .iter()
                    .any(|(name, value)| name == "vary" && value == "Origin")
            );
        }
    }
    for origin in [
        "https://app.test.evil.test",
        "https://evil.app.test",
        "http://app.test",
        "https://app.test:8443",
        "https://APP.test",
        "null",
        "*",
        "",
    ] {
        for method in [Method::Options, Method::Get] {
            let answer = ask(method, origin, None).await;
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
            assert_eq!(answer.header("access-control-allow-headers"), None, "{origin}");
        }
    }
    // Without the setting there are no CORS headers.
    let app = TestApp::new().await;
    let headers = [("Origin", "https://app.test")];
    let answer = app.send_with(&headers, Method::Get, "/health", None, None).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn no_response_may_be_shared_or_framed() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let asked_about = "private, no-cache";
    for (path, key, caching) in [
        ("/docs", None, asked_about),
        ("/health", None, asked_about),
        ("/api/v1/domains", Some(acme.key.as_str()), asked_about),
        ("/api/v1/domains", None, "no-store"),
        ("/api/v1/nothing", Some(acme.key.as_str()), "no-store"),
        ("/api/v1/places/export.csv", Some(acme.key.as_str()), "no-store"),
    ] {
        let answer = app.send(Method::Get, path, key, None).await;
        for (name, value) in [
            ("cache-control", caching),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert!(
            answer
                .header("content-security-policy")
                .unwrap()
                .contains("default-src 'none'")
        );
        assert!(answer.header("x-request-id").is_some());
    }
}

#[tokio::test]
async fn rockets_own_errors_have_the_same_shape() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let key = Some(acme.key.as_str());
    let json = |text: &'static str| Some((ContentType::JSON, text));
    let deep = "{\"a\":".repeat(5000);
    for (method, path, body, status, field) in [
        (Method::Get, "/nothing", None, 404, None),
        (Method::Put, "/api/v1/domains", json("{}"), 405, None),
        (Method::Delete, "/api/v1/batch", None, 405, None),
        (Method::Post, "/api/v1/keys/x", json("{}"), 405, None),
        (Method::Get, "/api/v1/domains/%ff", None, 404, None),
        (Method::Get, "/api/v1/domains/x", None, 404, None),
        (Method::Post, "/api/v1/scrapersky", None, 400, None),
        (Method::Post, "/api/v1/scrapersky", json("{"), 400, None),
        (Method::Post, "/api/v1/scrapersky", json("{} x"), 400, None),
        (Method::Post, "/api/v1/scrapersky", json("{}"), 422, Some("base_url")),
        (
            Method::Post,
            "/api/v1/scrapersky",
            json(r#"{"base_url": 7}"#),
            422,
            Some("base_url"),
        ),
        (
            Method::Post,
            "/api/v1/batch",
            json(r#"{"domains": ["a.test", 7]}"#),
            422,
            Some("domains[1]"),
        ),
        (
            Method::Post,
            "/api/v1/scrapersky",
            Some((ContentType::Plain, "{}")),
            415,
            None,
        ),
        (
            Method::Post,
            "/api/v1/scrapersky",
            Some((ContentType::JSON, deep.as_str())),
            400,
            None,
        ),
    ] {
        let answer = app.send(method, path, key, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        assert_eq!(answer.content_type, "application/problem+json", "{method} {path}");
        assert_eq!(answer.body["status"], status);
        assert_eq!(answer.body["field"].as_str(), field, "{answer:?}");
        assert!(answer.body["detail"].is_string() && answer.body["code"].is_string());
        assert_eq!(answer.body["request_id"].as_str(), answer.header("x-request-id"));
        if status == 405 {
            assert!(
                answer
                    .header("allow")
                    .is_some_and(|methods| !methods.contains(method.as_str()))
            );
        }
    }
}

#[tokio::test]
async fn rockets_own_headers_and_nul_are_refused() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let mut request = app.client().get("/api/v1/domains");
    request.add_header(Header::new("Authorization", "Basic YTpi"));
    assert_eq!(request.dispatch().await.status().code, 401);
    let text = json!({ "base_url": "nul\u{0}.test" });
    assert_eq!(acme.post("/api/v1/scrapersky", text).await.status, 400);
}

#[tokio::test]
async fn wrong_types_huge_bodies_and_wrong_queries_are_refused() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let text = app
        .send(
            Method::Post,
            "/api/v1/batch",
            Some(&acme.key),
            Some((ContentType::Plain, "x")),
        )
        .await;
    assert_eq!(text.status, 415);
    let huge = format!("{{\"base_url\": \"{}\"}}", "x".repeat(2 << 20));
    let huge = app
        .send(
            Method::Post,
            "/api/v1/scrapersky",
            Some(&acme.key),
            Some((ContentType::JSON, &huge)),
        )
        .await;
    assert_eq!(huge.status, 413);
    for query in ["limit=0", "limit=x", "status=done", "cursor=x", "created_from=today"] {
        let answer = acme.get(&format!("/api/v1/jobs?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
        assert_eq!(
            answer.body["field"].as_str(),
            query.split_once('=').map(|(name, _)| name)
        );
    }
}
