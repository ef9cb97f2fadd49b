//! Who calls, and what they may do.

use database::models::enums::Scope;
use rocket::http::Method;
use serde_json::{Value, json};

use super::tokens::person;
use crate::support::app::TestApp;
use crate::support::tokens::{SECRET, token};

const ISSUER: &str = "https://project.test/auth/v1";

#[tokio::test]
async fn a_caller_learns_who_it_is_and_what_is_used() {
    let settings = [
        ("supabase_jwt_secret", SECRET),
        ("jwt_issuer", ISSUER),
        ("requests_per_minute", "70"),
        ("scans_per_day", "9"),
        ("rows_per_tenant", "1000"),
    ];
    let app = TestApp::with(&settings).await;
    let acme = app.agency("acme").await;
    acme.post("/api/v1/batch", json!({ "domains": ["a.bench.test", "b.bench.test"] }))
        .await;
    app.sql(&format!(
        "INSERT INTO api_calls (tenant_id, service, sku, price_micros, step, is_billed, called_at) VALUES
             ('{0}', 's', 'k', 350000, '1', true, now()), ('{0}', 's', 'k', 319999, '2', true, now()),
             ('{0}', 's', 'k', 320000, '3', false, now()), ('{0}', 's', 'k', 320000, '4', true, now() - interval '40 days')",
        acme.agency.id
    ))
    .await;
    let me = acme.get("/api/v1/me").await;
    assert_eq!(me.status, 200, "{me:?}");
    let body = &me.body;
    assert_eq!(
        body["tenant"],
        json!({ "id": acme.agency.id.to_string(), "name": "acme" })
    );
    assert_eq!(
        (&body["caller"]["kind"], &body["caller"]["name"]),
        (&json!("key"), &json!("test"))
    );
    assert_eq!(body["scopes"], json!(["read", "scan", "curate", "admin"]));
    assert_eq!(
        body["requests_per_minute"],
        json!({
            "reads": { "caller": null, "tenant": null },
            "requests": { "caller": 70, "tenant": null },
            "batches": { "caller": null, "tenant": null },
        })
    );
    assert_eq!(body["quotas"]["scans_today"], json!({ "used": 2, "limit": 9 }));
    assert_eq!(body["quotas"]["stored_rows"], json!({ "used": 2, "limit": 1000 }));
    let paid = &body["quotas"]["paid_calls_this_month"];
    assert_eq!((&paid["used"], &paid["limit"]), (&json!(2), &Value::Null));
    assert!(me.text.contains("\"usd\":0.669999"), "{}", me.text);

    // People by name, and whoever has a scope, whichever it is.
    let member = person(&app, acme.agency.id, "USER").await;
    let answer = app
        .send(Method::Get, "/api/v1/me", Some(&token(ISSUER, member)), None)
        .await;
    assert_eq!(
        answer.body["caller"],
        json!({ "id": member, "kind": "person", "name": "somebody" })
    );
    assert_eq!(answer.body["scopes"], json!(["read", "scan", "curate"]));
    let narrow = app.key(&acme.agency, &[Scope::Curate]).await;
    let answer = app.send(Method::Get, "/api/v1/me", Some(&narrow), None).await;
    assert_eq!((answer.status, &answer.body["scopes"]), (200, &json!(["curate"])));
    assert_eq!(app.send(Method::Get, "/api/v1/me", None, None).await.status, 401);
}

#[tokio::test]
async fn a_super_administrator_may_ask_for_another_tenant() {
    let app = TestApp::with(&[("supabase_jwt_secret", SECRET), ("jwt_issuer", ISSUER)]).await;
    let (acme, bolt) = (app.agency("acme").await, app.agency("bolt").await);
    let chief = person(&app, acme.agency.id, "SUPER_ADMIN").await;
    let path = format!("/api/v1/me?tenant_id={}", bolt.agency.id);
    let me = app
        .send(Method::Get, &path, Some(&token(ISSUER, chief)), None)
        .await
        .body;
    assert_eq!(
        (&me["tenant"]["name"], &me["may_act_for_all_tenants"]),
        (&json!("bolt"), &json!(true))
    );
    assert_eq!(me["quotas"]["scans_today"], json!({ "used": null, "limit": null }));
}
