//! Bodies that the client has already, and compressed ones.

use rocket::http::Method;
use serde_json::json;

use crate::support::app::TestApp;

#[tokio::test]
async fn a_body_that_the_client_has_is_not_sent_again() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let key = Some(acme.key.as_str());
    for path in ["/api/v1/domains", "/api/v1/jobs?limit=5", "/api/v1/me", "/health"] {
        let first = app.send(Method::Get, path, key, None).await;
        let tag = first.header("etag").unwrap().to_owned();
        let asked = async |known: &str| {
            app.send_with(&[("If-None-Match", known)], Method::Get, path, key, None)
                .await
        };
        let again = asked(&tag).await;
        assert_eq!((again.status, again.size), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(tag.as_str()), "{path}");
        let other = asked("\"another\"").await;
        assert_eq!((other.status, &other.body), (200, &first.body), "{path}");
    }
    // What has changed is sent.
    let before = app.send(Method::Get, "/api/v1/domains", key, None).await;
    let tag = before.header("etag").unwrap().to_owned();
    let accepted = acme
        .post("/api/v1/batch", json!({ "domains": ["shop.example.com"] }))
        .await;
    assert_eq!(accepted.body["job_count"], 1, "{accepted:?}");
    let after = app
        .send_with(&[("If-None-Match", &tag)], Method::Get, "/api/v1/domains", key, None)
        .await;
    assert_eq!(after.status, 200);
    assert_ne!(after.header("etag"), Some(tag.as_str()));
    // A tenant's tag says nothing about another's rows.
    let bolt = app.agency("bolt").await;
    let own = app
        .send(Method::Get, "/api/v1/domains", Some(bolt.key.as_str()), None)
        .await;
    assert_eq!(own.header("etag"), before.header("etag"), "both lists were empty");
}

#[tokio::test]
async fn large_answers_are_compressed_where_the_client_asks() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let key = Some(acme.key.as_str());
    let names: Vec<String> = (0..50).map(|i| format!("shop-{i}.example.com")).collect();
    let accepted = acme.post("/api/v1/batch", json!({ "domains": names })).await;
    assert_eq!(accepted.body["job_count"], 50, "{accepted:?}");
    for (path, is_known_in_advance) in [
        ("/api/v1/domains?limit=50", true),
        ("/openapi.json", true),
        ("/api/v1/places/export.csv", false),
    ] {
        let plain = app.send(Method::Get, path, key, None).await;
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        let packed = app
            .send_with(&[("Accept-Encoding", "br, gzip")], Method::Get, path, key, None)
            .await;
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
        let varies = ("vary".to_owned(), "Accept-Encoding".to_owned());
        assert!(packed.headers.contains(&varies), "{path}");
        assert_eq!(packed.header("etag"), plain.header("etag"), "{path}");
        assert_eq!(packed.text, plain.text, "{path}");
        assert!(!is_known_in_advance || packed.size * 2 < plain.size, "{path}");
    }
    // Small ones are not.
    let small = app
        .send_with(&[("Accept-Encoding", "gzip")], Method::Get, "/health", None, None)
        .await;
    assert_eq!(small.header("content-encoding"), None);
}
