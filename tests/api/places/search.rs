//! Searches: what they find, store, cost and report.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use scans::{PlacesConfig, PlacesProtocol};
use scrapersky::demo::places_api::{DENIED_KEY, PlacesApi, Trouble, World};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{BOTH, config, google, search, staged, work, world};
use crate::support::app::TestApp;
use crate::support::extent;

#[tokio::test]
async fn three_pages_are_found_by_either_protocol() {
    for protocol in BOTH {
        let (app, google) = (TestApp::new().await, google(200).await);
        let acme = app.agency("acme").await;
        let is_new = protocol == PlacesProtocol::New;
        for number in if is_new { 0..0 } else { 2..4 } {
            google.trouble(number, Trouble::Status("INVALID_REQUEST", "not yet"));
        }
        let _work = work(&app, &config(&google, protocol));
        let status = search(&acme, json!({ "max_results": 60, "radius_km": 50 })).await;
        assert_eq!(status["status"], "completed", "{status}");
        assert_eq!(
            (&status["total_places"], &status["stored_places"]),
            (&json!(60), &json!(60))
        );
        assert_eq!(
            (&status["search_query"], &status["search_location"]),
            (&json!("dentist"), &json!("Houston, TX"))
        );
        assert_eq!((&status["error"], &status["outcome"]), (&Value::Null, &json!("ok")));
        let places = staged(&acme).await;
        assert_eq!(places.len(), 60);
        let one = &places[0];
        assert_eq!(
            (&one["status"], &one["business_type"]),
            (&json!("new"), &json!("dentist"))
        );
        assert_eq!(one["search_job_id"], status["job_id"]);
        let id = if protocol == PlacesProtocol::New {
            "id"
        } else {
            "place_id"
        };
        assert_eq!(one["raw_data"][id], one["place_id"]);
        let asked = google.requests();
        assert!(
            asked[0].ends_with(" Houston, TX") && asked[1].ends_with(" dentist in Houston, TX"),
            "{asked:?}"
        );
        // A token of the older protocol becomes valid after a delay.
        let later = asked.iter().filter(|request| request.ends_with(" page")).count();
        assert!(if is_new { later == 2 } else { later >= 4 }, "{asked:?}");
    }
}

#[tokio::test]
async fn at_most_the_requested_places_within_the_radius_are_stored() {
    for protocol in BOTH {
        let (app, google) = (TestApp::new().await, google(100).await);
        let acme = app.agency("acme").await;
        let _work = work(&app, &config(&google, protocol));
        for (wanted, expected) in [(1, 1), (20, 20), (33, 33)] {
            let status = search(&acme, json!({ "max_results": wanted })).await;
            assert_eq!(status["stored_places"], expected, "{status}");
        }
        let near = search(
            &acme,
            json!({ "max_results": 60, "radius_km": 2, "business_type": "baker" }),
        )
        .await;
        let found = near["stored_places"].as_u64().unwrap();
        assert!((1..30).contains(&found), "{near}");
        let path = format!(
            "/api/v1/places/staging?search_job_id={}",
            near["job_id"].as_str().unwrap()
        );
        let near_by = acme.get(&path).await.body;
        assert_eq!(near_by["total"], found);
        let circle = acme
            .get("/api/v1/places/staging?near=29.7604,-95.3698&within_km=2")
            .await
            .body;
        assert_eq!(circle["total"], found, "exactly the places within 2 km");
    }
}

/// The trouble, the number of the request that has it (0 is the centre), how often, and how the search ends: its
/// status, the number of stored places, its outcome and its error.
type Case = (Trouble, usize, usize, &'static str, usize, &'static str, &'static str);

fn cases() -> [Case; 11] {
    let denied = Trouble::Status("REQUEST_DENIED", "This key a-secret-key is not authorized.");
    let over = Trouble::Status("OVER_QUERY_LIMIT", "You have exceeded your quota.");
    [
        (
            Trouble::Status("ZERO_RESULTS", ""),
            1,
            1,
            "completed",
            0,
            "ok_empty",
            "",
        ),
        (over.clone(), 1, 2, "completed", 40, "ok", ""),
        (over, 1, 99, "failed", 0, "upstream", "You have exceeded your quota."),
        (
            denied.clone(),
            0,
            1,
            "failed",
            0,
            "upstream",
            "This key *** is not authorized.",
        ),
        (
            denied,
            2,
            1,
            "failed",
            20,
            "upstream",
            "This key *** is not authorized.",
        ),
        (
            Trouble::Status("UNKNOWN_ERROR", "try again"),
            1,
            1,
            "completed",
            40,
            "ok",
            "",
        ),
        (Trouble::Half, 1, 1, "completed", 40, "ok", ""),
        (Trouble::Half, 2, 99, "failed", 20, "parse", "cannot be read"),
        (Trouble::Body(200, "[]"), 1, 99, "failed", 0, "parse", "cannot be read"),
        (Trouble::Body(500, "<html>"), 1, 1, "completed", 40, "ok", ""),
        (Trouble::Silence, 2, 99, "failed", 20, "timeout", "took too long"),
    ]
}

async fn assert_ends(protocol: PlacesProtocol, (trouble, at, times, status, stored, outcome, error): Case) {
    let (app, google) = (
        TestApp::new().await,
        PlacesApi::start(World {
            token_delay: Duration::ZERO,
            ..world(100)
        })
        .await
        .unwrap(),
    );
    let acme = app.agency("acme").await;
    for number in 0..times {
        google.trouble(at + number, trouble.clone());
    }
    let quick = PlacesConfig {
        // Successful responses may be slow on a busy machine.
        timeout: Duration::from_secs(if matches!(trouble, Trouble::Silence) { 2 } else { 10 }),
        ..config(&google, protocol)
    };
    let _work = work(&app, &quick);
    let ended = search(&acme, json!({ "max_results": 40 })).await;
    let what = format!("{protocol:?} {trouble:?}: {ended}");
    assert_eq!(
        (&ended["status"], &ended["outcome"]),
        (&json!(status), &json!(outcome)),
        "{what}"
    );
    assert_eq!(
        (&ended["total_places"], &ended["stored_places"]),
        (&json!(stored), &json!(stored)),
        "{what}"
    );
    assert_eq!(staged(&acme).await.len(), stored, "{what}");
    let said = ended["error"].as_str().unwrap_or_default();
    assert!(said.contains(error) && said.is_empty() == error.is_empty(), "{what}");
    assert!(
        !what.contains("a-secret-key") || !said.contains("a-secret-key"),
        "{what}"
    );
}

#[tokio::test]
async fn failures_end_as_specified_and_store_whole_pages() {
    let cases = cases();
    // Each case has its own database, and most of them wait. In the short form, cases alternate between the protocols.
    let all = BOTH.into_iter().enumerate().flat_map(|(turn, protocol)| {
        let cases = cases.clone().into_iter().skip(if extent::is_full() { 0 } else { turn });
        cases.step_by(extent::of(1, 4)).map(move |case| (protocol, case))
    });
    stream::iter(all)
        .for_each_concurrent(6, async |(protocol, case)| assert_ends(protocol, case).await)
        .await;
}

#[tokio::test]
async fn denied_keys_missing_keys_and_dead_servers_differ() {
    let (app, google) = (TestApp::new().await, google(10).await);
    let acme = app.agency("acme").await;
    let right = config(&google, PlacesProtocol::Legacy);
    let denied = PlacesConfig {
        key: Some(SecretString::from(DENIED_KEY)),
        ..right.clone()
    };
    let none = PlacesConfig {
        key: None,
        ..right.clone()
    };
    // Nobody listens on a port that was just released.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let dead = PlacesConfig {
        url: format!("http://{free}").parse().unwrap(),
        ..right
    };
    for (config, message) in [
        (denied, "Google refused the request: The provided API key is invalid."),
        (none, "places cannot be searched: GOOGLE_MAPS_API_KEY is not set"),
        (dead, "127.0.0.1 cannot be connected to: it refuses connections"),
    ] {
        let working = work(&app, &config);
        let ended = search(&acme, json!({})).await;
        assert_eq!(
            (&ended["status"], &ended["error"]),
            (&json!("failed"), &json!(message)),
            "{ended}"
        );
        drop(working);
    }
    assert!(staged(&acme).await.is_empty());
}

#[tokio::test]
async fn a_restarted_search_pays_for_each_page_once() {
    let (app, google) = (TestApp::new().await, google(100).await);
    let acme = app.agency("acme").await;
    // The third page never arrives: the worker is stopped meanwhile, and another one continues.
    google.trouble(3, Trouble::Silence);
    let patient = PlacesConfig {
        timeout: Duration::from_secs(60),
        ..config(&google, PlacesProtocol::New)
    };
    let first = work(&app, &patient);
    let accepted = acme
        .post(
            "/api/v1/places/search",
            json!({ "location": "Houston, TX", "business_type": "dentist", "max_results": 60 }),
        )
        .await;
    crate::support::database::eventually("the third page is requested", async || google.requests().len() == 4).await;
    drop(first);
    let _second = work(&app, &config(&google, PlacesProtocol::New));
    let ended = acme.ended(accepted.body["status_url"].as_str().unwrap()).await;
    assert_eq!(
        (&ended["status"], &ended["stored_places"]),
        (&json!("completed"), &json!(60)),
        "{ended}"
    );
    // The centre, three pages, and the third once more.
    assert_eq!(google.requests().len(), 5, "{:?}", google.requests());
    let costs = acme.get("/api/v1/costs").await.body;
    assert_eq!(costs["calls_this_month"], 5, "{costs}");
}

#[tokio::test]
async fn a_grid_exceeds_googles_result_limit_within_its_cap() {
    for protocol in BOTH {
        let (app, google) = (
            TestApp::new().await,
            PlacesApi::start(World {
                token_delay: Duration::ZERO,
                ..world(900)
            })
            .await
            .unwrap(),
        );
        let acme = app.agency("acme").await;
        let mut settings = config(&google, protocol);
        settings.token_delay = Duration::from_millis(1);
        let _work = work(&app, &settings);
        let ended = search(&acme, json!({ "max_results": 500, "grid": true })).await;
        assert_eq!(
            (&ended["status"], &ended["stored_places"]),
            (&json!("completed"), &json!(500)),
            "{protocol:?} {ended}"
        );
        let calls = ended["calls"].as_u64().unwrap();
        assert!(calls <= 100, "{protocol:?}: {calls} calls");
        eprintln!("{protocol:?}: 500 places by {calls} calls");
        let mut ids: Vec<_> = staged(&acme)
            .await
            .iter()
            .map(|place| place["place_id"].to_string())
            .collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 500);

        settings.calls_per_search = 10;
        let _capped = work(&app, &settings);
        drop(_work);
        let umbra = app.agency("umbra").await;
        let ended = search(&umbra, json!({ "max_results": 500, "grid": true })).await;
        assert!(ended["calls"].as_u64().unwrap() <= 100);
    }
}

#[tokio::test]
async fn caps_are_enforced_and_reported() {
    let (app, google) = (TestApp::new().await, google(900).await);
    let acme = app.agency("acme").await;
    let few = PlacesConfig {
        calls_per_search: 5,
        calls_per_month: Some(8),
        ..config(&google, PlacesProtocol::New)
    };
    let _work = work(&app, &few);
    let first = search(&acme, json!({ "max_results": 500, "grid": true })).await;
    assert_eq!(
        (&first["status"], &first["outcome"], &first["calls"]),
        (&json!("completed"), &json!("partial"), &json!(5))
    );
    assert_eq!(first["note"], "the cap of 5 calls per search is reached");
    assert_eq!(
        staged(&acme).await.len(),
        first["stored_places"].as_u64().unwrap() as usize
    );
    let second = search(&acme, json!({ "max_results": 500, "grid": true })).await;
    assert_eq!(
        (&second["calls"], &second["note"]),
        (&json!(3), &json!("the cap of 8 calls per month is reached"))
    );
    let third = search(&acme, json!({})).await;
    assert_eq!(
        (&third["status"], &third["error"]),
        (&json!("failed"), &json!("the cap of 8 calls per month is reached"))
    );
    assert_eq!(google.requests().len(), 8);
    // Each tenant has its own cap.
    let umbra = app.agency("umbra").await;
    assert_eq!(search(&umbra, json!({})).await["status"], "completed");
    let costs = acme.get("/api/v1/costs").await;
    assert_eq!(costs.body["calls_this_month"], 8, "{costs:?}");
    // 2 calls at 0.032 and 6 at 0.035, to the last digit.
    assert!(costs.text.contains("\"usd_this_month\":0.274"), "{costs:?}");

    let dry = acme
        .post(
            "/api/v1/places/search",
            json!({ "location": "x", "business_type": "y", "max_results": 500, "grid": true, "dry_run": true }),
        )
        .await;
    assert_eq!(
        (dry.status, &dry.body["calls_at_least"], &dry.body["calls_at_most"]),
        (200, &json!(26), &json!(100)),
        "{dry:?}"
    );
    assert!(
        dry.text.contains("\"usd_at_least\":0.832,\"usd_at_most\":3.20"),
        "{dry:?}"
    );
    assert_eq!(acme.get("/api/v1/jobs").await.body["total"], 3);
}
