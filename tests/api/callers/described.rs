//! The API's description is complete and exact: closed sets by their words, ranges, defaults, examples.

use rocket::http::{ContentType, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use super::isolation::all;
use super::routes::{ENTRIES, Entry};
use super::tokens::person;
use crate::support::app::{Answer, TestApp};
use crate::support::tokens::{SECRET, token};

const ISSUER: &str = "https://project.test/auth/v1";
/// What no parser knows, and every text may be.
const UNHEARD: &str = "unheard-of";

/// Returns the API, and a token of a super administrator.
async fn app() -> (TestApp, String) {
    let app = TestApp::with(&[("supabase_jwt_secret", SECRET), ("jwt_issuer", ISSUER)]).await;
    let acme = app.agency("acme").await.agency.id;
    let chief = person(&app, acme, "SUPER_ADMIN").await;
    let token = token(ISSUER, chief);
    (app, token)
}

fn entry(path: &str, method: &str) -> &'static Entry {
    let mounted = path.replace('{', "<").replace('}', ">");
    let found = ENTRIES
        .iter()
        .find(|entry| entry.path == mounted && entry.method.as_str() == method.to_uppercase());
    found.unwrap_or_else(|| panic!("{method} {path} has no entry"))
}

/// Sends the first request of a route, with an id that may not exist and a parameter, which its body leaves out.
async fn send(app: &TestApp, token: &str, entry: &Entry, id: &str, parameter: Option<(&str, &str)>) -> Answer {
    let shot = (entry.shots)(&all(id)).remove(0);
    let (mut path, mut body) = (shot.path, shot.body);
    if let Some((name, value)) = parameter {
        let mark = if path.contains('?') { '&' } else { '?' };
        path = format!("{path}{mark}{name}={value}");
        for (kind, text) in body.iter_mut().filter(|(kind, _)| *kind == ContentType::JSON) {
            let mut fields: Value = serde_json::from_str(text).unwrap();
            fields.as_object_mut().unwrap().remove(name);
            (*kind, *text) = (ContentType::JSON, fields.to_string());
        }
    }
    let body = body.as_ref().map(|(kind, text)| (kind.clone(), text.as_str()));
    app.send(entry.method, &path, Some(token), body).await
}

fn query(operation: &Value) -> impl Iterator<Item = &Value> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.filter(|parameter| parameter["in"] == "query")
}

/// A parameter that refuses an unheard-of text is described by more than being a text, and one that is described by words
/// takes these and no others.
#[tokio::test]
async fn closed_sets_are_described_by_the_words_that_are_read() {
    let (app, token) = app().await;
    let id = Uuid::new_v4().to_string();
    let (mut free, mut words, mut wrong) = (0, 0, Vec::new());
    for (path, method, operation) in app.contract().operations() {
        for parameter in query(operation) {
            let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            let place = format!("{method} {path}: {name}");
            let refuses = async |text: &str| {
                let answer = send(&app, &token, entry(path, method), &id, Some((name, text))).await;
                answer.status == 400 && answer.body["field"] == name
            };
            if let Some(values) = schema["enum"].as_array() {
                if !refuses(UNHEARD).await {
                    wrong.push(format!("{place} is no closed set"));
                }
                for value in values.iter().map(|value| value.as_str().unwrap()) {
                    if refuses(value).await {
                        wrong.push(format!("{place} refuses {value:?}"));
                    }
                    words += 1;
                }
            } else if schema["type"] == "string" && schema["format"].is_null() && schema["pattern"].is_null() {
                if refuses(UNHEARD).await {
                    wrong.push(format!("{place} is a closed set, or has a form"));
                }
                free += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(free > 20 && words > 60, "{free} free texts, {words} words");
}

/// A number says its least and its greatest value, and which one holds without it.
#[tokio::test]
async fn parameters_say_what_they_mean_and_their_ranges() {
    let (app, token) = app().await;
    let id = Uuid::new_v4().to_string();
    let (mut ranges, mut wrong) = (0, Vec::new());
    for (path, method, operation) in app.contract().operations() {
        let place = format!("{method} {path}");
        let says_class = operation["description"]
            .as_str()
            .is_some_and(|text| text.contains("Rate class: "));
        if !operation["summary"].is_string() || !operation["x-rate-class"].is_string() || !says_class {
            wrong.push(format!("{place} has no summary or no rate class"));
        }
        for parameter in query(operation) {
            let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            let is_time = name.ends_with("_since") || name.ends_with("_before") || name.ends_with("_from");
            if !parameter["description"].is_string() || schema["type"].is_array() {
                wrong.push(format!("{place}: {name} is not described, or may be null"));
            }
            if is_time && schema["format"] != "date-time" {
                wrong.push(format!("{place}: {name} is a time: {schema}"));
            }
            if schema["type"] != "integer" {
                continue;
            }
            // Without one of these nothing is waited for, and nothing is left out.
            let has_default =
                schema["default"].is_i64() || ["wait", "min_priority", "min_score", "certificate_days"].contains(&name);
            if !schema["minimum"].is_i64() || !has_default {
                wrong.push(format!("{place}: {name} has no minimum or no default: {schema}"));
            }
            let beyond = [(&schema["minimum"], -1), (&schema["maximum"], 1)];
            for value in beyond.iter().filter_map(|(limit, step)| Some(limit.as_i64()? + step)) {
                let value = value.to_string();
                let answer = send(&app, &token, entry(path, method), &id, Some((name, &value))).await;
                if (answer.status, &answer.body["field"]) != (400, &json!(name)) {
                    wrong.push(format!("{place}?{name}={value}: {} {}", answer.status, answer.text));
                }
                ranges += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(ranges > 40, "{ranges} values beyond a range");
}

/// Returns whether a schema is described, itself or where it refers to another.
fn says(schema: &Value) -> bool {
    let parts = [
        "/description",
        "/oneOf/0/description",
        "/oneOf/1/description",
        "/allOf/1/description",
    ];
    parts
        .iter()
        .any(|part| schema.pointer(part).is_some_and(Value::is_string))
}

/// Each field is described, and the example is valid by the schema.
#[tokio::test]
async fn every_body_has_an_example() {
    let (app, _) = app().await;
    let contract = app.contract();
    let (mut examples, mut wrong) = (0, Vec::new());
    for (path, method, operation) in contract.operations() {
        let method: Method = method.to_uppercase().parse().unwrap();
        let Some(schema) = contract.body(method, path) else {
            continue;
        };
        let place = format!("{method} {path}");
        for (name, property) in schema["properties"].as_object().unwrap() {
            if !says(property) {
                wrong.push(format!("{place}: {name} is not described: {property}"));
            }
        }
        let example = schema["examples"].get(0).unwrap_or(&schema["example"]);
        if !example.is_object() {
            wrong.push(format!("{place} has no example"));
            continue;
        }
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        contract.check_value(&place, body, example);
        examples += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(examples > 20, "{examples} examples");
}

/// What was created is found at its `Location`.
#[tokio::test]
async fn every_201_says_where_to_find_what_was_created() {
    let (app, token) = app().await;
    let body = json!({ "name": "rotated", "scopes": ["read"] });
    let bolt = app.agency("bolt").await;
    let key = bolt.post("/api/v1/keys", body).await;
    let key = key.body["id"].as_str().unwrap().to_owned();
    let body = json!({ "url": "https://hooks.bench.test/events", "kinds": ["job.ended"] });
    let webhook = bolt.post("/api/v1/webhooks", body).await;
    assert_eq!(webhook.status, 201, "{webhook:?}");
    let webhook = webhook.body["id"].as_str().unwrap().to_owned();
    let mut created = Vec::new();
    for (path, method, operation) in app.contract().operations() {
        let answer = &operation["responses"]["201"];
        if answer.is_null() {
            continue;
        }
        assert!(answer["headers"]["Location"].is_object(), "{method} {path}: {answer}");
        let tenant = bolt.agency.id.to_string();
        // A tenant is of no tenant.
        let tenant = (!path.starts_with("/api/v1/tenants")).then_some(("tenant_id", tenant.as_str()));
        let id = if path.starts_with("/api/v1/webhooks/") {
            &webhook
        } else {
            &key
        };
        let made = send(&app, &token, entry(path, method), id, tenant).await;
        assert_eq!(made.status, 201, "{method} {path}: {made:?}");
        let location = made.headers.iter().find(|(name, _)| name == "location");
        let (_, location) = location.unwrap_or_else(|| panic!("{method} {path}: {made:?}"));
        let query = tenant.map(|(name, id)| format!("?{name}={id}")).unwrap_or_default();
        let found = app
            .send(Method::Get, &format!("{location}{query}"), Some(&token), None)
            .await;
        assert_eq!(
            (found.status, &found.body["id"]),
            (200, &made.body["id"]),
            "{location}: {found:?}"
        );
        created.push(path);
    }
    assert!(created.len() >= 4, "{created:?}");
}
