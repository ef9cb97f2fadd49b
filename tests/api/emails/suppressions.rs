//! Suppressed and erased addresses.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{at_once, contacts, domain, emails, scan, start};
use crate::support::app::{Holder, TestApp};
use crate::support::planted::HOST;
use crate::support::site::{Reply, Site};
use crate::support::tenants::Agencies;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suppressed_contacts_never_come_back() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let page =
        "<title>A</title><p>jane@acme.bench.test, joe@acme.bench.test, ann@partner-firma.de, bob@mail.partner-firma.de";
    let site = Site::start(move |_| Reply::html(page)).await;
    let _work = app.work_with(&site, at_once);
    let id = domain(&acme, HOST).await;
    scan(&acme, &id).await;
    assert_eq!(contacts(&acme).await.len(), 4);
    for body in [
        json!({ "email": "Jane@ACME.bench.test", "reason": "asked us" }),
        json!({ "domain": "partner-firma.de" }),
    ] {
        let answer = acme.post("/api/v1/suppressions", body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    assert_eq!(emails(&contacts(&acme).await), ["joe@acme.bench.test"]);
    let csv = acme.get("/api/v1/contacts/export.csv").await;
    assert!(csv.content_type.starts_with("text/csv") && csv.text.starts_with("\u{feff}email,email_type,"));
    assert!(
        csv.text.contains("joe@")
            && !csv.text.contains("jane")
            && !csv.text.contains("partner-firma")
            && csv.text.lines().count() == 2,
        "{}",
        csv.text
    );
    let lines = acme.get("/api/v1/contacts/export.jsonl").await.text;
    assert_eq!(lines.lines().count(), 1);
    assert_eq!(
        serde_json::from_str::<Value>(lines.trim()).unwrap()["email"],
        "joe@acme.bench.test"
    );
    // Gone, and not found again.
    for contact in [
        "jane@acme.bench.test",
        "ann@partner-firma.de",
        "bob@mail.partner-firma.de",
    ] {
        app.sql(&format!("DELETE FROM contacts WHERE email = '{contact}'"))
            .await;
    }
    assert_eq!(scan(&acme, &id).await["contacts_found"], 1);
    // A scan of the domain stores none of them either.
    let accepted = acme.post("/api/v1/scrapersky", json!({ "base_url": HOST })).await;
    let status = acme.ended(accepted.body["status_url"].as_str().unwrap()).await;
    assert_eq!(
        status["metadata"]["contact_info"]["email"],
        json!(["joe@acme.bench.test"]),
        "{status}"
    );
    acme.post("/api/v1/suppressions", json!({ "domain": HOST })).await;
    assert_eq!(start(&acme, &id).await.status, 409);
    let list = acme.get("/api/v1/suppressions").await.body;
    assert_eq!(
        (list["total"].as_i64(), &list["items"][2]["reason"]),
        (Some(3), &json!("asked us"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suppressed_address_is_gone_from_every_answer_at_once() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let page = "<title>Write to ann@acme.bench.test</title><meta name=description content='or bob@acme.bench.test'>\
                <p>ann@acme.bench.test, bob@acme.bench.test, cleo@partner-firma.de";
    let site = Site::start(move |_| Reply::html(page)).await;
    let _work = app.work_with(&site, at_once);
    let id = domain(&acme, HOST).await;
    scan(&acme, &id).await;
    let accepted = acme.post("/api/v1/scrapersky", json!({ "base_url": HOST })).await.body;
    acme.ended(accepted["status_url"].as_str().unwrap()).await;
    let mut paths = vec![
        format!("/api/v1/domains/{id}"),
        format!("/api/v1/domains/{id}/pages"),
        format!("/api/v1/domains/{id}/contacts"),
        format!("/api/v1/domains/{id}/evidence?limit=1000"),
        format!("/email-scanner/scan/{id}/status"),
        accepted["status_url"].as_str().unwrap().to_owned(),
        "/api/v1/jobs".to_owned(),
        "/api/v1/contacts".to_owned(),
        "/api/v1/contacts/export.csv".to_owned(),
        "/api/v1/contacts/export.jsonl".to_owned(),
    ];
    let found = contacts(&acme).await;
    let contact = |email: &str| format!("/api/v1/contacts/{}", found[email]["id"].as_str().unwrap());
    paths.push(contact("bob@acme.bench.test"));
    let answers = async || {
        let mut all = String::new();
        for path in &paths {
            all += &acme.get(path).await.text;
        }
        all
    };
    let before = answers().await;
    assert!(before.matches("ann@acme.bench.test").count() > 8, "{before}");
    acme.post("/api/v1/suppressions", json!({ "email": "Ann@acme.bench.test" }))
        .await;
    let after = answers().await;
    assert!(!after.contains("ann@acme"), "{after}");
    assert!(after.contains("bob@acme.bench.test") && after.contains("cleo@partner-firma.de"));
    let ann = contact("ann@acme.bench.test");
    assert_eq!(acme.get(&ann).await.status, 404);
    assert_eq!(acme.patch(&ann, json!({ "notes": "x" })).await.status, 404);
    // Nor does another scan of the domain bring it back.
    let again = acme.post("/api/v1/scrapersky", json!({ "base_url": HOST })).await.body;
    acme.ended(again["status_url"].as_str().unwrap()).await;
    let after = answers().await;
    assert!(!after.contains("ann@acme") && after.contains("[erased]"), "{after}");
    // All that is found on the site of a domain that is suppressed.
    acme.post("/api/v1/suppressions", json!({ "domain": HOST })).await;
    let after = answers().await;
    assert!(
        !after.contains("@acme.bench.test") && !after.contains("cleo@"),
        "{after}"
    );
}

#[tokio::test]
async fn only_addresses_and_domains_can_be_suppressed() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    for wrong in [
        json!({}),
        json!({ "email": "nobody" }),
        json!({ "domain": "10.0.0.1" }),
        json!({ "email": "a@b.de", "domain": "b.de" }),
    ] {
        assert_eq!(acme.post("/api/v1/suppressions", wrong).await.status, 400);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_reaches_every_mention_of_the_address() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    let page = "<title>Write to jane.doe@acme.bench.test</title><meta name=description content='jane.doe@acme.bench.test'>\
                <p>joe@acme.bench.test or jane.doe [at] acme [dot] bench.test or jane.doe@acme.bench.test, \
                also xjane.doe@acme.bench.test</p><a href='/unsubscribe?who=jane.doe%40acme.bench.test'>x</a>";
    let site = Site::start(move |_| Reply::html(page)).await;
    let _work = app.work_with(&site, at_once);
    let id = domain(&acme, HOST).await;
    for holder in [&acme, &bolt] {
        let id = domain(holder, HOST).await;
        scan(holder, &id).await;
        let accepted = holder.post("/api/v1/scrapersky", json!({ "base_url": HOST })).await;
        holder.ended(accepted.body["status_url"].as_str().unwrap()).await;
    }
    let joe = contacts(&acme).await["joe@acme.bench.test"]["id"].clone();
    let joe = format!("/api/v1/contacts/{}", joe.as_str().unwrap());
    let noted = acme
        .patch(&joe, json!({ "notes": "see jane.doe@acme.bench.test" }))
        .await;
    assert_eq!(noted.status, 200, "{noted:?}");
    let holds = format!(
        "SELECT tenant_id FROM ({}) t WHERE line ~* '(^|[^x])jane[.]doe *(@|%40|.at.) *acme'",
        all_rows(&app).await
    );
    let count = async |holder: &Holder<'_>| -> i64 {
        let sql = format!(
            "SELECT count(*) FROM ({holds}) h WHERE tenant_id = '{}'",
            holder.agency.id
        );
        app.count(&sql).await
    };
    let (before, of_bolt) = (count(&acme).await, count(&bolt).await);
    assert!(before >= 6 && of_bolt >= 6, "{before}, {of_bolt}");

    let erased = acme
        .post("/api/v1/erasures", json!({ "email": "Jane.Doe@acme.bench.test" }))
        .await;
    assert_eq!(
        (erased.status, &erased.body["contacts"]),
        (200, &json!(1)),
        "{erased:?}"
    );
    assert_eq!(erased.body["suppression"]["value"], Value::Null);
    assert_eq!(count(&acme).await, 0);
    assert_eq!(count(&bolt).await, of_bolt, "another tenant's rows");
    assert_texts(&app, &acme.get(&format!("/api/v1/domains/{id}")).await.body["profile"]).await;
    assert_eq!(
        emails(&contacts(&acme).await),
        ["joe@acme.bench.test", "xjane.doe@acme.bench.test"]
    );
    scan(&acme, &id).await;
    assert_eq!(
        emails(&contacts(&acme).await),
        ["joe@acme.bench.test", "xjane.doe@acme.bench.test"]
    );
    assert_eq!(count(&acme).await, 0, "a new scan brought it back");
}

/// Asserts that lists of addresses lose the erased one, and other texts say that something was there.
async fn assert_texts(app: &TestApp, profile: &Value) {
    let left = json!(["joe@acme.bench.test", "xjane.doe@acme.bench.test"]);
    assert_eq!(profile["email_addresses"], left, "{profile}");
    assert_eq!(profile["meta_json"]["contact_info"]["email"], left, "{profile}");
    assert_eq!(profile["title"], "Write to [erased]");
    let listed = "SELECT count(*) FROM jobs WHERE result #> '{contact_info,email}' ? '[erased]'";
    assert_eq!(app.count(listed).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erasing_a_domain_erases_all_its_addresses() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|_| Reply::html("<p>joe@acme.bench.test, jane.doe@acme.bench.test")).await;
    let _work = app.work_with(&site, at_once);
    let id = domain(&acme, HOST).await;
    scan(&acme, &id).await;
    let erased = acme.post("/api/v1/erasures", json!({ "domain": HOST })).await;
    assert_eq!(erased.body["contacts"], 2, "{erased:?}");
    assert_eq!(start(&acme, &id).await.status, 409);
    let any = format!(
        "SELECT count(*) FROM ({}) t WHERE line ~* '@acme[.]bench' AND tenant_id = '{}'",
        all_rows(&app).await,
        acme.agency.id
    );
    assert_eq!(app.count(&any).await, 0);
}

/// Returns a query that prints every row of every tenant table as a line.
async fn all_rows(app: &TestApp) -> String {
    let tables = app
        .texts(
            "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
             AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')",
        )
        .await;
    assert!(tables.len() >= 20);
    let each: Vec<String> = tables
        .iter()
        .map(|table| format!("SELECT tenant_id, t::text AS line FROM {table} t"))
        .collect();
    each.join(" UNION ALL ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ninety_erasures_at_once_are_all_answered_soon() {
    let app = TestApp::on(Agencies::with_connections(15).await, &[]).await;
    let acme = app.agency("acme").await;
    let erase = async |number: u32| {
        let body = json!({ "email": format!("p{number}@shop.bench.test") });
        let answer = acme.post("/api/v1/erasures", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    let one = async || {
        let begun = Instant::now();
        for number in 0..5 {
            erase(number).await;
        }
        begun.elapsed() / 5
    };
    let before = one().await;
    let begun = Instant::now();
    join_all((0..90).map(&erase)).await;
    let together = begun.elapsed();
    let alone = before.max(one().await);
    println!("90 erasures took {together:?}; one takes {alone:?} alone");
    // On a busy machine one takes longer; nobody may wait for anything else.
    assert!(together < Duration::from_secs(20).max(alone * 90 * 6), "{together:?}");
}
