//! What a second scan finds changed, and a third one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::server::{Clock, SampleWeb, Version};
use super::{Work, expected, scan};
use crate::support::app::{Holder, TestApp};
use crate::support::site::Authority;

/// Kind, subject, value before and value after of each difference, sorted, by domain.
async fn changes(holder: &Holder<'_>) -> BTreeMap<String, Vec<Value>> {
    let answer = holder.get("/api/v1/changes?limit=1000").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for change in answer.body["items"].as_array().unwrap() {
        let what = json!([change["kind"], change["subject"], change["before"], change["after"]]);
        let domain = change["domain"].as_str().unwrap().to_owned();
        found.entry(domain).or_default().push(what);
    }
    found.values_mut().for_each(|all| all.sort_by_key(Value::to_string));
    found
}

/// What the folders of the sites expect of the second scan, by domain.
fn expectations(web: &SampleWeb) -> BTreeMap<String, Vec<Value>> {
    let mut expected = BTreeMap::new();
    for sample in &web.samples {
        let file = sample.folder.join("later/changes.json");
        if file.exists() {
            let Value::Array(mut all) = expected::read(&file, web.clock) else {
                panic!("{} is not a list", file.display());
            };
            all.sort_by_key(Value::to_string);
            expected.insert(sample.plan.domain.clone(), all);
        }
    }
    expected
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_scan_tells_exactly_what_changed_and_a_third_one_nothing() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let (authority, clock) = (Authority::new(), Clock::now());
    let first = SampleWeb::open(Version::First, &authority, clock).await;
    let work = Work::start(&app, &first);
    scan(&acme, &first.domains()).await;
    work.end().await;
    assert_eq!(changes(&acme).await, BTreeMap::new(), "a first scan");
    drop(first);

    let later = SampleWeb::open(Version::Later, &authority, clock).await;
    let mut expected = expectations(&later);
    let kinds: Vec<&Value> = expected.values().flatten().map(|change| &change[0]).collect();
    for kind in [
        "certificate_expires",
        "certificate_renewed",
        "site_down",
        "site_moved",
        "site_parked",
    ] {
        assert!(kinds.iter().any(|known| **known == kind), "no site expects {kind}");
    }
    let work = Work::start(&app, &later);
    scan(&acme, &later.domains()).await;
    assert_eq!(changes(&acme).await, expected);
    scan(&acme, &later.domains()).await;
    assert_eq!(changes(&acme).await, expected, "an equal scan");
    work.end().await;
    drop(later);

    // The sites that were lost come back.
    let again = SampleWeb::open(Version::First, &authority, clock).await;
    let work = Work::start(&app, &again);
    let mut lost = Vec::new();
    for (domain, all) in &mut expected {
        let loss = all.iter().find(|change| {
            ["site_down", "site_moved", "site_parked"]
                .iter()
                .any(|kind| change[0] == *kind)
        });
        if let Some(loss) = loss.cloned() {
            lost.push(domain.clone());
            // A move is told by where it led; why the scan failed is told in words.
            let moved = format!(
                "{domain} redirects to another site: https://{}/",
                loss[3].as_str().unwrap()
            );
            let error = if loss[0] == "site_moved" {
                json!(moved)
            } else {
                loss[3].clone()
            };
            all.push(json!(["site_up", null, error, null]));
            all.sort_by_key(Value::to_string);
        }
    }
    assert_eq!(lost.len(), 3, "{lost:?}");
    scan(&acme, &lost.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(changes(&acme).await, expected);
    work.end().await;
}
