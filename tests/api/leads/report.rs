//! The report about a lead.

use database::models::enums::Scope;
use serde_json::json;

use super::{filled, lead};
use crate::console::Browser;
use crate::support::app::TestApp;

#[tokio::test]
async fn a_report_says_what_is_wrong_and_nothing_scraped_becomes_markup() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let tenant = acme.agency.id;
    app.sql(&format!(
        "UPDATE tenants SET name = 'Acme & Sons' WHERE id = '{tenant}';
         UPDATE domain_profiles SET title = '<script>alert(1)</script>', has_privacy_policy = false;
         UPDATE domain_technologies SET claims = '[{{\"name\": \"WordPress\", \"category\": \"cms\", \"version\": \"5.8.1\",
             \"evidence\": [{{\"rule\": \"generator WordPress\", \"snippet\": \"WordPress 5.8.1\", \"url\": \"https://solo.test/blog\"}}]}}]';
         UPDATE contacts SET name = '<b>Jane</b>' WHERE email = 'info@solo.test';
         INSERT INTO domain_changes (tenant_id, domain_id, job_id, kind, before, after)
             SELECT tenant_id, id, gen_random_uuid(), 'title', '<i>Old</i>', 'New' FROM domains WHERE domain = 'solo.test';
         INSERT INTO domain_evidence (tenant_id, domain_id, column_name, value, url, rule, snippet, claim, confidence, first_seen, last_seen)
             SELECT tenant_id, id, 'has_privacy_policy', 'false', 'https://solo.test/', 'not found', 'pages read: 3', NULL, 90, now(), now()
                 FROM domains WHERE domain = 'solo.test'
             UNION ALL
             SELECT tenant_id, id, 'claims', 'WordPress', NULL, NULL, NULL, 'WordPress', 90, now(), now() FROM domains WHERE domain = 'solo.test'"
    ))
    .await;
    scans::leads::score_due(app.pool(), &web::score::ScoreRules::standard())
        .await
        .unwrap();
    let id = lead(&acme, "solo.test").await["id"].as_str().unwrap().to_owned();
    let report = acme.get(&format!("/api/v1/leads/{id}/report")).await;
    assert_eq!(
        (report.status, report.content_type.as_str()),
        (200, "text/html; charset=utf-8"),
        "{report:?}"
    );
    for said in [
        "Acme &amp; Sons",
        "WordPress 5.8.1 is outdated: 6.8.3 was current on 2025-10-31",
        "No privacy page was found<div class=\"soft\">Seen at https://solo.test/</div>",
        "Seen at https://solo.test/blog",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&lt;b&gt;Jane&lt;/b&gt;",
        "info@solo.test",
        "&lt;i&gt;Old&lt;/i&gt; \u{2192} New",
        "+49 30 1",
    ] {
        assert!(report.text.contains(said), "{said}: {}", report.text);
    }
    // What is good for the agency alone is not said.
    for hidden in ["an email address is known", "<script", "<b>Jane", "<i>Old"] {
        assert!(!report.text.contains(hidden), "{hidden}: {}", report.text);
    }
    assert!(
        report
            .header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'none'")
    );

    acme.post("/api/v1/suppressions", json!({ "email": "info@solo.test" }))
        .await;
    let report = acme.get(&format!("/api/v1/leads/{id}/report")).await;
    assert!(!report.text.contains("info@solo.test"), "{}", report.text);
    let missing = "/api/v1/leads/00000000-0000-0000-0000-000000000000/report";
    assert_eq!(acme.get(missing).await.status, 404);
}

#[tokio::test]
async fn a_lead_shows_its_score_and_a_report() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let browser = Browser::of(&app, &acme.agency, &[Scope::Read]).await;
    app.sql("UPDATE leads SET score = 55, score_reasons = '[{\"rule\": \"slow\", \"points\": 10, \"because\": \"<b>slow\"}]'")
        .await;
    let id = lead(&acme, "solo.test").await["id"].as_str().unwrap().to_owned();
    for path in [
        "/leads?min_score=55&sort=-score",
        &format!("/leads/{id}"),
        &format!("/leads/{id}/report"),
    ] {
        let page = browser.get(path).await;
        assert!(page.text.contains("&lt;b&gt;slow"), "{path}: {}", page.text);
        assert!(!page.text.contains("<b>"), "{path}: {}", page.text);
    }
}
