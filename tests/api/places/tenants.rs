//! Isolation of places between tenants.

use scans::PlacesProtocol;
use serde_json::json;

use super::{config, google, search, staged, work};
use crate::support::app::TestApp;

#[tokio::test]
async fn another_tenants_places_look_missing() {
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
