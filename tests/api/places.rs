//! Places, from the search to the hand-over, against the stand-in for Google, over real HTTP.

use std::sync::Arc;
use std::time::Duration;

use database::models::enums::Scope;
use futures_util::{StreamExt, stream};
use rocket::figment::Figment;
use rocket::http::{ContentType, Method};
use scrapersky::config::{PlacesConfig, PlacesProtocol, ScansConfig};
use scrapersky::demo::places_api::{DENIED_KEY, PlacesApi, Trouble, World};
use scrapersky::jobs::Runner;
use scrapersky::scans::{Services, registry};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use web::fetch::FetchConfig;

use crate::support::app::{Holder, TestApp};
use crate::support::extent;
use crate::support::workers::patient;

const BOTH: [PlacesProtocol; 2] = [PlacesProtocol::Legacy, PlacesProtocol::New];

fn world(businesses: usize) -> World {
    World {
        businesses,
        token_delay: Duration::from_millis(60),
        ..World::default()
    }
}

async fn google(businesses: usize) -> PlacesApi {
    PlacesApi::start(world(businesses)).await.unwrap()
}

fn config(google: &PlacesApi, protocol: PlacesProtocol) -> PlacesConfig {
    PlacesConfig {
        protocol,
        url: google.url().parse().unwrap(),
        key: Some(SecretString::from("a-secret-key")),
        timeout: Duration::from_secs(5),
        token_delay: Duration::from_millis(20),
        ..PlacesConfig::load(&Figment::new()).unwrap()
    }
}

/// Works jobs off until it is dropped.
fn work(app: &TestApp, config: &PlacesConfig) -> oneshot::Sender<()> {
    let fetch = FetchConfig::default();
    let services = Services::new(&ScansConfig::default())
        .unwrap()
        .with_places(&fetch, config)
        .unwrap();
    let mut jobs = patient();
    jobs.retry_base = Duration::from_millis(20);
    jobs.retry_cap = Duration::from_millis(40);
    let runner = Runner::new(app.pool().clone(), registry(), Arc::new(services), jobs).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(runner.run(async move {
        let _ = stopped.await;
    }));
    stop
}

async fn search(holder: &Holder<'_>, more: Value) -> Value {
    let mut body = json!({ "location": "Houston, TX", "business_type": "dentist" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let accepted = holder.post("/api/v1/places/search", body).await;
    assert_eq!(accepted.status, 200, "{accepted:?}");
    assert_eq!(accepted.body["status"], "started");
    let id = accepted.body["job_id"].as_str().unwrap();
    let path = accepted.body["status_url"].as_str().unwrap();
    assert_eq!(path, format!("/api/v1/places/status/{id}"));
    holder.ended(path).await
}

async fn staged(holder: &Holder<'_>) -> Vec<Value> {
    let answer = holder.get("/api/v1/places/staging?limit=1000").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let places = answer.body["places"].as_array().unwrap().clone();
    assert_eq!(answer.body["total"], places.len());
    places
}

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
        // A token of the older protocol is not valid at once.
        let later = asked.iter().filter(|request| request.ends_with(" page")).count();
        assert!(if is_new { later == 2 } else { later >= 4 }, "{asked:?}");
    }
}

#[tokio::test]
async fn as_many_as_were_wanted_are_stored_and_none_outside_the_radius() {
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
        assert_eq!(circle["total"], found, "all there are within 2 km, and no other");
    }
}

#[tokio::test]
async fn every_failure_ends_as_it_should_and_never_with_half_a_page() {
    // Which request has which trouble (0 is the centre), how often, and how it ends.
    let denied = Trouble::Status("REQUEST_DENIED", "This key a-secret-key is not authorized.");
    let over = Trouble::Status("OVER_QUERY_LIMIT", "You have exceeded your quota.");
    let cases = [
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
    ];
    // Each has a database of its own, and most of them wait. By one of the protocols in turns while developing.
    let all = BOTH.into_iter().enumerate().flat_map(|(turn, protocol)| {
        let cases = cases.clone().into_iter().skip(if extent::is_full() { 0 } else { turn });
        cases.step_by(extent::of(1, 2)).map(move |case| (protocol, case))
    });
    let all = stream::iter(all).for_each_concurrent(
        6,
        async |(protocol, (trouble, at, times, status, stored, outcome, error))| {
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
                // What does answer may be slow to on a busy machine.
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
        },
    );
    all.await;
}

#[tokio::test]
async fn a_denied_key_a_missing_key_and_a_dead_server_are_told_apart() {
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
    // Nobody listens on a port that was just given back.
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
        (none, "places cannot be searched for: GOOGLE_MAPS_API_KEY is not set"),
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
async fn a_search_that_is_begun_again_pays_for_no_page_twice() {
    let (app, google) = (TestApp::new().await, google(100).await);
    let acme = app.agency("acme").await;
    // The third page never comes: the worker is stopped meanwhile, and another goes on.
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
    crate::support::database::eventually("the third page is asked for", async || google.requests().len() == 4).await;
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
async fn a_grid_finds_more_than_google_tells_of_within_its_cap_and_nothing_twice() {
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
async fn caps_hold_and_are_told() {
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
    assert_eq!(first["note"], "the cap of 5 calls a search is reached");
    assert_eq!(
        staged(&acme).await.len(),
        first["stored_places"].as_u64().unwrap() as usize
    );
    let second = search(&acme, json!({ "max_results": 500, "grid": true })).await;
    assert_eq!(
        (&second["calls"], &second["note"]),
        (&json!(3), &json!("the cap of 8 calls a month is reached"))
    );
    let third = search(&acme, json!({})).await;
    assert_eq!(
        (&third["status"], &third["error"]),
        (&json!("failed"), &json!("the cap of 8 calls a month is reached"))
    );
    assert_eq!(google.requests().len(), 8);
    // Each tenant has its own.
    let umbra = app.agency("umbra").await;
    assert_eq!(search(&umbra, json!({})).await["status"], "completed");
    let costs = acme.get("/api/v1/costs").await.body;
    assert_eq!(
        (&costs["calls_this_month"], costs["usd_this_month"].as_f64()),
        (&json!(8), Some(2.0 * 0.032 + 6.0 * 0.035)),
        "{costs}"
    );

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
    assert_eq!(acme.get("/api/v1/jobs").await.body["total"], 3);
}

#[tokio::test]
async fn what_people_decided_survives_a_new_search() {
    let (app, google) = (TestApp::new().await, google(3).await);
    let acme = app.agency("acme").await;
    let _work = work(&app, &config(&google, PlacesProtocol::New));
    let first = search(&acme, json!({})).await;
    let curation = json!({
        "place_ids": ["ChIJdemo000001"], "status": "selected", "notes": "call them", "tags": ["warm"], "priority": 3,
        "revisit_date": "2030-01-02",
    });
    let changed = acme.post("/api/v1/places/update", curation).await;
    assert_eq!(
        (changed.status, &changed.body["changed"]),
        (200, &json!(1)),
        "{changed:?}"
    );
    let before = acme.get("/api/v1/places/ChIJdemo000001").await.body;
    let second = search(&acme, json!({ "business_type": "orthodontist" })).await;
    let after = acme.get("/api/v1/places/ChIJdemo000001").await.body;
    for field in [
        "status",
        "notes",
        "tags",
        "priority",
        "revisit_date",
        "created_by",
        "id",
    ] {
        assert_eq!(before[field], after[field], "{field}");
    }
    assert_eq!(
        (&after["status"], &after["business_type"]),
        (&json!("selected"), &json!("orthodontist"))
    );
    // Which searches found it is kept.
    assert_eq!(
        (
            &after["searches"][0]["search_job_id"],
            &after["searches"][1]["search_job_id"]
        ),
        (&second["job_id"], &first["job_id"])
    );
    let path = format!(
        "/api/v1/places/staging?search_job_id={}",
        first["job_id"].as_str().unwrap()
    );
    assert_eq!(acme.get(&path).await.body["total"], 3);
    // Two tenants may stage the same place.
    let umbra = app.agency("umbra").await;
    search(&umbra, json!({})).await;
    assert_eq!(umbra.get("/api/v1/places/ChIJdemo000001").await.body["status"], "new");
}

#[tokio::test]
async fn bulk_changes_are_previewed_told_and_undone() {
    let (app, google) = (TestApp::new().await, google(20).await);
    let acme = app.agency("acme").await;
    let _work = work(&app, &config(&google, PlacesProtocol::New));
    search(&acme, json!({})).await;
    let before = staged(&acme).await;
    let curated = |places: &[Value]| -> Vec<Value> {
        places
            .iter()
            .map(|place| {
                json!([
                    place["place_id"],
                    place["status"],
                    place["notes"],
                    place["tags"],
                    place["priority"],
                    place["revisit_date"]
                ])
            })
            .collect()
    };
    let good = json!({ "min_rating": 3.0 });
    let preview = acme
        .post("/api/v1/places/update", json!({ "filter": good, "preview": true }))
        .await
        .body;
    let count = preview["matched"].as_u64().unwrap();
    assert!(count > 0 && count < 20 && preview["changed"] == 0, "{preview}");
    let change = json!({ "filter": good, "status": "Not a Fit", "add_tags": ["seen"], "notes": null });
    let changed = acme.post("/api/v1/places/update", change).await.body;
    assert_eq!(changed["changed"], count);
    assert_eq!(
        acme.get("/api/v1/places/staging?status=not_a_fit&tag=seen").await.body["total"],
        count
    );
    let history = acme.get("/api/v1/places/history?limit=1").await.body;
    assert_eq!(history["items"][0]["change_id"], changed["change_id"]);
    assert_eq!(
        (
            &history["items"][0]["before"]["status"],
            &history["items"][0]["after"]["status"]
        ),
        (&json!("new"), &json!("not_a_fit"))
    );
    assert!(
        history["items"][0]["changed_by"]
            .as_str()
            .unwrap()
            .starts_with("API key ")
    );
    let undone = acme.post("/api/v1/places/undo", json!({})).await;
    assert_eq!(
        (undone.status, &undone.body["restored"], &undone.body["skipped"]),
        (200, &json!(count), &json!(0))
    );
    assert_eq!(curated(&staged(&acme).await), curated(&before));
    assert_eq!(acme.post("/api/v1/places/undo", json!({})).await.status, 409);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_named() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let umbra = app.agency("umbra").await;
    for (change, field) in [
        (json!({ "radius_km": 0 }), "radius_km"),
        (json!({ "radius_km": 51 }), "radius_km"),
        (json!({ "max_results": 0 }), "max_results"),
        (json!({ "max_results": 101 }), "max_results"),
        (json!({ "location": " " }), "location"),
        (json!({ "business_type": "" }), "business_type"),
        (json!({ "latitude": 1.0 }), "latitude"),
        (json!({ "tenant_id": "x" }), "tenant_id"),
    ] {
        let mut body = json!({ "location": "Houston, TX", "business_type": "dentist" });
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let answer = acme.post("/api/v1/places/search", body).await;
        assert_eq!(
            (answer.status, answer.body["field"].as_str()),
            (400, Some(field)),
            "{answer:?}"
        );
    }
    let foreign = json!({ "location": "x", "business_type": "y", "tenant_id": umbra.agency.id.to_string() });
    assert_eq!(acme.post("/api/v1/places/search", foreign).await.status, 403);
    let answer = acme
        .post("/api/v1/places/update-status?place_id=one&status=done", json!({}))
        .await;
    assert_eq!((answer.status, answer.body["field"].as_str()), (400, Some("status")));
    assert!(
        answer.body["detail"]
            .as_str()
            .unwrap()
            .contains("new, selected, maybe, not_a_fit, archived")
    );
    for query in [
        "status=done",
        "min_rating=x",
        "near=1",
        "near=1,2",
        "within_km=3",
        "sort=x",
        "cursor=x",
        "search_job_id=x",
    ] {
        let answer = acme.get(&format!("/api/v1/places/staging?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
    }
    assert_eq!(
        acme.post("/api/v1/places/update", json!({ "status": "new" }))
            .await
            .status,
        400
    );
    assert_eq!(
        acme.post("/api/v1/places/update", json!({ "filter": {} })).await.status,
        400
    );
    for path in [
        "/api/v1/places/nobody",
        "/api/v1/places/nobody/history",
        "/api/v1/places/status/00000000-0000-4000-8000-000000000000",
    ] {
        assert_eq!(acme.get(path).await.status, 404, "{path}");
    }
    let reader = app.key(&acme.agency, &[Scope::Read]).await;
    for path in [
        "/api/v1/places/search",
        "/api/v1/places/update",
        "/api/v1/places/hand-over",
        "/api/v1/places/details",
    ] {
        let body = r#"{"location":"x","business_type":"y","filter":{},"status":"new"}"#;
        let answer = app
            .send(Method::Post, path, Some(&reader), Some((ContentType::JSON, body)))
            .await;
        assert_eq!(answer.status, 403, "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn another_tenants_places_are_not_there() {
    let (app, google) = (TestApp::new().await, google(3).await);
    let (acme, umbra) = (app.agency("acme").await, app.agency("umbra").await);
    let _work = work(&app, &config(&google, PlacesProtocol::New));
    let ended = search(&acme, json!({})).await;
    let job = ended["job_id"].as_str().unwrap();
    for path in [
        format!("/api/v1/places/status/{job}"),
        "/api/v1/places/ChIJdemo000001".to_owned(),
        "/api/v1/places/ChIJdemo000001/history".to_owned(),
    ] {
        assert_eq!(umbra.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(
        umbra
            .post("/api/v1/places/update-notes?place_id=ChIJdemo000001&notes=x", json!({}))
            .await
            .status,
        404
    );
    let all = json!({ "filter": {}, "status": "archived" });
    assert_eq!(umbra.post("/api/v1/places/update", all).await.body["changed"], 0);
    for path in ["/api/v1/places/hand-over", "/api/v1/places/details"] {
        assert_eq!(
            umbra
                .post(path, json!({ "place_ids": ["ChIJdemo000001"] }))
                .await
                .status,
            404
        );
    }
    assert!(staged(&umbra).await.is_empty());
    assert_eq!(umbra.get("/api/v1/costs").await.body["calls_this_month"], 0);
    assert!(staged(&acme).await.iter().all(|place| place["status"] == "new"));
}

#[tokio::test]
async fn an_import_and_a_bulk_change_under_a_key_are_done_once() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let import = async |name: &str, file: &str| {
        let (headers, body) = ([("Idempotency-Key", name)], Some((ContentType::CSV, file)));
        app.send_with(&headers, Method::Post, "/api/v1/places/import", Some(&acme.key), body)
            .await
    };
    let file = "place_id,name\none,One\ntwo,Two\n";
    let first = import("file", file).await;
    assert_eq!((first.status, &first.body["inserted"]), (200, &json!(2)), "{first:?}");
    // Done again it would find both there.
    let again = import("file", file).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(import("other", file).await.body["updated"], 2);
    assert_eq!(import("file", "place_id,name\nthree,Three\n").await.status, 422);
    assert_eq!(staged(&acme).await.len(), 2);

    let change = json!({ "filter": {}, "add_tags": ["warm"] });
    let first = acme.post_as("change", "/api/v1/places/update", &change).await;
    assert_eq!((first.status, &first.body["changed"]), (200, &json!(2)), "{first:?}");
    let again = acme.post_as("change", "/api/v1/places/update", &change).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    let another = json!({ "filter": {}, "add_tags": ["cold"] });
    assert_eq!(
        acme.post_as("change", "/api/v1/places/update", &another).await.status,
        422
    );
    let history = acme.get("/api/v1/places/history").await.body;
    let bulk = |item: &&Value| item["action"] == "bulk";
    assert_eq!(
        history["items"].as_array().unwrap().iter().filter(bulk).count(),
        2,
        "{history}"
    );
}

#[tokio::test]
async fn an_export_imported_elsewhere_is_the_same() {
    let (app, google) = (TestApp::new().await, google(60).await);
    let (acme, umbra) = (app.agency("acme").await, app.agency("umbra").await);
    let _work = work(&app, &config(&google, PlacesProtocol::New));
    search(&acme, json!({ "max_results": 60 })).await;
    for (place, change) in [
        (
            1,
            json!({ "notes": "=HYPERLINK(\"http://x\")", "tags": ["-warm", "a;b", "\"q\""], "priority": -2 }),
        ),
        (2, json!({ "notes": "", "status": "maybe" })),
        (
            3,
            json!({ "notes": "'@x\nsecond, line", "revisit_date": "2030-01-02", "tags": [] }),
        ),
        (4, json!({ "notes": "+1 713", "priority": null })),
    ] {
        let mut body = json!({ "place_ids": [format!("ChIJdemo{place:06}")] });
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        assert_eq!(acme.post("/api/v1/places/update", body).await.body["changed"], 1);
    }
    let export = async |holder: &Holder<'_>, path: &str| {
        let (status, text) = app.text(Method::Get, path, &holder.key, "").await;
        assert_eq!(status, 200, "{text}");
        text
    };
    let file = export(&acme, "/api/v1/places/export.csv").await;
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let mut rows = 0;
    for record in reader.records() {
        for cell in &record.unwrap() {
            let is_number = cell.parse::<f64>().is_ok();
            assert!(is_number || !cell.starts_with(['=', '+', '-', '@']), "{cell:?}");
        }
        rows += 1;
    }
    assert_eq!(rows, 60);

    let (status, report) = app.text(Method::Post, "/api/v1/places/import", &umbra.key, &file).await;
    assert_eq!(status, 200, "{report}");
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        (&report["rows"], &report["inserted"], &report["failed"]),
        (&json!(60), &json!(60), &json!(0))
    );
    assert_eq!(report["lines"].as_array().unwrap().len(), 60);
    let of = |text: &str| {
        let mut records: Vec<csv::StringRecord> = csv::Reader::from_reader(text.as_bytes())
            .records()
            .map(Result::unwrap)
            .collect();
        records.sort_by(|one, other| one.as_slice().cmp(other.as_slice()));
        records
    };
    assert_eq!(of(&export(&umbra, "/api/v1/places/export.csv").await), of(&file));
    let comparable = |places: Vec<Value>| {
        let mut rows: Vec<_> = places
            .into_iter()
            .map(|place| {
                let mut row = place.as_object().unwrap().clone();
                for own in [
                    "id",
                    "tenant_id",
                    "created_by",
                    "search_job_id",
                    "updated_by",
                    "updated_at",
                ] {
                    row.remove(own).unwrap();
                }
                Value::Object(row).to_string()
            })
            .collect();
        rows.sort();
        rows
    };
    assert_eq!(comparable(staged(&umbra).await), comparable(staged(&acme).await));

    // A filter holds for a file as for the list; a line of JSON is a row of the list.
    let lines = export(&acme, "/api/v1/places/export.jsonl?status=maybe").await;
    let line: Value = serde_json::from_str(lines.trim_end()).unwrap();
    assert_eq!(
        (&line["place_id"], &line["notes"]),
        (&json!("ChIJdemo000002"), &json!(""))
    );
    // Lines that cannot be used do no harm, and an import can be undone.
    let bad = "place_id,name,notes,rating\nChIJdemo000001,Renamed,by file,5\n,x,,\nnew one,New,,bad\n";
    let (status, report) = app.text(Method::Post, "/api/v1/places/import", &umbra.key, bad).await;
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        (status, &report["updated"], &report["failed"]),
        (200, &json!(1), &json!(2)),
        "{report}"
    );
    assert_eq!(
        umbra.get("/api/v1/places/ChIJdemo000001").await.body["notes"],
        "by file"
    );
    assert_eq!(umbra.post("/api/v1/places/undo", json!({})).await.body["restored"], 1);
    assert_eq!(
        umbra.get("/api/v1/places/ChIJdemo000001").await.body["notes"],
        "=HYPERLINK(\"http://x\")"
    );
    let (status, _) = app
        .text(Method::Post, "/api/v1/places/import", &umbra.key, "a,b\n1,2\n")
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn selected_places_with_a_website_become_domains_that_are_scanned() {
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
        assert!(
            ["Queued", "InProgress", "Completed", "Error"]
                .contains(&first["hand_over"]["email_scan_status"].as_str().unwrap()),
            "{first}"
        );
        assert!(
            ["Queued", "InProgress", "Completed", "Error"]
                .contains(&first["hand_over"]["scan_status"].as_str().unwrap()),
            "{first}"
        );
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
        (&job["status"], &job["result"]["found"]),
        (&json!("completed"), &json!(3)),
        "{job}"
    );
    let one = acme.get("/api/v1/places/ChIJdemo000001").await.body;
    assert_eq!(
        (&one["deep_scan_status"], &one["phone"]),
        (&json!("Completed"), &json!("+1 713-555-0001")),
        "{one}"
    );
    assert!(one["opening_hours"]["weekday_text"].is_array() && one["raw_data"].is_object());
    // Search, centre, three details and the refused one.
    assert_eq!(google.requests().len(), 6, "{:?}", google.requests());

    // A month later: the second place is gone from Google.
    let old = "UPDATE places_staging SET search_time = now() - interval '40 days'; UPDATE place_details SET content_at = now() - interval '40 days'";
    app.sql(old).await;
    settings.keep = Some(Duration::from_secs(30 * 24 * 60 * 60));
    settings.expired = scrapersky::config::ExpiredPlaces::Refresh;
    let queue = async |settings: &PlacesConfig| {
        let tenants = scrapersky::scans::places::retention::queue_jobs(app.pool(), settings)
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
    assert_eq!(queue(&settings).await, 0, "all is fresh");
    let fresh = acme.get("/api/v1/places/ChIJdemo000001").await.body;
    assert_eq!(
        (&fresh["name"], &fresh["search_time"]),
        (&json!("Business 1"), &fresh["search_time"])
    );
    assert!(fresh["content_at"].as_str().unwrap() > fresh["search_time"].as_str().unwrap());

    app.sql(old).await;
    settings.expired = scrapersky::config::ExpiredPlaces::Clear;
    assert_eq!(queue(&settings).await, 1);
    assert_eq!(queue(&settings).await, 0, "all is cleared");
    let cleared = acme.get("/api/v1/places/ChIJdemo000001").await.body;
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
    search(&acme, json!({})).await;
    assert_eq!(
        acme.get("/api/v1/places/ChIJdemo000001").await.body["name"],
        "Business 1"
    );
    assert_eq!(queue(&settings).await, 0);
}

/// What the existing front end does, word for word, over rows that were there before the migration.
#[tokio::test]
async fn the_old_front_ends_sequence_works_over_migrated_rows() {
    let google = google(5).await;
    let app = TestApp::adopted(
        "INSERT INTO tenants (id, name) VALUES ('550e8400-e29b-41d4-a716-446655440000', 'Old');
         INSERT INTO places_staging (place_id, name, tenant_id, created_by, status, notes, search_time, tags, raw_data)
         SELECT 'old' || i, 'Old place ' || i, '550e8400-e29b-41d4-a716-446655440000', gen_random_uuid(),
                (enum_range(NULL::place_status_enum))[1 + i % 5], 'note ' || i, '2024-01-01'::timestamptz + i * interval '1 hour',
                '{a,b}', '{\"rating\": 4.50}'
         FROM generate_series(0, 9) i;
         INSERT INTO places_staging (place_id, name, tenant_id, created_by, search_time)
         VALUES ('ChIJdemo000001', 'Known of old', '550e8400-e29b-41d4-a716-446655440000', gen_random_uuid(), NULL);",
    )
    .await;
    let old = app.default_agency().await;
    let _work = work(&app, &config(&google, PlacesProtocol::Legacy));
    const TENANT: &str = "550e8400-e29b-41d4-a716-446655440000";

    let list = async || {
        old.get(&format!("/api/v1/places/staging?tenant_id={TENANT}&limit=100"))
            .await
            .body
    };
    let before = list().await;
    assert_eq!(
        (&before["total"], &before["limit"], &before["offset"]),
        (&json!(11), &json!(100), &json!(0))
    );
    let status_of = |list: &Value, id: &str| {
        let places = list["places"].as_array().unwrap();
        places.iter().find(|place| place["place_id"] == id).unwrap().clone()
    };
    for (number, word) in ["new", "selected", "maybe", "not_a_fit", "archived"]
        .into_iter()
        .enumerate()
    {
        assert_eq!(status_of(&before, &format!("old{number}"))["status"], word);
        let by_word = old
            .get(&format!("/api/v1/places/staging?status={word}&limit=100"))
            .await
            .body;
        assert_eq!(by_word["total"], if word == "new" { 3 } else { 2 }, "{word}");
    }
    let by_label = old.get("/api/v1/places/staging?status=Not%20a%20Fit").await.body;
    assert_eq!(by_label["total"], 2);
    let columns: Vec<&str> = before["places"][0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    for column in [
        "id",
        "place_id",
        "name",
        "formatted_address",
        "business_type",
        "latitude",
        "longitude",
        "vicinity",
        "rating",
        "user_ratings_total",
        "price_level",
        "tenant_id",
        "created_by",
        "search_job_id",
        "search_query",
        "search_location",
        "search_time",
        "status",
        "notes",
        "priority",
        "tags",
        "revisit_date",
        "processed",
        "processed_time",
        "raw_data",
        "user_id",
        "user_name",
        "updated_by",
        "updated_at",
        "deep_scan_error",
        "deep_scan_status",
    ] {
        assert!(columns.contains(&column), "{column}");
    }

    let body = json!({ "location": "Houston, TX", "business_type": "dentist", "radius_km": 10, "max_results": 20, "tenant_id": TENANT });
    let started = old.post("/api/v1/places/search", body).await.body;
    assert_eq!(started["status"], "started");
    let ended = old.ended(started["status_url"].as_str().unwrap()).await;
    for field in [
        "job_id",
        "status",
        "total_places",
        "stored_places",
        "created_at",
        "completed_at",
        "search_query",
        "search_location",
        "user_id",
        "user_name",
        "error",
    ] {
        assert!(ended.as_object().unwrap().contains_key(field), "{field}");
    }
    assert_eq!(
        (&ended["status"], &ended["total_places"], &ended["stored_places"]),
        (&json!("completed"), &json!(5), &json!(5))
    );

    let found = list().await;
    assert_eq!(found["total"], 15);
    assert!(
        found["places"][0]["place_id"].as_str().unwrap().starts_with("ChIJdemo"),
        "the newest first"
    );
    assert_eq!(status_of(&found, "ChIJdemo000001")["name"], "Business 1");
    for (word, expected) in [("selected", "selected"), ("Not a Fit", "not_a_fit"), ("maybe", "maybe")] {
        let word = word.replace(' ', "%20");
        let path = format!("/api/v1/places/update-status?place_id=old3&status={word}&tenant_id={TENANT}");
        let answer = app.send(Method::Post, &path, Some(&old.key), None).await;
        assert_eq!(
            (answer.status, answer.body),
            (200, json!({ "message": "Status updated successfully" }))
        );
        assert_eq!(status_of(&list().await, "old3")["status"], expected);
    }
    let path = format!(
        "/api/v1/places/update-notes?place_id=old3&notes=called%20them%20%26%20they%20like%20it&tenant_id={TENANT}"
    );
    let answer = app.send(Method::Post, &path, Some(&old.key), None).await;
    assert_eq!(
        (answer.status, answer.body),
        (200, json!({ "message": "Notes updated successfully" }))
    );
    let after = status_of(&list().await, "old3");
    assert_eq!(
        (&after["status"], &after["notes"]),
        (&json!("maybe"), &json!("called them & they like it"))
    );
    assert_eq!(
        (&after["tags"], &after["raw_data"]),
        (&json!(["a", "b"]), &json!({ "rating": 4.5 }))
    );
    // The same through a body.
    let answer = old
        .post(
            "/api/v1/places/update-status",
            json!({ "place_id": "old3", "status": "archived" }),
        )
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = old
        .post(
            "/api/v1/places/update-notes",
            json!({ "place_id": "old3", "notes": "no" }),
        )
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let after = status_of(&list().await, "old3");
    assert_eq!((&after["status"], &after["notes"]), (&json!("archived"), &json!("no")));
    let history = old.get("/api/v1/places/old3/history").await.body;
    assert_eq!(history["items"].as_array().unwrap().len(), 6);
}
