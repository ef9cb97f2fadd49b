//! Handing places over to domains, and Google's details.

use std::time::Duration;

use rocket::http::Method;
use scans::{PlacesConfig, PlacesProtocol};
use scrapersky::demo::places_api::Trouble;
use serde_json::{Value, json};

use super::{BOTH, config, google, search, work};
use crate::support::app::TestApp;

#[tokio::test]
async fn selected_places_with_a_website_become_scanned_domains() {
    for protocol in BOTH {
        let (app, google) = (TestApp::new().await, google(6).await);
        let acme = app.agency("acme").await;
        let _work = work(&app, &config(&google, protocol));
        search(&acme, json!({})).await;
        let ids: Vec<String> = (0..5).map(|number| format!("ChIJdemo{number:06}")).collect();
        acme.post(
            "/api/v1/places/update",
            json!({ "place_ids": ids, "status": "selected" }),
        )
        .await;
        let queued = acme
            .post(
                "/api/v1/places/hand-over",
                json!({ "filter": {}, "scan": true, "emails": true, "look_up": true }),
            )
            .await;
        assert_eq!((queued.status, &queued.body["places"]), (202, &json!(6)), "{queued:?}");
        let job = acme.ended(queued.body["status_url"].as_str().unwrap()).await;
        assert_eq!(
            (&job["status"], &job["outcome"]),
            (&json!("completed"), &json!("partial")),
            "{job}"
        );
        // Four have a website, the fifth has none, the sixth is not selected.
        assert_eq!(
            (
                &job["result"]["handed_over"],
                &job["result"]["scans"],
                &job["result"]["email_scans"],
                &job["result"]["left_out"]
            ),
            (&json!(4), &json!(4), &json!(4), &json!(2)),
            "{job}"
        );
        let first = acme.get("/api/v1/places/ChIJdemo000000").await.body;
        assert_eq!(
            (&first["hand_over"]["domain"], &first["processed"]),
            (&json!("b0.places.test"), &json!(true)),
            "{first}"
        );
        for scan in ["scan_status", "email_scan_status"] {
            let status = first["hand_over"][scan].as_str().unwrap();
            assert!(
                ["Queued", "InProgress", "Completed", "Error"].contains(&status),
                "{first}"
            );
        }
        assert_eq!(first["website"], "http://www.b0.places.test/?utm=maps");
        let fifth = acme.get("/api/v1/places/ChIJdemo000004").await.body;
        assert_eq!(fifth["hand_over"]["error"], "it has no website", "{fifth}");
        let sixth = acme.get("/api/v1/places/ChIJdemo000005").await.body;
        assert_eq!(sixth["hand_over"]["error"], "it is not selected");
        let domains = acme.get("/api/v1/domains").await.body;
        assert_eq!(domains["total"], 4);
        // Again: the same domains.
        let again = acme.post("/api/v1/places/hand-over", json!({ "place_ids": ids })).await;
        acme.ended(again.body["status_url"].as_str().unwrap()).await;
        assert_eq!(acme.get("/api/v1/domains").await.body["total"], 4);
    }
}

#[tokio::test]
async fn a_page_on_a_portal_stays_a_profile_and_a_wrapped_address_is_unwrapped() {
    let (app, google) = (TestApp::new().await, google(1).await);
    let acme = app.agency("acme").await;
    let _work = work(&app, &config(&google, PlacesProtocol::New));
    let file = "place_id,name,status,website\n\
                own,A,selected,https://www.google.com/url?q=https://www.own.test/&sa=U\n\
                portal,B,selected,https://www.treatwell.fr/salon/b/\n";
    let (status, report) = app.text(Method::Post, "/api/v1/places/import", &acme.key, file).await;
    assert_eq!(status, 200, "{report}");
    let queued = acme.post("/api/v1/places/hand-over", json!({ "filter": {} })).await;
    let job = acme.ended(queued.body["status_url"].as_str().unwrap()).await;
    assert_eq!(
        (&job["result"]["handed_over"], &job["result"]["left_out"]),
        (&json!(1), &json!(1)),
        "{job}"
    );
    let own = acme.get("/api/v1/places/own").await.body;
    assert_eq!(
        (&own["hand_over"]["domain"], &own["profile"]),
        (&json!("own.test"), &Value::Null)
    );
    let portal = acme.get("/api/v1/places/portal").await.body;
    assert_eq!(
        (&portal["hand_over"]["domain"], &portal["hand_over"]["error"]),
        (
            &Value::Null,
            &json!("its website is a page on treatwell.fr, which is not its own domain")
        )
    );
    assert_eq!(portal["profile"]["kind"], "booking", "{portal}");
}

#[tokio::test]
async fn a_hand_over_without_scans_says_nothing_of_scans() {
    let (app, google) = (TestApp::new().await, google(2).await);
    let acme = app.agency("acme").await;
    let _work = work(&app, &config(&google, PlacesProtocol::New));
    assert_eq!(search(&acme, json!({})).await["message"], "2 places found");
    acme.post("/api/v1/places/update", json!({ "filter": {}, "status": "selected" }))
        .await;
    let body = json!({ "filter": {}, "scan": false, "look_up": true });
    let queued = acme.post("/api/v1/places/hand-over", body).await.body;
    let job = acme.ended(queued["status_url"].as_str().unwrap()).await;
    assert_eq!(job["message"], "2 of 2 places are handed over", "{job}");
    let place = acme.get("/api/v1/places/ChIJdemo000000").await.body;
    assert_eq!(place["hand_over"]["domain"], "b0.places.test");
    for status in ["scan_status", "email_scan_status"] {
        assert_eq!(place["hand_over"][status], Value::Null, "{place}");
    }
}

#[tokio::test]
async fn places_follow_the_job_that_looks_them_up() {
    let (app, google) = (TestApp::new().await, google(3).await);
    let acme = app.agency("acme").await;
    let mut settings = config(&google, PlacesProtocol::Legacy);
    let working = work(&app, &settings);
    search(&acme, json!({})).await;
    drop(working);
    let statuses = async || -> Vec<Value> {
        let list = acme.get("/api/v1/places/staging").await.body;
        let places = list["places"].as_array().unwrap().iter();
        places
            .map(|place| json!([place["deep_scan_status"], place["deep_scan_error"]]))
            .collect()
    };
    let queue = async || acme.post("/api/v1/places/details", json!({ "filter": {} })).await.body;
    let queued = queue().await;
    assert_eq!(statuses().await, vec![json!(["Queued", null]); 3]);
    let path = queued["status_url"].as_str().unwrap();
    acme.post(&format!("{path}/cancel"), json!({})).await;
    assert_eq!(statuses().await, vec![json!([null, "it was cancelled"]); 3]);
    acme.post(&format!("{path}/retry"), json!({})).await;
    assert_eq!(statuses().await, vec![json!(["Queued", null]); 3]);
    // Search and centre were billed: one look-up is left in the month.
    settings.calls_per_month = Some(3);
    let _work = work(&app, &settings);
    let job = acme.ended(path).await;
    assert_eq!(job["outcome"], "partial", "{job}");
    let cap = "the cap of 3 calls per month is reached";
    let mut ended = statuses().await;
    ended.sort_by_key(ToString::to_string);
    assert_eq!(
        ended,
        [json!(["Completed", null]), json!([null, cap]), json!([null, cap])]
    );
    let again = acme.ended(queue().await["status_url"].as_str().unwrap()).await;
    assert_eq!(again["status"], "failed", "{again}");
    assert_eq!(statuses().await, vec![json!(["Error", cap]); 3]);
}

#[tokio::test]
async fn a_cancelled_search_is_cancelled_in_the_list_of_searches() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let body = json!({ "location": "Houston, TX", "business_type": "dentist" });
    let queued = acme.post("/api/v1/places/search", body).await.body;
    let id = queued["job_id"].as_str().unwrap();
    let cancelled = acme.post(&format!("/api/v1/jobs/{id}/cancel"), json!({})).await;
    assert_eq!(cancelled.body["status"], "cancelled", "{cancelled:?}");
    assert_eq!(
        app.texts("SELECT status::text FROM place_searches").await,
        ["cancelled"]
    );
}

/// Asserts that a place lost all of Google's content and kept people's decisions.
fn assert_cleared(cleared: &Value) {
    for gone in [
        "formatted_address",
        "latitude",
        "rating",
        "raw_data",
        "website",
        "phone",
        "opening_hours",
        "content_at",
    ] {
        assert_eq!(cleared[gone], Value::Null, "{gone}");
    }
    assert_eq!(
        (&cleared["name"], &cleared["status"], &cleared["notes"]),
        (&json!(""), &json!("selected"), &json!("ours"))
    );
}

#[tokio::test]
async fn details_are_looked_up_once_and_old_content_is_cleared_or_refreshed() {
    let (app, google) = (TestApp::new().await, google(3).await);
    let acme = app.agency("acme").await;
    let mut settings = config(&google, PlacesProtocol::Legacy);
    let _work = work(&app, &settings);
    search(&acme, json!({})).await;
    acme.post(
        "/api/v1/places/update",
        json!({ "filter": {}, "status": "selected", "notes": "ours" }),
    )
    .await;
    google.trouble(1, Trouble::Status("OVER_QUERY_LIMIT", "slowly"));
    let queued = acme.post("/api/v1/places/details", json!({ "filter": {} })).await;
    let job = acme.ended(queued.body["status_url"].as_str().unwrap()).await;
    assert_eq!(
        (&job["status"], &job["result"]["found"], &job["message"]),
        (&json!("completed"), &json!(3), &json!("3 of 3 places are looked up")),
        "{job}"
    );
    let one = acme.get("/api/v1/places/ChIJdemo000001").await.body;
    assert_eq!(
        (&one["deep_scan_status"], &one["processed"], &one["phone"]),
        (&json!("Completed"), &json!(true), &json!("+1 713-555-0001")),
        "{one}"
    );
    assert!(one["opening_hours"]["weekday_text"].is_array() && one["raw_data"].is_object());
    // Search, centre, three details and the refused one.
    assert_eq!(google.requests().len(), 6, "{:?}", google.requests());

    // A month later, when Google no longer has the second place.
    let old = "UPDATE places_staging SET search_time = now() - interval '40 days'; UPDATE place_details SET content_at = now() - interval '40 days'";
    app.sql(old).await;
    settings.keep = Some(Duration::from_secs(30 * 24 * 60 * 60));
    settings.expired = scans::ExpiredPlaces::Refresh;
    let queue = async |settings: &PlacesConfig| {
        let tenants = scans::places::retention::queue_jobs(app.pool(), settings)
            .await
            .unwrap();
        if tenants > 0 {
            let jobs = acme.get("/api/v1/jobs?kind=place_retention&limit=1").await.body;
            acme.ended(&format!("/api/v1/jobs/{}", jobs["items"][0]["id"].as_str().unwrap()))
                .await;
        }
        tenants
    };
    assert_eq!(queue(&settings).await, 1);
    assert_eq!(queue(&settings).await, 0, "everything is fresh");
    let fresh = acme.get("/api/v1/places/ChIJdemo000001").await.body;
    assert_eq!(
        (&fresh["name"], &fresh["search_time"]),
        (&json!("Business 1"), &fresh["search_time"])
    );
    assert!(fresh["content_at"].as_str().unwrap() > fresh["search_time"].as_str().unwrap());

    app.sql(old).await;
    settings.expired = scans::ExpiredPlaces::Clear;
    assert_eq!(queue(&settings).await, 1);
    assert_eq!(queue(&settings).await, 0, "everything is cleared");
    assert_cleared(&acme.get("/api/v1/places/ChIJdemo000001").await.body);
    search(&acme, json!({})).await;
    assert_eq!(
        acme.get("/api/v1/places/ChIJdemo000001").await.body["name"],
        "Business 1"
    );
    assert_eq!(queue(&settings).await, 0);
}
