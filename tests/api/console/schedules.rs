//! Schedules: made, run, paused and deleted by whoever may scan.

use database::models::enums::Scope;

use super::Browser;
use crate::support::app::TestApp;

/// Returns the form of a schedule of leads with some values of its own.
fn form(changes: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("name", "weekly"),
        ("days", "* * 1"),
        ("at", "06:00"),
        ("time_zone", "Europe/Berlin"),
        ("every", ""),
        ("cron", ""),
        ("missed", "once"),
        ("work", "domain_scan"),
        ("status", "selected"),
        ("tag", ""),
        ("business_type", ""),
        ("location", ""),
        ("max_usd", "5"),
        ("domain", ""),
    ];
    for (name, value) in changes {
        fields.iter_mut().find(|(known, _)| known == name).unwrap().1 = value;
    }
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(fields).finish()
}

#[tokio::test]
async fn a_schedule_is_made_run_paused_resumed_and_deleted() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let browser = Browser::of(&app, &acme.agency, Scope::ALL).await;
    assert!(browser.get("/schedules").await.text.contains("No schedules"));
    let body = serde_json::json!({ "base_url": "a.test" });
    assert_eq!(acme.post("/api/v1/scrapersky", body).await.status, 200);
    app.sql("UPDATE jobs SET status = 'completed', outcome = 'ok'").await;
    for (field, changes) in [
        ("name", vec![("name", " ")]),
        ("at", vec![("at", "25:00")]),
        ("time_zone", vec![("time_zone", "Berlin")]),
        ("every", vec![("days", "every"), ("every", "soon")]),
        ("cron", vec![("days", "cron"), ("cron", "* *")]),
        ("max_usd", vec![("work", "place_search"), ("max_usd", "much")]),
        ("domain", vec![("work", "sitemap_scan"), ("domain", "no domain")]),
    ] {
        let wrong = browser.post("/schedules", &form(&changes)).await;
        assert_eq!(wrong.status, 400, "{field}: {}", wrong.text);
        let problem = format!("id=\"{field}-problem\"");
        assert!(wrong.text.contains(&problem), "{field}: {}", wrong.text);
    }
    assert_eq!(app.count("SELECT count(*) FROM schedules").await, 0);

    let made = browser.post("/schedules", &form(&[("status", "")])).await;
    assert_eq!(made.status, 303, "{}", made.text);
    let here = made.location.unwrap();
    let shown = browser.get(&here).await.text;
    for part in ["at 06:00, Europe/Berlin", "It has not run yet", "leads: all"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let list = browser.get("/schedules").await.text;
    assert!(list.contains("weekly") && list.contains("never"), "{list}");

    let post = async |what: &str| browser.post(&format!("{here}/{what}"), "").await.status;
    assert_eq!(post("run").await, 303);
    let ran = browser.get(&here).await.text;
    assert!(ran.contains("on request") && ran.contains("/jobs?batch_id="), "{ran}");
    assert_eq!(post("pause").await, 303);
    assert!(browser.get("/schedules").await.text.contains("paused"));
    assert_eq!(post("resume").await, 303);
    assert!(!browser.get("/schedules").await.text.contains("paused"));
    assert_eq!(post("delete").await, 303);
    assert_eq!(browser.get(&here).await.status, 404);
}

#[tokio::test]
async fn each_kind_of_work_can_be_scheduled() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    for (changes, stored) in [
        (
            vec![("days", "every"), ("every", "PT6H"), ("tag", "north")],
            "PT6H {\"domain_scan\": {\"leads\": {\"tag\": \"north\", \"status\": \"selected\"}}}",
        ),
        (
            vec![("work", "email_scan"), ("status", "")],
            "0 6 * * 1 {\"email_scan\": {\"leads\": {}}}",
        ),
        (
            vec![
                ("work", "place_search"),
                ("business_type", "dentist"),
                ("location", "Bonn"),
            ],
            "0 6 * * 1 {\"place_search\": {\"max_usd\": 5.0, \"location\": \"Bonn\", \"business_type\": \"dentist\"}}",
        ),
        (
            vec![
                ("days", "cron"),
                ("cron", "5 4 * * *"),
                ("work", "sitemap_scan"),
                ("domain", "a.test"),
            ],
            "5 4 * * * {\"sitemap_scan\": {\"domain\": \"a.test\"}}",
        ),
    ] {
        let made = browser.post("/schedules", &form(&changes)).await;
        assert_eq!(made.status, 303, "{changes:?}: {}", made.text);
        let last = "SELECT coalesce(cron, every) || ' ' || work FROM schedules ORDER BY created_at DESC LIMIT 1";
        assert_eq!(app.texts(last).await, [stored]);
    }
}

#[tokio::test]
async fn whoever_may_only_read_sees_schedules_and_changes_none() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    let here = browser.post("/schedules", &form(&[])).await.location.unwrap();
    let reader = Browser::of(&app, &agency, &[Scope::Read]).await;
    let (list, one) = (reader.get("/schedules").await, reader.get(&here).await);
    assert_eq!((list.status, one.status), (200, 200));
    assert!(!list.text.contains("Create the schedule") && !one.text.contains("Run now"));
    assert_eq!(reader.post("/schedules", &form(&[])).await.status, 403);
    for what in ["run", "pause", "resume", "delete"] {
        assert_eq!(reader.post(&format!("{here}/{what}"), "").await.status, 403, "{what}");
    }
}
