//! Every route and its requests, used by the isolation proof and the wild requests.
//!
//! New routes must be entered here; the last test fails until they are.

use std::collections::BTreeSet;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use database::ids::{
    ApiKeyId, AuditEntryId, BatchId, ContactId, DomainChangeId, DomainEvidenceId, JobId, LeadChangeRowId, PageId,
    PlaceChangeRowId, ScheduleId, ScheduleRunId, SitemapFileId, SitemapRunId, SitemapUrlChangeId, SuppressionId,
    WebhookId,
};
use database::models::event::EventPosition;
use database::models::webhook_delivery::DeliveryPosition;
use database::repo::domains::DomainPosition;
use database::repo::leads::{LeadKey, LeadPosition};
use database::repo::paging::{Newest, Position};
use database::repo::places::{PlaceKey, PlacePosition};
use database::repo::sitemap_urls::UrlPosition;
use rocket::http::{ContentType, Method};
use serde_json::{Value, json};
use uuid::Uuid;

pub use super::named::Ids;
use super::pages::{DOORS, PAGES};
use crate::support::app::TestApp;

/// What the shots of a route identify, which decides the expected responses for another tenant's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// No tenant's rows: the route needs no caller.
    Public,
    /// No particular row: the response has at most the caller's own rows.
    Nothing,
    /// Rows by id: refused as not found.
    Rows,
    /// Several rows by id: rows of other tenants are skipped as if they did not exist.
    Some,
    /// Tenants, which only super administrators manage.
    Tenants,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Shot {
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<(ContentType, String)>,
    /// Whether it names a tenant, which every route refuses.
    pub names_tenant: bool,
}

/// A route.
pub struct Entry {
    pub method: Method,
    /// Its mounted path, without the query.
    pub path: &'static str,
    pub names: Names,
    pub shots: fn(&Ids) -> Vec<Shot>,
}

impl Entry {
    /// Whether the response only means that the machine is busy: `/ready` gives the database 300 ms.
    pub fn says_busy(&self, status: u16) -> bool {
        self.path == "/ready" && status == 503
    }
}

fn plain(path: impl Into<String>) -> Shot {
    Shot {
        path: path.into(),
        headers: Vec::new(),
        body: None,
        names_tenant: false,
    }
}

/// A request without a body.
pub fn get(path: impl Into<String>) -> Vec<Shot> {
    vec![plain(path)]
}

/// A time after which no row is created: all rows are behind a position then.
fn later() -> DateTime<Utc> {
    "2100-01-01T00:00:00Z".parse().unwrap()
}

/// A list from its start, and behind a row of the other tenant. What is no id is sent as it is.
fn list<T: FromStr, P: Position>(path: &str, id: &str, position: impl Fn(T) -> P) -> Vec<Shot> {
    let cursor = match id.parse() {
        Ok(id) => position(id).cursor().unwrap(),
        Err(_) => id.to_owned(),
    };
    let mark = if path.contains('?') { '&' } else { '?' };
    vec![plain(path), plain(format!("{path}{mark}cursor={cursor}"))]
}

/// The same, for a list that shows the newest rows first.
pub fn newest<Id: From<Uuid>>(path: &str, id: &str) -> Vec<Shot>
where
    Newest<Id>: Position,
{
    list(path, id, |id: Uuid| Newest::new(later(), Id::from(id)))
}

/// The same, for a list whose rows may have no time.
fn dated<Id: From<Uuid>>(path: &str, id: &str) -> Vec<Shot>
where
    Newest<Id, Option<DateTime<Utc>>>: Position,
{
    list(path, id, |id: Uuid| Newest::new(Some(later()), Id::from(id)))
}

fn json_to(path: impl Into<String>, body: &Value) -> Shot {
    Shot {
        body: Some((ContentType::JSON, body.to_string())),
        ..plain(path)
    }
}

/// The body, with and without a tenant.
fn post(path: impl Into<String>, body: Value, ids: &Ids) -> Vec<Shot> {
    let path = path.into();
    let shot = |body: &Value| Shot {
        body: Some((ContentType::JSON, body.to_string())),
        ..plain(path.clone())
    };
    let mut with_tenant = body.clone();
    with_tenant["tenant_id"] = json!(ids.tenant);
    let second = Shot {
        names_tenant: true,
        ..shot(&with_tenant)
    };
    vec![shot(&body), second]
}

/// The same, with and without an `Idempotency-Key`.
fn post_once(path: impl Into<String>, body: Value, ids: &Ids) -> Vec<Shot> {
    let mut shots = post(path, body, ids);
    let mut once = shots[0].clone();
    once.headers.push(("Idempotency-Key", ids.once.clone()));
    shots.push(once);
    shots
}

macro_rules! entries {
    ($($method:ident $path:literal $names:ident: |$ids:ident| $shots:expr;)*) => {
        &[$(Entry { method: Method::$method, path: $path, names: Names::$names, shots: |$ids| $shots }),*]
    };
}

/// Every route; routes that remove rows come last.
pub const ENTRIES: &[Entry] = entries! {
    Get "/health" Public: |_ids| get("/health");
    Head "/health" Public: |_ids| get("/health");
    Get "/live" Public: |_ids| get("/live");
    Get "/ready" Public: |_ids| get("/ready");
    Get "/openapi.json" Public: |_ids| get("/openapi.json");
    Get "/docs" Public: |_ids| get("/docs");
    Get "/docs/problems" Public: |_ids| get("/docs/problems");
    Get "/docs/rapidoc.js" Public: |_ids| get("/docs/rapidoc.js");
    Get "/docs/docs.css" Public: |_ids| get("/docs/docs.css");

    Get "/api/v1/status/<id>" Rows: |ids| get(format!("/api/v1/status/{}", ids.pending));
    Get "/api/v1/batch/status/<id>" Rows: |ids| get(format!("/api/v1/batch/status/{}", ids.batch));
    Get "/api/v1/jobs" Nothing: |ids| [
        newest::<JobId>("/api/v1/jobs", &ids.pending),
        get(format!("/api/v1/jobs?kind={}-kind", ids.place)),
        get(format!("/api/v1/jobs?batch_id={}", ids.batch)),
        get(format!("/api/v1/jobs?domain_id={}", ids.domain)),
        get(format!("/api/v1/jobs?parent_id={}", ids.failed)),
        get(format!("/api/v1/jobs?ids={},{}", ids.pending, ids.failed)),
    ].concat();
    Get "/api/v1/batches" Nothing: |ids| newest::<BatchId>("/api/v1/batches", &ids.batch);
    Get "/api/v1/batches/<id>" Rows: |ids| get(format!("/api/v1/batches/{}", ids.batch));
    Get "/api/v1/events" Nothing: |ids| [
        list("/api/v1/events", &ids.number, |id: i64| EventPosition { clock: 0, id: id.into() }),
        get(format!("/api/v1/events?job_id={}", ids.pending)),
        get(format!("/api/v1/events?batch_id={}&kind=job.queued", ids.batch)),
    ].concat();
    Get "/api/v1/jobs/<id>/events" Rows: |ids| get(format!("/api/v1/jobs/{}/events", ids.pending));
    Get "/api/v1/jobs/<id>" Rows: |ids| get(format!("/api/v1/jobs/{}", ids.pending));
    Get "/api/v1/domains" Nothing: |ids| [
        list("/api/v1/domains", &ids.domain, |id: Uuid| DomainPosition::Newest(later(), id.into())),
        list("/api/v1/domains?sort=-last_scan", &ids.domain, |id: Uuid| DomainPosition::LastScan(later(), id.into())),
        list("/api/v1/domains?sort=domain", &ids.domain, |id: Uuid| DomainPosition::Name(id.to_string())),
        get(format!("/api/v1/domains?q={}", ids.place)),
    ].concat();
    Get "/api/v1/domains/<id>" Rows: |ids| get(format!("/api/v1/domains/{}", ids.domain));
    Get "/api/v1/domains/<id>/sitemaps" Rows: |ids| dated::<SitemapFileId>(
        &format!("/api/v1/domains/{}/sitemaps", ids.domain), &ids.sitemap);
    Get "/api/v1/domains/<id>/urls.csv" Rows: |ids| get(format!("/api/v1/domains/{}/urls.csv", ids.domain));
    Get "/api/v1/domains/<id>/urls.jsonl" Rows: |ids| get(format!("/api/v1/domains/{}/urls.jsonl", ids.domain));
    Get "/api/v1/domains/<id>/sitemap-runs" Rows: |ids| newest::<SitemapRunId>(
        &format!("/api/v1/domains/{}/sitemap-runs", ids.domain), &ids.run);
    Get "/api/v1/sitemaps/<id>" Rows: |ids| get(format!("/api/v1/sitemaps/{}", ids.sitemap));
    Get "/api/v1/sitemaps/<id>/urls" Rows: |ids| list(
        &format!("/api/v1/sitemaps/{}/urls", ids.sitemap), &ids.sitemap, |id: Uuid| UrlPosition::of(&id.to_string()));
    Get "/api/v1/sitemap-runs/<id>/changes" Rows: |ids| list(
        &format!("/api/v1/sitemap-runs/{}/changes", ids.run), &ids.run, |id: Uuid| SitemapUrlChangeId::from(id));
    Get "/api/v1/places/status/<id>" Rows: |ids| get(format!("/api/v1/places/status/{}", ids.search));
    Get "/api/v1/places/staging" Nothing: |ids| [
        list("/api/v1/places/staging", &ids.number, |id: i32| PlacePosition {
            key: PlaceKey::Newest(Some(later())),
            id: id.into(),
        }),
        get(format!("/api/v1/places/staging?search_job_id={}", ids.search)),
        get(format!("/api/v1/places/staging?q={}", ids.place)),
    ].concat();
    Get "/api/v1/places/<place_id>" Rows: |ids| get(format!("/api/v1/places/{}", ids.place));
    Get "/api/v1/places/history" Nothing: |ids| list("/api/v1/places/history", &ids.number, |id: i64| PlaceChangeRowId::from(id));
    Get "/api/v1/places/searches" Nothing: |ids| vec![
        plain("/api/v1/places/searches"),
        plain(format!("/api/v1/places/searches?location={}", ids.place)),
    ];
    Get "/api/v1/places/<place_id>/history" Rows: |ids| get(format!("/api/v1/places/{}/history", ids.place));
    Get "/api/v1/places/export.csv" Nothing: |ids| vec![
        plain("/api/v1/places/export.csv"),
        plain(format!("/api/v1/places/export.csv?search_job_id={}", ids.search)),
    ];
    Get "/api/v1/places/export.jsonl" Nothing: |ids| vec![
        plain("/api/v1/places/export.jsonl"),
        plain(format!("/api/v1/places/export.jsonl?q={}", ids.place)),
    ];
    Get "/api/v1/domains/<id>/contacts" Rows: |ids| newest::<ContactId>(
        &format!("/api/v1/domains/{}/contacts", ids.domain), &ids.contact);
    Get "/api/v1/domains/<id>/pages" Rows: |ids| dated::<PageId>(
        &format!("/api/v1/domains/{}/pages", ids.domain), &ids.contact);
    Get "/api/v1/contacts" Nothing: |ids| [
        newest::<ContactId>("/api/v1/contacts", &ids.contact),
        get(format!("/api/v1/contacts?domain_id={}", ids.domain)),
        get(format!("/api/v1/contacts?q={}", ids.place)),
    ].concat();
    Get "/api/v1/contacts/<id>" Rows: |ids| get(format!("/api/v1/contacts/{}", ids.contact));
    Get "/api/v1/contacts/export.csv" Nothing: |ids| vec![
        plain("/api/v1/contacts/export.csv"),
        plain(format!("/api/v1/contacts/export.csv?domain_id={}", ids.domain)),
    ];
    Get "/api/v1/contacts/export.jsonl" Nothing: |ids| vec![
        plain("/api/v1/contacts/export.jsonl"),
        plain(format!("/api/v1/contacts/export.jsonl?q={}", ids.place)),
    ];
    Get "/api/v1/changes" Nothing: |ids| list(
        "/api/v1/changes", &ids.number, |id: i64| Newest::new(later(), DomainChangeId::from(id)));
    Get "/api/v1/domains/<id>/changes" Rows: |ids| list(
        &format!("/api/v1/domains/{}/changes", ids.domain), &ids.number, |id: i64| Newest::new(later(), DomainChangeId::from(id)));
    Get "/api/v1/domains/<id>/evidence" Rows: |ids| list(
        &format!("/api/v1/domains/{}/evidence", ids.domain), &ids.number, |_: i64| DomainEvidenceId::from(0));
    Get "/api/v1/leads" Nothing: |ids| [
        list("/api/v1/leads", &ids.lead, |id: Uuid| LeadPosition { key: LeadKey::Newest(later()), id: id.into() }),
        list("/api/v1/leads?sort=-last_scan_at", &ids.lead, |id: Uuid| LeadPosition { key: LeadKey::LastScan(Some(later())), id: id.into() }),
        list("/api/v1/leads?sort=-score", &ids.lead, |id: Uuid| LeadPosition { key: LeadKey::Score(Some(100)), id: id.into() }),
        get(format!("/api/v1/leads?domain_id={}", ids.domain)),
        get(format!("/api/v1/leads?search_job_id={}", ids.search)),
        get(format!("/api/v1/leads?q={}", ids.place)),
    ].concat();
    Get "/api/v1/leads/export.csv" Nothing: |ids| vec![
        plain("/api/v1/leads/export.csv"),
        plain(format!("/api/v1/leads/export.csv?domain_id={}&preset=hubspot", ids.domain)),
    ];
    Get "/api/v1/leads/export.jsonl" Nothing: |ids| vec![
        plain("/api/v1/leads/export.jsonl"),
        plain(format!("/api/v1/leads/export.jsonl?q={}", ids.place)),
    ];
    Get "/api/v1/leads/export.xlsx" Nothing: |ids| vec![
        plain("/api/v1/leads/export.xlsx"),
        plain(format!("/api/v1/leads/export.xlsx?search_job_id={}", ids.search)),
    ];
    Get "/api/v1/leads/<id>/report" Rows: |ids| get(format!("/api/v1/leads/{}/report", ids.lead));
    Get "/api/v1/score-rules" Nothing: |_ids| get("/api/v1/score-rules");
    Get "/api/v1/leads/<id>" Rows: |ids| get(format!("/api/v1/leads/{}", ids.lead));
    Get "/api/v1/leads/<id>/history" Rows: |ids| list(
        &format!("/api/v1/leads/{}/history", ids.lead), &ids.number, |id: i64| LeadChangeRowId::from(id));
    Get "/api/v1/suppressions" Nothing: |ids| newest::<SuppressionId>("/api/v1/suppressions", &ids.suppression);
    Get "/api/v1/suppressions/<id>" Rows: |ids| get(format!("/api/v1/suppressions/{}", ids.suppression));
    Get "/email-scanner/domains" Nothing: |_ids| get("/email-scanner/domains");
    Get "/email-scanner/websites" Nothing: |_ids| get("/email-scanner/websites");
    Get "/api/v1/email-scanner/domains" Nothing: |_ids| get("/api/v1/email-scanner/domains");
    Get "/api/v1/email-scanner/websites" Nothing: |_ids| get("/api/v1/email-scanner/websites");
    Get "/email-scanner/scan/<id>/status" Rows: |ids| get(format!("/email-scanner/scan/{}/status", ids.domain));
    Get "/api/v1/email-scanner/scan/<id>/status" Rows: |ids| get(format!("/api/v1/email-scanner/scan/{}/status", ids.domain));
    Get "/api/v1/costs" Nothing: |_ids| get("/api/v1/costs");
    Get "/api/v1/usage" Nothing: |_ids| get("/api/v1/usage");
    Get "/api/v1/me" Nothing: |_ids| get("/api/v1/me");
    Get "/api/v1/tenants" Tenants: |_ids| get("/api/v1/tenants");
    Get "/api/v1/tenants/<id>" Tenants: |ids| get(format!("/api/v1/tenants/{}", ids.tenant));
    Get "/api/v1/keys" Nothing: |ids| newest::<ApiKeyId>("/api/v1/keys", &ids.key);
    Get "/api/v1/keys/<id>" Rows: |ids| get(format!("/api/v1/keys/{}", ids.key));
    Get "/api/v1/audit" Nothing: |ids| list("/api/v1/audit", &ids.number, |id: i64| AuditEntryId::from(id));
    Get "/api/v1/schedules" Nothing: |ids| newest::<ScheduleId>("/api/v1/schedules", &ids.schedule);
    Get "/api/v1/schedules/<id>" Rows: |ids| get(format!("/api/v1/schedules/{}", ids.schedule));
    Get "/api/v1/schedules/<id>/runs" Rows: |ids| newest::<ScheduleRunId>(
        &format!("/api/v1/schedules/{}/runs", ids.schedule), &ids.schedule_run);
    Get "/api/v1/webhooks" Nothing: |ids| newest::<WebhookId>("/api/v1/webhooks", &ids.webhook);
    Get "/api/v1/webhooks/<id>" Rows: |ids| get(format!("/api/v1/webhooks/{}", ids.webhook));
    Get "/api/v1/webhooks/<id>/deliveries" Rows: |ids| list(
        &format!("/api/v1/webhooks/{}/deliveries", ids.webhook), &ids.number, |id: i64| DeliveryPosition { clock: i64::MAX, id: id.into() });
    Get "/api/v1/webhooks/<id>/deliveries/<delivery_id>" Rows: |ids| get(
        format!("/api/v1/webhooks/{}/deliveries/{}", ids.webhook, ids.delivery));

    Post "/api/v1/scrapersky" Nothing: |ids| post_once("/api/v1/scrapersky", json!({ "base_url": "new.bench.test" }), ids);
    Post "/api/v1/batch" Nothing: |ids| post_once("/api/v1/batch", json!({ "domains": ["new.bench.test"] }), ids);
    Post "/api/v1/batches/<id>/retry" Rows: |ids| {
        let path = format!("/api/v1/batches/{}/retry", ids.batch);
        let once = Shot { headers: vec![("Idempotency-Key", ids.once.clone())], ..plain(path.clone()) };
        vec![plain(path), once]
    };
    Post "/api/v1/batches/<id>/cancel" Rows: |ids| get(format!("/api/v1/batches/{}/cancel", ids.batch));
    Post "/api/v1/jobs/retry" Some: |ids| [
        post_once("/api/v1/jobs/retry", json!({ "ids": [ids.failed] }), ids),
        post("/api/v1/jobs/retry", json!({ "filter": { "batch_id": ids.batch } }), ids),
    ].concat();
    Post "/api/v1/jobs/cancel" Some: |ids| [
        post_once("/api/v1/jobs/cancel", json!({ "ids": [ids.pending] }), ids),
        post("/api/v1/jobs/cancel", json!({ "filter": { "domain_id": ids.domain } }), ids),
    ].concat();
    Post "/api/v1/domains/scan" Rows: |ids| post_once("/api/v1/domains/scan", json!({ "ids": [ids.domain] }), ids);
    Post "/api/v1/jobs/<id>/retry" Rows: |ids| get(format!("/api/v1/jobs/{}/retry", ids.failed));
    Post "/api/v1/jobs/<id>/cancel" Rows: |ids| get(format!("/api/v1/jobs/{}/cancel", ids.pending));
    Post "/api/v1/sitemap/scan" Nothing: |ids| post_once("/api/v1/sitemap/scan", json!({ "domain": "new.bench.test" }), ids);
    Post "/api/v1/sitemaps/<id>/curation" Rows: |ids| {
        let path = format!("/api/v1/sitemaps/{}/curation", ids.sitemap);
        vec![Shot { body: Some((ContentType::JSON, json!({ "status": "selected" }).to_string())), ..plain(path) }]
    };
    Post "/api/v1/sitemaps/curation" Some: |ids| {
        let shot = |body: Value| Shot { body: Some((ContentType::JSON, body.to_string())), ..plain("/api/v1/sitemaps/curation") };
        vec![
            shot(json!({ "status": "selected", "ids": [ids.sitemap] })),
            shot(json!({ "status": "selected", "filter": { "domain_id": ids.domain } })),
        ]
    };
    Post "/api/v1/places/search" Nothing: |ids| post_once(
        "/api/v1/places/search", json!({ "location": "Houston", "business_type": "dentist" }), ids);
    Post "/api/v1/places/update-status" Rows: |ids| [
        post("/api/v1/places/update-status", json!({ "place_id": ids.place, "status": "selected" }), ids),
        get(format!("/api/v1/places/update-status?place_id={}&status=maybe", ids.place)),
    ].concat();
    Post "/api/v1/places/update-notes" Rows: |ids| [
        post("/api/v1/places/update-notes", json!({ "place_id": ids.place, "notes": "x" }), ids),
        get(format!("/api/v1/places/update-notes?place_id={}&notes=y", ids.place)),
    ].concat();
    Post "/api/v1/places/update" Some: |ids| post_once(
        "/api/v1/places/update", json!({ "place_ids": [ids.place], "status": "selected" }), ids);
    Post "/api/v1/leads/changes/<change_id>/undo" Rows: |ids| get(format!("/api/v1/leads/changes/{}/undo", ids.lead_change));
    Post "/api/v1/leads/change" Some: |ids| [
        post_once("/api/v1/leads/change", json!({ "ids": [ids.lead], "status": "selected" }), ids),
        post("/api/v1/leads/change", json!({ "filter": { "domain_id": ids.domain }, "add_tags": ["x"] }), ids),
    ].concat();
    Post "/api/v1/leads/undo" Nothing: |_ids| get("/api/v1/leads/undo");
    Post "/api/v1/contacts/mark" Some: |ids| [
        post_once("/api/v1/contacts/mark", json!({ "ids": [ids.contact], "mark": "contacted" }), ids),
        post("/api/v1/contacts/mark", json!({ "filter": { "domain_id": ids.domain }, "mark": "wrong" }), ids),
    ].concat();
    Post "/api/v1/places/undo" Nothing: |_ids| get("/api/v1/places/undo");
    Post "/api/v1/places/changes/<change_id>/undo" Rows: |ids| get(format!("/api/v1/places/changes/{}/undo", ids.change));
    Post "/api/v1/places/details" Rows: |ids| post_once("/api/v1/places/details", json!({ "place_ids": [ids.place] }), ids);
    Post "/api/v1/places/hand-over" Rows: |ids| post_once("/api/v1/places/hand-over", json!({ "place_ids": [ids.place] }), ids);
    Post "/api/v1/places/import" Nothing: |ids| vec![Shot {
        body: Some((ContentType::CSV, format!("place_id,name,notes\n{},theirs,theirs\n", ids.place))),
        ..plain("/api/v1/places/import")
    }];
    Post "/email-scanner/scan/<id>" Rows: |ids| get(format!("/email-scanner/scan/{}", ids.domain));
    Post "/api/v1/email-scanner/scan/<id>" Rows: |ids| get(format!("/api/v1/email-scanner/scan/{}", ids.domain));
    Patch "/api/v1/leads/<id>" Rows: |ids| post(format!("/api/v1/leads/{}", ids.lead), json!({ "notes": "x" }), ids);
    Patch "/api/v1/score-rules" Nothing: |ids| post("/api/v1/score-rules", json!({ "points": { "slow": 0, "builder": null } }), ids);
    Patch "/api/v1/contacts/<id>" Rows: |ids| post(format!("/api/v1/contacts/{}", ids.contact), json!({ "notes": "x" }), ids);
    Post "/api/v1/suppressions" Nothing: |ids| post("/api/v1/suppressions", json!({ "email": "new@bench.test" }), ids);
    Post "/api/v1/suppressions/import" Nothing: |ids| {
        let path = "/api/v1/suppressions/import";
        let items = json!({ "items": [{ "email": "new@bench.test" }, { "domain": "new.bench.test" }] });
        let file = Shot { body: Some((ContentType::CSV, "email,reason\nnew@bench.test,x\n".to_owned())), ..plain(path) };
        [post_once(path, items, ids), vec![file]].concat()
    };
    Post "/api/v1/erasures" Nothing: |ids| post("/api/v1/erasures", json!({ "email": "new@bench.test" }), ids);
    Post "/api/v1/keys" Nothing: |ids| post("/api/v1/keys", json!({ "name": "new", "scopes": ["read"] }), ids);
    Post "/api/v1/tenants" Tenants: |_ids| vec![json_to("/api/v1/tenants", &json!({ "name": "new" }))];
    Patch "/api/v1/tenants/<id>" Tenants: |ids| vec![json_to(format!("/api/v1/tenants/{}", ids.tenant), &json!({ "description": "x" }))];
    Post "/api/v1/keys/<id>/rotate" Rows: |ids| post(format!("/api/v1/keys/{}/rotate", ids.key), json!({}), ids);
    Post "/api/v1/schedules" Nothing: |ids| post("/api/v1/schedules", json!({
        "name": "new", "cron": "0 6 * * 1", "work": { "domain_scan": { "leads": { "domain_id": ids.domain } } },
    }), ids);
    Patch "/api/v1/schedules/<id>" Rows: |ids| post(format!("/api/v1/schedules/{}", ids.schedule), json!({ "is_paused": false }), ids);
    Post "/api/v1/schedules/<id>/run" Rows: |ids| get(format!("/api/v1/schedules/{}/run", ids.schedule));
    Post "/api/v1/webhooks" Nothing: |ids| post(
        "/api/v1/webhooks", json!({ "url": "https://new.bench.test/hook", "kinds": ["job.ended"] }), ids);
    Post "/api/v1/webhooks/secret" Nothing: |ids| post("/api/v1/webhooks/secret", json!({}), ids);
    Patch "/api/v1/webhooks/<id>" Rows: |ids| post(format!("/api/v1/webhooks/{}", ids.webhook), json!({ "is_enabled": true }), ids);
    Post "/api/v1/webhooks/<id>/rotate" Rows: |ids| post(format!("/api/v1/webhooks/{}/rotate", ids.webhook), json!({}), ids);
    Post "/api/v1/webhooks/<id>/test" Rows: |ids| get(format!("/api/v1/webhooks/{}/test", ids.webhook));
    Post "/api/v1/webhooks/<id>/deliveries/<delivery_id>/redeliver" Rows: |ids| get(
        format!("/api/v1/webhooks/{}/deliveries/{}/redeliver", ids.webhook, ids.delivery));

    Delete "/api/v1/schedules/<id>" Rows: |ids| get(format!("/api/v1/schedules/{}", ids.schedule));
    Delete "/api/v1/webhooks/<id>" Rows: |ids| get(format!("/api/v1/webhooks/{}", ids.webhook));
    Delete "/api/v1/contacts/<id>" Rows: |ids| get(format!("/api/v1/contacts/{}", ids.contact));
    Delete "/api/v1/suppressions/<id>" Rows: |ids| get(format!("/api/v1/suppressions/{}", ids.suppression));
    Delete "/api/v1/keys/<id>" Rows: |ids| get(format!("/api/v1/keys/{}", ids.key));
    Delete "/api/v1/domains/<id>" Rows: |ids| get(format!("/api/v1/domains/{}", ids.domain));
};

/// The proofs only cover the routes listed here, so all must be listed.
#[tokio::test]
async fn every_route_is_entered() {
    let app = TestApp::new().await;
    let mounted: BTreeSet<(String, String)> = app
        .client()
        .rocket()
        .routes()
        .map(|route| (route.method.to_string(), route.uri.path().to_owned()))
        .collect();
    let entered: BTreeSet<(String, String)> = ENTRIES
        .iter()
        .chain(PAGES)
        .map(|entry| (entry.method.as_str(), entry.path))
        .chain(DOORS.iter().copied())
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();
    let list = |routes: Vec<&(String, String)>| -> String {
        routes
            .iter()
            .map(|(method, path)| format!("\n  {method} {path}"))
            .collect()
    };
    let missing = list(mounted.difference(&entered).collect());
    assert!(
        missing.is_empty(),
        "these routes are mounted, but no other tenant has been set on them: add a line for each to ENTRIES in \
         tests/api/callers/routes.rs, which says how to name another's rows by it:{missing}"
    );
    let gone = list(entered.difference(&mounted).collect());
    assert!(
        gone.is_empty(),
        "these are entered in tests/api/callers/routes.rs, but not mounted:{gone}"
    );
    let count = ENTRIES.len() + PAGES.len() + DOORS.len();
    assert_eq!(count, entered.len(), "a route is entered twice");
}
