//! The start page: figures, charts and news; the list of jobs, and changes of many.

use database::models::enums::Scope;
use scraper::{Html, Selector};

use super::{Browser, add_leads, states};
use crate::support::app::TestApp;

/// The texts of what a selector finds.
fn texts(page: &str, selector: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    let selector = Selector::parse(selector).unwrap();
    let found = page.select(&selector);
    found
        .map(|part| part.text().collect::<String>().trim().to_owned())
        .collect()
}

#[tokio::test]
async fn the_start_page_says_how_far_leads_have_come_and_what_the_last_day_brought() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let other = app.agency("bolt").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    add_leads(&app, &agency, &["Acme", "Bolt", "Cafe"]).await;
    app.sql("UPDATE places_staging SET status = 'Selected' WHERE place_id = 'p0'")
        .await;
    agency.domain("news.test").await;
    other.domain("secret.test").await;
    let tenant = agency.id;
    app.sql(&format!(
        "UPDATE leads SET created_at = now() - interval '2 days' WHERE place_id = 'p1';
         INSERT INTO domain_changes (tenant_id, domain_id, job_id, kind, before, after, changed_at)
             SELECT tenant_id, id, gen_random_uuid(), 'title', 'old title', 'new title', now() - age * interval '1 day'
             FROM domains, unnest('{{0,3}}'::int[]) AS a (age);
         INSERT INTO jobs (tenant_id, job_id, kind, status, outcome, completed_at, worker, lease_expires_at, lease_token)
             SELECT '{tenant}', gen_random_uuid(), kind, status, outcome, CASE WHEN status = 'running' THEN NULL ELSE now() END,
                    CASE WHEN status = 'running' THEN 'worker-1' END, CASE WHEN status = 'running' THEN now() + interval '1 hour' END,
                    CASE WHEN status = 'running' THEN gen_random_uuid() END
             FROM (VALUES ('domain_scan', 'completed', 'ok'), ('domain_scan', 'completed', 'ok'), ('domain_scan', 'completed', 'ok_empty'),
                          ('domain_scan', 'failed', 'timeout'), ('email_scan', 'running', NULL)) AS v (kind, status, outcome)"
    ))
    .await;
    browser.post("/find/domains", "domains=waits.bench.test").await;
    let page = browser.get("/").await.text;
    let funnel = texts(&page, "#funnel-told");
    // The two domains are leads too.
    assert_eq!(
        funnel[0],
        "Found: 5. Selected: 1. Handed over: 0. Scanned: 0. With an email: 0. Written to: 0."
    );
    let jobs = texts(&page, "#yield-told");
    assert_eq!(
        jobs[0],
        "domain scan: 2 found something, 1 found nothing, 1 failed, 1 not done. email scan: 1 not done."
    );
    assert!(page.contains("<strong>4</strong> new leads"), "{page}");
    assert!(
        page.contains("worker-1") && page.contains("its jobs are its own until"),
        "{page}"
    );
    assert!(page.contains("The oldest waiting job"), "{page}");
    assert!(
        page.contains("title 1") && page.contains("new title"),
        "one change in the last day: {page}"
    );
    assert!(!page.contains("secret.test"), "another tenant's news");
}

#[tokio::test]
async fn jobs_are_counted_by_state_and_filtered_by_what_the_form_sends() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    browser
        .post(
            "/find/domains",
            "domains=a.bench.test%0D%0Ab.bench.test%0D%0Ac.bench.test",
        )
        .await;
    app.sql(
        "UPDATE jobs SET status = 'failed', outcome = 'dns', completed_at = now() WHERE payload::text LIKE '%a.bench%'",
    )
    .await;
    let page = browser.get("/jobs?status=&kind=&outcome=&batch_id=").await.text;
    assert_eq!(texts(&page, "tbody tr").len(), 3);
    assert_eq!(
        texts(&page, ".counts li"),
        [
            "2 pending",
            "0 running",
            "0 completed",
            "1 failed",
            "0 cancelled",
            "3 in all"
        ]
    );
    let failed = browser
        .get("/jobs?status=failed&kind=domain_scan&outcome=dns&batch_id=")
        .await;
    assert_eq!(texts(&failed.text, "tbody tr").len(), 1);
    assert!(failed.text.contains("a.bench.test"), "{}", failed.text);
    assert_eq!(texts(&failed.text, ".counts li")[5], "1 in all", "by the other filters");
    assert_eq!(browser.get("/jobs?status=wrong").await.status, 400);
}

#[tokio::test]
async fn all_jobs_that_match_are_cancelled_or_tried_again_after_their_number_was_seen() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    browser
        .post("/find/domains", "domains=a.bench.test%0D%0Ab.bench.test")
        .await;
    browser.post("/find/domains", "domains=c.bench.test").await;
    let before = states(&app).await;
    let batch = app
        .texts("SELECT batch_id::text FROM jobs WHERE payload::text LIKE '%c.bench%'")
        .await
        .remove(0);
    let path = format!("/jobs/change?what=cancel&batch_id={batch}");
    let preview = browser.get(&path).await;
    assert!(
        preview.text.contains("<strong>1</strong> job matches"),
        "{}",
        preview.text
    );
    assert_eq!(states(&app).await, before, "nothing has changed");
    let done = browser.post(&path, "").await;
    let back = done.location.unwrap();
    assert!(back.ends_with("changed=1"), "{back}");
    assert!(browser.get(&back).await.text.contains("1 job was changed"));
    let cancelled = "SELECT count(*) FROM jobs WHERE status = 'cancelled'";
    assert_eq!(app.count(cancelled).await, 1);
    assert_eq!(
        browser
            .post("/jobs/change?what=retry&status=cancelled", "")
            .await
            .status,
        303
    );
    assert_eq!(app.count(cancelled).await, 0);
    assert_eq!(
        app.count("SELECT count(*) FROM audit_log WHERE action IN ('jobs.cancel', 'jobs.retry')")
            .await,
        2
    );

    let reader = Browser::of(&app, &agency, &[Scope::Read]).await;
    assert!(
        !reader.get("/jobs").await.text.contains("/jobs/change"),
        "it may only read"
    );
    assert_eq!(reader.get(&path).await.status, 403);
    assert_eq!(reader.post(&path, "").await.status, 403);
}

#[tokio::test]
async fn what_a_search_found_is_on_a_map_and_in_a_list() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    let form = "business_type=dentist&location=Houston&radius_km=5&max_results=20&confirmed=true";
    let page = browser.post("/find/places", form).await.location.unwrap();
    assert!(browser.get(&page).await.text.contains("waits for a worker"));
    let job = page.rsplit('/').next().unwrap().to_owned();
    add_leads(&app, &agency, &["Acme", "Bolt"]).await;
    app.sql(&format!(
        "UPDATE places_staging SET search_job_id = '{job}', latitude = 29.7 + id % 2, longitude = -95.3, business_type = 'dentist',
             search_location = 'Houston'"
    ))
    .await;
    let shown = browser.get(&page).await.text;
    assert_eq!(texts(&shown, "circle title"), texts(&shown, "tbody tr td:first-child"));
    assert_eq!(texts(&shown, "h1"), ["dentist in Houston"]);
    assert!(
        browser.get("/find").await.text.contains(&page),
        "it is among the latest searches"
    );
    let nobodys = format!("/find/searches/{}", uuid::Uuid::new_v4());
    assert_eq!(browser.get(&nobodys).await.status, 404);
}

#[tokio::test]
async fn leads_are_exported_with_the_columns_that_are_ticked() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, &[Scope::Read]).await;
    add_leads(&app, &agency, &["Acme", "Bolt"]).await;
    let file = browser
        .get("/leads/export?q=ol&format=csv&preset=&column=name&column=status")
        .await;
    assert_eq!(file.text, "\u{feff}name,status\r\nBolt,new\r\n");
    let file = browser.get("/leads/export?format=csv&preset=hubspot&column=name").await;
    assert!(
        file.text.starts_with("\u{feff}Name,Company Domain Name"),
        "{}",
        file.text
    );
    let wrong = browser.get("/leads/export?column=nothing").await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("expected some of name"), "{}", wrong.text);
    assert!(
        browser
            .get("/leads?q=ol")
            .await
            .text
            .contains("name=\"q\" value=\"ol\""),
        "the form has the filter"
    );
}

#[tokio::test]
async fn the_page_of_a_lead_has_its_pages_sitemaps_and_decisions() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    let domain = agency.domain("acme.test").await;
    agency.page(&domain, "https://acme.test/team").await;
    agency.sitemap(&domain, "https://acme.test/sitemap.xml").await;
    app.sql(&format!(
        "INSERT INTO domain_profiles (tenant_id, domain_id, copyright_year) VALUES ('{}', '{}', '2019')",
        agency.id, domain.id
    ))
    .await;
    let lead = app.texts("SELECT id::text FROM leads").await.remove(0);
    let form = "status=archived&tags=a&priority=&revisit_date=&notes=call+again";
    assert_eq!(browser.post(&format!("/leads/{lead}"), form).await.status, 303);
    let page = browser.get(&format!("/leads/{lead}")).await.text;
    for part in [
        "https://acme.test/team",
        "https://acme.test/sitemap.xml",
        "call again",
        "copyright 2019",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(
        texts(&page, "h2")
            .iter()
            .filter(|title| *title == "Who decided what")
            .count(),
        1
    );
    assert!(browser.get("/leads").await.text.contains("copyright 2019"));
}

#[tokio::test]
async fn places_are_imported_with_a_line_for_each_that_cannot_be_used() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    let form =
        "rows=name,website,status,colour%0D%0AAcme,https://acme.test,selected,red%0D%0A,https://nameless.test,,%0D%0A";
    let report = browser.post("/find/import", form).await;
    assert_eq!(report.status, 200, "{}", report.text);
    let said = texts(&report.text, "main p").join(" ");
    assert!(said.contains("Of 2 lines 1 are new places, 0 changed"), "{said}");
    assert!(said.contains("left out: colour"), "{said}");
    assert_eq!(texts(&report.text, "tbody tr td:first-child"), ["3"]);
    assert_eq!(
        super::leads(&browser.get("/leads?status=selected").await.text),
        ["Acme"]
    );
    let wrong = browser.post("/find/import", "rows=").await;
    assert_eq!(wrong.status, 400, "{}", wrong.text);

    // As many domains as are taken at once have room.
    let many: Vec<String> = (0..1000)
        .map(|number| format!("a-domain-with-a-long-name-{number}.bench.test"))
        .collect();
    let scans = browser
        .post("/find/domains", &format!("domains={}", many.join("%0D%0A")))
        .await;
    assert!(scans.text.contains("1000 of 1000 lines are scanned"), "{}", scans.text);
}
