//! Webhooks: made with a secret that is shown once, tested, paused and deleted; deliveries with their answers.

use database::models::enums::Scope;

use super::Browser;
use crate::support::app::TestApp;

#[tokio::test]
async fn urls_that_requests_named_have_a_page_and_one_secret() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let browser = Browser::of(&app, &acme.agency, Scope::ALL).await;
    let here = "/webhooks?for_requests=true";
    assert!(browser.get(here).await.text.contains("No request named a URL"));
    let made = browser.post("/webhooks/secret", "").await;
    assert!(made.text.contains("whsec_"), "{}", made.text);
    let scan = serde_json::json!({ "base_url": "a.test", "webhook_url": "https://hooks.test/one" });
    assert_eq!(acme.post("/api/v1/scrapersky", scan).await.status, 200);
    let list = browser.get(here).await.text;
    assert!(
        list.contains("https://hooks.test/one") && !list.contains("whsec_"),
        "{list}"
    );
    assert!(!browser.get("/webhooks").await.text.contains("https://hooks.test/one"));
    let id = app.texts("SELECT id::text FROM webhooks").await.remove(0);
    assert!(
        !browser
            .get(&format!("/webhooks/{id}"))
            .await
            .text
            .contains("New secret")
    );
}

#[tokio::test]
async fn a_webhook_is_made_tested_paused_and_deleted() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    assert!(browser.get("/webhooks").await.text.contains("No webhooks"));
    let wrong = browser
        .post("/webhooks", "url=ftp://hooks.test/&kinds=job.ended&description=")
        .await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("id=\"url-problem\""), "{}", wrong.text);

    let form = "url=https://hooks.test/in&kinds=job.ended&kinds=batch.done&job_kinds=domain_scan&description=ours";
    let made = browser.post("/webhooks", form).await;
    assert_eq!(made.status, 200);
    let (_, rest) = made.text.split_once("<pre class=\"secret\">").unwrap();
    let secret = rest.split_once("</pre>").unwrap().0;
    assert!(secret.starts_with("whsec_"), "{secret}");
    let list = browser.get("/webhooks").await.text;
    assert!(
        list.contains("https://hooks.test/in") && list.contains("domain scan") && !list.contains(secret),
        "{list}"
    );
    let stored = app
        .texts("SELECT kinds::text || job_kinds::text || description FROM webhooks")
        .await;
    assert_eq!(stored, ["{job.ended,batch.done}{domain_scan}ours"]);

    let id = app.texts("SELECT id::text FROM webhooks").await.remove(0);
    let here = format!("/webhooks/{id}");
    let post = async |what: &str| browser.post(&format!("{here}/{what}"), "").await.status;
    assert_eq!(post("test").await, 303);
    assert!(browser.get(&here).await.text.contains("webhook tested"));
    app.sql(
        "UPDATE webhook_deliveries SET status = 'failed', ended_at = now(), attempts = 1,
             tries = jsonb_build_array(jsonb_build_object('at', now(), 'seconds', 0.25, 'status', 503, 'answer', 'come back later'))",
    )
    .await;
    let failed = browser.get(&format!("{here}?status=failed")).await.text;
    assert!(failed.contains("503") && failed.contains("come back later"), "{failed}");
    assert!(
        browser
            .get(&format!("{here}?status=delivered"))
            .await
            .text
            .contains("Nothing was delivered")
    );
    let delivery = app.texts("SELECT id::text FROM webhook_deliveries").await.remove(0);
    assert_eq!(post(&format!("deliveries/{delivery}/redeliver")).await, 303);
    let waiting = "SELECT count(*) FROM webhook_deliveries WHERE status = 'waiting'";
    assert_eq!(app.count(waiting).await, 1);

    assert_eq!(post("pause").await, 303);
    assert_eq!(app.count(waiting).await, 0, "what waits is dropped");
    assert_eq!(post("test").await, 409, "nothing is posted to it");
    assert_eq!(post("enable").await, 303);
    let rotated = browser.post(&format!("{here}/rotate"), "").await;
    assert!(
        rotated.text.contains("whsec_") && !rotated.text.contains(secret),
        "{}",
        rotated.text
    );
    assert_eq!(app.count("SELECT count(*) FROM webhook_secrets").await, 2);
    assert_eq!(post("delete").await, 303);
    assert_eq!(browser.get(&here).await.status, 404);
}
