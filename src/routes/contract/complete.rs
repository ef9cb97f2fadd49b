//! What is true of every route, added to what its handler says.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::views::problem::ProblemKind;

/// Routes with this tag are those of the v1 contract: they ignore parameters and fields that they do not know.
pub(super) const V1: &str = "v1";
/// The name of the security scheme.
const CREDENTIAL: &str = "credential";

/// A JSON object.
type Object = Map<String, Value>;

/// Adds to each route its failures, its scope, the class of its rate limit and the parameters that all callers may send.
pub(super) fn complete(document: &mut Object) {
    refer(document);
    let info = part(document, "info");
    info.insert("license".to_owned(), json!({ "name": "MIT", "identifier": "MIT" }));
    document.insert("servers".to_owned(), json!([{ "url": "/" }]));
    let components = part(document, "components");
    components.insert("responses".to_owned(), responses());
    components.insert("headers".to_owned(), headers());
    components.insert(
        "parameters".to_owned(),
        json!({ "X-Tenant-Id": tenant("X-Tenant-Id", "header") }),
    );
    let scheme = json!({
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, or a token of Supabase. A key has scopes: `read`, `scan` (start work), `curate` (decide \
                        about rows), `admin` (keys, deletions, audit log).",
    });
    components.insert("securitySchemes".to_owned(), json!({ CREDENTIAL: scheme }));
    for (path, item) in part(document, "paths") {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                complete_operation(path, method, operation);
            }
        }
    }
}

/// Returns an object within an object, made if it is missing.
fn part<'o>(object: &'o mut Object, name: &str) -> &'o mut Object {
    let part = object.entry(name).or_insert_with(|| json!({}));
    if !part.is_object() {
        *part = json!({});
    }
    match part {
        Value::Object(part) => part,
        _ => unreachable!("it was made an object"),
    }
}

fn complete_operation(path: &str, method: &str, operation: &mut Object) {
    let scope = operation
        .get("security")
        .and_then(|security| security.pointer("/0/credential/0"));
    let scope = scope.and_then(Value::as_str).map(str::to_owned);
    let is_v1 = texts(operation.get("tags")).any(|tag| tag == V1);
    let has_body = operation.contains_key("requestBody");
    if operation.get("requestBody").is_some_and(is_without_fields) {
        // Generated clients would send `null` for it.
        operation.remove("requestBody");
    }
    let failures = failures(method, scope.is_some(), is_v1, has_body);
    if let Some(scope) = &scope {
        operation.insert("x-scope".to_owned(), json!(scope));
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.push(json!({ "$ref": "#/components/parameters/X-Tenant-Id" }));
            // A reference would be opaque to what reads the names of parameters from here.
            parameters.push(tenant("tenant_id", "query"));
        }
    }
    if path.starts_with("/email-scanner") {
        // The same handlers under the API's prefix have the plain names.
        let name = operation.get("operationId").and_then(Value::as_str).unwrap_or_default();
        operation.insert("operationId".to_owned(), json!(format!("{name}_unprefixed")));
    }
    let class = rate_class(path, method, scope.is_some());
    operation.insert("x-rate-class".to_owned(), json!(class));
    add_words(operation, scope.as_deref(), class);
    let summary = operation.get("summary").cloned().unwrap_or_default();
    let responses = part(operation, "responses");
    complete_responses(responses, &summary, scope.is_some(), &failures);
    if method == "get" {
        let unchanged = "The body is the one whose `ETag` the request names in `If-None-Match`.";
        responses
            .entry("304")
            .or_insert_with(|| json!({ "description": unchanged }));
    }
}

/// Says in the description, which pages show, what the extensions say to programs.
fn add_words(operation: &mut Object, scope: Option<&str>, class: &str) {
    let needs = match scope {
        None => "No credential is needed.".to_owned(),
        Some("any") => "Every valid key or token may call it.".to_owned(),
        Some("super admin") => "For super administrators.".to_owned(),
        Some(scope) => format!("Scope: `{scope}`."),
    };
    let said = operation.get("description").and_then(Value::as_str).unwrap_or_default();
    let all = format!("{said}\n\n{needs} Rate class: {class}.");
    operation.insert("description".to_owned(), json!(all.trim_start()));
}

/// Returns the statuses of failures that a route may have whatever it does.
fn failures(method: &str, has_caller: bool, is_v1: bool, has_body: bool) -> Vec<u16> {
    let mut failures = vec![429, 500, 503];
    if has_caller {
        // An id in a path may stand where another path has a word: then the method is wrong.
        failures.extend([400, 401, 403, 404, 405]);
    } else if !is_v1 {
        failures.push(400);
    }
    if has_body {
        failures.extend([400, 413, 415, 422]);
    }
    if has_caller && method != "get" {
        // A POST refuses a header or a body that it would ignore.
        failures.push(422);
    }
    failures
}

fn complete_responses(all: &mut Object, summary: &Value, has_caller: bool, failures: &[u16]) {
    for (status, response) in all.iter_mut() {
        let Some(response) = response.as_object_mut() else {
            continue;
        };
        if !status.starts_with('2') {
            // A handler that lists a failure of its own gives only its reason.
            if !response.contains_key("$ref") && !response.contains_key("content") {
                response.insert("content".to_owned(), problem_content());
            }
            continue;
        }
        response.entry("description").or_insert_with(|| summary.clone());
        let of_caller: &[&str] = if has_caller {
            &["RateLimit", "RateLimit-Policy"]
        } else {
            &[]
        };
        let of_status: &[&str] = match status.as_str() {
            "201" => &["Location"],
            "202" => &["Location", "Link"],
            _ => &[],
        };
        let headers = part(response, "headers");
        for name in ["X-Request-Id"].iter().chain(of_caller).chain(of_status) {
            headers.insert((*name).to_owned(), header_ref(name));
        }
    }
    for status in failures {
        let code = ProblemKind::of(*status).code;
        all.entry(status.to_string())
            .or_insert_with(|| json!({ "$ref": format!("#/components/responses/{code}") }));
    }
}

/// Returns whether a body may only be missing or empty.
fn is_without_fields(body: &Value) -> bool {
    let choices = body.pointer("/content/application~1json/schema/oneOf");
    let mut choices = choices.and_then(Value::as_array).into_iter().flatten();
    choices.any(|schema| reference(schema) == Some("#/components/schemas/NoFields"))
}

fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()
}

/// Replaces each copy of a named schema by a reference to it: what is in a page of a list is described once.
fn refer(document: &mut Object) {
    let schemas = part(part(document, "components"), "schemas");
    let names: HashMap<String, String> = schemas
        .iter()
        .filter(|(_, schema)| has_properties(schema))
        .map(|(name, schema)| (schema.to_string(), format!("#/components/schemas/{name}")))
        .collect();
    for (name, schema) in schemas.iter_mut() {
        let own = format!("#/components/schemas/{name}");
        for part in schema.as_object_mut().into_iter().flat_map(Map::values_mut) {
            replace_copies(part, &names, &own);
        }
    }
    if let Some(paths) = document.get_mut("paths") {
        replace_copies(paths, &names, "");
    }
}

fn has_properties(schema: &Value) -> bool {
    schema.get("properties").is_some_and(Value::is_object)
}

fn replace_copies(node: &mut Value, names: &HashMap<String, String>, own: &str) {
    if has_properties(node)
        && let Some(name) = names.get(&node.to_string()).filter(|name| *name != own)
    {
        *node = json!({ "$ref": name });
        return;
    }
    match node {
        Value::Array(parts) => parts.iter_mut().for_each(|part| replace_copies(part, names, own)),
        Value::Object(parts) => parts.values_mut().for_each(|part| replace_copies(part, names, own)),
        _ => {}
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
    ProblemKind::ALL.iter().map(response).collect::<Object>().into()
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
        "Location": text("The path of what was created, or of the status of accepted work."),
        "Link": text("The next page (`rel=\"next\"`), or the status of accepted work (`rel=\"status\"`), RFC 8288."),
    })
}

fn tenant(name: &str, place: &str) -> Value {
    // Pages of v1 send the parameter of the query empty.
    let pattern = if place == "query" {
        "^([0-9a-fA-F-]{36})?$"
    } else {
        "^[0-9a-fA-F-]{36}$"
    };
    json!({
        "name": name,
        "in": place,
        "required": false,
        "description": "The tenant to act for, by default the caller's own; one that the caller may not act for is refused with 403.",
        "schema": { "type": "string", "pattern": pattern, "example": "550e8400-e29b-41d4-a716-446655440000" },
    })
}

/// Returns the texts in a list.
pub(super) fn texts(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}
