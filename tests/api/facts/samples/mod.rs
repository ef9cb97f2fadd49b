//! The web of samples in `tests/fixtures/web`: what scans find, what changes, and what it scores, through the API.

mod changes;
mod evidence;
mod expected;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jobs::Runner;
use scans::{Services, registry};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::server::{Clock, SampleWeb, Version};
use super::documented::columns;
use crate::support::app::{Holder, TestApp};
use crate::support::database::eventually;
use crate::support::rules::RULES;
use crate::support::site::Authority;
use crate::support::workers::patient;

/// Columns that clients do not see.
const HIDDEN: [&str; 3] = ["tenant_id", "domain_id", "legacy"];

/// Columns that no scan of this web fills, with the reason.
const NEVER_FILLED: [(&str, &str); 11] = [
    ("domains.lead_source", "hand-overs and email scans make such rows"),
    ("domains.legacy", "values of the old system"),
    ("domains.local_business_id", "a table of the old system"),
    ("domains.notes", "rows of the old system: notes of today are a lead's"),
    ("domains.sitemap_monitor_at", "rows of the old system"),
    ("domains.sitemap_monitor_error", "rows of the old system"),
    ("domains.sitemap_monitor_status", "rows of the old system"),
    ("domain_hosting.country_code", "an address is not a place"),
    ("domain_hosting.hosting_location", "an address is not a place"),
    ("domain_hosting.uptime_percentage", "a scan visits once"),
    (
        "domain_profiles.industry_vertical",
        "no site states it in a fixed vocabulary",
    ),
];

/// A worker, which ends when it is asked to.
struct Work {
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Work {
    fn start(app: &TestApp, web: &SampleWeb) -> Self {
        let services = Services::new(web.config(), RULES.clone()).unwrap();
        let services = Arc::new(services.sharing_pace(app.pool().clone()));
        let runner = Runner::new(app.pool().clone(), registry(), services, patient()).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(runner.run(async move {
            let _ = stopped.await;
        }));
        Self { stop, ended }
    }

    async fn end(self) {
        drop(self.stop);
        self.ended.await.unwrap();
    }
}

/// Scans domains as one batch, and waits until all jobs have ended.
async fn scan(holder: &Holder<'_>, domains: &[&str]) {
    let accepted = holder.post("/api/v1/batch", json!({ "domains": domains })).await;
    assert_eq!(accepted.status, 200, "{accepted:?}");
    let batch = holder.ended(accepted.body["status_url"].as_str().unwrap()).await;
    assert_eq!(batch["total_jobs"], domains.len(), "{batch}");
}

/// The ids of the domains by name.
async fn ids(holder: &Holder<'_>) -> BTreeMap<String, String> {
    let listed = holder.get("/api/v1/domains?limit=100").await.body;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = listed["items"].as_array().unwrap().iter();
    items.map(|item| (text(&item["domain"]), text(&item["id"]))).collect()
}

/// The four rows of a domain by table: what the API shows, and the columns that it hides.
async fn rows(app: &TestApp, holder: &Holder<'_>, id: &str) -> Value {
    let mut details = holder.get(&format!("/api/v1/domains/{id}")).await.body;
    let of_domain = details.as_object_mut().unwrap();
    let mut tables = serde_json::Map::new();
    for (part, table) in [
        ("profile", "domain_profiles"),
        ("technologies", "domain_technologies"),
        ("hosting", "domain_hosting"),
    ] {
        tables.insert(table.to_owned(), of_domain.remove(part).unwrap());
    }
    tables.insert("domains".to_owned(), details);
    for (table, key) in [
        ("domains", "id"),
        ("domain_profiles", "domain_id"),
        ("domain_technologies", "domain_id"),
        ("domain_hosting", "domain_id"),
    ] {
        let query = format!("SELECT to_jsonb(t)::text FROM {table} t WHERE {key} = '{id}'");
        let Some(stored) = app.texts(&query).await.pop() else {
            continue;
        };
        let stored: Value = serde_json::from_str(&stored).unwrap();
        let Some(row) = tables[table].as_object_mut() else {
            continue;
        };
        for name in HIDDEN.iter().filter(|name| stored.get(**name).is_some()) {
            row.insert((*name).to_owned(), stored[*name].clone());
        }
    }
    Value::Object(tables)
}

/// Returns which columns have a value: one that is not empty, and not false.
fn filled(rows: &Value) -> BTreeSet<String> {
    let is_filled = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(items) => !items.is_empty(),
        _ => true,
    };
    let tables = rows.as_object().unwrap().iter();
    tables
        .flat_map(|(table, row)| {
            let columns = row.as_object().into_iter().flatten();
            columns
                .filter(|(_, value)| is_filled(value))
                .map(move |(name, _)| format!("{table}.{name}"))
        })
        .collect()
}

/// A site that can be scanned, and one that cannot.
const SHOP: &str = "werkstatt-nord.fixture";
const SELF_SIGNED: &str = "imkerei-wald.fixture";

/// Returns which columns the jobs fill that are not domain scans: analyses of sitemaps, and scans for email addresses.
async fn filled_by_others(app: &TestApp, holder: &Holder<'_>, ids: &BTreeMap<String, String>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for domain in [SHOP, SELF_SIGNED] {
        let id = &ids[domain];
        let analysis = holder.post("/api/v1/sitemap/scan", json!({ "domain": domain })).await;
        holder.ended(analysis.body["status_url"].as_str().unwrap()).await;
        let crawl = holder
            .post(&format!("/api/v1/email-scanner/scan/{id}"), json!({}))
            .await;
        assert!([200, 202].contains(&crawl.status), "{crawl:?}");
        eventually("the email scan has ended", || async move {
            let status = holder.get(&format!("/api/v1/domains/{id}")).await.body["page_scrape_status"].clone();
            status == "Completed" || status == "Error"
        })
        .await;
        all.extend(filled(&rows(app, holder, id).await));
    }
    all
}

/// Returns whether the lead of a domain has a score.
async fn is_scored(holder: &Holder<'_>, domain: &str) -> bool {
    let leads = holder.get("/api/v1/leads?sort=name&limit=100").await.body;
    let mut leads = leads["items"].as_array().unwrap().iter();
    leads.any(|lead| lead["domain"] == domain && !lead["score"].is_null())
}

/// Returns what is wrong with the scores of leads.
async fn wrong_scores(holder: &Holder<'_>, web: &SampleWeb) -> Vec<String> {
    let leads = holder.get("/api/v1/leads?sort=name&limit=100").await.body;
    let mut wrong = Vec::new();
    for sample in &web.samples {
        let domain = &sample.plan.domain;
        let mut leads = leads["items"].as_array().unwrap().iter();
        let Some(lead) = leads.find(|lead| lead["domain"] == *domain) else {
            wrong.push(format!("{domain} has no lead"));
            continue;
        };
        let expected = &expected::read(&sample.folder.join("expected.json"), web.clock)["lead"];
        // A machine that is busy may answer late.
        let reasons = lead["score_reasons"].as_array().unwrap().iter();
        let (slow, reasons): (Vec<&Value>, Vec<&Value>) = reasons.partition(|reason| reason["rule"] == "slow");
        let score = lead["score"]
            .as_i64()
            .map(|score| if slow.is_empty() { score } else { score - 10 });
        let sum: i64 = reasons.iter().map(|reason| reason["points"].as_i64().unwrap()).sum();
        let because: Vec<&Value> = reasons.iter().map(|reason| &reason["because"]).collect();
        let found = json!({ "score": score, "because": because });
        if found != *expected || score.is_some_and(|score| score != sum) {
            wrong.push(format!("{domain}:\n    expected {expected}\n    found    {found}"));
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_and_score_of_every_site_is_what_its_pages_state() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let authority = Authority::new();
    let web = SampleWeb::open(Version::First, &authority, Clock::now()).await;
    let work = Work::start(&app, &web);
    let scores = Services::new(web.config(), RULES.clone()).unwrap().score;
    tokio::spawn(scans::leads::watch(app.pool().clone(), scores));
    assert!(web.samples.len() >= 16, "{}", web.samples.len());
    scan(&acme, &web.domains()).await;

    let ids = ids(&acme).await;
    let (mut wrong, mut all) = (Vec::new(), BTreeSet::new());
    for (sample, address) in web.samples.iter().zip(&web.hosts) {
        let domain = &sample.plan.domain;
        let rows = rows(&app, &acme, &ids[domain]).await;
        let mut of_site = expected::differences(sample, address, web.clock, &rows);
        of_site.extend(evidence::faults(sample, &rows["domain_technologies"]["claims"]));
        if !of_site.is_empty() {
            wrong.push(format!("{domain}:\n  {}", of_site.join("\n  ")));
        }
        all.extend(filled(&rows));
        let shown = acme.get(&format!("/api/v1/domains/{}", ids[domain])).await.body;
        if shown["profile"].is_object() {
            super::evidence::assert_each_value_is_told(&acme, &shown).await;
        }
    }
    let acme = &acme;
    eventually(
        "the leads of sites that could not be scanned are scored",
        || async move { is_scored(acme, SELF_SIGNED).await },
    )
    .await;
    wrong.extend(wrong_scores(acme, &web).await);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    all.extend(filled_by_others(&app, acme, &ids).await);
    let empty: BTreeSet<String> = columns()
        .into_iter()
        // What values are told by is compared with the values above.
        .filter(|(table, _)| *table != "domain_evidence")
        .flat_map(|(table, names)| names.into_iter().map(move |name| format!("{table}.{name}")))
        .filter(|name| !all.contains(name))
        .collect();
    assert_eq!(empty, NEVER_FILLED.iter().map(|(name, _)| (*name).to_owned()).collect());
    work.end().await;
}
