//! How leads follow what they are made of, by whichever way that changes.

use serde_json::json;

use super::{filled, lead, listed, names};
use crate::support::app::TestApp;

#[tokio::test]
async fn a_lead_is_a_place_with_its_domain_or_a_domain_without_a_place() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let bolt = app.agency("bolt").await;
    filled(&app, &bolt).await;
    assert_eq!(names(&acme, "").await, ["Acme Dental", "Best Bakery", "solo.test"]);
    let dental = lead(&acme, "Acme Dental").await;
    assert_eq!(
        json!([
            dental["place_id"],
            dental["domain"],
            dental["contact"]["email"],
            dental["phone"]
        ]),
        json!(["p1", "acme.test", "info@mail.acme.test", "+1 713 555 0100"]),
        "{dental}"
    );
    let solo = lead(&acme, "solo.test").await;
    assert_eq!(
        json!([
            solo["place_id"],
            solo["phone"],
            solo["technologies"],
            solo["social_links"]["facebook"],
            solo["has_ssl"]
        ]),
        json!([
            null,
            "+49 30 1",
            ["WordPress", "Tawk.to"],
            "https://facebook.com/solo",
            false
        ]),
        "{solo}"
    );
    let path = format!("/api/v1/leads/{}", solo["id"].as_str().unwrap());
    assert_eq!(acme.get(&path).await.body, solo);
    assert_eq!(bolt.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_domain_joins_its_places_and_is_a_lead_again_without_them() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let tenant = acme.agency.id;
    // A branch of solo.test, and a second place of acme.test.
    app.sql(&format!(
        "INSERT INTO place_details (tenant_id, place_id, domain_id) VALUES ('{tenant}', 'p2', md5('solo{tenant}')::uuid)"
    ))
    .await;
    let all = listed(&acme, "").await;
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(
        (&all[1]["name"], &all[1]["domain"]),
        (&json!("Best Bakery"), &json!("solo.test"))
    );
    assert_eq!(names(&acme, "&has_ssl=false&technology=tawk.TO").await, ["Best Bakery"]);
    app.sql(&format!(
        "UPDATE place_details SET domain_id = md5('acme{tenant}')::uuid WHERE tenant_id = '{tenant}' AND place_id = 'p2'"
    ))
    .await;
    // Branches share a domain, and the domain that lost its place is a lead with all that is known of it.
    assert_eq!(names(&acme, "&has_ssl=true").await, ["Acme Dental", "Best Bakery"]);
    assert_eq!(
        names(&acme, "&technology=wordpress&has_email=true").await,
        ["solo.test"]
    );
    app.sql(&format!("DELETE FROM places_staging WHERE tenant_id = '{tenant}'"))
        .await;
    assert_eq!(names(&acme, "").await, ["acme.test", "solo.test"]);
    assert_eq!(names(&acme, "&has_email=true").await, ["acme.test", "solo.test"]);
    app.sql(&format!(
        "DELETE FROM domains WHERE domain = 'acme.test' AND tenant_id = '{tenant}'"
    ))
    .await;
    assert_eq!(names(&acme, "").await, ["solo.test"]);
}

#[tokio::test]
async fn a_deleted_domain_leaves_the_lead_of_its_place() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let dental = lead(&acme, "Acme Dental").await;
    let path = format!("/api/v1/domains/{}", dental["domain_id"].as_str().unwrap());
    assert_eq!(acme.delete(&path).await.status, 204);
    let left = lead(&acme, "Acme Dental").await;
    assert_eq!(left["id"], dental["id"]);
    assert_eq!(
        json!([
            left["domain"],
            left["domain_id"],
            left["contact"],
            left["has_ssl"],
            left["phone"]
        ]),
        json!([null, null, null, null, "+1 713 555 0100"])
    );
    assert_eq!(names(&acme, "&has_email=true").await, ["solo.test"]);
}

#[tokio::test]
async fn a_lead_changes_when_what_it_says_does() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let tenant = acme.agency.id;
    let at = "timestamptz '2026-01-01'";
    for (change, is_news) in [
        (
            "UPDATE places_staging SET name = 'Acme Smiles' WHERE place_id = 'p1'",
            true,
        ),
        (
            "UPDATE places_staging SET search_time = now(), updated_at = now() WHERE place_id = 'p1'",
            false,
        ),
        ("UPDATE places_staging SET tags = '{warm}' WHERE place_id = 'p1'", true),
        ("UPDATE domain_hosting SET has_ssl = NOT has_ssl", true),
        ("UPDATE domain_hosting SET has_ssl = has_ssl", false),
        ("UPDATE domains SET last_scan = now()", false),
        ("UPDATE contacts SET last_seen_at = now()", false),
        ("DELETE FROM contacts", true),
        (
            "UPDATE domain_technologies SET tech_stack = '{\"cms\": [\"Drupal\"]}'; UPDATE place_details SET phone = NULL",
            true,
        ),
    ] {
        app.sql(&format!("UPDATE leads SET updated_at = {at}; {change}")).await;
        let sql = format!("SELECT count(*) FROM leads WHERE tenant_id = '{tenant}' AND updated_at <> {at}");
        assert_eq!(app.count(&sql).await > 0, is_news, "{change}");
    }
    let since = "&changed_since=2026-01-02T00:00:00Z";
    assert_eq!(names(&acme, since).await, ["Acme Smiles", "solo.test"]);
    assert_eq!(names(&acme, "&has_phone=true").await, ["solo.test"]);
    assert_eq!(lead(&acme, "solo.test").await["technologies"], json!(["Drupal"]));
    assert!(lead(&acme, "solo.test").await["last_scan_at"].is_string());
}

#[tokio::test]
async fn suppressed_bounced_and_wrong_addresses_are_not_written_to() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let email = async || lead(&acme, "Acme Dental").await["contact"]["email"].clone();
    let contact = lead(&acme, "Acme Dental").await["contact"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/contacts/{contact}");
    let marked = acme.patch(&path, json!({ "mark": "bounced" })).await;
    assert_eq!(
        (marked.status, &marked.body["mark"]),
        (200, &json!("bounced")),
        "{marked:?}"
    );
    assert!(marked.body["marked_at"].is_string());
    assert_eq!(email().await, "jobs@acme.test");
    assert_eq!(names(&acme, "&mark=bounced").await, ["Acme Dental"]);
    let suppressed = acme
        .post("/api/v1/suppressions", json!({ "email": "jobs@acme.test" }))
        .await;
    assert!(suppressed.status < 300, "{suppressed:?}");
    assert_eq!(email().await, "acme@gmail.com");
    let suppressed = acme
        .post("/api/v1/suppressions", json!({ "domain": "gmail.com" }))
        .await;
    assert!(suppressed.status < 300, "{suppressed:?}");
    assert_eq!(email().await, json!(null));
    assert_eq!(names(&acme, "&has_email=true").await, ["solo.test"]);
    // The site's own domain stands for all addresses found there.
    acme.post("/api/v1/suppressions", json!({ "domain": "solo.test" }))
        .await;
    assert_eq!(names(&acme, "&has_email=true").await, Vec::<String>::new());
    assert_eq!(lead(&acme, "solo.test").await["contact"], json!(null));
    let listed = acme.get("/api/v1/suppressions").await;
    let id = listed.body["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(acme.delete(&format!("/api/v1/suppressions/{id}")).await.status, 204);
    assert_eq!(names(&acme, "&has_email=true").await, ["solo.test"]);
    let unmarked = acme.patch(&path, json!({ "mark": null })).await;
    assert_eq!(
        json!([unmarked.body["mark"], unmarked.body["marked_at"]]),
        json!([null, null])
    );
    assert_eq!(email().await, "info@mail.acme.test");
}

#[tokio::test]
async fn an_erasure_reaches_what_people_wrote_about_leads() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    for name in ["Acme Dental", "solo.test"] {
        let path = format!("/api/v1/leads/{}", lead(&acme, name).await["id"].as_str().unwrap());
        let changed = acme
            .patch(
                &path,
                json!({ "notes": "ask info@solo.test", "tags": ["info@solo.test", "warm"] }),
            )
            .await;
        assert_eq!(changed.status, 200, "{changed:?}");
    }
    let erased = acme
        .post("/api/v1/erasures", json!({ "email": "info@solo.test" }))
        .await;
    assert!(erased.status < 300, "{erased:?}");
    for lead in listed(&acme, "").await {
        assert!(!lead.to_string().contains("info@solo.test"), "{lead}");
    }
    let left = app
        .count("SELECT count(*) FROM (SELECT l::text FROM leads l UNION ALL SELECT c::text FROM lead_changes c) r (body) WHERE body LIKE '%info@solo.test%'")
        .await;
    assert_eq!(left, 0);
}
