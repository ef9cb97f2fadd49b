//! Filters of the list of jobs, and batches of any kind.

use rocket::http::Method;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{batch, jobs, scan};
use crate::support::app::TestApp;
use crate::support::database::eventually;
use crate::support::site::{Reply, Site};

#[tokio::test]
async fn jobs_are_listed_by_every_filter() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    let id = batch(&acme, &["a.bench.test", "b.bench.test"]).await;
    let lone = scan(&acme, "c.bench.test").await;
    acme.post("/api/v1/sitemap/scan", json!({ "domain": "c.bench.test" }))
        .await;
    acme.post(&format!("/api/v1/jobs/{lone}/cancel"), json!({})).await;
    let lone_job = acme.get(&format!("/api/v1/jobs/{lone}")).await.body;
    let (domain, job) = (
        lone_job["domain_id"].as_str().unwrap(),
        lone_job["id"].as_str().unwrap(),
    );
    app.sql(&format!(
        "UPDATE jobs SET outcome = 'timeout', status = 'failed' WHERE job_id = '{job}'"
    ))
    .await;
    let uuid = id.trim_start_matches("batch_");
    let first = jobs(&acme, &format!("batch_id={id}")).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (query, count) in [
        (format!("batch_id={id}"), 2),
        (format!("batch_id={uuid}"), 2),
        (format!("domain_id={domain}"), 2),
        (format!("domain_id={domain}&kind=sitemap_scan"), 1),
        (format!("ids={lone},{first}"), 2),
        (format!("ids={job}"), 1),
        (format!("parent_id={job}"), 0),
        ("status=pending".to_owned(), 3),
        ("status=failed".to_owned(), 1),
        ("status=pending,failed".to_owned(), 4),
        ("outcome=timeout".to_owned(), 1),
        ("outcome=ok".to_owned(), 0),
        ("created_from=2999-01-01T00:00:00Z".to_owned(), 0),
    ] {
        assert_eq!(jobs(&acme, &query).await.len(), count, "{query}");
        assert_eq!(jobs(&bolt, &query).await.len(), 0, "{query}");
    }
    for (query, field) in [
        ("status=done", "status"),
        ("status=pending,", "status"),
        ("outcome=fine", "outcome"),
        ("batch_id=x", "batch_id"),
        ("ids=", "ids"),
        ("parent_id=scan_x", "parent_id"),
    ] {
        let answer = acme.get(&format!("/api/v1/jobs?{query}")).await;
        assert_eq!(
            (answer.status, &answer.body["field"]),
            (400, &json!(field)),
            "{query}: {answer:?}"
        );
    }
    let many = vec![lone.as_str(); 1001].join(",");
    assert_eq!(acme.get(&format!("/api/v1/jobs?ids={many}")).await.status, 400);
}

/// By a list as by one; the operator has no id.
#[tokio::test]
async fn a_job_names_who_requested_it() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let id = scan(&acme, "a.bench.test").await;
    let listed = &jobs(&acme, &format!("ids={id}")).await[0]["created_by"];
    assert_eq!(
        (&listed["kind"], &listed["name"]),
        (&json!("key"), &json!("test")),
        "{listed}"
    );
    let path = format!("/api/v1/jobs/{id}");
    assert_eq!(&acme.get(&path).await.body["created_by"], listed);
    app.sql("UPDATE jobs SET created_by = NULL").await;
    assert_eq!(
        acme.get(&path).await.body["created_by"],
        json!({ "id": null, "kind": "operator", "name": null })
    );
}

/// Returns the UUID of a batch in v1's form.
fn uuid(id: &str) -> String {
    uuid::Uuid::parse_str(id.trim_start_matches("batch_"))
        .unwrap()
        .to_string()
}

#[tokio::test]
async fn past_batches_are_listed_newest_first() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    let id = batch(&acme, &["a.bench.test", "b.bench.test", "localhost"]).await;
    let later = batch(&acme, &["c.bench.test"]).await;
    let list = acme.get("/api/v1/batches").await.body;
    let ids: Vec<&Value> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|batch| &batch["id"])
        .collect();
    assert_eq!(ids, [&json!(uuid(&later)), &json!(uuid(&id))]);
    assert_eq!(list["items"][1]["jobs"]["pending"], 2, "{list}");
    let by = &list["items"][1]["created_by"];
    assert_eq!((&by["kind"], &by["name"]), (&json!("key"), &json!("test")), "{by}");
    assert_eq!(list["items"][1]["not_queued"], 1, "{list}");
    for (query, count) in [
        ("kind=rescan", 0),
        ("kind=domain_scan", 2),
        ("created_before=2020-01-01T00:00:00Z", 0),
        ("created_from=2020-01-01T00:00:00Z", 2),
    ] {
        let found = acme.get(&format!("/api/v1/batches?{query}")).await.body;
        assert_eq!(found["items"].as_array().unwrap().len(), count, "{query}: {found}");
    }
    assert_eq!(bolt.get("/api/v1/batches").await.body["items"], json!([]));
    let page = acme.get("/api/v1/batches?limit=1").await.body;
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = acme.get(&format!("/api/v1/batches?limit=1&cursor={cursor}")).await.body;
    assert_eq!(next["items"][0]["id"], uuid(&id));
}

#[tokio::test]
async fn a_batch_shows_its_jobs_its_failures_and_what_it_joined() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let open = scan(&acme, "open.bench.test").await;
    let domains = ["a.bench.test", "b.bench.test", "open.bench.test", "localhost"];
    let id = batch(&acme, &domains).await;
    let path = format!("/api/v1/batches/{id}");
    let shown = acme.get(&path).await.body;
    assert_eq!(
        (&shown["kind"], &shown["status"], &shown["total"], &shown["not_queued"]),
        (&json!("domain_scan"), &json!("pending"), &json!(4), &json!(1)),
        "{shown}"
    );
    assert_eq!(shown["status_url"], format!("/api/v1/batches/{}", uuid(&id)));
    assert_eq!(shown["failed"][0]["domain"], "localhost");
    assert_eq!(shown["created_by"]["name"], "test");
    assert_eq!(jobs(&acme, &format!("batch_id={id}")).await.len(), 3);

    acme.post(&format!("{path}/cancel"), json!({})).await;
    let open = open.trim_start_matches("scan_");
    app.sql(&format!(
        "UPDATE jobs SET status = 'failed', outcome = 'timeout', error = 'slow', completed_at = now() WHERE job_id = '{open}'"
    ))
    .await;
    let shown = acme.get(&path).await.body;
    assert_eq!(
        (&shown["status"], &shown["jobs"]["cancelled"], &shown["outcomes"]),
        (&json!("failed"), &json!(2), &json!({ "timeout": 1 })),
        "{shown}"
    );
    let failed = json!({
        "domain": "open.bench.test", "job_id": uuid(open), "kind": "domain_scan", "outcome": "timeout", "error": "slow"
    });
    assert_eq!(shown["failed"][1], failed);
    assert!(shown["completed_at"].is_string(), "{shown}");
}

#[tokio::test]
async fn cancelling_a_batch_leaves_the_work_of_others_and_a_retry_queues_all_of_it() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    let open = scan(&acme, "open.bench.test").await;
    let id = batch(&acme, &["a.bench.test", "b.bench.test", "open.bench.test"]).await;
    let path = format!("/api/v1/batches/{id}");
    for change in ["", "/retry", "/cancel"] {
        let refused = match change {
            "" => bolt.get(&path).await,
            change => bolt.post(&format!("{path}{change}"), json!({})).await,
        };
        assert_eq!(refused.status, 404, "{change}: {refused:?}");
    }
    let cancelled = acme.post(&format!("{path}/cancel"), json!({})).await;
    assert_eq!(
        (cancelled.status, &cancelled.body["matched"], &cancelled.body["changed"]),
        (200, &json!(2), &json!(2)),
        "{cancelled:?}"
    );
    let open = acme.get(&format!("/api/v1/jobs/{open}")).await.body;
    assert_eq!(open["status"], "pending");
    acme.post("/api/v1/jobs/cancel", json!({ "ids": [open["id"]] })).await;
    let retried = acme.post(&format!("{path}/retry"), json!({})).await;
    assert_eq!(
        (retried.status, &retried.body["changed"]),
        (202, &json!(3)),
        "{retried:?}"
    );
    assert_eq!(retried.body["status_url"], format!("/api/v1/batches/{}", uuid(&id)));
    assert_eq!(acme.get(&path).await.body["jobs"]["pending"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hand_over_is_a_batch_of_itself_and_the_scans_that_it_queued() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let (gate, opened) = watch::channel(false);
    let site = Site::start(move |path| match path {
        "/robots.txt" => Reply::new("404 Not Found", &[], ""),
        _ => Reply::Held(opened.clone(), Reply::html("<title>x</title>").into_bytes()),
    })
    .await;
    let file = "place_id,name,status,website\n\
                one,A,selected,http://a.bench.test\n\
                two,B,selected,http://b.bench.test\n\
                three,C,selected,\n";
    let (status, report) = app.text(Method::Post, "/api/v1/places/import", &acme.key, file).await;
    assert_eq!(status, 200, "{report}");
    let open = scan(&acme, "a.bench.test").await;
    let open = acme.get(&format!("/api/v1/jobs/{open}")).await.body["id"].clone();
    let body = json!({ "filter": {}, "scan": true, "emails": true });
    let queued = acme.post("/api/v1/places/hand-over", body.clone()).await.body;
    let (job, batch) = (queued["job_id"].as_str().unwrap(), queued["batch_id"].as_str().unwrap());
    // Equal work is one job, and one batch.
    let again = acme.post("/api/v1/places/hand-over", body).await.body;
    assert_eq!((&again["job_id"], &again["batch_id"]), (&json!(job), &json!(batch)));
    assert_eq!(acme.get("/api/v1/batches").await.body["total"], 1);
    assert_eq!(
        acme.get(&format!("/api/v1/batches/{batch}")).await.body["status"],
        "pending"
    );

    let _work = app.work(&site);
    let ended = acme.get(&format!("/api/v1/jobs/{job}?wait=30")).await.body;
    assert_eq!(ended["status"], "completed", "{ended}");
    let children = jobs(&acme, &format!("parent_id={job}")).await;
    assert_eq!(children.len(), 3, "{children:?}");
    for child in &children {
        assert_eq!((&child["parent_id"], &child["batch_id"]), (&json!(job), &json!(batch)));
    }
    // The job that was open is another's, and does work of the batch.
    let all = jobs(&acme, &format!("batch_id={batch}")).await;
    assert_eq!(all.len(), 5, "{all:?}");
    assert!(all.iter().any(|found| found["id"] == open));
    let shown = acme.get(&format!("/api/v1/batches/{batch}")).await.body;
    assert_eq!(
        (
            &shown["kind"],
            &shown["status"],
            &shown["total"],
            &shown["jobs"]["completed"]
        ),
        (&json!("place_hand_over"), &json!("running"), &json!(5), &json!(1)),
        "{shown}"
    );
    gate.send_replace(true);
    let ended = acme.get(&format!("/api/v1/batches/{batch}?wait=30")).await.body;
    assert_eq!(
        (&ended["status"], &ended["jobs"]["completed"]),
        (&json!("completed"), &json!(5)),
        "{ended}"
    );
}

/// A hand-over that is cancelled before it ends leaves no scans behind, however late that is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_cancelled_while_its_hand_over_ends_stays_cancelled() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|_| Reply::html("<title>x</title>")).await;
    let file = "place_id,name,status,website\none,A,selected,http://a.bench.test\n";
    app.text(Method::Post, "/api/v1/places/import", &acme.key, file).await;
    let queued = acme
        .post(
            "/api/v1/places/hand-over",
            json!({ "filter": {}, "scan": true, "emails": true }),
        )
        .await
        .body;
    let (job, batch) = (queued["job_id"].as_str().unwrap(), queued["batch_id"].as_str().unwrap());
    // Its last transaction waits for the place.
    let mut other = app.agencies().database.client().await;
    let locked = other.transaction().await.unwrap();
    locked
        .execute("SELECT FROM places_staging FOR UPDATE", &[])
        .await
        .unwrap();
    let _work = app.work(&site);
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    eventually("the hand-over waits for the place", async || app.count(waits).await > 0).await;
    let cancelled = acme.post(&format!("/api/v1/batches/{batch}/cancel"), json!({})).await;
    assert_eq!(
        (cancelled.status, &cancelled.body["changed"]),
        (202, &json!(1)),
        "{cancelled:?}"
    );
    locked.rollback().await.unwrap();
    let ended = acme.get(&format!("/api/v1/jobs/{job}?wait=30")).await.body;
    assert_eq!(ended["status"], "cancelled", "{ended}");
    assert_eq!(acme.get("/api/v1/jobs").await.body["total"], 1);
    assert_eq!(acme.get("/api/v1/domains").await.body["total"], 0);
    assert_eq!(
        acme.get(&format!("/api/v1/batches/{batch}")).await.body["status"],
        "cancelled"
    );
}
