//! The settings: keys, suppressions, points of the score, the audit log and tenants.

use database::models::enums::Scope;

use super::{Browser, sign_in};
use crate::callers::tokens::person;
use crate::support::app::TestApp;
use crate::support::database::eventually;
use crate::support::tokens::{SECRET, token};

const ISSUER: &str = "https://project.test/auth/v1";

/// The text between two others.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("{start} in {text}"));
    rest.split_once(end).unwrap().0
}

#[tokio::test]
async fn a_key_is_made_shown_once_used_and_revoked() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    let wrong = browser.post("/settings/keys", "name=front+end&days=").await;
    assert_eq!(wrong.status, 400);
    assert!(
        wrong.text.contains("id=\"scopes-problem\"") && wrong.text.contains("value=\"front end\""),
        "{}",
        wrong.text
    );
    let wrong = browser.post("/settings/keys", "name=x&scopes=read&days=soon").await;
    assert!(wrong.text.contains("id=\"days-problem\""), "{}", wrong.text);

    let made = browser
        .post("/settings/keys", "name=front+end&scopes=read&days=7")
        .await;
    assert_eq!(made.status, 200);
    let key = between(&made.text, "<pre class=\"secret\">", "</pre>").to_owned();
    let other = Browser {
        app: &app,
        cookie: sign_in(&app, &key).await.expect("the new key signs in"),
    };
    assert_eq!(other.get("/jobs").await.status, 200);
    let list = browser.get("/settings/keys").await.text;
    assert!(list.contains("front end") && !list.contains(&key), "{list}");
    let ends = "SELECT count(*) FROM api_keys WHERE name = 'front end' AND expires_at BETWEEN now() + interval '6 days' AND now() + interval '8 days'";
    assert_eq!(app.count(ends).await, 1);
    let id = app
        .texts("SELECT id::text FROM api_keys WHERE name = 'front end'")
        .await
        .remove(0);
    assert_eq!(
        browser.post(&format!("/settings/keys/{id}/revoke"), "").await.status,
        303
    );
    eventually("the key is revoked", async || sign_in(&app, &key).await.is_none()).await;
    let audit = browser.get("/settings/audit?action=key.revoke").await.text;
    assert!(audit.contains(&id), "{audit}");

    // Whoever may not do something itself cannot let a key do it.
    let admin = Browser::of(&app, &agency, &[Scope::Read, Scope::Admin]).await;
    assert_eq!(
        admin.post("/settings/keys", "name=x&scopes=scan&days=").await.status,
        403
    );
    let reader = Browser::of(&app, &agency, &[Scope::Read]).await;
    for path in ["/settings/keys", "/settings/audit", "/webhooks", "/settings/tenants"] {
        assert_eq!(reader.get(path).await.status, 403, "{path}");
    }
    let settings = reader.get("/settings").await.text;
    assert!(
        settings.contains("Stored rows") && !settings.contains("/settings/keys"),
        "{settings}"
    );
}

#[tokio::test]
async fn an_address_is_suppressed_and_no_longer() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    let path = "/settings/suppressions";
    let wrong = browser.post(path, "what=nobody@&reason=").await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("it must be an address such as"), "{}", wrong.text);
    for what in ["Jane@Acme.test", "https://www.bolt.test/about"] {
        let form = format!("what={what}&reason=asked");
        assert_eq!(browser.post(path, &form).await.status, 303, "{what}");
    }
    let list = browser.get(path).await.text;
    assert!(
        list.contains("jane@acme.test") && list.contains("bolt.test") && list.contains("asked"),
        "{list}"
    );
    let curator = Browser::of(&app, &agency, &[Scope::Read, Scope::Curate]).await;
    assert!(!curator.get(path).await.text.contains("/delete"), "it may add only");
    let id = app
        .texts("SELECT id::text FROM suppressions WHERE kind = 'address'")
        .await
        .remove(0);
    assert_eq!(curator.post(&format!("{path}/{id}/delete"), "").await.status, 403);
    assert_eq!(browser.post(&format!("{path}/{id}/delete"), "").await.status, 303);
    assert!(!browser.get(path).await.text.contains("jane@acme.test"));
}

#[tokio::test]
async fn points_are_changed_after_their_effect_was_seen() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    let domain = agency.domain("acme.test").await;
    app.sql(&format!(
        "INSERT INTO domain_hosting (tenant_id, domain_id, has_ssl, ssl_fault, last_successful_scan)
         VALUES ('{}', '{}', false, 'not_spoken', now())",
        agency.id, domain.id
    ))
    .await;
    let path = "/settings/scoring";
    assert!(browser.get(path).await.text.contains("points[no_https]"));
    let preview = browser
        .post(path, "points[no_https]=45&points[slow]=10&confirmed=false")
        .await;
    assert_eq!(preview.status, 200);
    assert!(
        preview.text.contains("<strong>1</strong> gets another score"),
        "{}",
        preview.text
    );
    assert!(
        preview.text.contains("acme.test") && preview.text.contains("+15"),
        "{}",
        preview.text
    );
    assert_eq!(
        app.count("SELECT count(*) FROM score_points").await,
        0,
        "nothing is chosen yet"
    );
    assert_eq!(
        browser
            .post(path, "points[no_https]=45&points[slow]=10&confirmed=true")
            .await
            .status,
        303
    );
    // What is a rule's own is not chosen.
    assert_eq!(
        app.texts("SELECT points::text FROM score_points").await,
        [r#"{"no_https": 45}"#]
    );
    assert!(browser.get(path).await.text.contains("value=\"45\""));
    assert_eq!(browser.post(path, "points[no_https]=&confirmed=true").await.status, 303);
    assert_eq!(app.texts("SELECT points::text FROM score_points").await, ["{}"]);
    for wrong in [
        "points[no_https]=high&confirmed=true",
        "points[no_https]=101&confirmed=false",
        "points[nothing]=1&confirmed=false",
    ] {
        assert_eq!(browser.post(path, wrong).await.status, 400, "{wrong}");
    }
    let reader = Browser::of(&app, &agency, &[Scope::Read]).await;
    assert!(!reader.get(path).await.text.contains("<input"), "it may only read");
    assert_eq!(reader.post(path, "points[slow]=1&confirmed=true").await.status, 403);
}

#[tokio::test]
async fn super_administrators_manage_tenants() {
    let settings = [("supabase_jwt_secret", SECRET), ("jwt_issuer", ISSUER)];
    let app = TestApp::with(&settings).await;
    let agency = app.agency("acme").await.agency;
    let chief = token(ISSUER, person(&app, agency.id, "SUPER_ADMIN").await);
    let browser = Browser {
        app: &app,
        cookie: sign_in(&app, &chief).await.expect("the token signs in"),
    };
    let path = "/settings/tenants";
    assert!(browser.get("/settings").await.text.contains(path));
    assert_eq!(browser.post(path, "name=Bolt&description=").await.status, 303);
    let id = app
        .texts("SELECT id::text FROM tenants WHERE name = 'Bolt'")
        .await
        .remove(0);
    assert!(browser.get(path).await.text.contains("Bolt"));
    assert_eq!(
        browser.post(&format!("{path}/{id}"), "is_active=false").await.status,
        303
    );
    assert_eq!(
        app.count("SELECT count(*) FROM tenants WHERE name = 'Bolt' AND NOT is_active")
            .await,
        1
    );
    assert!(browser.get(path).await.text.contains("not in use"));
    let own = browser.post(&format!("{path}/{}", agency.id), "is_active=false").await;
    assert_eq!(own.status, 409);
    assert_eq!(browser.post(path, "name=&description=").await.status, 400);
    let owner = token(ISSUER, person(&app, agency.id, "ADMIN").await);
    let owner = Browser {
        app: &app,
        cookie: sign_in(&app, &owner).await.unwrap(),
    };
    assert_eq!(owner.get(path).await.status, 403);
    assert_eq!(owner.post(path, "name=x&description=").await.status, 403);
}
