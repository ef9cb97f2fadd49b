//! The API's description, as a check on every response of the tests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use rocket::http::Method;
use rocket::local::asynchronous::Client;
use serde_json::{Value, json};

use super::app::Answer;

/// The description.
pub struct Contract {
    pub document: Value,
    /// By the place of the schema in the document.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

static CONTRACT: OnceLock<Contract> = OnceLock::new();

impl Contract {
    /// Returns the description that the program serves.
    pub async fn of(client: &Client) -> &'static Self {
        if let Some(contract) = CONTRACT.get() {
            return contract;
        }
        let text = client
            .get("/openapi.json")
            .dispatch()
            .await
            .into_string()
            .await
            .unwrap();
        CONTRACT.get_or_init(|| Self {
            document: serde_json::from_str(&text).unwrap(),
            validators: Mutex::default(),
        })
    }

    /// Returns the path, the method in lower case and what is said of each operation.
    pub fn operations(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        let paths = self.document["paths"].as_object().unwrap();
        paths.iter().flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().iter();
            operations.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
    }

    /// Returns the operation that a request is for: its path in the description, and what is said of it.
    pub fn operation(&self, method: Method, path: &str) -> Option<(&str, &Value)> {
        let path: Vec<&str> = path.split('?').next()?.trim_matches('/').split('/').collect();
        let paths = self.document["paths"].as_object().unwrap();
        let fits = |template: &&str| {
            let template: Vec<&str> = template.trim_matches('/').split('/').collect();
            template.len() == path.len()
                && template
                    .iter()
                    .zip(&path)
                    .all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
        };
        let name = method.as_str().to_lowercase();
        let templates = paths.keys().map(String::as_str).filter(fits);
        // A literal part is nearer than a parameter.
        templates
            .filter_map(|template| Some((template, paths[template].get(&name)?)))
            .min_by_key(|(template, _)| template.matches('{').count())
    }

    /// Returns the names of the query parameters that a route takes.
    pub fn parameters(&self, method: Method, path: &str) -> Vec<String> {
        let operation = self.operation(method, path).map(|(_, operation)| operation);
        let parameters = operation.and_then(|operation| operation["parameters"].as_array());
        parameters
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Returns the schema of the JSON object that a route reads.
    pub fn body(&self, method: Method, path: &str) -> Option<&Value> {
        let (_, operation) = self.operation(method, path)?;
        self.object(&operation["requestBody"]["content"]["application/json"]["schema"])
    }

    /// Returns the schema of an object with named fields that a schema refers to, perhaps as one that may be null.
    pub fn object<'a>(&'a self, schema: &'a Value) -> Option<&'a Value> {
        let choices = schema["oneOf"].as_array().into_iter().flatten().chain([schema]);
        choices
            .filter_map(|schema| self.document.pointer(&schema["$ref"].as_str()?[1..]))
            .find(|schema| schema["properties"].is_object())
    }

    /// Returns the names of the fields that the body of a route has.
    pub fn fields(&self, method: Method, path: &str) -> Vec<String> {
        let properties = self
            .body(method, path)
            .and_then(|schema| schema["properties"].as_object());
        properties.into_iter().flatten().map(|(name, _)| name.clone()).collect()
    }

    /// Panics if a response is not one that the description allows.
    pub fn check(&self, method: Method, path: &str, answer: &Answer) {
        // A preflight is for browsers, and the answer to HEAD is that to GET without its body.
        if method == Method::Options || (method == Method::Head && path != "/health") {
            return;
        }
        let Some((template, operation)) = self.operation(method, path) else {
            assert!(
                [404, 405].contains(&answer.status),
                "{method} {path} is not described: {answer:?}"
            );
            return;
        };
        if answer.status == 201 {
            let location = answer.headers.iter().find(|(name, _)| name == "location");
            assert!(location.is_some(), "{method} {path} says not where it is: {answer:?}");
        }
        let status = answer.status.to_string();
        let place = format!("{method} {template} {status}");
        let mut response = &operation["responses"][&status];
        assert!(!response.is_null(), "{place} is not described: {}", answer.text);
        if let Some(pointer) = response["$ref"].as_str() {
            response = self.document.pointer(&pointer[1..]).unwrap();
        }
        let Some(content) = response["content"].as_object() else {
            assert_eq!(answer.text, "", "{place} has a body that is not described");
            return;
        };
        let kind = answer.content_type.split(';').next().unwrap_or_default().trim();
        let described = content.get(kind);
        let described = described.unwrap_or_else(|| panic!("{place} answered with {kind:?}; described: {content:?}"));
        if kind.ends_with("json") && described.get("schema").is_some() {
            let body =
                serde_json::from_str(&answer.text).unwrap_or_else(|error| panic!("{place}: {error}: {answer:?}"));
            self.check_value(&place, &described["schema"], &body);
        }
    }

    /// Panics if a value is not one that a schema of the description allows.
    pub fn check_value(&self, place: &str, schema: &Value, value: &Value) {
        let validator = self.validator(place, schema);
        let errors: Vec<String> = validator
            .iter_errors(value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{place} is not as described: {errors:#?}\n{value}");
    }

    fn validator(&self, place: &str, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let made = validators.entry(place.to_owned()).or_insert_with(|| {
            let schema = json!({ "components": self.document["components"], "allOf": [schema] });
            let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
            Arc::new(options.should_validate_formats(true).build(&schema).unwrap())
        });
        Arc::clone(made)
    }
}
