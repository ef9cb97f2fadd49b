//! Submissions: counted against the quota, and deduplicated.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::app::{Holder, TestApp};
use crate::support::extent;
use crate::support::tenants::Agencies;

/// Imports places and returns their ids.
async fn places(app: &TestApp, holder: &Holder<'_>, count: usize) -> Vec<String> {
    let file: String = (0..count)
        .map(|number| format!("place-{number},Place {number},selected\n"))
        .collect();
    let answer = app
        .send(
            rocket::http::Method::Post,
            "/api/v1/places/import",
            Some(&holder.key),
            Some((rocket::http::ContentType::CSV, &format!("place_id,name,status\n{file}"))),
        )
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    (0..count).map(|number| format!("place-{number}")).collect()
}

/// Returns the number of the tenant's jobs of a kind.
async fn jobs(holder: &Holder<'_>, kind: &str) -> i64 {
    let answer = holder.get(&format!("/api/v1/jobs?kind={kind}&limit=1")).await;
    answer.body["total"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_equal_scans_become_one_job() {
    let app = TestApp::with(&[("requests_per_minute", "0"), ("tenant_requests_per_minute", "0")]).await;
    let acme = app.agency("acme").await;
    let scan = json!({ "base_url": "https://www.shop.bench.test/" });
    let answers = join_all((0..200).map(|_| acme.post("/api/v1/scrapersky", scan.clone()))).await;
    let mut ids: Vec<&str> = answers
        .iter()
        .map(|answer| answer.body["job_id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), jobs(&acme, "domain_scan").await), (1, 1));
}

#[tokio::test]
async fn an_ended_scan_does_not_block_the_next() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let scan = async || {
        acme.post("/api/v1/scrapersky", json!({ "base_url": "a.bench.test" }))
            .await
            .body["job_id"]
            .clone()
    };
    let first = scan().await;
    assert_eq!(scan().await, first);
    let cancel = format!("/api/v1/jobs/{}/cancel", first.as_str().unwrap());
    assert_eq!(acme.post(&cancel, json!({})).await.status, 200);
    assert_ne!(scan().await, first);
}

#[tokio::test]
async fn a_batch_entry_refers_to_the_unfinished_scan() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let open = acme
        .post("/api/v1/scrapersky", json!({ "base_url": "b.bench.test" }))
        .await
        .body["job_id"]
        .clone();
    let domains = json!({ "domains": ["c.bench.test", "b.bench.test", "a.bench.test"] });
    let batch = acme.post("/api/v1/batch", domains).await;
    assert_eq!((batch.status, &batch.body["job_count"]), (200, &json!(3)), "{batch:?}");
    assert_eq!(jobs(&acme, "domain_scan").await, 3);
    let path = batch.body["status_url"].as_str().unwrap().to_owned();
    let status = acme.get(&path).await.body;
    let entries = status["jobs"].as_array().unwrap();
    let domains: Vec<_> = entries.iter().map(|entry| entry["domain"].clone()).collect();
    assert_eq!(domains, ["c.bench.test", "b.bench.test", "a.bench.test"]);
    assert!(entries.iter().all(|entry| entry["status"] == "pending"), "{status}");
    assert_eq!(entries[1]["job_id"], open);
    // The entry shows the scan's state, and retrying the batch retries the scan.
    let id = open.as_str().unwrap();
    acme.post(&format!("/api/v1/jobs/{id}/cancel"), json!({})).await;
    assert_eq!(acme.get(&path).await.body["jobs"][1]["status"], "failed");
    let batch_id = batch.body["batch_id"].as_str().unwrap();
    let retried = acme.post(&format!("/api/v1/batches/{batch_id}/retry"), json!({})).await;
    assert_eq!(
        (retried.status, &retried.body["changed"]),
        (202, &json!(1)),
        "{retried:?}"
    );
    assert_eq!(acme.get(&path).await.body["jobs"][1]["status"], "pending");
}

#[tokio::test]
async fn a_batch_is_not_retried_if_other_jobs_do_its_work() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let batch = acme
        .post("/api/v1/batch", json!({ "domains": ["a.bench.test"] }))
        .await
        .body;
    let status = acme.get(batch["status_url"].as_str().unwrap()).await.body;
    let id = status["jobs"][0]["job_id"].as_str().unwrap();
    acme.post(&format!("/api/v1/jobs/{id}/cancel"), json!({})).await;
    acme.post("/api/v1/scrapersky", json!({ "base_url": "a.bench.test" }))
        .await;
    let retry = format!("/api/v1/batches/{}/retry", batch["batch_id"].as_str().unwrap());
    let retried = acme.post(&retry, json!({})).await;
    assert_eq!(
        (retried.status, &retried.body["changed"]),
        (202, &json!(0)),
        "{retried:?}"
    );
}

/// Each way to start work: how many scans it counts the first time, and its path and body.
fn ways(domain: &str, place: &str, number: usize) -> Vec<(i64, &'static str, String, Value)> {
    let name = format!("n{number}.bench.test");
    vec![
        (
            1,
            "domain_scan",
            "/api/v1/scrapersky".to_owned(),
            json!({ "base_url": name }),
        ),
        (
            2,
            "domain_scan",
            "/api/v1/batch".to_owned(),
            json!({ "domains": [format!("x{name}"), format!("y{name}")] }),
        ),
        (
            1,
            "sitemap_scan",
            "/api/v1/sitemap/scan".to_owned(),
            json!({ "domain": name }),
        ),
        (1, "email_scan", format!("/email-scanner/scan/{domain}"), json!({})),
        (
            1,
            "place_search",
            "/api/v1/places/search".to_owned(),
            json!({ "location": name, "business_type": "dentist" }),
        ),
        (
            1,
            "place_details",
            "/api/v1/places/details".to_owned(),
            json!({ "place_ids": [place] }),
        ),
        (
            2,
            "place_hand_over",
            "/api/v1/places/hand-over".to_owned(),
            json!({ "place_ids": [place], "scan": true, "emails": true }),
        ),
    ]
}

#[tokio::test]
async fn the_quota_applies_to_every_way_to_start_work() {
    let quota = 9;
    let limits = [
        ("scans_per_day", "9"),
        ("requests_per_minute", "0"),
        ("tenant_requests_per_minute", "0"),
    ];
    let app = TestApp::with(&limits).await;
    let acme = app.agency("acme").await;
    let places = places(&app, &acme, 2).await;
    let domains = [
        acme.agency.domain("one.test").await.id,
        acme.agency.domain("two.test").await.id,
    ];
    let client = app.agencies().database.client().await;
    let mut counted = 0;
    for (scans, kind, path, body) in ways(&domains[0].to_string(), &places[0], 0) {
        let answer = acme.post(&path, body).await;
        assert!((200..300).contains(&answer.status), "{kind}: {answer:?}");
        counted += scans;
        let day: i64 = client
            .query_one("SELECT scans FROM scan_days", &[])
            .await
            .unwrap()
            .get(0);
        assert_eq!(day, counted, "{path}");
    }
    assert_eq!(counted, quota);
    for (_, kind, path, body) in ways(&domains[1].to_string(), &places[1], 1) {
        let before = jobs(&acme, kind).await;
        let answer = acme.post(&path, body).await;
        assert_eq!(answer.status, 429, "{path}: {answer:?}");
        assert_eq!(jobs(&acme, kind).await, before, "{path}");
    }
}

#[tokio::test]
async fn equal_look_ups_and_hand_overs_are_one_job() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let mut ids = places(&app, &acme, 2).await;
    for (kind, path) in [("place_details", "details"), ("place_hand_over", "hand-over")] {
        let path = format!("/api/v1/places/{path}");
        let first = acme.post(&path, json!({ "place_ids": ids })).await;
        ids.reverse();
        let again = acme.post(&path, json!({ "place_ids": ids })).await;
        assert_eq!((first.status, again.status), (202, 202));
        assert_eq!(first.body["job_id"], again.body["job_id"]);
        acme.post(&path, json!({ "place_ids": [ids[0]] })).await;
        assert_eq!(jobs(&acme, kind).await, 2);
    }
}

#[tokio::test]
async fn an_undo_that_names_a_change_is_refused() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let ids = places(&app, &acme, 1).await;
    let change = json!({ "place_ids": ids, "status": "archived" });
    assert_eq!(acme.post("/api/v1/places/update", change).await.status, 200);
    let named = json!({ "change_id": "00000000-0000-0000-0000-000000000000" });
    let refused = acme.post("/api/v1/places/undo", named).await;
    assert_eq!(
        (refused.status, &refused.body["field"]),
        (422, &json!("change_id")),
        "{refused:?}"
    );
    let place = acme.get(&format!("/api/v1/places/{}", ids[0])).await.body;
    assert_eq!(place["status"], "archived", "nothing was undone");
    assert_eq!(acme.post("/api/v1/places/undo", json!({})).await.status, 200);
}

#[tokio::test]
async fn missing_fields_are_named_with_their_path() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    for (path, body, field) in [
        ("/api/v1/scrapersky", json!({}), "base_url"),
        ("/api/v1/scrapersky", json!({ "base_url": 1 }), "base_url"),
        ("/api/v1/batch", json!({ "domains": ["a.test", 2] }), "domains[1]"),
        ("/api/v1/places/search", json!({ "location": "x" }), "business_type"),
    ] {
        let answer = acme.post(path, body.clone()).await;
        assert_eq!(
            (answer.status, &answer.body["field"]),
            (422, &json!(field)),
            "{body}: {answer:?}"
        );
    }
}

/// PostgreSQL in another language uses other error texts.
#[tokio::test]
async fn an_unstorable_value_is_a_client_error_in_any_language() {
    let installed = std::process::Command::new("locale").arg("-a").output().unwrap();
    let is_installed = String::from_utf8_lossy(&installed.stdout).contains("de_DE.utf8");
    assert!(
        is_installed || !extent::is_full(),
        "the locale de_DE.UTF-8 is not installed"
    );
    let languages: &[(&str, &str)] = &[("C", "invalid"), ("de_DE.UTF-8", "ungültig")];
    for (language, word) in languages.iter().take(1 + usize::from(is_installed)) {
        let agencies = Agencies::with_connections(5).await;
        let client = agencies.database.client().await;
        let name: String = client.query_one("SELECT current_database()", &[]).await.unwrap().get(0);
        let speak = format!("ALTER DATABASE {name} SET lc_messages = '{language}'; SET lc_messages = '{language}'");
        client.batch_execute(&speak).await.unwrap();
        let error = client.batch_execute("SELECT 'x'::int").await.unwrap_err();
        let said = error.as_db_error().unwrap().message().to_owned();
        assert!(said.contains(word), "{language}: {said}");
        let app = TestApp::on(agencies, &[]).await;
        let acme = app.agency("acme").await;
        for path in [
            "/api/v1/domains?q=a%00b",
            "/api/v1/contacts?q=a%00b",
            "/api/v1/places/staging?q=a%00b",
        ] {
            let answer = acme.get(path).await;
            assert_eq!(answer.status, 400, "{language}: {path}: {answer:?}");
        }
    }
}

/// Both kinds of scan lock the domain's row and the tenant's daily count; in different orders they would deadlock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scans_of_a_domain_and_of_its_emails_do_not_deadlock() {
    let app = TestApp::with(&[
        ("requests_per_minute", "0"),
        ("tenant_requests_per_minute", "0"),
        ("scans_per_day", "1000"),
    ])
    .await;
    let acme = app.agency("acme").await;
    app.sql(&format!(
        "INSERT INTO domains (id, tenant_id, domain)
         SELECT gen_random_uuid(), '{}', 'd' || n || '.bench.test' FROM generate_series(1, 40) n",
        acme.agency.id
    ))
    .await;
    let listed = acme.get("/api/v1/domains?limit=1000").await;
    let domains = listed.body["items"].as_array().unwrap();
    assert_eq!(domains.len(), 40);
    let answers = join_all(domains.iter().map(async |row| {
        let emails = format!("/email-scanner/scan/{}", row["id"].as_str().unwrap());
        let scan = json!({ "base_url": row["domain"] });
        futures_util::join!(acme.post(&emails, json!({})), acme.post("/api/v1/scrapersky", scan))
    }))
    .await;
    for (emails, scan) in &answers {
        assert_eq!((emails.status, scan.status), (200, 200), "{emails:?} {scan:?}");
    }
    assert_eq!(app.count("SELECT scans FROM scan_days").await, 80);
}
