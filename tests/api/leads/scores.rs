//! Scores of leads: what they are made of, and when they are made anew.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::Datelike;
use database::ids::LeadId;
use database::models::lead_score::NewScore;
use database::repo::lead_scores;
use scans::leads::{score_due, watch};
use serde_json::{Value, json};
use web::score::ScoreRules;

use super::{filled, lead, names};
use crate::support::app::{Holder, TestApp};
use crate::support::database::eventually;
use crate::support::site::{Reply, Site};

const HOST: &str = "acme.bench.test";

/// An old site: WordPress, no viewport, no analytics, a copyright notice of three years ago.
fn page() -> String {
    let year = chrono::Utc::now().year() - 3;
    format!(
        "<title>Acme</title><meta name=generator content='WordPress 5.8.1'>\
         <link rel=stylesheet href='/wp-content/themes/old/style.css'><p>Call us.</p><footer>\u{a9} {year} Acme</footer>"
    )
}

/// Serves the old site, and counts requests.
async fn site(requests: &Arc<AtomicUsize>) -> Site {
    let requests = Arc::clone(requests);
    Site::start(move |path| {
        requests.fetch_add(1, Ordering::SeqCst);
        match path {
            "/" => Reply::html(page()),
            _ => Reply::new("404 Not Found", &[], ""),
        }
    })
    .await
}

async fn scan(holder: &Holder<'_>) {
    let accepted = holder.post("/api/v1/scrapersky", json!({ "base_url": HOST })).await;
    let ended = holder.ended(accepted.body["status_url"].as_str().unwrap()).await;
    assert_eq!(ended["status"], "completed", "{ended}");
}

/// Returns the score of a lead, and its reasons with their points.
fn score(lead: &Value) -> (Value, Vec<(i64, String)>) {
    let reasons = lead["score_reasons"].as_array().unwrap().iter();
    let reason = |reason: &Value| {
        (
            reason["points"].as_i64().unwrap(),
            reason["because"].as_str().unwrap().to_owned(),
        )
    };
    (lead["score"].clone(), reasons.map(reason).collect())
}

/// The reasons for the score of the old site.
fn expected() -> [(i64, String); 7] {
    let year = chrono::Utc::now().year() - 3;
    [
        (30, "the site is not served over HTTPS".to_owned()),
        (20, "the home page has no viewport for phones".to_owned()),
        (10, format!("the copyright notice says {year}")),
        (15, "no privacy page was found".to_owned()),
        (5, "the security headers have grade F".to_owned()),
        (
            20,
            "WordPress 5.8.1 is outdated: 6.8.3 was current on 2025-10-31".to_owned(),
        ),
        (5, "no analytics were found".to_owned()),
    ]
}

/// Waits until a lead has this score.
async fn reaches(holder: &Holder<'_>, name: &str, expected: &Value) {
    eventually("the score is made anew", || async move {
        score(&lead(holder, name).await).0 == *expected
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_scores_its_lead_with_exact_reasons_and_other_points_score_it_anew_without_a_scan() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let requests = Arc::new(AtomicUsize::new(0));
    let site = site(&requests).await;
    let _work = app.work(&site);
    scan(&acme).await;
    let (total, reasons) = score(&lead(&acme, HOST).await);
    assert_eq!((total, reasons), (json!(100), expected().to_vec()));

    let asked = requests.load(Ordering::SeqCst);
    let changed = acme
        .patch(
            "/api/v1/score-rules",
            json!({ "points": { "no_https": 0, "no_viewport": 7, "outdated_wordpress": -5, "builder": 3 } }),
        )
        .await;
    assert_eq!(
        (changed.status, &changed.body["is_scoring"]),
        (200, &json!(true)),
        "{changed:?}"
    );
    // 7 + 10 + 15 + 5 - 5 + 5.
    reaches(&acme, HOST, &json!(37)).await;
    assert_eq!(requests.load(Ordering::SeqCst), asked, "nothing was scanned");
    let acme = &acme;
    eventually("all leads are scored", || async move {
        acme.get("/api/v1/score-rules").await.body["is_scoring"] == false
    })
    .await;
    assert_eq!(names(acme, "&min_score=37").await, [HOST]);
    assert_eq!(names(acme, "&min_score=38").await, Vec::<String>::new());
    let csv = acme
        .get("/api/v1/leads/export.csv?bom=false&columns=domain,score,score_reasons")
        .await;
    assert!(
        csv.text.contains(&format!("{HOST},37,the home page has no viewport")),
        "{}",
        csv.text
    );
    // A rule gets its own points back; another scan keeps those of the tenant.
    acme.patch(
        "/api/v1/score-rules",
        json!({ "points": { "outdated_wordpress": null } }),
    )
    .await;
    reaches(acme, HOST, &json!(62)).await;
    scan(acme).await;
    assert_eq!(score(&lead(acme, HOST).await).0, 62);
}

#[tokio::test]
async fn rules_are_listed_with_the_points_of_the_tenant_and_wrong_ones_are_refused() {
    let app = TestApp::new().await;
    let (acme, bolt) = (app.agency("acme").await, app.agency("bolt").await);
    let points = |body: &Value, name: &str| -> (Value, Value) {
        let rules = body["rules"].as_array().unwrap();
        let rule = rules.iter().find(|rule| rule["name"] == name).unwrap();
        (rule["points"].clone(), rule["default_points"].clone())
    };
    acme.patch("/api/v1/score-rules", json!({ "points": { "slow": 0 } }))
        .await;
    let shown = acme.get("/api/v1/score-rules").await.body;
    assert_eq!(points(&shown, "slow"), (json!(0), json!(10)));
    assert_eq!(shown["versions"]["WordPress"], "6.8.3");
    let shown = bolt.get("/api/v1/score-rules").await.body;
    assert_eq!(points(&shown, "slow"), (json!(10), json!(10)));
    for wrong in [
        json!({ "points": { "fast": 1 } }),
        json!({ "points": { "slow": 101 } }),
        json!({ "points": { "slow": -32768 } }),
        json!({ "points": [] }),
        json!({}),
    ] {
        let refused = acme.patch("/api/v1/score-rules", wrong.clone()).await;
        assert!([400, 422].contains(&refused.status), "{wrong}: {refused:?}");
    }
}

#[tokio::test]
async fn a_lead_is_scored_anew_when_a_fact_changes_and_when_time_has_passed() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let rules = ScoreRules::with(None).unwrap();
    score_due(app.pool(), &rules).await.unwrap();
    let bakery = lead(&acme, "Best Bakery").await;
    assert_eq!(score(&bakery), (Value::Null, vec![]), "nothing is known");
    let dental = lead(&acme, "Acme Dental").await;
    let ends = |lead: &Value| {
        let end = &lead["certificate_expires_at"].as_str().unwrap()[..10];
        (10, format!("the certificate ends on {end}"))
    };
    let writable = (5, "an email address is known".to_owned());
    assert_eq!(score(&dental), (json!(15), vec![ends(&dental), writable.clone()]));
    let solo = lead(&acme, "solo.test").await;
    assert_eq!(score(&solo), (json!(5), vec![writable.clone()]));

    // Ratings, the details of a place, a profile, a contact that bounced.
    app.sql(
        "UPDATE places_staging SET user_ratings_total = 3 WHERE place_id = 'p2';
         INSERT INTO place_details (tenant_id, place_id, content_at) SELECT tenant_id, place_id, now() FROM places_staging WHERE place_id = 'p2';
         UPDATE domain_profiles SET has_privacy_policy = false;
         UPDATE contacts SET mark = 'bounced' WHERE email = 'info@solo.test'",
    )
    .await;
    score_due(app.pool(), &rules).await.unwrap();
    let expected = [
        (40, "the business has no website".to_owned()),
        (5, "the place has few ratings: 3".to_owned()),
    ];
    assert_eq!(score(&lead(&acme, "Best Bakery").await), (json!(45), expected.to_vec()));
    let expected = [(15, "no privacy page was found".to_owned())];
    assert_eq!(score(&lead(&acme, "solo.test").await), (json!(15), expected.to_vec()));

    // Time: the certificate's end has passed, and nothing else happened.
    let due = "SELECT count(*) FROM leads WHERE score_due_at = certificate_expires_at";
    assert_eq!(app.count(due).await, 1);
    app.sql(
        "SET session_replication_role = replica;
             UPDATE domain_hosting SET ssl_expiry_date = now() - interval '1 hour' WHERE has_ssl;
             UPDATE leads SET score_due_at = now() - interval '1 hour' WHERE score_due_at = certificate_expires_at;
             SET session_replication_role = origin",
    )
    .await;
    score_due(app.pool(), &rules).await.unwrap();
    assert_eq!(score(&lead(&acme, "Acme Dental").await), (json!(5), vec![writable]));
    // What people decide does not score a lead again.
    app.sql("UPDATE places_staging SET notes = 'x'; UPDATE leads SET notes = 'x' WHERE place_id IS NULL")
        .await;
    assert_eq!(
        app.count("SELECT count(*) FROM leads WHERE score_due_at = '-infinity'")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leads_are_scored_anew_when_the_table_of_versions_changes() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let tenant = acme.agency.id;
    app.sql(&format!(
        "WITH made AS (INSERT INTO domains (tenant_id, domain) VALUES ('{tenant}', 'old.test') RETURNING id)
         INSERT INTO domain_technologies (tenant_id, domain_id, claims)
             SELECT '{tenant}', id, '[{{\"name\": \"PHP\", \"category\": \"language\", \"version\": \"8.2.1\"}}, {{\"name\": \"Matomo\", \"category\": \"analytics\", \"version\": null}}]' FROM made"
    ))
    .await;
    score_due(app.pool(), &ScoreRules::standard()).await.unwrap();
    assert_eq!(score(&lead(&acme, "old.test").await), (json!(0), vec![]));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(
        file,
        "as_of = \"2027-01-01\"\n[version.PHP]\ncurrent = \"8.6\"\noutdated_below = \"8.3\"\n"
    )
    .unwrap();
    let rules = ScoreRules::with(Some(file.path())).unwrap();
    let site = Site::start(|_| Reply::html("")).await;
    let services = TestApp::services(&site, |scans| scans).scoring_by(rules.clone());
    let _work = app.work_by(services);
    reaches(&acme, "old.test", &json!(10)).await;
    let expected = [(10, "PHP 8.2.1 is outdated: 8.6 was current on 2027-01-01".to_owned())];
    assert_eq!(score(&lead(&acme, "old.test").await).1, expected);
    let app = &app;
    let completed = "SELECT count(*) FROM jobs WHERE kind = 'lead_scores' AND lower(status::text) = 'completed'";
    eventually("the job ends", || async move { app.count(completed).await == 1 }).await;
    // Another process with the same rules has nothing to do.
    let watching = tokio::spawn(watch(app.pool().clone(), rules));
    scan_nothing(app).await;
    watching.abort();
    assert_eq!(
        app.count("SELECT count(*) FROM jobs WHERE kind = 'lead_scores'").await,
        1
    );
}

/// Waits until a watching process has looked for leads that are due.
async fn scan_nothing(app: &TestApp) {
    app.sql("UPDATE leads SET score_due_at = '-infinity'").await;
    let due = "SELECT count(*) FROM leads WHERE score_due_at = '-infinity'";
    eventually("all leads are scored", || async move { app.count(due).await == 0 }).await;
}

#[tokio::test]
async fn a_fact_that_changes_while_its_lead_is_scored_is_scored_too() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let mut conn = acme.agency.open().await;
    let leads = lead_scores::lock_due(&mut conn, 100).await.unwrap();
    let ids: Vec<_> = leads.iter().map(|lead| lead.id).collect();
    let claimed = lead_scores::claim(&mut conn, &ids).await.unwrap();
    conn.commit().await.unwrap();
    let scores = |score| {
        let score = move |lead_id: &LeadId| NewScore {
            lead_id: *lead_id,
            score: Some(score),
            reasons: "[]".to_owned(),
            due_at: None,
        };
        ids.iter().map(score).collect::<Vec<_>>()
    };
    // No other process scores them meanwhile, and nothing waits for a lock.
    assert_eq!(
        lead_scores::lock_due(&mut acme.agency.open().await, 100).await.unwrap(),
        []
    );
    app.sql("UPDATE domain_profiles SET has_privacy_policy = false").await;
    let changed = "SELECT count(*) FROM leads WHERE score_due_at = '-infinity'";
    assert_eq!(app.count(changed).await, 1);
    let mut conn = acme.agency.open().await;
    let stored = lead_scores::store(&mut conn, &scores(7), claimed).await.unwrap();
    conn.commit().await.unwrap();
    assert_eq!(stored, ids.len() - 1);
    assert_eq!(app.count(changed).await, 1);
    // Whoever is late writes nothing.
    let mut conn = acme.agency.open().await;
    assert_eq!(lead_scores::store(&mut conn, &scores(8), claimed).await.unwrap(), 0);
}
