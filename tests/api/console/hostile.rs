//! Nothing scraped becomes markup, on any page.

use database::models::enums::Scope;
use scraper::{Html, Selector};

use super::{Browser, Shown, add_leads};
use crate::support::app::TestApp;
use crate::support::tenants::Agency;

/// Panics if a page has anything that acts, but for the console's own scripts.
fn assert_inert(path: &str, page: &Shown) {
    let (active, scripts) = (
        Selector::parse("img, svg:not(.chart), svg a, svg use, svg script, svg foreignObject, iframe, object, embed, style, base, [style]").unwrap(),
        Selector::parse("script").unwrap(),
    );
    let html = Html::parse_document(&page.text);
    let found: Vec<String> = html.select(&active).map(|element| element.html()).collect();
    assert!(found.is_empty(), "{path}: {found:?}");
    for script in html.select(&scripts) {
        let source = script.value().attr("src").unwrap_or_default();
        assert!(source.starts_with("/console/"), "{path}: {}", script.html());
    }
    for element in html.tree.nodes().filter_map(|node| node.value().as_element()) {
        let handler = element.attrs().find(|(name, _)| name.starts_with("on"));
        assert_eq!(handler, None, "{path}");
    }
    let policy = page.policy.as_deref().unwrap();
    assert!(
        policy.contains("script-src 'self'") && !policy.contains("unsafe"),
        "{path}: {policy}"
    );
}

#[tokio::test]
async fn pages_are_whole_and_nothing_scraped_is_markup() {
    const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg onload=alert(1)>";
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    let form = format!(
        "domains={}",
        percent_encoding::utf8_percent_encode(HOSTILE, percent_encoding::NON_ALPHANUMERIC)
    );
    browser.post("/find/domains", &form).await;
    browser.post("/find/domains", "domains=a.bench.test").await;
    let quoted = HOSTILE.replace('\'', "''");
    app.sql(&format!(
        "UPDATE jobs SET error = '{quoted}', kind = '{quoted}', progress_message = '{quoted}'"
    ))
    .await;
    app.sql(&format!(
        "UPDATE jobs SET result = jsonb_build_object('title', '{quoted}')"
    ))
    .await;
    app.sql(&format!("UPDATE api_keys SET name = '{quoted}'")).await;
    add_leads(&app, &agency, &[HOSTILE]).await;
    app.sql(&format!(
        "UPDATE places_staging SET notes = '{quoted}', tags = ARRAY['{quoted}']"
    ))
    .await;
    let lead = app
        .texts("SELECT id::text FROM leads WHERE place_id = 'p0'")
        .await
        .remove(0);
    let job = app.texts("SELECT job_id::text FROM jobs").await.remove(0);
    let webhook = fill_settings(&app, &agency, &quoted, &job).await;
    let pasted = browser.post("/find/domains", &form).await;
    let mut shown = vec![("/find/domains".to_owned(), pasted)];
    for path in [
        "/",
        "/find",
        "/jobs",
        &format!("/jobs/{job}"),
        "/leads",
        "/leads?changed=%3Cscript%3Ealert(1)%3C/script%3E&count=%3Cscript%3Ealert(1)",
        &format!("/leads/{lead}"),
        "/webhooks",
        &format!("/webhooks/{webhook}"),
        "/settings",
        "/settings/keys",
        "/settings/suppressions",
        "/settings/scoring",
        "/settings/audit",
        &format!("/find/searches/{job}"),
        "/nothing-here",
    ] {
        shown.push((path.to_owned(), browser.get(path).await));
    }
    let mut hostile = 0;
    for (path, page) in shown {
        assert_inert(&path, &page);
        hostile += usize::from(page.text.contains("&lt;script&gt;alert(1)"));
    }
    assert!(hostile >= 14, "{hostile} pages showed the text");
}

/// Puts a text into what the pages of the settings show, and returns the id of a webhook.
async fn fill_settings(app: &TestApp, agency: &Agency, quoted: &str, job: &str) -> String {
    let tenant = agency.id;
    app.sql(&format!(
        "INSERT INTO webhooks (tenant_id, url, description, kinds, job_kinds, clock, event_id)
             VALUES ('{tenant}', 'https://hooks.test/', '{quoted}', '{{job.ended}}', '{{}}', 0, 0);
         INSERT INTO webhook_deliveries (tenant_id, webhook_id, clock, event_id, kind, happened_at, data, tries)
             SELECT tenant_id, id, 1, 1, 'job.ended', now(), jsonb_build_object('message', '{quoted}'),
                    jsonb_build_array(jsonb_build_object('at', now(), 'seconds', 1, 'status', 500, 'answer', '{quoted}', 'error', '{quoted}'))
             FROM webhooks;
         INSERT INTO suppressions (tenant_id, kind, value, hash, reason) VALUES ('{tenant}', 'address', 'a@b.test', sha256('x'), '{quoted}');
         INSERT INTO audit_log (tenant_id, actor, action, subject, details)
             VALUES ('{tenant}', 'command line', '{quoted}', '{quoted}', jsonb_build_object('x', '{quoted}'));
         UPDATE tenants SET name = '{quoted}' WHERE id = '{tenant}';
         UPDATE places_staging SET search_job_id = '{job}', latitude = 1, longitude = 1, business_type = '{quoted}', search_location = '{quoted}';
         INSERT INTO domain_changes (tenant_id, domain_id, job_id, kind, subject, before, after)
             SELECT tenant_id, id, '{job}', 'title', '{quoted}', '{quoted}', '{quoted}' FROM domains;
         INSERT INTO domain_evidence (tenant_id, domain_id, column_name, value, url, rule, snippet, confidence, first_seen, last_seen)
             SELECT tenant_id, id, 'title', '{quoted}', '{quoted}', '{quoted}', '{quoted}', 90, now(), now() FROM domains"
    ))
    .await;
    app.texts("SELECT id::text FROM webhooks").await.remove(0)
}
