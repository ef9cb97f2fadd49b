//! Why an unfinished job has not ended.

use serde_json::{Value, json};

use super::{jobs, scan};
use crate::support::app::{Holder, TestApp};

async fn waiting(holder: &Holder<'_>, id: &str) -> Value {
    holder.get(&format!("/api/v1/jobs/{id}")).await.body["waiting"].clone()
}

#[tokio::test]
async fn a_job_in_the_queue_says_its_position_and_how_many_tenants_wait() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    acme.post("/api/v1/sitemap/scan", json!({ "domain": "x.bench.test" }))
        .await;
    let first = scan(&acme, "a.bench.test").await;
    let second = scan(&acme, "b.bench.test").await;
    let at = |waiting: &Value| {
        ["position", "ahead", "ahead_of_kind", "running", "tenants"].map(|name| waiting[name].as_i64().unwrap())
    };
    let of_second = waiting(&acme, &second).await;
    assert_eq!(of_second["reason"], "queue", "{of_second}");
    assert_eq!(at(&of_second), [3, 2, 1, 0, 1]);
    assert_eq!(at(&waiting(&acme, &first).await), [2, 1, 0, 0, 1]);

    let bolt = app.agency("bolt").await;
    let theirs = scan(&bolt, "a.bench.test").await;
    assert_eq!(at(&waiting(&bolt, &theirs).await), [1, 0, 0, 0, 2]);
    let of_second = waiting(&acme, &second).await;
    assert_eq!(of_second["reason"], "tenant_share", "{of_second}");
    assert_eq!(at(&of_second), [3, 2, 1, 0, 2]);

    // Workers claim in the same order: by priority, then by time; what is not due is not in front.
    let uuid = second.trim_start_matches("scan_");
    app.sql(&format!("UPDATE jobs SET priority = 1 WHERE job_id = '{uuid}'"))
        .await;
    assert_eq!(at(&waiting(&acme, &second).await), [1, 0, 0, 0, 2]);
    assert_eq!(at(&waiting(&acme, &first).await), [3, 2, 1, 0, 2]);
    app.sql(&format!(
        "UPDATE jobs SET run_at = now() + interval '1 hour' WHERE job_id = '{uuid}'"
    ))
    .await;
    assert_eq!(at(&waiting(&acme, &first).await), [2, 1, 0, 0, 2]);
    let later = waiting(&acme, &second).await;
    assert_eq!(later["reason"], "scheduled", "{later}");
    assert!(
        later["next_attempt_at"].is_string() && later["position"].is_null(),
        "{later}"
    );

    let tenant = acme.agency.id;
    app.sql(&format!(
        "INSERT INTO jobs (job_id, tenant_id, status, kind, created_at, priority)
         SELECT gen_random_uuid(), '{tenant}', 'pending', 'other', now(), 5 FROM generate_series(1, 10050)"
    ))
    .await;
    let of_first = waiting(&acme, &first).await;
    assert_eq!(of_first["ahead"], 10_000, "{of_first}");
    assert!(of_first["position"].is_null(), "{of_first}");
    assert!(
        of_first["detail"].as_str().unwrap().contains("at least 10000"),
        "{of_first}"
    );
}

#[tokio::test]
async fn every_reason_is_told_from_what_is_stored() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let id = scan(&acme, "a.bench.test").await;
    let uuid = id.trim_start_matches("scan_");
    let set = async |columns: &str| {
        app.sql(&format!("UPDATE jobs SET {columns} WHERE job_id = '{uuid}'"))
            .await
    };
    set("run_at = now() + interval '1 hour', attempts = 1, error = 'it was slow'").await;
    let next = waiting(&acme, &id).await;
    assert_eq!(next["reason"], "next_attempt", "{next}");
    assert!(next["detail"].as_str().unwrap().contains("it was slow"), "{next}");
    assert!(next["next_attempt_at"].is_string(), "{next}");

    set("status = 'running', lease_token = gen_random_uuid(), lease_expires_at = now() + interval '1 hour', worker = 'w'").await;
    assert_eq!(waiting(&acme, &id).await["reason"], "running");
    // The burst is free of waiting.
    for (host, seconds, reason) in [
        ("a.bench.test", 1, "running"),
        ("b.bench.test", 60, "running"),
        ("www.a.bench.test", 60, "host_pace"),
    ] {
        app.sql(&format!(
            "INSERT INTO scrapersky_internal.host_turns (host, due_at) VALUES ('{host}', now() + make_interval(secs => {seconds}))"
        ))
        .await;
        let shown = waiting(&acme, &id).await;
        assert_eq!(shown["reason"], reason, "{host}: {shown}");
    }
    let paced = waiting(&acme, &id).await;
    assert_eq!(paced["host"], "a.bench.test", "{paced}");
    assert!(paced["host_busy_until"].is_string(), "{paced}");

    acme.post(&format!("/api/v1/jobs/{id}/cancel"), json!({})).await;
    assert_eq!(waiting(&acme, &id).await["reason"], "cancelling");
    assert_eq!(
        jobs(&acme, "status=running").await[0]["waiting"]["reason"],
        "cancelling"
    );
    set("status = 'cancelled', lease_token = NULL, lease_expires_at = NULL, completed_at = now()").await;
    assert_eq!(waiting(&acme, &id).await, Value::Null);
}
