//! People's decisions about places.

use database::models::enums::Scope;
use rocket::http::{ContentType, Method};
use scans::PlacesProtocol;
use serde_json::{Value, json};

use super::{config, google, search, staged, work};
use crate::support::app::TestApp;

#[tokio::test]
async fn peoples_decisions_survive_a_new_search() {
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
    // All searches that found it are kept.
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
async fn bulk_changes_are_previewed_reported_and_undone() {
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
    let by = &history["items"][0]["changed_by"];
    assert_eq!((&by["kind"], &by["name"]), (&json!("key"), &json!("test")), "{by}");
    let undone = acme.post("/api/v1/places/undo", json!({})).await;
    assert_eq!(
        (undone.status, &undone.body["restored"], &undone.body["skipped"]),
        (200, &json!(count), &json!(0))
    );
    assert_eq!(curated(&staged(&acme).await), curated(&before));
    assert_eq!(acme.post("/api/v1/places/undo", json!({})).await.status, 409);
}

#[tokio::test]
async fn invalid_searches_are_named() {
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
}

#[tokio::test]
async fn invalid_filters_and_changes_are_named() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
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
}

#[tokio::test]
async fn a_read_only_key_starts_and_changes_nothing() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
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
async fn a_change_is_undone_by_its_id_once() {
    let app = TestApp::new().await;
    let (acme, bolt) = (app.agency("acme").await, app.agency("bolt").await);
    let csv = "place_id,name\none,One\ntwo,Two\n";
    let (status, said) = app.text(Method::Post, "/api/v1/places/import", &acme.key, csv).await;
    assert_eq!(status, 200, "{said}");
    let change = async |body: Value| {
        let changed = acme.post("/api/v1/places/update", body).await.body;
        changed["change_id"].as_str().unwrap().to_owned()
    };
    let status = async |place: &str| acme.get(&format!("/api/v1/places/{place}")).await.body["status"].clone();
    let first = change(json!({ "filter": {}, "status": "selected" })).await;
    let second = change(json!({ "place_ids": ["two"], "status": "archived" })).await;
    let undo = async |id: &str| acme.post(&format!("/api/v1/places/changes/{id}/undo"), json!({})).await;
    // Not the last one: a place that was changed again since stays as it is.
    let undone = undo(&first).await;
    assert_eq!(
        (undone.status, &undone.body),
        (200, &json!({ "change_id": first, "restored": 1, "skipped": 1 })),
        "{undone:?}"
    );
    assert_eq!(
        (status("one").await, status("two").await),
        (json!("new"), json!("archived"))
    );
    let history = acme.get("/api/v1/places/one/history").await.body;
    let rows = history["items"].as_array().unwrap();
    assert_eq!(
        (&rows[0]["action"], &rows[1]["change_id"]),
        (&json!("undo"), &json!(first))
    );
    assert!(
        rows[0]["undone_at"].is_null() && rows[1]["undone_at"].is_string(),
        "{history}"
    );

    let again = undo(&first).await;
    assert_eq!(again.status, 409);
    assert!(
        again.body["detail"].as_str().unwrap().contains("undone already"),
        "{again:?}"
    );
    let of_undo = undo(rows[0]["change_id"].as_str().unwrap()).await;
    assert!(of_undo.status == 409 && of_undo.body["detail"].as_str().unwrap().contains("itself an undo"));
    acme.post("/api/v1/places/update-status?place_id=two&status=maybe", json!({}))
        .await;
    let nothing = undo(&second).await;
    assert!(
        nothing.status == 409 && nothing.body["detail"].as_str().unwrap().contains("nothing is left"),
        "{nothing:?}"
    );
    // A change of one place can be undone too, and then the one before it.
    let history = acme.get("/api/v1/places/two/history?limit=1").await.body;
    assert_eq!(
        undo(history["items"][0]["change_id"].as_str().unwrap()).await.status,
        200
    );
    assert_eq!(undo(&second).await.status, 200);
    assert_eq!(status("two").await, "selected");
    let refused = bolt
        .post(&format!("/api/v1/places/changes/{second}/undo"), json!({}))
        .await;
    assert_eq!(refused.status, 404);
    assert_eq!(undo("00000000-0000-4000-8000-000000000000").await.status, 404);
}
