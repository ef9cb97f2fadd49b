//! Past searches.

use scans::PlacesProtocol;
use serde_json::{Value, json};

use super::{config, google, search, work};
use crate::support::app::{Answer, Holder, TestApp};

#[tokio::test]
async fn past_searches_are_listed_with_what_they_found_and_cost() {
    let (app, google) = (TestApp::new().await, google(3).await);
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    let _work = work(&app, &config(&google, PlacesProtocol::New));
    let dentists = search(&acme, json!({ "radius_km": 7 })).await;
    let bakers = search(&acme, json!({ "business_type": "bakery", "location": "Dallas, TX" })).await;
    assert_eq!(dentists["user_name"], "test", "{dentists}");
    let all = list(&acme, "").await;
    let items = all.body["items"].as_array().unwrap();
    assert_eq!((items.len(), &all.body["total"]), (2, &json!(2)), "{all:?}");
    assert_eq!(items[0]["job_id"], bakers["job_id"]);
    let first = &items[1];
    for (field, value) in [
        ("job_id", dentists["job_id"].clone()),
        ("business_type", json!("dentist")),
        ("location", json!("Houston, TX")),
        ("radius_km", json!(7.0)),
        ("max_results", json!(20)),
        ("status", json!("completed")),
        ("outcome", json!("ok")),
        ("found", json!(3)),
        ("calls", dentists["calls"].clone()),
    ] {
        assert_eq!(first[field], value, "{field}: {first}");
    }
    assert_eq!(
        (&first["created_by"]["kind"], &first["created_by"]["name"]),
        (&json!("key"), &json!("test"))
    );
    // One look at the map and one page of results, at list prices.
    assert!(all.text.contains("\"usd\":0.067"), "{}", all.text);
    assert_eq!(acme.get(first["status_url"].as_str().unwrap()).await.status, 200);

    assert_filters(&acme, first).await;
    assert_eq!(bolt.get("/api/v1/places/searches").await.body["items"], json!([]));
    assert_what_stays(&app, &acme, &all.body).await;
}

async fn list(holder: &Holder<'_>, query: &str) -> Answer {
    holder.get(&format!("/api/v1/places/searches{query}")).await
}

async fn assert_filters(acme: &Holder<'_>, first: &Value) {
    let list = async |query: &str| list(acme, query).await;
    let count = async |query: &str| list(query).await.body["total"].clone();
    assert_eq!(count("?business_type=bakery").await, 1);
    assert_eq!(count("?location=houston").await, 1);
    assert_eq!(count("?status=completed").await, 2);
    assert_eq!(count("?status=failed").await, 0);
    assert_eq!(count("?created_from=2030-01-01T00:00:00Z").await, 0);
    assert_eq!(count("?created_before=2030-01-01T00:00:00Z").await, 2);
    assert_eq!(list("?status=done").await.body["field"], "status");
    let page = list("?limit=1").await.body;
    let next = list(&format!("?limit=1&cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert_eq!(
        (&next.body["items"][0]["id"], &next.body["next_cursor"]),
        (&first["id"], &Value::Null)
    );
}

async fn assert_what_stays(app: &TestApp, acme: &Holder<'_>, all: &Value) {
    let list = async |query: &str| list(acme, query).await;
    // Jobs are deleted after a while, what a search found and cost stays.
    app.sql("DELETE FROM jobs").await;
    let kept = list("").await;
    assert_eq!(kept.body, *all);
    // A search of the old system has no job, and perhaps no time.
    app.sql(&format!(
        "INSERT INTO place_searches (tenant_id, location, business_type, status, created_at) VALUES ('{}', 'Paris', 'bank', 'done', NULL)",
        acme.agency.id
    ))
    .await;
    let page = list("?limit=1").await.body;
    assert_eq!(
        json!([
            page["items"][0]["location"],
            page["items"][0]["status"],
            page["items"][0]["created_at"],
            page["items"][0]["created_by"]["kind"]
        ]),
        json!(["Paris", null, null, "operator"])
    );
    let rest = list(&format!("?cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert_eq!(rest.body["items"].as_array().unwrap().len(), 2);
}
