//! What a route does not know is refused by name, and what it knows is suggested.

use rocket::http::{ContentType, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use super::isolation::all;
use super::routes::{ENTRIES, Names};
use crate::support::app::TestApp;

/// Whether a route is of the v1 contract, whose pages send what they like.
fn is_v1(operation: &Value) -> bool {
    operation["tags"].as_array().unwrap().contains(&json!("v1"))
}

#[tokio::test]
async fn unknown_parameters_are_refused_on_every_route_but_v1s() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await;
    let ids = all(&Uuid::new_v4().to_string());
    let (mut refused, mut ignored) = (0, 0);
    for entry in ENTRIES {
        let shot = (entry.shots)(&ids).remove(0);
        let (_, operation) = app.contract().operation(entry.method, &shot.path).unwrap();
        let separator = if shot.path.contains('?') { '&' } else { '?' };
        let path = format!("{}{separator}unheard_of=1", shot.path);
        let body = shot.body.as_ref().map(|(kind, text)| (kind.clone(), text.as_str()));
        let answer = app.send(entry.method, &path, Some(&agency.key), body).await;
        let is_refused = answer.status == 400 && answer.body["field"] == "unheard_of";
        assert_eq!(is_refused, !is_v1(operation), "{} {path}: {answer:?}", entry.method);
        if is_refused {
            refused += 1;
        } else {
            ignored += 1;
        }
    }
    assert!(refused > 50 && ignored > 10, "{refused} refused, {ignored} ignored");
}

#[tokio::test]
async fn unknown_fields_are_refused_on_every_route_but_v1s() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await;
    let ids = all(&Uuid::new_v4().to_string());
    let mut refused = 0;
    // A key manages no tenants, whatever its body says; see `tenants.rs`.
    let entries = ENTRIES.iter().filter(|entry| entry.names != Names::Tenants);
    for entry in entries.filter(|entry| entry.method != Method::Get) {
        let shot = (entry.shots)(&ids).remove(0);
        let (_, operation) = app.contract().operation(entry.method, &shot.path).unwrap();
        let Some((kind, text)) = shot.body.filter(|(kind, _)| *kind == ContentType::JSON) else {
            continue;
        };
        let mut body: Value = serde_json::from_str(&text).unwrap();
        body["unheard_of"] = json!(1);
        let text = body.to_string();
        let answer = app
            .send(entry.method, &shot.path, Some(&agency.key), Some((kind, &text)))
            .await;
        let is_refused = answer.status == 422 && answer.body["field"] == "unheard_of";
        assert_eq!(
            is_refused,
            !is_v1(operation),
            "{} {}: {answer:?}",
            entry.method,
            shot.path
        );
        refused += usize::from(is_refused);
    }
    assert!(refused > 8, "{refused} refused");
}

/// Serde would read a list as the fields of a struct in their order.
#[tokio::test]
async fn a_list_is_not_read_as_an_object() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await;
    let ids = all(&Uuid::new_v4().to_string());
    let contract = app.contract();
    let mut refused = Vec::new();
    for entry in ENTRIES {
        let shot = (entry.shots)(&ids).remove(0);
        let Some(body) = contract.body(entry.method, &shot.path) else {
            continue;
        };
        let nulls = |schema: &Value| vec![Value::Null; schema["properties"].as_object().unwrap().len()];
        let mut bodies = vec![(None, json!(nulls(body)))];
        for (name, property) in body["properties"].as_object().unwrap() {
            if let Some(object) = contract.object(property) {
                bodies.push((Some(name), json!({ name: nulls(object) })));
            } else if let Some(object) = contract.object(&property["items"]) {
                bodies.push((Some(name), json!({ name: [nulls(object)] })));
            }
        }
        for (name, body) in bodies {
            let text = body.to_string();
            let body = Some((ContentType::JSON, text.as_str()));
            let answer = app.send(entry.method, &shot.path, Some(&agency.key), body).await;
            // Tenants are for super administrators.
            if answer.status != 403 {
                assert_eq!(answer.status, 422, "{} {} {text}: {answer:?}", entry.method, shot.path);
                let detail = answer.body["detail"].as_str().unwrap();
                assert!(detail.contains("expected an object"), "{} {text}: {detail}", shot.path);
            }
            refused.extend(name);
        }
    }
    assert!(refused.len() >= 6, "{refused:?}");
}

#[tokio::test]
async fn a_mistyped_name_is_answered_with_the_right_one() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await;
    let answer = agency.get("/api/v1/jobs?statuss=failed").await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(
        answer.body["detail"],
        "unknown parameter `statuss`: did you mean `status`?"
    );
    let answer = agency.get("/api/v1/contacts?offset=5").await;
    assert_eq!(
        answer.status, 400,
        "paging that a list does not have is refused: {answer:?}"
    );
    assert_eq!(answer.body["field"], "offset");
    let answer = agency.get("/api/v1/jobs?status=failed&status=running").await;
    assert_eq!(
        answer.body["detail"],
        "the parameter `status` is given twice: it must be given once"
    );
    let answer = agency.get("/api/v1/places/staging?limit=1&limit=2&unheard_of=1").await;
    assert_eq!(
        answer.body["field"], "limit",
        "routes of v1 take a parameter once as well: {answer:?}"
    );
    let answer = agency
        .post(
            "/api/v1/places/update",
            json!({ "filter": { "statu": "new" }, "notes": "x" }),
        )
        .await;
    assert_eq!(answer.status, 422, "{answer:?}");
    assert_eq!(
        answer.body["detail"],
        "unknown field `filter.statu`: did you mean `status`?"
    );
    assert_eq!(answer.body["field"], "filter.statu");
}

#[tokio::test]
async fn failures_name_their_kind_by_a_path_that_explains_it() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await;
    let page = app.send(Method::Get, "/docs/problems", None, None).await;
    let job = format!("/api/v1/jobs/{}", Uuid::new_v4());
    for (answer, code) in [
        (agency.get(&job).await, "not_found"),
        (agency.get("/api/v1/jobs?limit=0").await, "bad_request"),
        (agency.delete("/api/v1/jobs").await, "method_not_allowed"),
        (app.send(Method::Get, &job, None, None).await, "unauthorized"),
    ] {
        assert_eq!(answer.body["code"], code, "{answer:?}");
        assert_eq!(answer.body["type"], format!("/docs/problems#{code}"));
        assert!(
            page.text.contains(&format!("<h2 id=\"{code}\">")),
            "{code} is not explained"
        );
    }
    let answer = agency.delete("/api/v1/jobs").await;
    assert_eq!(answer.body["detail"], "method not allowed; allowed: GET");
    for path in [
        "/api/v1/contacts/export.csv",
        "/api/v1/contacts/export.csv?unheard_of=1",
    ] {
        let answer = agency.delete(path).await;
        assert_eq!(answer.status, 405, "a file is not a contact with an id: {answer:?}");
    }
}
