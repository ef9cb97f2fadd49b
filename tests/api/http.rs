//! The HTTP API: the v1 contract of scans and batches, failures, and isolation of tenants.

use database::models::enums::Scope;
use database::pool::Pool;
use database::settings::PoolConfig;
use rocket::http::{ContentType, Method};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::database::TestDatabase;
use crate::support::site::{Reply, Site};
use crate::support::tenants::Agencies;

async fn shop() -> Site {
    Site::start(|path| match path {
        "/robots.txt" => Reply::new("404 Not Found", &[], ""),
        _ => Reply::html(
            "<html lang=en><head><title>A shop</title></head><body><a href='mailto:owner@shop.bench.test'>write</a></body></html>",
        ),
    })
    .await
}

#[tokio::test]
async fn a_scan_ends_with_the_rows_of_its_tenant() {
    let app = TestApp::new().await;
    let site = shop().await;
    let acme = app.agency("acme").await;
    let _work = app.work(&site);

    let accepted = acme
        .post(
            "/api/v1/scrapersky",
            json!({ "base_url": "http://www.Shop.bench.test/x?y" }),
        )
        .await;
    assert_eq!(accepted.status, 200, "{accepted:?}");
    let id = accepted.body["job_id"].as_str().unwrap();
    assert!(id.starts_with("scan_") && id.len() == 37, "{id}");
    let path = accepted.body["status_url"].as_str().unwrap();
    assert_eq!(path, format!("/api/v1/status/{id}"));

    let status = acme.ended(path).await;
    assert_eq!(status["status"], "completed", "{status}");
    assert_eq!(status["metadata"]["title"], "A shop");
    assert_eq!(status["progress"]["step"], "completed");
    assert_eq!(status["error"], Value::Null);

    let domains = acme.get("/api/v1/domains").await.body;
    assert_eq!(domains["total"], 1);
    assert_eq!(domains["items"][0]["domain"], "shop.bench.test");
    let id = domains["items"][0]["id"].as_str().unwrap();
    let details = acme.get(&format!("/api/v1/domains/{id}")).await.body;
    assert_eq!(details["profile"]["title"], "A shop");
    assert_eq!(details["profile"]["meta_json"], status["metadata"]);
    assert_eq!(details["content_scrape_status"], "Completed");
    assert_eq!(details["hosting"]["has_ssl"], false);

    assert_eq!(acme.delete(&format!("/api/v1/domains/{id}")).await.status, 204);
    assert_eq!(acme.get(&format!("/api/v1/domains/{id}")).await.status, 404);
    assert_eq!(acme.ended(path).await["status"], "completed");
}

#[tokio::test]
async fn each_entry_of_a_batch_ends_with_its_own_reason() {
    let app = TestApp::new().await;
    let site = shop().await;
    let acme = app.agency("acme").await;
    let _work = app.work(&site);

    let domains = json!([
        "a.bench.test",
        "https://b.bench.test/",
        "A.bench.test",
        "localhost",
        "10.0.0.1"
    ]);
    let accepted = acme.post("/api/v1/batch", json!({ "domains": domains })).await;
    assert_eq!(accepted.status, 200, "{accepted:?}");
    assert_eq!(accepted.body["job_count"], 2);
    let batch = acme.ended(accepted.body["status_url"].as_str().unwrap()).await;
    assert_eq!(batch["status"], "partial", "{batch}");
    assert_eq!(
        (&batch["total_jobs"], &batch["completed_jobs"], &batch["failed_jobs"]),
        (&json!(5), &json!(2), &json!(3))
    );
    let entries = batch["jobs"].as_array().unwrap();
    let shown: Vec<_> = entries
        .iter()
        .map(|entry| (entry["domain"].as_str().unwrap(), entry["status"].as_str().unwrap()))
        .collect();
    assert_eq!(
        shown,
        [
            ("a.bench.test", "completed"),
            ("https://b.bench.test/", "completed"),
            ("A.bench.test", "failed"),
            ("localhost", "failed"),
            ("10.0.0.1", "failed")
        ]
    );
    assert!(entries[2]["error"].as_str().unwrap().contains("twice"));
    assert!(entries[3]["error"].as_str().unwrap().contains("localhost"));
}

/// A list as an agency might paste it: entries that cannot be scanned, duplicates, sites that do not answer.
#[tokio::test]
async fn a_batch_of_a_hundred_adds_up() {
    let app = TestApp::new().await;
    let site = shop().await;
    let acme = app.agency("acme").await;
    let _work = app.work(&site);

    let invalid = [
        "",
        "nul\0.com/\0",
        "no spaces.com",
        "http://",
        "exa<mple.com",
        "a..com",
        "-a.com",
        "localhost",
        "x".repeat(64).as_str(),
        "[::1",
    ]
    .map(str::to_owned);
    let refused = ["10.0.0.1", "169.254.169.254", "0x7f.1"].map(str::to_owned);
    let good: Vec<_> = (0..77).map(|i| format!("s{i}.bench.test")).collect();
    let twice: Vec<_> = (0..5).map(|i| format!("HTTPS://www.S{i}.bench.test:443/x?y")).collect();
    let lost: Vec<_> = (0..5).map(|i| format!("s{i}.nowhere.test")).collect();
    let domains = [good.as_slice(), &invalid, &refused, &twice, &lost].concat();
    assert_eq!(domains.len(), 100);
    let accepted = acme.post("/api/v1/batch", json!({ "domains": domains })).await;
    assert_eq!(accepted.status, 200, "{accepted:?}");
    let batch = acme.ended(accepted.body["status_url"].as_str().unwrap()).await;
    assert_eq!(batch["status"], "partial");
    let entries = batch["jobs"].as_array().unwrap();
    let said = |range: std::ops::Range<usize>, word: &str| {
        for entry in &entries[range] {
            assert_eq!(entry["status"], "failed", "{entry}");
            assert!(entry["error"].as_str().unwrap().contains(word), "{word}: {entry}");
        }
    };
    assert!(
        entries[..77].iter().all(|entry| entry["status"] == "completed"),
        "{batch}"
    );
    said(77..87, "is not a domain that can be scanned");
    said(87..90, "it is an IP address");
    said(90..95, "twice");
    said(95..100, "does not resolve");
    assert!(entries[95..].iter().all(|entry| entry["outcome"] == "dns"), "{batch}");
    let count = |field: &str| batch[field].as_u64().unwrap();
    assert_eq!(
        (count("total_jobs"), count("completed_jobs"), count("failed_jobs")),
        (100, 77, 23)
    );
}

/// A client that missed the response sends its request again, and the work is not repeated.
#[tokio::test]
async fn a_repeated_request_takes_effect_once() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    let scan = json!({ "base_url": "a.bench.test" });
    let first = acme.post_as("order-1", "/api/v1/scrapersky", &scan).await;
    let again = acme.post_as("order-1", "/api/v1/scrapersky", &scan).await;
    assert_eq!((first.status, &first.body), (200, &again.body));
    assert_eq!(acme.get("/api/v1/jobs").await.body["total"], 1);

    let second = json!({ "base_url": "c.bench.test" });
    let (one, other) = tokio::join!(
        acme.post_as("order-2", "/api/v1/scrapersky", &second),
        acme.post_as("order-2", "/api/v1/scrapersky", &second)
    );
    assert_eq!(one.body, other.body, "at the same time");
    assert_eq!(acme.get("/api/v1/jobs").await.body["total"], 2);

    let another = json!({ "base_url": "b.bench.test" });
    let refused = acme.post_as("order-1", "/api/v1/scrapersky", &another).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.body["detail"].as_str().unwrap().contains("order-1"));
    let elsewhere = acme
        .post_as("order-1", "/api/v1/batch", &json!({ "domains": ["a.bench.test"] }))
        .await;
    assert_eq!(elsewhere.status, 422, "{elsewhere:?}");
    // Refused requests are not stored.
    let wrong = acme
        .post_as("order-3", "/api/v1/scrapersky", &json!({ "base_url": "localhost" }))
        .await;
    assert_eq!(wrong.status, 400);
    assert_eq!(acme.post_as("order-3", "/api/v1/scrapersky", &scan).await.status, 200);
    let spaced = acme.post_as("order 4", "/api/v1/scrapersky", &scan).await;
    assert_eq!(spaced.status, 400, "{spaced:?}");

    let of_bolt = bolt.post_as("order-1", "/api/v1/scrapersky", &another).await;
    assert_eq!(of_bolt.status, 200, "another tenant may use the same key: {of_bolt:?}");
    let batch = json!({ "domains": ["a.bench.test", "b.bench.test"] });
    let first = acme.post_as("batch-1", "/api/v1/batch", &batch).await;
    assert_eq!(first.body, acme.post_as("batch-1", "/api/v1/batch", &batch).await.body);
}

#[tokio::test]
async fn another_tenants_rows_look_missing() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let umbra = app.agency("umbra").await;
    let scan = acme
        .post("/api/v1/scrapersky", json!({ "base_url": "a.bench.test" }))
        .await
        .body;
    let batch = acme
        .post("/api/v1/batch", json!({ "domains": ["b.bench.test"] }))
        .await
        .body;
    let domain = acme.get("/api/v1/domains").await.body["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (scan, batch) = (scan["job_id"].as_str().unwrap(), batch["batch_id"].as_str().unwrap());
    let unknown = "00000000000040008000000000000000";

    for (method, path, ids) in [
        (
            Method::Get,
            "/api/v1/status/",
            [scan, &format!("scan_{unknown}"), "scan_x"],
        ),
        (Method::Get, "/api/v1/jobs/", [scan, unknown, "x"]),
        (
            Method::Get,
            "/api/v1/batch/status/",
            [batch, &format!("batch_{unknown}"), "batch_x"],
        ),
        (Method::Get, "/api/v1/domains/", [domain.as_str(), unknown, "x"]),
        (Method::Delete, "/api/v1/domains/", [domain.as_str(), unknown, "x"]),
    ] {
        for id in ids {
            let mut answer = app.send(method, &format!("{path}{id}"), Some(&umbra.key), None).await;
            answer.body.as_object_mut().unwrap().remove("request_id").unwrap();
            assert_eq!(answer.status, 404, "{method} {path}{id}: {answer:?}");
            assert_eq!(answer.content_type, "application/problem+json");
            assert_eq!(
                answer.body,
                json!({
                    "type": "/docs/problems#not_found", "title": "Not Found", "status": 404, "detail": "not found", "code": "not_found"
                })
            );
        }
    }
    for path in [
        format!("/api/v1/jobs/{scan}/cancel"),
        format!("/api/v1/jobs/{scan}/retry"),
        format!("/api/v1/batches/{batch}/retry"),
        format!("/api/v1/batches/{batch}/cancel"),
    ] {
        assert_eq!(umbra.post(&path, json!({})).await.status, 404, "{path}");
    }
    for path in ["/api/v1/jobs", "/api/v1/domains"] {
        assert_eq!(umbra.get(path).await.body["total"], 0);
    }
    assert_eq!(acme.get("/api/v1/jobs").await.body["total"], 2);
}

#[tokio::test]
async fn a_valid_key_with_the_scope_is_required() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let umbra = app.agency("umbra").await;
    let reader = app.key(&acme.agency, &[Scope::Read]).await;
    let scan = r#"{"base_url": "a.bench.test"}"#;
    let post = async |key: Option<&str>, body: &str| {
        app.send(Method::Post, "/api/v1/scrapersky", key, Some((ContentType::JSON, body)))
            .await
    };
    assert_eq!(post(None, scan).await.status, 401);
    assert_eq!(post(Some("sky_0000"), scan).await.status, 401);
    assert_eq!(post(Some(&reader), scan).await.status, 403);
    assert_eq!(
        app.send(Method::Get, "/api/v1/domains", Some(&reader), None)
            .await
            .status,
        200
    );

    let of_tenant = |tenant: &str| json!({ "base_url": "a.bench.test", "tenant_id": tenant }).to_string();
    assert_eq!(post(Some(&acme.key), &of_tenant("no uuid")).await.status, 400);
    assert_eq!(
        post(Some(&acme.key), &of_tenant(&umbra.agency.id.to_string()))
            .await
            .status,
        403
    );
    assert_eq!(
        post(Some(&acme.key), &of_tenant(&acme.agency.id.to_string()))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn invalid_requests_get_errors_of_one_shape() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let many: Vec<_> = (0..101).map(|number| format!("s{number}.bench.test")).collect();
    for (path, body, status, field) in [
        (
            "/api/v1/scrapersky",
            json!({ "base_url": "not a domain" }).to_string(),
            400,
            Some("base_url"),
        ),
        (
            "/api/v1/scrapersky",
            json!({ "base_url": "a.bench.test", "max_pages": 0 }).to_string(),
            400,
            Some("max_pages"),
        ),
        ("/api/v1/scrapersky", json!({}).to_string(), 422, Some("base_url")),
        ("/api/v1/scrapersky", "{".to_owned(), 400, None),
        (
            "/api/v1/batch",
            json!({ "domains": [] }).to_string(),
            400,
            Some("domains"),
        ),
        (
            "/api/v1/batch",
            json!({ "domains": many }).to_string(),
            400,
            Some("domains"),
        ),
        ("/api/v1/nothing", json!({}).to_string(), 404, None),
    ] {
        let answer = app
            .send(Method::Post, path, Some(&acme.key), Some((ContentType::JSON, &body)))
            .await;
        assert_eq!(answer.status, status, "{path} {body}: {answer:?}");
        assert_eq!(answer.content_type, "application/problem+json");
        assert_eq!(answer.body["field"].as_str(), field, "{answer:?}");
        assert!(answer.body["detail"].is_string() && answer.body["request_id"].is_string());
    }
}

#[tokio::test]
async fn a_waiting_job_is_cancelled_and_retried() {
    let app = TestApp::new().await;
    let site = shop().await;
    let acme = app.agency("acme").await;
    let scan = acme
        .post("/api/v1/scrapersky/", json!({ "base_url": "a.bench.test" }))
        .await
        .body;
    let id = scan["job_id"].as_str().unwrap();

    assert_eq!(
        acme.post(&format!("/api/v1/jobs/{id}/retry"), json!({})).await.status,
        409
    );
    let cancelled = acme.post(&format!("/api/v1/jobs/{id}/cancel"), json!({})).await;
    assert_eq!(
        (cancelled.status, &cancelled.body["status"]),
        (200, &json!("cancelled"))
    );
    assert_eq!(acme.get(&format!("/api/v1/status/{id}")).await.body["status"], "failed");
    assert_eq!(
        acme.post(&format!("/api/v1/jobs/{id}/retry"), json!({})).await.status,
        202
    );
    let _work = app.work(&site);
    assert_eq!(
        acme.ended(&format!("/api/v1/status/{id}/")).await["status"],
        "completed"
    );
}

#[tokio::test]
async fn jobs_are_listed_by_cursor_without_gaps_or_duplicates() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let domains: Vec<_> = (0..7).map(|number| format!("s{number}.bench.test")).collect();
    acme.post("/api/v1/batch", json!({ "domains": domains })).await;
    let mut seen = Vec::new();
    let mut path = "/api/v1/jobs?limit=3&status=pending&kind=domain_scan".to_owned();
    loop {
        let page = acme.get(&path).await.body;
        assert_eq!(page["total"], 7);
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|job| job["id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/v1/jobs?limit=3&status=pending&kind=domain_scan&cursor={cursor}");
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((count, seen.len()), (7, 7));
}

#[tokio::test]
async fn the_service_reports_its_health() {
    let app = TestApp::new().await;
    for (path, status) in [
        ("/health", "healthy"),
        ("/live", "live"),
        ("/ready", "ready"),
        ("/health/", "healthy"),
    ] {
        let answer = app.send(Method::Get, path, None, None).await;
        assert_eq!((answer.status, &answer.body["status"]), (200, &json!(status)), "{path}");
    }
    assert_eq!(app.send(Method::Head, "/health", None, None).await.status, 200);
}

#[tokio::test]
async fn a_server_that_may_not_enter_the_roles_of_requests_is_not_ready() {
    let mut database = TestDatabase::new().await;
    let login = database.login("stranger", "").await;
    let client = database.client().await;
    let grant = format!("GRANT SELECT ON __diesel_schema_migrations TO {}", login.name);
    client.batch_execute(&grant).await.unwrap();
    let pool = Pool::new(&login.database_url(), &PoolConfig::default()).unwrap();
    let app = TestApp::on(Agencies { database, pool }, &[]).await;
    let answer = app.send(Method::Get, "/ready", None, None).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (503, &json!("unavailable")),
        "{answer:?}"
    );
    assert_eq!(app.send(Method::Get, "/live", None, None).await.status, 200);
}
