//! What is true of every route, added to what its handler says.

use serde_json::{Map, Value, json};

use super::{V1, texts};
use crate::views::problem::ProblemKind;

/// The name of the security scheme.
const CREDENTIAL: &str = "credential";

/// Adds to each route its failures, its scope, the class of its rate limit and the parameters that all callers may send.
pub(super) fn complete(document: &mut Value) {
    document["info"]["license"] = json!({ "name": "MIT", "identifier": "MIT" });
    document["servers"] = json!([{ "url": "/" }]);
    document["components"]["responses"] = responses();
    document["components"]["headers"] = headers();
    document["components"]["parameters"] = parameters();
    document["components"]["securitySchemes"] = json!({ CREDENTIAL: {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, or a token of Supabase. A key has scopes: `read`, `scan` (start work), `curate` (decide \
                        about rows), `admin` (keys, deletions, audit log).",
    } });
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            complete_operation(path, method, operation);
        }
    }
}

fn complete_operation(path: &str, method: &str, operation: &mut Value) {
    let scopes: Vec<String> = operation["security"][0][CREDENTIAL]
        .as_array()
        .map(|scopes| texts(&json!(scopes)).map(str::to_owned).collect())
        .unwrap_or_default();
    let is_v1 = texts(&operation["tags"]).any(|tag| tag == V1);
    let has_body = operation.get("requestBody").is_some();
    let mut failures: Vec<u16> = vec![429, 500, 503];
    if let Some(scope) = scopes.first() {
        operation["x-scope"] = json!(scope);
        failures.extend([400, 401, 403, 404]);
        let mut own = operation["parameters"].as_array().cloned().unwrap_or_default();
        own.push(json!({ "$ref": "#/components/parameters/X-Tenant-Id" }));
        // A reference would be opaque to what reads the names of parameters from here.
        own.push(parameters()["tenant_id"].clone());
        operation["parameters"] = Value::Array(own);
    } else if !is_v1 {
        failures.push(400);
    }
    if has_body {
        failures.extend([400, 413, 415, 422]);
    }
    if !scopes.is_empty() && method != "get" {
        // A POST refuses a header or a body that it would ignore.
        failures.push(422);
    }
    if path.starts_with("/email-scanner") {
        // The same handlers under the API's prefix have the plain names.
        let name = operation["operationId"].as_str().unwrap_or_default();
        operation["operationId"] = json!(format!("{name}_unprefixed"));
    }
    operation["x-rate-class"] = json!(rate_class(path, method, !scopes.is_empty()));
    let summary = operation["summary"].clone();
    let Some(all) = operation["responses"].as_object_mut() else {
        return;
    };
    for (status, response) in all.iter_mut().filter(|(status, _)| status.starts_with('2')) {
        if response.get("description").is_none() {
            response["description"] = summary.clone();
        }
        let mut own = response["headers"].as_object().cloned().unwrap_or_default();
        own.insert("X-Request-Id".to_owned(), header_ref("X-Request-Id"));
        if !scopes.is_empty() {
            own.insert("RateLimit".to_owned(), header_ref("RateLimit"));
            own.insert("RateLimit-Policy".to_owned(), header_ref("RateLimit-Policy"));
        }
        if status == "202" {
            own.insert("Location".to_owned(), header_ref("Location"));
            own.insert("Link".to_owned(), header_ref("Link"));
        }
        response["headers"] = Value::Object(own);
    }
    for status in failures {
        let code = ProblemKind::of(status).code;
        all.entry(status.to_string())
            .or_insert_with(|| json!({ "$ref": format!("#/components/responses/{code}") }));
    }
    // A handler that lists a failure of its own gives only its reason.
    for (status, response) in all.iter_mut() {
        let is_failure = status.parse().is_ok_and(|status: u16| status >= 400);
        if is_failure && response.get("$ref").is_none() && response.get("content").is_none() {
            response["content"] = problem_content();
        }
    }
}

/// Returns the class of the rate limit that a request counts against.
fn rate_class(path: &str, method: &str, has_caller: bool) -> &'static str {
    match method {
        _ if !has_caller => "visitors",
        "get" | "head" => "reads",
        _ if path.starts_with("/api/v1/batch") => "requests, batches",
        _ => "requests",
    }
}

fn problem_content() -> Value {
    json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } })
}

fn header_ref(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// Returns a response for each kind of failure.
fn responses() -> Value {
    let response = |kind: &ProblemKind| {
        let mut headers = Map::from_iter([("X-Request-Id".to_owned(), header_ref("X-Request-Id"))]);
        let more = match kind.status {
            401 => Some("WWW-Authenticate"),
            405 => Some("Allow"),
            429 | 503 => Some("Retry-After"),
            _ => None,
        };
        headers.extend(more.map(|name| (name.to_owned(), header_ref(name))));
        let response = json!({ "description": kind.meaning, "headers": headers, "content": problem_content() });
        (kind.code.to_owned(), response)
    };
    ProblemKind::ALL.iter().map(response).collect::<Map<_, _>>().into()
}

fn headers() -> Value {
    let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    json!({
        "X-Request-Id": { "description": "Id of the request in the server's log.", "schema": { "type": "string", "format": "uuid" } },
        "RateLimit": text("The limit nearest to its end: its class, the requests left, and seconds until they are renewed."),
        "RateLimit-Policy": text("The limit: its class, requests and seconds."),
        "Retry-After": { "description": "Seconds until a retry may succeed.", "schema": { "type": "integer", "minimum": 1 } },
        "WWW-Authenticate": text("`Bearer`."),
        "Allow": text("The methods that the path exists for."),
        "Location": text("The path at which to follow the work."),
        "Link": text("The next page (`rel=\"next\"`), or the status of accepted work (`rel=\"status\"`), RFC 8288."),
    })
}

fn parameters() -> Value {
    let tenant =
        "The tenant to act for, by default the caller's own; one that the caller may not act for is refused with 403.";
    json!({
        "X-Tenant-Id": {
            "name": "X-Tenant-Id", "in": "header", "required": false, "description": tenant,
            "schema": { "type": "string", "format": "uuid" },
        },
        "tenant_id": {
            "name": "tenant_id", "in": "query", "required": false, "description": tenant,
            // Pages of v1 send it empty.
            "schema": { "type": "string", "pattern": "^([0-9a-fA-F-]{36})?$", "example": "550e8400-e29b-41d4-a716-446655440000" },
        },
    })
}
