//! The old front end's requests on a migrated database.

use rocket::http::Method;
use scans::PlacesProtocol;
use serde_json::{Value, json};

use super::{config, google, work};
use crate::support::app::TestApp;

const TENANT: &str = "550e8400-e29b-41d4-a716-446655440000";

/// The columns of a staged place.
const COLUMNS: [&str; 31] = [
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
];

/// The fields of a search's status.
const STATUS_FIELDS: [&str; 11] = [
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
];

/// The old front end's requests, word for word, on rows from before the migration.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "the front end's requests are one sequence")]
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
    for column in COLUMNS {
        assert!(columns.contains(&column), "{column}");
    }

    let body = json!({ "location": "Houston, TX", "business_type": "dentist", "radius_km": 10, "max_results": 20, "tenant_id": TENANT });
    let started = old.post("/api/v1/places/search", body).await.body;
    assert_eq!(started["status"], "started");
    let ended = old.ended(started["status_url"].as_str().unwrap()).await;
    for field in STATUS_FIELDS {
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
        "newest first"
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
    // The same with a body.
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
