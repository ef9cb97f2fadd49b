//! Requests that no real client would send: no internal error, and every refusal has the same shape.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use database::ids::{AuditEntryId, ContactId, JobId};
use database::repo::domains::DomainPosition;
use database::repo::paging::{Newest, Position};
use database::repo::places::{PlaceKey, PlacePosition};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rocket::http::Header;
use uuid::Uuid;

use super::routes::{ENTRIES, Entry, Names};
use crate::support::app::TestApp;
use crate::support::extent;

#[derive(Clone, Debug)]
struct Wild {
    route: usize,
    ids: Vec<String>,
    query: Vec<(usize, String, String)>,
    content_type: Option<&'static str>,
    body: String,
    headers: Vec<(&'static str, String)>,
}

/// Names of fields and parameters that some route reads.
const NAMES: &[&str] = &[
    "base_url",
    "domains",
    "max_pages",
    "tenant_id",
    "status",
    "kind",
    "limit",
    "offset",
    "cursor",
    "sort",
    "bom",
    "raw_data",
    "q",
    "from",
    "created_from",
    "created_before",
    "outcome",
    "batch_id",
    "job_id",
    "parent_id",
    "emails",
    "wait",
    "content_scrape_status",
    "is_wordpress",
    "location",
    "business_type",
    "mark",
    "column",
    "columns",
    "preset",
    "url",
    "kinds",
    "cron",
    "time_zone",
    "every",
    "missed",
    "work",
    "is_paused",
    "job_kinds",
    "description",
    "is_enabled",
    "overlap_seconds",
    "webhook_url",
    "for_requests",
    "technology",
    "has_email",
    "has_phone",
    "has_ssl",
    "certificate_days",
    "changed_since",
    "revisit_by",
    "min_priority",
    "min_score",
    "points",
    "radius_km",
    "max_results",
    "grid",
    "dry_run",
    "center",
    "place_id",
    "place_ids",
    "notes",
    "filter",
    "tags",
    "add_tags",
    "priority",
    "revisit_date",
    "preview",
    "near",
    "within_km",
    "min_rating",
    "tag",
    "search_job_id",
    "domain",
    "sitemap_url",
    "max_urls",
    "max_depth",
    "ids",
    "curation_status",
    "page_type",
    "modified_since",
    "modified_before",
    "change",
    "name",
    "scopes",
    "expires_at",
    "overlap_seconds",
    "action",
    "scan",
    "look_up",
    "domain_id",
    "first_seen_since",
    "last_seen_before",
    "items",
    "email",
    "reason",
    "description",
    "is_active",
];

/// Values that often break programs.
const VALUES: &[&str] = &[
    "0",
    "-1",
    "1",
    "1000",
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999",
    "1e400",
    "-1e308",
    "2147483648",
    "NaN",
    "null",
    "true",
    "2026-11-22",
    "9999-12-31T23:59:59Z",
    "+262142-12-31T23:59:59Z",
    "-262143-01-01T00:00:00Z",
    "00000000-0000-0000-0000-000000000000",
    "29.76,-95.37",
    "1e400,0",
    "selected",
    "new",
    "read",
    "a.bench.test",
    "http://[::1]/",
    "\u{0}",
    "a\u{0}b",
    "\u{202e}\u{feff}\u{1f4a3}",
    "'; DROP TABLE jobs; --",
    "%",
    "_",
    "\\",
    "../../etc/passwd",
];

/// Cursors that no answer has.
fn cursors() -> Vec<String> {
    let place = |key| {
        let id = 1.into();
        PlacePosition { key, id }.cursor()
    };
    let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    let cursors = [
        place(PlaceKey::Newest(Some(first))),
        place(PlaceKey::Rating(Some(f64::NAN))),
        place(PlaceKey::Priority(Some(i32::MIN))),
        place(PlaceKey::Name("a\0b".to_owned())),
        DomainPosition::Name("a\0b".to_owned()).cursor(),
        DomainPosition::LastScan(last, Uuid::nil().into()).cursor(),
        Newest::new(last, JobId::from(Uuid::max())).cursor(),
        Newest::new(first, ContactId::from(Uuid::max())).cursor(),
        AuditEntryId::from(i64::MIN).cursor(),
    ];
    cursors.map(Result::unwrap).to_vec()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => proptest::sample::select(cursors()),
        4 => proptest::sample::select(VALUES).prop_map(str::to_owned),
        2 => ".{0,40}",
        1 => proptest::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter),
        1 => (1_usize..5000).prop_map(|length| "x".repeat(length)),
    ]
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("JSON numbers are finite", |number| number.is_finite())
            .prop_map(|number| number.to_string()),
        proptest::sample::select(
            &[
                "1e400",
                "-0",
                "1E+999999999",
                "123456789012345678901234567890",
                "0.1e-400"
            ][..]
        )
        .prop_map(str::to_owned),
    ]
}

/// JSON as text, for documents that no `Value` can represent.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|truth| truth.to_string()),
        number(),
        text().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    let name = prop_oneof![8 => proptest::sample::select(NAMES).prop_map(str::to_owned), 1 => text()];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec((name.clone(), inner), 0..8).prop_map(|fields| {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(name, value)| format!("{}:{value}", serde_json::to_string(name).unwrap()))
                    .collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

fn body() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => document(),
        // Mostly valid requests, which get further into the program.
        8 => (0..ENTRIES.len(), proptest::collection::vec((proptest::sample::select(NAMES), document()), 0..4)).prop_map(|(entry, changes)| {
            let shots = (ENTRIES[entry].shots)(&super::isolation::all("a"));
            let right = shots.into_iter().find_map(|shot| shot.body).map(|(_, body)| body);
            let right = right.filter(|body| body.starts_with('{') && body.len() > 2).unwrap_or_else(|| "{ }".to_owned());
            let mut fields = vec![right[1..right.len() - 1].to_owned()];
            fields.extend(changes.iter().map(|(name, value)| format!("\"{name}\":{value}")));
            fields.retain(|field| !field.trim().is_empty());
            format!("{{{}}}", fields.join(","))
        }),
        1 => (1_usize..3000).prop_map(|depth| "[".repeat(depth)),
        1 => (1_usize..3000).prop_map(|depth| format!("{}1{}", "{\"filter\":".repeat(depth), "}".repeat(depth))),
        1 => text(),
        1 => (0_usize..200, text()).prop_map(|(lines, text)| format!("place_id,name,notes\n{}", format!("{text},b,c\n").repeat(lines))),
        1 => Just("x".repeat(1_100_000)),
    ]
}

fn wild() -> impl Strategy<Value = Wild> {
    let name = prop_oneof![6 => proptest::sample::select(NAMES).prop_map(str::to_owned), 1 => text()];
    let types = [
        Some("application/json"),
        Some("application/json"),
        Some("application/json"),
        Some("application/json; charset=utf-16"),
        Some("text/plain"),
        Some("text/csv"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("*/*"),
        None,
    ];
    let header = prop_oneof![
        Just("Idempotency-Key"),
        Just("X-Tenant-Id"),
        Just("Origin"),
        Just("Accept")
    ];
    (
        0..ENTRIES.len(),
        proptest::collection::vec(text(), 2),
        proptest::collection::vec((any::<usize>(), name, text()), 0..4),
        proptest::sample::select(types.to_vec()),
        body(),
        proptest::collection::vec((header, "[ -~]{0,60}"), 0..2),
    )
        .prop_map(|(route, ids, query, content_type, body, headers)| Wild {
            route,
            ids,
            query,
            content_type,
            body,
            headers,
        })
}

impl Wild {
    fn entry(&self) -> &'static Entry {
        &ENTRIES[self.route]
    }

    fn headers(&self, key: &str) -> Vec<Header<'static>> {
        let mut headers = vec![Header::new("Authorization", format!("Bearer {key}"))];
        headers.extend(
            self.headers
                .iter()
                .map(|(name, value)| Header::new(*name, value.clone())),
        );
        headers.extend(self.content_type.map(|kind| Header::new("Content-Type", kind)));
        headers
    }

    /// The body; most fields of an object are `known` to the route, which refuses others.
    fn body(&self, known: &[String]) -> String {
        let document = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&self.body);
        match document {
            Ok(mut fields) if !known.is_empty() && !self.body.len().is_multiple_of(8) => {
                fields.retain(|name, _| known.contains(name));
                serde_json::Value::Object(fields).to_string()
            }
            _ => self.body.clone(),
        }
    }

    /// The path; most parameters are `known` to the route, which refuses others.
    fn path(&self, known: &[String]) -> String {
        let quoted = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut ids = self.ids.iter();
        let segments: Vec<String> = self
            .entry()
            .path
            .split('/')
            .map(|segment| match segment.starts_with('<') {
                true => quoted(ids.next().unwrap()),
                false => segment.to_owned(),
            })
            .collect();
        let mut given = BTreeSet::new();
        let query: Vec<String> = self
            .query
            .iter()
            .map(|(pick, name, value)| match pick % 8 {
                0 => (name, value),
                _ => (known.get(pick % known.len().max(1)).unwrap_or(name), value),
            })
            .filter(|(name, _)| given.insert(*name))
            .map(|(name, value)| {
                format!(
                    "{}={}",
                    name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "%5B"),
                    quoted(value)
                )
            })
            .collect();
        let path = segments.join("/");
        if query.is_empty() {
            path
        } else {
            format!("{path}?{}", query.join("&"))
        }
    }
}

/// Returns the names of parameters and fields that each route has.
fn known_names(app: &TestApp) -> Vec<(Vec<String>, Vec<String>)> {
    let contract = app.contract();
    let names = ENTRIES.iter().map(|entry| {
        let parameters = contract.parameters(entry.method, entry.path);
        (parameters, contract.fields(entry.method, entry.path))
    });
    names.collect()
}

#[test]
fn random_requests_cause_no_internal_errors() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(TestApp::new());
    let acme = runtime.block_on(app.agency("acme"));
    let requests = extent::of(1500, 120);
    let cases = std::env::var("SCRAPERSKY_WILD_REQUESTS").map_or(requests, |text| text.parse().unwrap());
    let config = Config {
        cases: u32::try_from(cases).unwrap(),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    // A fixed seed, so that a failure repeats.
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let mut statuses = std::collections::BTreeMap::<u16, usize>::new();
    let known = known_names(&app);
    let counted = std::cell::RefCell::new(&mut statuses);
    let outcome = runner.run(&wild(), |wild| {
        let entry = wild.entry();
        let (parameters, fields) = &known[wild.route];
        let path = wild.path(parameters);
        let mut request = app.client().req(entry.method, path.clone());
        for header in wild.headers(&acme.key) {
            request.add_header(header);
        }
        let (status, content_type, text) = runtime.block_on(async {
            let response = request.body(wild.body(fields)).dispatch().await;
            let head = (response.status().code, response.content_type());
            (head.0, head.1, response.into_string().await.unwrap_or_default())
        });
        *counted.borrow_mut().entry(status).or_default() += 1;
        prop_assert!(
            status < 500 || entry.says_busy(status),
            "{} {path}: {status} {text}",
            entry.method
        );
        let is_html = content_type.as_ref().is_some_and(|given| given.is_html());
        let may_be_html = entry.names == Names::Public;
        prop_assert!(!is_html || may_be_html, "{} {path}: {text}", entry.method);
        if status >= 400 && entry.method != rocket::http::Method::Head {
            let is_problem = content_type.is_some_and(|given| given.to_string() == "application/problem+json");
            prop_assert!(is_problem, "{} {path}: {status} {text}", entry.method);
            let body: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert!(body["detail"].is_string() && body["request_id"].is_string());
            prop_assert!(!text.contains("SELECT ") && !text.contains("violates"), "{text}");
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    println!(
        "{cases} requests over {} routes, by status: {statuses:?}",
        ENTRIES.len()
    );
    assert!(statuses.len() >= 4, "too tame: {statuses:?}");
}
