//! Lists: one shape, cursors and links for all of them.

use std::collections::BTreeSet;
use std::ops::Range;

use rocket::http::Method;
use serde_json::Value;
use uuid::Uuid;

use super::isolation::rows;
use super::routes::{ENTRIES, Names};
use crate::support::app::{Answer, Holder, TestApp};

/// A list, and how to fill it.
struct List {
    /// The path, in which `$D` is a domain, `$F` a sitemap file and `$R` an analysis.
    path: &'static str,
    /// The field that identifies a row.
    id: &'static str,
    /// Inserts the rows `$N`, a series of numbers, for the tenant `$T`; `$AT` is the same time for most rows.
    sql: &'static str,
}

/// The time of row `n`: three of four have the same one, so that pages end among equals.
const AT: &str = "timestamptz '2026-01-01' + make_interval(hours => n / 4)";
/// The same, or no time at all.
const AT_IF_KNOWN: &str = "CASE WHEN n % 3 > 0 THEN timestamptz '2026-01-01' + make_interval(hours => n / 4) END";

#[rustfmt::skip]
const LISTS: &[List] = &[
    List { path: "/api/v1/jobs", id: "id", sql: "INSERT INTO jobs (tenant_id, kind, created_at) SELECT '$T', 'listed', $AT FROM $N" },
    List { path: "/api/v1/batches", id: "id",
        sql: "INSERT INTO batch_jobs (tenant_id, batch_id, processor_type, created_at) SELECT '$T', gen_random_uuid(), 'listed', $AT FROM $N" },
    List { path: "/api/v1/domains", id: "id", sql: DOMAINS },
    List { path: "/api/v1/domains?sort=-last_scan", id: "id", sql: DOMAINS },
    List { path: "/api/v1/domains?sort=domain", id: "id", sql: DOMAINS },
    List { path: "/api/v1/domains?q=.test&sort=domain", id: "id", sql: DOMAINS },
    List { path: "/api/v1/domains/$D/pages", id: "url",
        sql: "INSERT INTO pages (tenant_id, domain_id, url, created_at) SELECT '$T', '$D', 'https://a.test/' || n, $KNOWN FROM $N" },
    List { path: "/api/v1/domains/$D/sitemaps", id: "id",
        sql: "INSERT INTO sitemap_files (tenant_id, domain_id, url, sitemap_type, created_at) SELECT '$T', '$D', 'https://a.test/' || n || '.xml', 'standard', $KNOWN FROM $N" },
    List { path: "/api/v1/domains/$D/sitemap-runs", id: "id",
        sql: "INSERT INTO sitemap_runs (tenant_id, domain_id, job_id, is_whole_domain, has_previous, state, started_at) SELECT '$T', '$D', gen_random_uuid(), true, true, 'completed', $AT FROM $N" },
    List { path: "/api/v1/sitemaps/$F/urls", id: "id",
        sql: "INSERT INTO sitemap_urls (tenant_id, domain_id, sitemap_id, url, loc_text) SELECT '$T', '$D', '$F', 'https://a.test/' || n, 'https://a.test/' || n FROM $N" },
    List { path: "/api/v1/sitemap-runs/$R/changes", id: "url",
        sql: "INSERT INTO sitemap_url_changes (tenant_id, run_id, change, url) SELECT '$T', '$R', 'added', 'https://a.test/' || n FROM $N" },
    List { path: "/api/v1/places/staging", id: "place_id", sql: PLACES },
    List { path: "/api/v1/places/staging?sort=-rating", id: "place_id", sql: PLACES },
    List { path: "/api/v1/places/staging?sort=-priority", id: "place_id", sql: PLACES },
    List { path: "/api/v1/places/staging?sort=name", id: "place_id", sql: PLACES },
    List { path: "/api/v1/places/history", id: "place_id",
        sql: "INSERT INTO place_changes (tenant_id, change_id, action, place_id, changed_by, before, after) SELECT '$T', gen_random_uuid(), 'bulk', 'changed ' || n, 'x', '{}', '{}' FROM $N" },
    List { path: "/api/v1/places/listed/history", id: "change_id",
        sql: "INSERT INTO place_changes (tenant_id, change_id, action, place_id, changed_by, before, after) SELECT '$T', gen_random_uuid(), 'bulk', 'listed', 'x', '{}', '{}' FROM $N" },
    List { path: "/api/v1/places/searches", id: "id",
        sql: "INSERT INTO place_searches (tenant_id, location, business_type, created_at) SELECT '$T', 'x', 'y', $KNOWN FROM $N" },
    List { path: "/api/v1/contacts", id: "id", sql: CONTACTS },
    List { path: "/api/v1/domains/$D/contacts", id: "id", sql: CONTACTS },
    List { path: "/api/v1/changes", id: "id", sql: CHANGES },
    List { path: "/api/v1/domains/$D/changes", id: "id", sql: CHANGES },
    List { path: "/api/v1/domains/$D/evidence", id: "id",
        sql: "INSERT INTO domain_evidence (tenant_id, domain_id, column_name, value, rule, snippet, confidence, first_seen, last_seen)
            SELECT '$T', '$D', 'title', 'title ' || n, 'title', 'x', 90, now(), now() FROM $N" },
    List { path: "/api/v1/leads", id: "id", sql: LEADS },
    List { path: "/api/v1/leads?sort=-updated_at", id: "id", sql: LEADS },
    List { path: "/api/v1/leads?sort=name", id: "id", sql: LEADS },
    List { path: "/api/v1/leads?sort=-score", id: "id", sql: LEADS },
    List { path: "/api/v1/leads?sort=-priority", id: "id", sql: LEADS },
    List { path: "/api/v1/leads?sort=-rating", id: "id", sql: LEADS },
    List { path: "/api/v1/leads?sort=-last_scan_at", id: "id", sql: LEADS },
    List { path: "/api/v1/leads/$L/history", id: "id",
        sql: "INSERT INTO lead_changes (tenant_id, change_id, action, lead_id, changed_by, before, after) SELECT '$T', gen_random_uuid(), 'update', '$L', 'x', '{}', '{}' FROM $N" },
    List { path: "/api/v1/suppressions", id: "id",
        sql: "INSERT INTO suppressions (tenant_id, kind, hash, value, created_at) SELECT '$T', 'address', sha256(n::text::bytea), n || '@b.test', $AT FROM $N" },
    List { path: "/api/v1/keys", id: "id",
        sql: "INSERT INTO api_keys (tenant_id, name, prefix, hash, scopes, created_at) SELECT '$T', n, 'x', sha256(n::text::bytea), '{read}', $AT FROM $N" },
    List { path: "/api/v1/audit?action=listed", id: "id",
        sql: "INSERT INTO audit_log (tenant_id, actor, action) SELECT '$T', 'x', 'listed' FROM $N" },
    List { path: "/api/v1/events?kind=batch.done", id: "id",
        sql: "INSERT INTO events (tenant_id, clock, kind) SELECT '$T', 1, 'batch.done' FROM $N" },
    List { path: "/api/v1/jobs/$J/events", id: "id",
        sql: "INSERT INTO events (tenant_id, clock, kind, job_id) SELECT '$T', 1, 'job.progressed', '$J' FROM $N" },
    List { path: "/api/v1/schedules", id: "id",
        sql: "INSERT INTO schedules (tenant_id, name, work, every, next_run_at, created_at) SELECT '$T', n, '{}', 'P1D', now(), $AT FROM $N" },
    List { path: "/api/v1/schedules/$S/runs", id: "id",
        sql: "INSERT INTO schedule_runs (tenant_id, schedule_id, started_at, outcome) SELECT '$T', '$S', $AT, 'nothing' FROM $N" },
    List { path: "/api/v1/webhooks", id: "id",
        sql: "INSERT INTO webhooks (tenant_id, url, kinds, clock, event_id, created_at) SELECT '$T', 'https://a.test/', '{job.ended}', 1, n, $AT FROM $N" },
    List { path: "/api/v1/webhooks/$W/deliveries", id: "id",
        sql: "INSERT INTO webhook_deliveries (tenant_id, webhook_id, clock, event_id, kind, happened_at, data) SELECT '$T', '$W', 1, n, 'batch.done', now(), '{}' FROM $N" },
    List { path: "/email-scanner/domains", id: "domain", sql: DOMAINS },
    List { path: "/api/v1/email-scanner/websites", id: "domain", sql: DOMAINS },
];

const DOMAINS: &str =
    "INSERT INTO domains (tenant_id, domain, created_at, last_scan) SELECT '$T', 'd' || n || '.test', $AT, $AT FROM $N
    ON CONFLICT DO NOTHING";
const PLACES: &str = "INSERT INTO places_staging (tenant_id, place_id, name, created_by, search_time, rating, priority)
    SELECT '$T', 'listed ' || n, 'Name ' || n % 3, '$T', $KNOWN, nullif(n % 4, 0) + 0.3, nullif(n % 4, 0) FROM $N ON CONFLICT DO NOTHING";
const CHANGES: &str = "INSERT INTO domain_changes (tenant_id, domain_id, job_id, kind, changed_at)
    SELECT '$T', '$D', gen_random_uuid(), 'title', $AT FROM $N";
const LEADS: &str = "INSERT INTO domains (tenant_id, id, domain) SELECT '$T', md5('lead' || n)::uuid, 'lead' || n || '.test' FROM $N ON CONFLICT DO NOTHING;
    UPDATE leads SET name = 'Name ' || n % 3, created_at = $AT, updated_at = $AT, rating = nullif(n % 4, 0) + 0.3, priority = nullif(n % 4, 0), score = nullif(n % 4, 0), last_scan_at = $KNOWN
        FROM $N WHERE domain_id = md5('lead' || n)::uuid";
const CONTACTS: &str = "INSERT INTO contacts (tenant_id, domain_id, page_id, email, created_at)
    SELECT '$T', '$D', '$P', n || '@a.test', $AT FROM $N ON CONFLICT DO NOTHING";

/// A tenant with rows for the lists to belong to.
struct Listed<'a> {
    acme: Holder<'a>,
    app: &'a TestApp,
    ids: [(&'static str, String); 9],
}

impl<'a> Listed<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let acme = app.agency("acme").await;
        let id = || Uuid::new_v4().to_string();
        let ids = [
            ("$T", acme.agency.id.to_string()),
            ("$D", id()),
            ("$P", id()),
            ("$F", id()),
            ("$R", id()),
            ("$J", id()),
            ("$L", id()),
            ("$W", id()),
            ("$S", id()),
        ];
        let listed = Self { acme, app, ids };
        let base = "INSERT INTO domains (tenant_id, id, domain) VALUES ('$T', '$D', 'a.test');
            UPDATE leads SET id = '$L' WHERE domain_id = '$D';
            INSERT INTO pages (tenant_id, id, domain_id, url) VALUES ('$T', '$P', '$D', 'https://a.test/');
            INSERT INTO sitemap_files (tenant_id, id, domain_id, url, sitemap_type) VALUES ('$T', '$F', '$D', 'https://a.test/a.xml', 'standard');
            INSERT INTO sitemap_runs (tenant_id, id, domain_id, job_id, is_whole_domain, has_previous, state, completed_at)
                VALUES ('$T', '$R', '$D', gen_random_uuid(), true, true, 'completed', now());
            INSERT INTO places_staging (tenant_id, place_id, name, created_by) VALUES ('$T', 'listed', 'x', '$T');
            INSERT INTO schedules (tenant_id, id, name, work, every, next_run_at, created_at) VALUES ('$T', '$S', 'x', '{}', 'P1D', now(), '2025-01-01');
            INSERT INTO webhooks (tenant_id, id, url, kinds, clock, event_id, created_at) VALUES ('$T', '$W', 'https://a.test/', '{job.ended}', 1, 1, '2025-01-01');
            INSERT INTO jobs (tenant_id, job_id, kind, status) VALUES ('$T', '$J', 'followed', 'completed')";
        app.sql(&listed.with_ids(base)).await;
        listed
    }

    fn with_ids(&self, text: &str) -> String {
        let known = text.replace("$KNOWN", AT_IF_KNOWN).replace("$AT", AT);
        self.ids.iter().fold(known, |text, (name, id)| text.replace(name, id))
    }

    async fn insert(&self, list: &List, first: usize, last: usize) {
        let series = format!("generate_series({first}, {last}) n");
        let sql = self.with_ids(&list.sql.replace("$N", &series));
        self.app.sql(&sql).await;
    }

    /// Reads a list by its links, and adds the rows `new` after its first pages, one after each.
    async fn walk(&self, list: &List, limit: usize, mut new: Range<usize>) -> Vec<String> {
        let path = self.with_ids(list.path);
        let mark = if path.contains('?') { '&' } else { '?' };
        let mut path = format!("{path}{mark}limit={limit}");
        let mut seen = Vec::new();
        loop {
            let answer = self.acme.get(&path).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            let items = items(&answer.body);
            seen.extend(items.iter().map(|item| item[list.id].to_string()));
            let next = link(&answer, "next");
            if let Some(cursor) = answer.body.get("next_cursor") {
                let linked = next.as_deref().and_then(|next| next.rsplit_once("cursor="));
                assert_eq!(cursor.as_str(), linked.map(|(_, cursor)| cursor), "{answer:?}");
            }
            let Some(next) = next else { return seen };
            assert_eq!(items.len(), limit, "only the last page is short: {path}");
            path = next;
            if let Some(number) = new.next() {
                self.insert(list, number, number).await;
            }
        }
    }
}

/// The rows of a page, whose name the contract of v1 says for its own lists.
fn items(body: &Value) -> &[Value] {
    let rows = body.get("items").or_else(|| body.get("places")).unwrap_or(body);
    rows.as_array().unwrap()
}

/// The target of a link of a response.
fn link(answer: &Answer, relation: &str) -> Option<String> {
    let suffix = format!(">; rel=\"{relation}\"");
    answer.headers.iter().find_map(|(name, value)| {
        let target = value.strip_prefix('<')?.strip_suffix(&suffix)?;
        (name == "link").then(|| target.to_owned())
    })
}

#[tokio::test]
async fn each_list_shows_each_row_once_while_rows_are_added() {
    let app = TestApp::new().await;
    let listed = Listed::new(&app).await;
    let mut next = 0;
    for list in LISTS {
        listed.insert(list, next, next + 6).await;
        next += 7;
        let all = listed.walk(list, 1000, 0..0).await;
        assert!(all.len() >= 7, "{}: {all:?}", list.path);
        for limit in [2, all.len(), all.len() + 3] {
            let before: BTreeSet<String> = listed.walk(list, 1000, 0..0).await.into_iter().collect();
            let walked = listed.walk(list, limit, next..next + 3).await;
            next += 3;
            let distinct: BTreeSet<String> = walked.iter().cloned().collect();
            assert_eq!(distinct.len(), walked.len(), "{} by {limit}: {walked:?}", list.path);
            assert!(distinct.is_superset(&before), "{} by {limit}: {walked:?}", list.path);
        }
    }
}

#[tokio::test]
async fn a_full_last_page_has_no_next_page() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    for (count, path) in [(1, "keys"), (0, "jobs"), (0, "domains"), (0, "audit")] {
        let answer = acme.get(&format!("/api/v1/{path}?limit=1")).await;
        assert_eq!(items(&answer.body).len(), count, "{answer:?}");
        assert!(answer.body["next_cursor"].is_null(), "{answer:?}");
        assert_eq!(link(&answer, "next"), None);
    }
}

/// A cursor says which list and order it belongs to.
#[tokio::test]
async fn a_cursor_of_another_list_or_sort_is_refused() {
    let app = TestApp::new().await;
    let listed = Listed::new(&app).await;
    let mut cursors = Vec::new();
    for (number, list) in LISTS.iter().enumerate() {
        listed.insert(list, number * 10, number * 10 + 1).await;
        let path = listed.with_ids(list.path);
        let mark = if path.contains('?') { '&' } else { '?' };
        let answer = listed.acme.get(&format!("{path}{mark}limit=1")).await;
        let next = link(&answer, "next").unwrap();
        let (_, cursor) = next.rsplit_once("cursor=").unwrap();
        cursors.push((format!("{path}{mark}"), cursor.to_owned()));
    }
    let mut refused = 0;
    for (path, own) in &cursors {
        assert_eq!(
            listed.acme.get(&format!("{path}cursor={own}")).await.status,
            200,
            "{path}"
        );
        for (other, cursor) in &cursors {
            let answer = listed.acme.get(&format!("{path}cursor={cursor}")).await;
            let is_same = list_and_order(path) == list_and_order(other);
            assert_eq!(
                answer.status == 200,
                is_same,
                "{path} with a cursor of {other}: {answer:?}"
            );
            if !is_same {
                refused += 1;
                assert_eq!((answer.status, &answer.body["field"]), (400, &Value::from("cursor")));
                assert_eq!(
                    answer.body["detail"],
                    "cursor must be the next_cursor of an earlier answer of this list with the same sort"
                );
            }
        }
    }
    assert!(refused > 300, "{refused}");
}

/// What a cursor is good for: rows of a kind in an order, however they are filtered.
fn list_and_order(path: &str) -> (String, Option<String>) {
    let (path, query) = path.split_once('?').unwrap();
    let sort = query
        .split('&')
        .find(|part| part.starts_with("sort="))
        .map(str::to_owned);
    let last = path.rsplit('/').next().unwrap();
    let of_scanner = path.contains("/email-scanner/");
    let of_lead = path.contains("/leads/");
    let list = match last {
        _ if of_scanner => "email-scanner",
        "history" if of_lead => "leads/history",
        "changes" if path.contains("/sitemap-runs/") => "sitemap-runs/changes",
        _ => last,
    };
    (list.to_owned(), sort)
}

/// A new list has to be walked as well.
#[tokio::test]
async fn every_list_is_walked() {
    let app = TestApp::new().await;
    // These answer all their rows, belong to super administrators (see `tenants.rs`), or are the second name of a list.
    let others = [
        "/api/v1/tenants",
        "/api/v1/costs",
        "/email-scanner/websites",
        "/api/v1/email-scanner/domains",
    ];
    let walked: Vec<Vec<&str>> = LISTS.iter().map(|list| segments(list.path)).collect();
    let is_walked = |path: &str| {
        let route = segments(path);
        let fits = |(wanted, found): (&&str, &&str)| wanted.starts_with('<') || wanted == found;
        walked
            .iter()
            .any(|list| list.len() == route.len() && route.iter().zip(list).all(fits))
    };
    let routes = app.client().rocket().routes();
    let missing: Vec<&str> = routes
        .filter(|route| route.name.as_deref().is_some_and(|name| name.starts_with("list_")))
        .map(|route| route.uri.path())
        .filter(|path| !others.contains(path) && !is_walked(path))
        .collect();
    assert!(
        missing.is_empty(),
        "add these lists to LISTS in tests/api/callers/lists.rs: {missing:?}"
    );
}

fn segments(path: &str) -> Vec<&str> {
    path.split('?').next().unwrap().split('/').collect()
}

#[tokio::test]
async fn every_list_is_an_object_with_items() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let ids = rows(&app, &acme, "acme").await;
    let v1 = [
        "/api/v1/places/staging",
        "/email-scanner/domains",
        "/email-scanner/websites",
    ];
    let mut lists = BTreeSet::new();
    for entry in ENTRIES
        .iter()
        // Tenants are listed for super administrators; see `tenants.rs`.
        .filter(|entry| entry.method == Method::Get && ![Names::Public, Names::Tenants].contains(&entry.names))
    {
        let routes = app.client().rocket().routes();
        let route = routes
            .into_iter()
            .find(|route| route.method == entry.method && route.uri.path() == entry.path);
        let is_list = route.unwrap().name.as_deref().unwrap().starts_with("list_");
        if v1.iter().any(|path| entry.path.ends_with(path)) {
            continue;
        }
        for shot in (entry.shots)(&ids) {
            let answer = acme.get(&shot.path).await;
            assert_eq!(answer.status, 200, "{}: {answer:?}", shot.path);
            if answer.content_type != "application/json" {
                continue;
            }
            let body = answer
                .body
                .as_object()
                .unwrap_or_else(|| panic!("{} is no object", shot.path));
            let has_items = body.get("items").is_some_and(Value::is_array);
            assert_eq!(has_items, is_list, "{}: {answer:?}", shot.path);
            assert_eq!(body.contains_key("next_cursor"), is_list, "{}: {answer:?}", shot.path);
            for gone in ["limit", "offset"] {
                assert!(!body.contains_key(gone), "{}: {answer:?}", shot.path);
            }
        }
        lists.extend(is_list.then_some(entry.path));
    }
    assert!(lists.len() >= 14, "{lists:?}");
}
