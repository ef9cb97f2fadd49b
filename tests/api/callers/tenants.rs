//! Tenants by the API and by the command line.

use std::fs;

use database::models::enums::Scope;
use rocket::http::{ContentType, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use super::tokens::person;
use crate::support::app::{Answer, TestApp};
use crate::support::program::Program;
use crate::support::site::Site;
use crate::support::tenants::Agencies;
use crate::support::tokens::{SECRET, token};

const ISSUER: &str = "https://project.test/auth/v1";

async fn app() -> TestApp {
    TestApp::with(&[("supabase_jwt_secret", SECRET), ("jwt_issuer", ISSUER)]).await
}

async fn send(app: &TestApp, method: Method, path: &str, credential: &str, body: Option<Value>) -> Answer {
    let text = body.map(|body| body.to_string());
    let body = text.as_deref().map(|text| (ContentType::JSON, text));
    app.send(method, path, Some(credential), body).await
}

#[tokio::test]
async fn super_administrators_create_list_rename_and_deactivate_tenants() {
    let app = app().await;
    let acme = app.agency("acme").await;
    let chief = person(&app, acme.agency.id, "GLOBAL_ADMIN").await;
    let token = token(ISSUER, chief);
    let made = send(
        &app,
        Method::Post,
        "/api/v1/tenants",
        &token,
        Some(json!({ "name": " Bolt & Co " })),
    )
    .await;
    assert_eq!(
        (made.status, &made.body["name"]),
        (201, &json!("Bolt & Co")),
        "{made:?}"
    );
    assert_eq!(made.body["is_active"], true);
    let id = made.body["id"].as_str().unwrap();

    // Keys of the new tenant are made by the same person.
    let body = json!({ "name": "first", "scopes": ["read", "admin"], "tenant_id": id });
    let key = send(&app, Method::Post, "/api/v1/keys", &token, Some(body)).await.body;
    let key = key["key"].as_str().unwrap();
    assert_eq!(send(&app, Method::Get, "/api/v1/domains", key, None).await.status, 200);

    let first = send(&app, Method::Get, "/api/v1/tenants?limit=1", &token, None)
        .await
        .body;
    assert_eq!((&first["items"][0]["id"], &first["total"]), (&json!(id), &json!(3)));
    let next = first["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/tenants?limit=2&cursor={next}");
    let rest = send(&app, Method::Get, &path, &token, None).await.body;
    assert_eq!(rest["items"][0]["id"], acme.agency.id.to_string());
    assert_eq!(rest["next_cursor"], Value::Null, "{rest}");

    let path = format!("/api/v1/tenants/{id}");
    let patch = json!({ "name": "Bolt", "description": "moved", "is_active": false });
    let patched = send(&app, Method::Patch, &path, &token, Some(patch)).await;
    assert_eq!(
        (patched.status, &patched.body["name"], &patched.body["is_active"]),
        (200, &json!("Bolt"), &json!(false)),
        "{patched:?}"
    );
    let removed = send(&app, Method::Patch, &path, &token, Some(json!({ "description": null }))).await;
    assert_eq!(removed.body["description"], Value::Null);
    let back = send(&app, Method::Patch, &path, &token, Some(json!({ "is_active": true }))).await;
    assert_eq!(back.body["name"], "Bolt");

    assert_log(&app, key, chief).await;
}

/// Asserts that it is in the tenant's own log, where a person of another tenant has no name.
async fn assert_log(app: &TestApp, key: &str, chief: Uuid) {
    let log = send(app, Method::Get, "/api/v1/audit", key, None).await.body;
    let actions: Vec<&str> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "tenant.update",
            "tenant.update",
            "tenant.update",
            "key.create",
            "tenant.create"
        ]
    );
    let who = json!({ "id": chief, "kind": "person", "name": "administrator" });
    for entry in log["items"].as_array().unwrap() {
        assert_eq!(entry["actor"], who, "{entry}");
    }
}

#[tokio::test]
async fn nobody_else_manages_tenants() {
    let app = app().await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    let path = format!("/api/v1/tenants/{}", bolt.agency.id);
    let mut refused = vec![app.key(&acme.agency, Scope::ALL).await];
    for role in ["USER", "ADMIN"] {
        refused.push(token(ISSUER, person(&app, acme.agency.id, role).await));
    }
    for credential in &refused {
        let name = || Some(json!({ "name": "x" }));
        for (method, path, body) in [
            (Method::Get, "/api/v1/tenants", None),
            (Method::Post, "/api/v1/tenants", name()),
            (Method::Patch, path.as_str(), name()),
        ] {
            let answer = send(&app, method, path, credential, body).await;
            assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
        }
    }
    assert_eq!(app.count("SELECT count(*) FROM tenants WHERE name = 'x'").await, 0);
}

#[tokio::test]
async fn invalid_changes_of_tenants_are_named() {
    let app = app().await;
    let acme = app.agency("acme").await;
    let chief = token(ISSUER, person(&app, acme.agency.id, "SUPER_ADMIN").await);
    let own = format!("/api/v1/tenants/{}", acme.agency.id);
    let nobodys = format!("/api/v1/tenants/{}", Uuid::new_v4());
    for (method, path, body, status, field) in [
        (
            Method::Post,
            "/api/v1/tenants",
            json!({ "name": " " }),
            400,
            Some("name"),
        ),
        (Method::Post, "/api/v1/tenants", json!({}), 422, Some("name")),
        (
            Method::Post,
            "/api/v1/tenants",
            json!({ "name": "x", "nam": "y" }),
            422,
            Some("nam"),
        ),
        (Method::Patch, &own, json!({}), 400, Some("name")),
        (
            Method::Patch,
            &own,
            json!({ "description": "\u{0}" }),
            400,
            Some("description"),
        ),
        (Method::Patch, &own, json!({ "is_active": false }), 409, None),
        (Method::Patch, &nobodys, json!({ "name": "x" }), 404, None),
    ] {
        let answer = send(&app, method, path, &chief, Some(body)).await;
        assert_eq!(
            (answer.status, answer.body["field"].as_str()),
            (status, field),
            "{answer:?}"
        );
    }
    let headers = [("Idempotency-Key", "one")];
    let body = Some((ContentType::JSON, r#"{"name": "x"}"#));
    let answer = app
        .send_with(&headers, Method::Post, "/api/v1/tenants", Some(&chief), body)
        .await;
    assert_eq!((answer.status, &answer.body["field"]), (400, &json!("Idempotency-Key")));
}

#[tokio::test]
async fn the_command_line_manages_tenants() {
    let agencies = Agencies::new().await;
    let site = Site::canary().await;
    let program = Program::new(agencies.database.url(), &site);
    let id = program.run(&["tenants", "create", "Acme"]);
    assert!(id.parse::<Uuid>().is_ok(), "{id}");
    program.run(&["tenants", "rename", &id, "Acme & Co"]);
    let listed = program.run(&["tenants", "list"]);
    assert!(listed.contains(&id) && listed.contains("Acme & Co"), "{listed}");
    let key = program.run(&["keys", "create", "--name", "own", "--tenant", &id]);
    let (_server, api) = program.serve(&["--workers", "0"], &key).await;
    assert_eq!(api.get("/api/v1/me").await.1["tenant"]["name"], "Acme & Co");
    program.run(&["tenants", "deactivate", &id]);
    let listed: Value = serde_json::from_str(&program.run(&["tenants", "list", "--json"])).unwrap();
    let state = listed.as_array().unwrap().iter().find(|tenant| tenant["id"] == *id);
    assert_eq!(state.unwrap()["is_active"], false, "{listed}");
    while api.get("/api/v1/me").await.0 != 401 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    program.run(&["tenants", "activate", &id]);
    let log = api_audit(&agencies).await;
    assert_eq!(
        log,
        [
            "tenant.create",
            "tenant.update",
            "key.create",
            "tenant.update",
            "tenant.update"
        ]
    );

    // A tenant that does not exist is answered with those that do.
    let output = program.output(&["keys", "list", "--tenant", &Uuid::new_v4().to_string()]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && error.contains(&id) && error.contains("Acme & Co"),
        "{error}"
    );
}

async fn api_audit(agencies: &Agencies) -> Vec<String> {
    let client = agencies.database.client().await;
    let rows = client
        .query("SELECT action FROM audit_log ORDER BY id", &[])
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn the_first_command_on_a_fresh_directory_makes_a_key() {
    let site = Site::canary().await;
    let folder = tempfile::tempdir().unwrap();
    let program = Program::private(folder.path(), &site);
    let key = program.run(&["keys", "create", "--name", "first"]);
    assert!(key.starts_with("sky_") && key.lines().count() == 1, "{key}");
    program.run(&["db", "stop"]);
    drop(fs::remove_dir_all(folder.path()));
}
