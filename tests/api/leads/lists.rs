//! Lists of leads: filters, orders and pages.

use serde_json::json;

use super::{filled, names};
use crate::support::app::TestApp;

#[tokio::test]
async fn leads_are_filtered_by_what_they_are_made_of() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let tenant = acme.agency.id;
    app.sql(&format!(
        "UPDATE leads SET score = 30 WHERE place_id = 'p2';
         UPDATE places_staging SET tags = '{{warm}}', priority = 7, status = 'Selected', revisit_date = '2026-12-01', search_job_id = md5('job')::uuid
             WHERE place_id = 'p2';
         INSERT INTO place_finds (tenant_id, search_job_id, place_id) VALUES ('{tenant}', md5('job')::uuid, 'p1');
         UPDATE contacts SET mark = 'contacted' WHERE email = 'info@solo.test'"
    ))
    .await;
    let domain = app
        .texts("SELECT id::text FROM domains WHERE domain = 'acme.test'")
        .await
        .remove(0);
    let job = app.texts("SELECT md5('job')::uuid::text").await.remove(0);
    for (query, expected) in queries(&domain, &job) {
        assert_eq!(names(&acme, &format!("&{query}")).await, expected, "{query}");
        // The same filter in a body.
        let counted = acme
            .post(
                "/api/v1/leads/change",
                json!({ "filter": body(&query), "preview": true }),
            )
            .await;
        assert_eq!(counted.body["matched"], expected.len(), "{query}: {counted:?}");
    }
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_refused() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    for query in [
        "status=x",
        "mark=x",
        "sort=x",
        "has_email=x",
        "certificate_days=-1",
        "min_score=x",
        "near=1,2",
        "domain_id=1",
        "changed_since=now",
        "cursor=x",
    ] {
        let answer = acme.get(&format!("/api/v1/leads?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
    }
}

/// Returns filters, and the names of the leads that each selects.
fn queries(domain: &str, job: &str) -> Vec<(String, Vec<&'static str>)> {
    let (dental, bakery, solo) = ("Acme Dental", "Best Bakery", "solo.test");
    vec![
        ("q=DENT".to_owned(), vec![dental]),
        ("q=acme.te".to_owned(), vec![dental]),
        ("q=%25".to_owned(), vec![]),
        ("location=houston".to_owned(), vec![dental]),
        ("business_type=bakery".to_owned(), vec![bakery]),
        ("near=29.76,-95.37&within_km=5".to_owned(), vec![dental]),
        ("min_rating=4".to_owned(), vec![dental]),
        ("status=selected".to_owned(), vec![bakery]),
        ("status=new".to_owned(), vec![dental, solo]),
        ("tag=warm".to_owned(), vec![bakery]),
        ("min_priority=1".to_owned(), vec![bakery]),
        ("min_score=30".to_owned(), vec![bakery]),
        ("min_score=31".to_owned(), vec![]),
        ("revisit_by=2026-12-01".to_owned(), vec![bakery]),
        ("revisit_by=2026-11-30".to_owned(), vec![]),
        (format!("search_job_id={job}"), vec![dental, bakery]),
        (format!("domain_id={domain}"), vec![dental]),
        ("has_email=true".to_owned(), vec![dental, solo]),
        ("has_email=false".to_owned(), vec![bakery]),
        ("has_phone=true".to_owned(), vec![dental, solo]),
        ("mark=contacted".to_owned(), vec![solo]),
        ("mark=wrong".to_owned(), vec![]),
        ("technology=wordpress".to_owned(), vec![solo]),
        ("technology=word".to_owned(), vec![]),
        ("has_ssl=false".to_owned(), vec![solo]),
        ("certificate_days=14".to_owned(), vec![dental]),
        ("certificate_days=3".to_owned(), vec![]),
        ("changed_since=2100-01-01T00:00:00Z".to_owned(), vec![]),
        ("q=&tag=&technology=".to_owned(), vec![dental, bakery, solo]),
    ]
}

/// Returns a filter in a query as one in a body.
fn body(query: &str) -> serde_json::Value {
    let mut filter = serde_json::Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let typed = match name.as_ref() {
            "near" => serde_json::from_str(&format!("[{value}]")).unwrap(),
            "q" | "location" | "business_type" | "status" | "tag" | "mark" | "technology" => json!(value),
            _ => serde_json::from_str(&value).unwrap_or_else(|_| json!(value)),
        };
        if !value.is_empty() {
            filter.insert(name.into_owned(), typed);
        }
    }
    filter.into()
}
