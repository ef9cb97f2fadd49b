//! People's decisions about leads: with and without a place, one by one and in bulk, and their undoing.

use rocket::http::Method;
use serde_json::{Value, json};

use super::{filled, lead, listed, names};
use crate::support::app::{Holder, TestApp};

/// Returns the decisions about all leads.
async fn decisions(holder: &Holder<'_>) -> Vec<Value> {
    let leads = listed(holder, "").await;
    let of = |lead: &Value| {
        json!([
            lead["name"],
            lead["status"],
            lead["notes"],
            lead["tags"],
            lead["priority"],
            lead["revisit_date"]
        ])
    };
    leads.iter().map(of).collect()
}

#[tokio::test]
async fn a_decision_about_a_lead_with_a_place_is_the_places() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let dental = lead(&acme, "Acme Dental").await;
    let path = format!("/api/v1/leads/{}", dental["id"].as_str().unwrap());
    let patch = json!({ "status": "selected", "notes": "call", "add_tags": ["warm"], "priority": 3, "revisit_date": "2030-01-02" });
    let changed = acme.patch(&path, patch).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let place = acme.get("/api/v1/places/p1").await.body;
    for (field, value) in [
        ("status", json!("selected")),
        ("notes", json!("call")),
        ("tags", json!(["warm"])),
        ("priority", json!(3)),
        ("revisit_date", json!("2030-01-02")),
    ] {
        assert_eq!((&changed.body[field], &place[field]), (&value, &value), "{field}");
    }
    // And the other way round.
    acme.post(
        "/api/v1/places/update-notes",
        json!({ "place_id": "p1", "notes": "called" }),
    )
    .await;
    assert_eq!(lead(&acme, "Acme Dental").await["notes"], "called");
    let history = acme.get(&format!("{path}/history")).await.body;
    let of_place = acme.get("/api/v1/places/p1/history").await.body;
    assert_eq!(history["items"].as_array().unwrap().len(), 2, "{history}");
    for (change, same) in history["items"]
        .as_array()
        .unwrap()
        .iter()
        .zip(of_place["items"].as_array().unwrap())
    {
        for field in ["id", "change_id", "action", "changed_by", "before", "after"] {
            assert_eq!(change[field], same[field], "{field}");
        }
    }
    let missing = acme
        .patch(
            "/api/v1/leads/00000000-0000-0000-0000-000000000000",
            json!({ "notes": "x" }),
        )
        .await;
    assert_eq!(missing.status, 404);
    assert_eq!(acme.patch(&path, json!({ "status": "x" })).await.status, 400);
}

#[tokio::test]
async fn a_decision_about_a_lead_without_a_place_is_its_own() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let solo = lead(&acme, "solo.test").await;
    let path = format!("/api/v1/leads/{}", solo["id"].as_str().unwrap());
    let changed = acme
        .patch(&path, json!({ "notes": "write", "tags": ["cold", "old"] }))
        .await;
    assert_eq!(
        (&changed.body["notes"], &changed.body["tags"]),
        (&json!("write"), &json!(["cold", "old"]))
    );
    let changed = acme
        .patch(
            &path,
            json!({ "add_tags": ["new"], "remove_tags": ["old"], "notes": null }),
        )
        .await;
    assert_eq!(
        (&changed.body["notes"], &changed.body["tags"]),
        (&json!(null), &json!(["cold", "new"]))
    );
    let history = acme.get(&format!("{path}/history?limit=1")).await;
    assert_eq!(
        history.body["items"][0]["before"]["tags"],
        json!(["cold", "old"]),
        "{history:?}"
    );
    let next = format!(
        "{path}/history?cursor={}",
        history.body["next_cursor"].as_str().unwrap()
    );
    assert_eq!(acme.get(&next).await.body["items"][0]["after"]["notes"], "write");
}

#[tokio::test]
async fn bulk_changes_of_leads_are_previewed_and_undone_whole() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let bolt = app.agency("bolt").await;
    filled(&app, &bolt).await;
    let before = decisions(&acme).await;
    let change = json!({ "filter": { "has_email": true }, "status": "maybe", "add_tags": ["mail"], "preview": true });
    let counted = acme.post("/api/v1/leads/change", change.clone()).await;
    assert_eq!(counted.body, json!({ "matched": 2, "changed": 0, "change_id": null }));
    assert_eq!(decisions(&acme).await, before);
    let mut real = change;
    real["preview"] = json!(false);
    let changed = acme.post("/api/v1/leads/change", real).await;
    assert_eq!(
        (changed.status, &changed.body["changed"]),
        (200, &json!(2)),
        "{changed:?}"
    );
    assert_eq!(
        names(&acme, "&status=maybe&tag=mail").await,
        ["Acme Dental", "solo.test"]
    );
    assert_eq!(names(&bolt, "&status=maybe").await, Vec::<String>::new());
    let undone = acme.post("/api/v1/leads/undo", json!({})).await;
    assert_eq!(
        (undone.status, &undone.body["restored"]),
        (200, &json!(2)),
        "{undone:?}"
    );
    assert_eq!(decisions(&acme).await, before);
    assert_eq!(acme.post("/api/v1/leads/undo", json!({})).await.status, 409);
    for body in [
        json!({}),
        json!({ "filter": {} }),
        json!({ "ids": [], "filter": { "x": 1 }, "status": "new" }),
    ] {
        let refused = acme.post("/api/v1/leads/change", body.clone()).await;
        assert!([400, 422].contains(&refused.status), "{body}: {refused:?}");
    }
}

#[tokio::test]
async fn a_change_of_leads_is_undone_by_its_id_where_nothing_changed_since() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let before = decisions(&acme).await;
    // By the routes of places too.
    let ids: Vec<Value> = listed(&acme, "").await.iter().map(|lead| lead["id"].clone()).collect();
    let second = acme
        .post("/api/v1/leads/change", json!({ "ids": ids, "notes": "all" }))
        .await;
    assert_eq!(second.body["changed"], 3, "{second:?}");
    let id = second.body["change_id"].as_str().unwrap().to_owned();
    let undone = acme.post(&format!("/api/v1/places/changes/{id}/undo"), json!({})).await;
    assert_eq!(undone.body["restored"], 3, "{undone:?}");
    assert_eq!(decisions(&acme).await, before);
    let again = acme.post(&format!("/api/v1/leads/changes/{id}/undo"), json!({})).await;
    assert_eq!(again.status, 409, "{again:?}");
    // Of what changed again since, nothing is undone.
    let change = json!({ "filter": { "has_email": true }, "status": "maybe" });
    let third = acme.post("/api/v1/leads/change", change).await;
    let solo = lead(&acme, "solo.test").await;
    let path = format!("/api/v1/leads/{}", solo["id"].as_str().unwrap());
    acme.patch(&path, json!({ "notes": "since" })).await;
    let id = third.body["change_id"].as_str().unwrap().to_owned();
    let undone = acme.post(&format!("/api/v1/leads/changes/{id}/undo"), json!({})).await;
    assert_eq!(
        (&undone.body["restored"], &undone.body["skipped"]),
        (&json!(1), &json!(1)),
        "{undone:?}"
    );
    assert_eq!(names(&acme, "&status=maybe").await, ["solo.test"]);
}

#[tokio::test]
async fn what_people_wrote_about_a_domain_goes_with_it_to_its_place() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let solo = lead(&acme, "solo.test").await;
    let path = format!("/api/v1/leads/{}", solo["id"].as_str().unwrap());
    acme.patch(
        &path,
        json!({ "notes": "knows us", "tags": ["warm", "mail"], "priority": 4, "revisit_date": "2027-01-01" }),
    )
    .await;
    acme.post(
        "/api/v1/places/update",
        json!({ "place_ids": ["p2"], "status": "selected", "notes": "nice shop", "tags": ["food", "mail"] }),
    )
    .await;
    let tenant = acme.agency.id;
    let domain = solo["domain_id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap();
    acme.agency
        .run(async |conn| {
            let done = [database::models::place_details::HandOver {
                place_id: "p2",
                domain_id: Some(domain.into()),
                error: None,
            }];
            database::repo::place_details::hand_over_many(conn, &done).await
        })
        .await;
    let bakery = lead(&acme, "Best Bakery").await;
    assert_eq!(
        json!([
            bakery["domain"],
            bakery["status"],
            bakery["notes"],
            bakery["tags"],
            bakery["priority"],
            bakery["revisit_date"]
        ]),
        json!([
            "solo.test",
            "selected",
            "nice shop\nknows us",
            ["food", "mail", "warm"],
            4,
            "2027-01-01"
        ]),
        "{bakery}"
    );
    let history = acme.get("/api/v1/places/p2/history").await.body;
    assert_eq!(history["items"][0]["changed_by"]["name"], "hand-over", "{history}");
    assert_eq!(
        app.count(&format!("SELECT count(*) FROM leads WHERE tenant_id = '{tenant}'"))
            .await,
        2
    );
    assert_eq!(acme.get(&path).await.status, 404);
}

#[tokio::test]
async fn contacts_are_marked_in_bulk() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let mark = async |body: Value| acme.post("/api/v1/contacts/mark", body).await;
    let counted = mark(json!({ "filter": { "domain": "acme.test" }, "mark": "contacted", "preview": true })).await;
    assert_eq!(counted.body, json!({ "matched": 3, "changed": 0 }));
    let marked = mark(json!({ "filter": { "domain": "acme.test" }, "mark": "contacted" })).await;
    assert_eq!(marked.body, json!({ "matched": 3, "changed": 3 }), "{marked:?}");
    assert_eq!(names(&acme, "&mark=contacted").await, ["Acme Dental"]);
    assert_eq!(lead(&acme, "Acme Dental").await["contact"]["mark"], "contacted");
    let listed = acme.get("/api/v1/contacts?mark=contacted").await;
    assert_eq!(listed.body["total"], 3, "{listed:?}");
    let ids: Vec<Value> = listed.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|contact| contact["id"].clone())
        .collect();
    let unmarked = mark(json!({ "ids": ids, "mark": null })).await;
    assert_eq!(unmarked.body["changed"], 3, "{unmarked:?}");
    assert_eq!(names(&acme, "&mark=contacted").await, Vec::<String>::new());
    for body in [
        json!({ "mark": "wrong" }),
        json!({ "ids": ids, "mark": "x" }),
        json!({ "ids": ids }),
    ] {
        let refused = mark(body.clone()).await;
        assert!([400, 422].contains(&refused.status), "{body}: {refused:?}");
    }
    let reader = app.key(&acme.agency, &[database::models::enums::Scope::Read]).await;
    let body = json!({ "filter": {}, "mark": "wrong" }).to_string();
    assert_eq!(
        app.text(Method::Post, "/api/v1/contacts/mark", &reader, &body).await.0,
        403
    );
}
