//! API key routes and the audit log.

use std::time::{Duration, Instant};

use database::models::enums::Scope;
use rocket::http::{ContentType, Method};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::program::Program;
use crate::support::site::Site;
use crate::support::tenants::Agencies;

async fn status(app: &TestApp, key: &str) -> u16 {
    app.send(Method::Get, "/api/v1/domains", Some(key), None).await.status
}

#[tokio::test]
async fn administrators_create_rotate_and_revoke_keys() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let made = acme
        .post(
            "/api/v1/keys",
            json!({ "name": "front end", "scopes": ["read", "scan", "read"] }),
        )
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let key = made.body["key"].as_str().unwrap().to_owned();
    let id = made.body["id"].as_str().unwrap().to_owned();
    assert_eq!(made.body["scopes"], json!(["read", "scan"]));
    assert_eq!(status(&app, &key).await, 200);
    assert_eq!(
        app.send(Method::Get, "/api/v1/keys", Some(&key), None).await.status,
        403
    );

    let listed = acme.get("/api/v1/keys").await.body;
    assert_eq!(listed["total"], 2, "including the test's own key");
    assert!(!listed.to_string().contains(&key) && listed["items"][0].get("hash").is_none());
    assert_eq!(acme.get(&format!("/api/v1/keys/{id}")).await.body["state"], "valid");

    // Both keys are valid for a while; then the old one expires.
    let path = format!("/api/v1/keys/{id}/rotate");
    let rotated = acme.post(&path, json!({ "overlap_seconds": 3600 })).await;
    assert_eq!(rotated.status, 201, "{rotated:?}");
    let second = rotated.body["key"].as_str().unwrap().to_owned();
    assert_eq!(rotated.body["replaces"]["id"].as_str(), Some(id.as_str()));
    assert_eq!((status(&app, &key).await, status(&app, &second).await), (200, 200));
    let second_id = rotated.body["id"].as_str().unwrap();
    let third = acme
        .post(
            &format!("/api/v1/keys/{second_id}/rotate"),
            json!({ "overlap_seconds": 0 }),
        )
        .await;
    assert_eq!(third.status, 201);
    assert_eq!(
        acme.get(&format!("/api/v1/keys/{second_id}")).await.body["state"],
        "expired"
    );
    assert_eq!(
        acme.post(&format!("/api/v1/keys/{second_id}/rotate"), json!({}))
            .await
            .status,
        409
    );

    let third_id = third.body["id"].as_str().unwrap();
    assert_eq!(acme.delete(&format!("/api/v1/keys/{third_id}")).await.status, 204);
    assert_eq!(
        acme.get(&format!("/api/v1/keys/{third_id}")).await.body["state"],
        "revoked"
    );
    assert_eq!(status(&app, third.body["key"].as_str().unwrap()).await, 401);
}

#[tokio::test]
async fn invalid_keys_and_scopes_beyond_the_callers_are_refused() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    for (body, status, field) in [
        (json!({ "name": " ", "scopes": ["read"] }), 400, "name"),
        (json!({ "name": "x", "scopes": [] }), 400, "scopes"),
        (json!({ "name": "x", "scopes": ["everything"] }), 400, "scopes"),
        (
            json!({ "name": "x", "scopes": ["read"], "expires_at": "2001-01-01T00:00:00Z" }),
            400,
            "expires_at",
        ),
        (json!({ "scopes": ["read"] }), 422, "name"),
    ] {
        let refused = acme.post("/api/v1/keys", body).await;
        assert_eq!(
            (refused.status, refused.body["field"].as_str()),
            (status, Some(field)),
            "{refused:?}"
        );
    }
    // Callers cannot pass on scopes they do not have.
    let narrow = app.key(&acme.agency, &[Scope::Admin, Scope::Read]).await;
    let body = json!({ "name": "more", "scopes": ["scan"] }).to_string();
    let refused = app
        .send(
            Method::Post,
            "/api/v1/keys",
            Some(&narrow),
            Some((ContentType::JSON, &body)),
        )
        .await;
    assert_eq!(refused.status, 403);
    let wide = json!({ "name": "wide", "scopes": ["scan"] });
    let made = acme.post("/api/v1/keys", wide).await.body;
    let path = format!("/api/v1/keys/{}/rotate", made["id"].as_str().unwrap());
    let refused = app
        .send(Method::Post, &path, Some(&narrow), Some((ContentType::JSON, "{}")))
        .await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn access_deletions_and_bulk_changes_are_audited() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let domain = acme.agency.domain("a.test").await.id;
    let key = acme
        .post("/api/v1/keys", json!({ "name": "k", "scopes": ["read"] }))
        .await
        .body;
    let id = key["id"].as_str().unwrap();
    acme.post(&format!("/api/v1/keys/{id}/rotate"), json!({})).await;
    acme.delete(&format!("/api/v1/keys/{id}")).await;
    acme.delete(&format!("/api/v1/domains/{domain}")).await;
    acme.post(
        "/api/v1/sitemaps/curation",
        json!({ "status": "selected", "filter": {} }),
    )
    .await;
    let csv = "place_id,name,notes\np1,A,first\np2,B,second\n";
    let (status, said) = app.text(Method::Post, "/api/v1/places/import", &acme.key, csv).await;
    assert_eq!(status, 200, "{said}");
    acme.post("/api/v1/places/update", json!({ "filter": {}, "status": "selected" }))
        .await;
    acme.post("/api/v1/places/undo", json!({})).await;

    let log = acme.get("/api/v1/audit").await.body;
    let entries = log["items"].as_array().unwrap();
    let actions: Vec<&str> = entries
        .iter()
        .rev()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "key.create",
            "key.rotate",
            "key.revoke",
            "domain.delete",
            "sitemaps.curate",
            "places.import",
            "places.update",
            "places.undo"
        ]
    );
    let deleted = &entries[4];
    assert_eq!(deleted["subject"], domain.to_string());
    assert_eq!(deleted["details"]["domain"], "a.test");
    assert!(deleted["actor"]["kind"] == "key" && deleted["request_id"].is_string());
    assert!(!log.to_string().contains(key["key"].as_str().unwrap()));
}

#[tokio::test]
async fn the_audit_log_is_paged_filtered_and_immutable() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    for number in 0..4 {
        let name = json!({ "name": format!("k{number}"), "scopes": ["read"] });
        let key = acme.post("/api/v1/keys", name).await.body;
        let id = key["id"].as_str().unwrap();
        acme.delete(&format!("/api/v1/keys/{id}")).await;
    }
    let first = acme.get("/api/v1/audit?limit=3").await.body;
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = acme.get(&format!("/api/v1/audit?limit=100&cursor={cursor}")).await.body;
    assert_eq!(rest["items"].as_array().unwrap().len(), 5);
    assert_eq!(
        acme.get("/api/v1/audit?action=key.revoke").await.body["items"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    assert_eq!(bolt.get("/api/v1/audit").await.body["items"], json!([]));
    // Even the program cannot rewrite it.
    for change in ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log"] {
        let refused = acme
            .agency
            .attempt(async |conn| diesel_async::SimpleAsyncConnection::batch_execute(&mut **conn, change).await)
            .await;
        assert!(
            refused.unwrap_err().to_string().contains("permission denied"),
            "{change}"
        );
    }
}

/// Searches every row of every table for the key itself.
#[tokio::test]
async fn no_complete_key_is_stored_in_the_clear() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let body = json!({ "name": "k", "scopes": ["read"] });
    let made = acme.post("/api/v1/keys", body).await.body;
    let id = made["id"].as_str().unwrap();
    let rotated = acme.post(&format!("/api/v1/keys/{id}/rotate"), json!({})).await.body;
    let keys: Vec<String> = [&made["key"], &rotated["key"], &json!(acme.key)]
        .map(|key| key.as_str().unwrap().to_owned())
        .into();
    let client = app.agencies().database.client().await;
    let tables = "SELECT c.oid::regclass::text FROM pg_class c
         WHERE c.relkind IN ('r', 'p', 'm') AND c.relnamespace IN ('public'::regnamespace, 'scrapersky_internal'::regnamespace)";
    let mut searched = 0;
    for table in client.query(tables, &[]).await.unwrap() {
        let table: String = table.get(0);
        for row in client
            .query(&format!("SELECT t::text FROM {table} t"), &[])
            .await
            .unwrap()
        {
            let row: String = row.get(0);
            searched += 1;
            for key in &keys {
                // Only its prefix is stored in the clear.
                assert!(!row.contains(&key[13..]), "{table}: {row}");
            }
        }
    }
    assert!(searched > 10, "only {searched} rows");
}

/// Two processes, both of which have just accepted the key.
#[tokio::test]
async fn a_revoked_key_is_refused_within_five_seconds_in_every_process() {
    let agencies = Agencies::new().await;
    let site = Site::canary().await;
    let program = Program::new(agencies.database.url(), &site);
    let own = program.run(&["keys", "create", "--name", "own"]);
    let made = program.run(&["keys", "create", "--name", "to be revoked"]);
    let (_one, one) = program.serve(&["--workers", "0"], &made).await;
    let (_other, other) = program.serve(&["--workers", "0"], &made).await;
    let (_third, administrator) = program.serve(&["--workers", "0"], &own).await;
    let (_, listed) = administrator.get("/api/v1/keys").await;
    let is_revoked = |key: &&Value| key["name"] == "to be revoked";
    let id = listed["items"].as_array().unwrap().iter().find(is_revoked).unwrap()["id"]
        .as_str()
        .unwrap();
    for api in [&one, &other] {
        assert_eq!(api.get("/api/v1/domains").await.0, 200);
    }
    program.run(&["keys", "revoke", id]);
    let revoked = Instant::now();
    for api in [&one, &other] {
        while api.get("/api/v1/domains").await.0 != 401 {
            assert!(revoked.elapsed() < Duration::from_secs(5), "still accepted after 5 s");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    println!("refused by both after {:?}", revoked.elapsed());
}
