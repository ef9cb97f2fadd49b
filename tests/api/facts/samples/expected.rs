//! What a site is expected to say, and how that is compared with what a scan found.

use std::fs;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::server::{Clock, Sample};
use crate::facts::documented::columns;

/// Reads an expectation: a JSON file with times and current versions that are put in.
pub(super) fn read(file: &Path, clock: Clock) -> Value {
    let text = clock.fill(&fs::read_to_string(file).unwrap());
    serde_json::from_str(&with_versions(&text)).unwrap()
}

/// Puts what `rules/versions.toml` says into a text: `{{current WordPress}}` and `{{as_of}}`.
fn with_versions(text: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/versions.toml");
    let table = fs::read_to_string(path).unwrap();
    let quoted = |line: &str| line.split('"').nth(1).unwrap().to_owned();
    let after = |start: &str, rest: &str| {
        let (_, found) = rest
            .split_once(start)
            .unwrap_or_else(|| panic!("versions.toml has no {start}"));
        found.to_owned()
    };
    let mut filled = text.replace("{{as_of}}", &quoted(&after("as_of", &table)));
    while let Some((before, rest)) = filled.split_once("{{current ") {
        let (name, behind) = rest.split_once("}}").unwrap();
        let version = quoted(&after("current =", &after(&format!("[version.{name}]"), &table)));
        filled = format!("{before}{version}{behind}");
    }
    filled
}

/// Compares the columns of a site's four rows with what is expected of them, and returns what differs.
pub(super) fn differences(sample: &Sample, address: &str, clock: Clock, found: &Value) -> Vec<String> {
    let expected = read(&sample.folder.join("expected.json"), clock);
    let mut wrong = Vec::new();
    for (table, names) in columns() {
        let (expected, found) = (&expected[table], &found[table]);
        if expected.is_null() || found.is_null() {
            if expected != found {
                wrong.push(format!("{table}: expected {expected}, found {found}"));
            }
            continue;
        }
        for (what, row) in [("is expected", expected), ("is shown", found)] {
            let mut own: Vec<&String> = row.as_object().unwrap().keys().collect();
            own.sort();
            assert_eq!(
                own,
                names.iter().collect::<Vec<_>>(),
                "what {what} of {table} of {}",
                sample.plan.domain
            );
        }
        for name in names {
            let (expected, found) = (normal(&name, &expected[&name]), normal(&name, &found[&name]));
            if !fits(&expected, &found, address) {
                wrong.push(format!(
                    "{table}.{name}:\n    expected {expected}\n    found    {found}"
                ));
            }
        }
    }
    wrong
}

/// Returns a column without what is compared elsewhere: snippets of evidence, reasons of a grade, and the order of
/// technologies, which is that of the rules.
fn normal(column: &str, value: &Value) -> Value {
    let mut value = value.clone();
    match column {
        "tech_stack" => sort_lists(&mut value),
        "meta_json" if value.is_object() => sort_lists(&mut value["tech_stack"]),
        "claims" => return by_name(&value),
        "security_headers" if value["tests"].is_array() => return graded(&value),
        _ => {}
    }
    value
}

fn sort_lists(lists: &mut Value) {
    for list in lists.as_object_mut().into_iter().flat_map(Map::values_mut) {
        if let Value::Array(items) = list {
            items.sort_by_key(Value::to_string);
        }
    }
}

/// Returns claims by their names, with the signs that are their evidence.
fn by_name(claims: &Value) -> Value {
    let Some(claims) = claims.as_array() else {
        return Value::Null;
    };
    let of = |claim: &Value| {
        let evidence = claim["evidence"].as_array().unwrap().iter();
        let mut signs: Vec<&Value> = evidence.map(|sign| sign.get("rule").unwrap_or(sign)).collect();
        signs.sort_by_key(|sign| sign.to_string());
        let what = json!([claim["category"], claim["version"], claim["confidence"], signs]);
        (claim["name"].as_str().unwrap().to_owned(), what)
    };
    Value::Object(claims.iter().map(of).collect())
}

/// Returns grade, score, the result and the points of each test, and the headers that are sent.
fn graded(report: &Value) -> Value {
    let tests = report["tests"].as_array().unwrap().iter().map(|test| {
        assert!(!test["reason"].as_str().unwrap().is_empty(), "{test}");
        (
            test["test"].as_str().unwrap().to_owned(),
            json!([test["result"], test["modifier"]]),
        )
    });
    let headers = report["headers"].as_object().unwrap().iter();
    let sent = headers.filter(|(_, value)| !value.is_null());
    json!({
        "grade": report["grade"],
        "score": report["score"],
        "tests": tests.collect::<Map<_, _>>(),
        "headers": sent.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>(),
    })
}

/// Returns whether a value is the expected one. What begins with `@` stands for a kind of value.
fn fits(expected: &Value, found: &Value, address: &str) -> bool {
    let text = found.as_str().unwrap_or_default();
    match expected {
        Value::String(mark) if mark.starts_with('@') => match mark.as_str() {
            "@id" => text.parse::<Uuid>().is_ok(),
            "@now" => time(text).is_some_and(|at| (Utc::now() - at).abs() < TimeDelta::minutes(5)),
            "@ms" => found.as_i64().is_some_and(|ms| (0..60_000).contains(&ms)),
            // The name of the test's own authority.
            "@authority" => text.parse::<Uuid>().is_ok(),
            "@address" => text == address,
            _ => expected == found,
        },
        Value::String(one) => one == text || time(one).is_some_and(|at| time(text) == Some(at)),
        Value::Array(all) => found.as_array().is_some_and(|other| {
            all.len() == other.len() && all.iter().zip(other).all(|(one, other)| fits(one, other, address))
        }),
        Value::Object(all) => found.as_object().is_some_and(|other| {
            all.len() == other.len()
                && all
                    .iter()
                    .all(|(key, one)| other.get(key).is_some_and(|other| fits(one, other, address)))
        }),
        _ => expected == found,
    }
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(Into::into)
}
