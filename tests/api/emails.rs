//! Scans for email addresses: the whole way from a request to what is stored, on real sites.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use database::models::enums::Scope;
use rocket::http::Method;
use scrapersky::config::{EmailConfig, ScansConfig};
use serde_json::{Value, json};
use tokio::net::UdpSocket;
use web::fetch::FetchConfig;

use crate::support::app::{Answer, Holder, TestApp};
use crate::support::database::{TestDatabase, eventually};
use crate::support::extent;
use crate::support::planted::{HOST, Plan};
use crate::support::program::Program;
use crate::support::site::{Reply, Site};

/// No pause between requests: what is tested is not how polite we are.
fn at_once(scans: ScansConfig) -> ScansConfig {
    let fetch = FetchConfig {
        pace: Duration::ZERO,
        ..scans.fetch
    };
    ScansConfig { fetch, ..scans }
}

/// Makes a domain of the tenant, and returns its id.
async fn domain(holder: &Holder<'_>, name: &str) -> String {
    holder.agency.domain(name).await.id.to_string()
}

async fn start(holder: &Holder<'_>, id: &str) -> Answer {
    holder.post(&format!("/email-scanner/scan/{id}"), json!({})).await
}

/// Asks until the scan has ended, and returns the last answer.
async fn ended(holder: &Holder<'_>, id: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let answer = holder.get(&format!("/email-scanner/scan/{id}/status")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if !["pending", "scanning"].contains(&answer.body["status"].as_str().unwrap()) {
            return answer.body;
        }
        assert!(Instant::now() < deadline, "it never ended: {}", answer.body);
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

async fn scan(holder: &Holder<'_>, id: &str) -> Value {
    let answer = start(holder, id).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    ended(holder, id).await
}

/// All contacts that are shown, by address.
async fn contacts(holder: &Holder<'_>) -> BTreeMap<String, Value> {
    let list = holder.get("/api/v1/contacts?limit=1000").await;
    assert_eq!(list.status, 200, "{list:?}");
    let items = list.body["items"].as_array().unwrap();
    let by_email: BTreeMap<String, Value> = items
        .iter()
        .map(|item| (item["email"].as_str().unwrap().to_owned(), item.clone()))
        .collect();
    assert_eq!(by_email.len(), items.len(), "an address comes twice");
    by_email
}

fn emails(contacts: &BTreeMap<String, Value>) -> Vec<&str> {
    contacts.keys().map(String::as_str).collect()
}

/// The pages that were asked for, without robots.txt and sitemaps.
fn pages_asked(site: &Site) -> Vec<String> {
    let paths = site.paths().into_iter();
    paths
        .filter(|path| path != "/robots.txt" && !path.contains("sitemap"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_site_gives_every_planted_address_and_no_decoy() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let plan = Plan::new();
    assert_eq!((plan.count(), plan.planted.len()), (300, 100));
    let site = plan.start().await;
    let _work = app.work_with(&site, at_once);
    let id = domain(&acme, HOST).await;
    let status = scan(&acme, &id).await;
    assert_eq!(status["status"], "completed", "{status}");

    let asked = pages_asked(&site);
    assert!(asked.len() <= 100, "{} pages were asked for", asked.len());
    assert_eq!(
        asked.iter().collect::<BTreeSet<_>>().len(),
        asked.len(),
        "a page was asked for twice: {asked:?}"
    );
    assert!(!asked.iter().any(|path| path.starts_with("/private")), "{asked:?}");
    assert!(
        !asked
            .iter()
            .any(|path| path.contains(".pdf") || path.contains("replytocom")),
        "{asked:?}"
    );
    let first: BTreeSet<&str> = asked[1..6].iter().map(String::as_str).collect();
    assert_eq!(asked[0], "/");
    assert_eq!(
        first,
        BTreeSet::from(["/contact", "/impressum", "/about-us", "/team", "/privacy"])
    );
    assert!(asked.iter().filter(|path| path.starts_with("/calendar")).count() <= 3);
    assert!(asked.iter().filter(|path| path.starts_with("/list")).count() <= 5);
    assert_eq!(status["pages_scanned"], asked.len(), "{status}");
    assert!(
        site.requests()
            .iter()
            .all(|head| head.to_lowercase().contains("host: acme.bench.test"))
    );

    let found = contacts(&acme).await;
    let planted: BTreeSet<&str> = plan.planted.iter().map(|planted| planted.email.as_str()).collect();
    let stored: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(
        stored.difference(&planted).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "decoys"
    );
    assert_eq!(
        planted.difference(&stored).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "missed"
    );
    for planted in &plan.planted {
        let contact = &found[&planted.email];
        assert_eq!(contact["email_type"], planted.kind, "{contact}");
        assert_eq!(
            contact["source_url"],
            format!("http://{HOST}{}", planted.path),
            "{contact}"
        );
        assert_eq!(contact["has_gmail"], planted.email.ends_with("@gmail.com"), "{contact}");
        let context = contact["context"].as_str().unwrap();
        // What is in the head of structured data has no place in the text but where the script stands.
        assert!(
            context.contains(&planted.before) || context.contains("mark"),
            "{planted:?}: {context}"
        );
        assert!(context.chars().count() <= 260, "{context}");
    }
    assert_eq!(status["contacts_found"], 100);

    let pages = acme.get(&format!("/api/v1/domains/{id}/pages?limit=1000")).await.body;
    let pages: BTreeMap<&str, &Value> = pages["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|page| (page["url"].as_str().unwrap(), page))
        .collect();
    for page in pages.values() {
        assert!(page["disposition"].is_string(), "{page}");
        assert!(
            page["disposition"] == "ok" || page["disposition_reason"].is_string(),
            "{page}"
        );
    }
    let disposition = |path: &str| {
        pages[format!("http://{HOST}{path}").as_str()]["disposition"]
            .as_str()
            .unwrap()
    };
    assert_eq!(disposition("/contact"), "ok");
    assert_eq!(disposition("/twin"), "duplicate");
    assert_eq!(disposition("/leave"), "off_site");
    assert_eq!(disposition("/broken"), "status");
    assert_eq!(disposition("/data"), "no_page");
    assert!(
        pages[format!("http://{HOST}/contact").as_str()]["inbound_links"]
            .as_array()
            .unwrap()
            .len()
            > 10
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_under_way_is_answered_with_and_its_counts_move() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let page = |n: usize| {
        Reply::Late(
            Duration::from_millis(40),
            Reply::html(format!(
                "<p>person{n}@acme.bench.test<a href=/p/{}>next</a><a href=/q/{n}>other</a>",
                n + 1
            ))
            .into_bytes(),
        )
    };
    let site = Site::start(move |path| match path.rsplit('/').next().unwrap().parse() {
        Ok(number) if number < 12 => page(number),
        _ if path == "/" => page(0),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let id = domain(&acme, HOST).await;
    assert_eq!(acme.get(&format!("/email-scanner/scan/{id}/status")).await.status, 404);
    // The old front end's sequence.
    let list = acme.get("/email-scanner/domains").await.body;
    assert_eq!(
        list,
        json!([{ "id": id, "domain": HOST, "pages": [], "pages_count": 0 }])
    );
    assert_eq!(acme.get("/email-scanner/websites").await.body, list);
    let begun = start(&acme, &id).await;
    assert_eq!(begun.status, 200, "{begun:?}");
    for (field, value) in [
        ("domain_id", json!(id)),
        ("domain", json!(HOST)),
        ("total_pages", json!(100)),
        ("pages_scanned", json!(0)),
        ("contacts_found", json!(0)),
        ("status", json!("pending")),
    ] {
        assert_eq!(begun.body[field], value, "{begun:?}");
    }
    chrono::DateTime::parse_from_rfc3339(begun.body["scan_timestamp"].as_str().unwrap()).unwrap();
    let _work = app.work_with(&site, |scans| ScansConfig {
        email: EmailConfig {
            max_depth: 20,
            ..scans.email.clone()
        },
        ..at_once(scans)
    });
    let mut seen = BTreeSet::new();
    let last = loop {
        let status = acme.get(&format!("/email-scanner/scan/{id}/status")).await.body;
        seen.insert((
            status["pages_scanned"].as_i64().unwrap(),
            status["contacts_found"].as_i64().unwrap(),
        ));
        // Far from its end.
        if status["status"] == "scanning" && status["pages_scanned"].as_i64() < Some(8) {
            let again = start(&acme, &id).await.body;
            assert_eq!(
                (&again["job_id"], &again["scan_timestamp"]),
                (&begun.body["job_id"], &begun.body["scan_timestamp"])
            );
        }
        if status["status"] == "completed" {
            break status;
        }
        assert_ne!(status["status"], "failed", "{status}");
        tokio::time::sleep(Duration::from_millis(15)).await;
    };
    assert!(seen.len() >= 5, "the counts did not move: {seen:?}");
    assert_eq!(last["contacts_found"], 12, "{last}");
    let list = acme.get("/api/v1/email-scanner/domains").await.body;
    assert_eq!(list[0]["pages_count"], last["pages_scanned"]);
    let again = start(&acme, &id).await.body;
    assert_ne!(
        again["job_id"], begun.body["job_id"],
        "one that has ended is done again"
    );
    assert_eq!(ended(&acme, &id).await["status"], "completed");
    let v1 = acme.get(&format!("/api/v1/email-scanner/scan/{id}/status")).await;
    assert_eq!(v1.body["status"], "completed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_scan_stops_within_a_page() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|path| {
        let number: usize = path.rsplit('/').next().unwrap().parse().unwrap_or(0);
        let page = format!("<p>Page {number}<a href=/p/{}>next</a>", number + 1);
        Reply::Late(Duration::from_millis(100), Reply::html(page).into_bytes())
    })
    .await;
    let _work = app.work_with(&site, |scans| ScansConfig {
        email: EmailConfig {
            max_depth: 900,
            ..scans.email.clone()
        },
        ..at_once(scans)
    });
    let id = domain(&acme, HOST).await;
    let job = start(&acme, &id).await.body["job_id"].as_str().unwrap().to_owned();
    eventually("some pages are fetched", async || pages_asked(&site).len() > 4).await;
    acme.post(&format!("/api/v1/jobs/{job}/cancel"), json!({})).await;
    let asked = pages_asked(&site).len();
    assert_eq!(ended(&acme, &id).await["status"], "failed");
    assert_eq!(
        acme.get(&format!("/api/v1/jobs/{job}")).await.body["status"],
        "cancelled"
    );
    assert!(
        pages_asked(&site).len() <= asked + 1,
        "{asked}, then {}",
        pages_asked(&site).len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_are_one_tenants_alone_by_every_route() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    let site = Site::start(|_| Reply::html("<title>A</title><p>jane@acme.bench.test")).await;
    let _work = app.work_with(&site, at_once);
    let id = domain(&acme, HOST).await;
    assert_eq!(scan(&acme, &id).await["contacts_found"], 1);
    let contact = contacts(&acme).await["jane@acme.bench.test"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let suppression = acme
        .post("/api/v1/suppressions", json!({ "email": "x@acme.bench.test" }))
        .await;
    let suppression = suppression.body["id"].as_str().unwrap().to_owned();

    assert!(contacts(&bolt).await.is_empty());
    for path in [
        format!("/api/v1/contacts/{contact}"),
        format!("/api/v1/domains/{id}/contacts"),
        format!("/api/v1/domains/{id}/pages"),
        format!("/email-scanner/scan/{id}/status"),
        format!("/api/v1/email-scanner/scan/{id}/status"),
    ] {
        assert_eq!(acme.get(&path).await.status, 200, "{path}");
        assert_eq!(bolt.get(&path).await.status, 404, "{path}");
    }
    for path in [
        "/email-scanner/domains",
        "/email-scanner/websites",
        "/api/v1/email-scanner/domains",
    ] {
        assert_eq!(bolt.get(path).await.body, json!([]), "{path}");
    }
    assert_eq!(start(&bolt, &id).await.status, 404);
    assert_eq!(
        bolt.patch(&format!("/api/v1/contacts/{contact}"), json!({ "notes": "x" }))
            .await
            .status,
        404
    );
    assert_eq!(bolt.delete(&format!("/api/v1/contacts/{contact}")).await.status, 404);
    assert_eq!(
        bolt.delete(&format!("/api/v1/suppressions/{suppression}")).await.status,
        404
    );
    assert_eq!(bolt.get("/api/v1/suppressions").await.body["items"], json!([]));
    assert!(!bolt.get("/api/v1/contacts/export.csv").await.text.contains("jane"));
    assert_eq!(bolt.get("/api/v1/contacts/export.jsonl").await.text, "");
    let erased = bolt
        .post("/api/v1/erasures", json!({ "email": "jane@acme.bench.test" }))
        .await;
    assert_eq!(
        (&erased.body["contacts"], &erased.body["other_rows"]),
        (&json!(0), &json!(0))
    );
    bolt.post("/api/v1/suppressions", json!({ "domain": HOST })).await;
    assert_eq!(emails(&contacts(&acme).await), ["jane@acme.bench.test"]);
    let foreign = format!("/api/v1/contacts?tenant_id={}", acme.agency.id);
    assert_eq!(bolt.get(&foreign).await.status, 403);
    // Nobody, and a key that may only read.
    for path in ["/api/v1/contacts", "/email-scanner/domains", "/api/v1/suppressions"] {
        assert_eq!(app.send(Method::Get, path, None, None).await.status, 401, "{path}");
    }
    let reader = app.key(&acme.agency, &[Scope::Read]).await;
    for (method, path) in [
        (Method::Post, format!("/email-scanner/scan/{id}")),
        (Method::Delete, format!("/api/v1/contacts/{contact}")),
        (Method::Delete, format!("/api/v1/suppressions/{suppression}")),
    ] {
        assert_eq!(app.send(method, &path, Some(&reader), None).await.status, 403, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_suppressed_never_comes_back() {
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
    assert!(csv.content_type.starts_with("text/csv") && csv.text.starts_with("email,email_type,"));
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
    for wrong in [
        json!({}),
        json!({ "email": "nobody" }),
        json!({ "domain": "10.0.0.1" }),
        json!({ "email": "a@b.de", "domain": "b.de" }),
    ] {
        assert_eq!(acme.post("/api/v1/suppressions", wrong).await.status, 400);
    }
    acme.post("/api/v1/suppressions", json!({ "domain": HOST })).await;
    assert_eq!(start(&acme, &id).await.status, 409);
    let list = acme.get("/api/v1/suppressions").await.body;
    assert_eq!(
        (list["total"].as_i64(), &list["items"][2]["reason"]),
        (Some(3), &json!("asked us"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_reaches_everything_that_holds_the_address() {
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
    let joe = contacts(&acme).await["joe@acme.bench.test"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let noted = acme
        .patch(
            &format!("/api/v1/contacts/{joe}"),
            json!({ "notes": "see jane.doe@acme.bench.test" }),
        )
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

/// Writes the query for every row of every tenant's table as a line.
async fn all_rows(app: &TestApp) -> String {
    let tables = app
        .texts(
            "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
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
async fn contacts_are_listed_filtered_and_corrected() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|path| match path {
        "/" => Reply::html(
            "<title>Home</title><a href=/kontakt>Kontakt</a><a href=/card.vcf>Card</a><p>info@acme.bench.test, =cmd@gmail.com",
        ),
        "/kontakt" => Reply::html("<title>K</title><p>Jane Doe, Head of Sales, jane.doe@acme.bench.test and info@acme.bench.test"),
        "/card.vcf" => Reply::new("200 OK", &[("Content-Type", "text/vcard")], "BEGIN:VCARD\nFN:Ann Lee\nTITLE:CEO\nEMAIL:ann@acme.bench.test\nEND:VCARD"),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let _work = app.work_with(&site, at_once);
    let id = domain(&acme, HOST).await;
    scan(&acme, &id).await;
    let found = contacts(&acme).await;
    assert_eq!(
        emails(&found),
        [
            "ann@acme.bench.test",
            "cmd@gmail.com",
            "info@acme.bench.test",
            "jane.doe@acme.bench.test"
        ]
    );
    let jane = &found["jane.doe@acme.bench.test"];
    assert_eq!(
        (&jane["name"], &jane["role"]),
        (&json!("Jane Doe"), &json!("Head of Sales")),
        "{jane}"
    );
    let ann = &found["ann@acme.bench.test"];
    assert_eq!(
        (&ann["name"], &ann["role"]),
        (&json!("Ann Lee"), &json!("CEO")),
        "{ann}"
    );
    let info = acme
        .get(&format!(
            "/api/v1/contacts/{}",
            found["info@acme.bench.test"]["id"].as_str().unwrap()
        ))
        .await
        .body;
    assert_eq!(info["sources"].as_array().unwrap().len(), 2, "{info}");
    for (query, expected) in [
        ("type=service", 1),
        ("type=corporate", 2),
        ("type=free", 1),
        ("q=JANE", 1),
        ("domain=acme.bench.test", 4),
        ("domain=other.test", 0),
        ("seen_since=2000-01-01T00:00:00Z", 4),
        ("seen_since=2100-01-01T00:00:00Z", 0),
    ] {
        for path in ["/api/v1/contacts".to_owned(), format!("/api/v1/domains/{id}/contacts")] {
            let list = acme.get(&format!("{path}?{query}")).await;
            assert_eq!(list.body["total"], expected, "{path}?{query}: {list:?}");
            assert_eq!(list.body["items"].as_array().unwrap().len(), expected, "{query}");
        }
    }
    for query in ["type=x", "seen_since=x", "cursor=x", "limit=0", "domain_id=x"] {
        assert_eq!(
            acme.get(&format!("/api/v1/contacts?{query}")).await.status,
            400,
            "{query}"
        );
    }
    let (mut cursor, mut seen) = (String::new(), BTreeSet::new());
    loop {
        let page = acme.get(&format!("/api/v1/contacts?limit=2{cursor}")).await.body;
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["email"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 4);
    let path = format!("/api/v1/contacts/{}", jane["id"].as_str().unwrap());
    let changed = acme
        .patch(
            &path,
            json!({ "email_type": "service", "name": "J. Doe", "role": null, "notes": "=1+1" }),
        )
        .await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(
        (
            &changed.body["email_type"],
            &changed.body["name"],
            &changed.body["role"]
        ),
        (&json!("service"), &json!("J. Doe"), &Value::Null)
    );
    scan(&acme, &id).await;
    let jane = &contacts(&acme).await["jane.doe@acme.bench.test"];
    assert_eq!(
        (&jane["email_type"], &jane["name"], &jane["notes"]),
        (&json!("service"), &json!("J. Doe"), &json!("=1+1"))
    );
    assert!(acme.get("/api/v1/contacts/export.csv").await.text.contains(",'=1+1,"));
    assert_eq!(acme.patch(&path, json!({ "email_type": "x" })).await.status, 400);
    assert_eq!(acme.delete(&path).await.status, 204);
    assert_eq!(acme.get(&path).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_cannot_be_scanned_says_why() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|path| match path {
        "/robots.txt" => Reply::new("200 OK", &[], "User-agent: *\nDisallow: /"),
        _ => Reply::html("secret"),
    })
    .await;
    let _work = app.work_with(&site, at_once);
    let id = domain(&acme, HOST).await;
    let job = start(&acme, &id).await.body["job_id"].as_str().unwrap().to_owned();
    assert_eq!(ended(&acme, &id).await["status"], "failed");
    let job = acme.get(&format!("/api/v1/jobs/{job}")).await.body;
    assert_eq!(job["outcome"], "blocked_robots", "{job}");
    assert!(pages_asked(&site).is_empty());
}

/// A name server that knows `mail.test` (a mail server), `null.test` (none, by RFC 7505), `bare.test` (an address only);
/// it keeps what it was asked.
async fn name_server() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let addr = socket.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut packet = [0_u8; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut packet).await {
            let query = &packet[..length];
            let (mut at, mut labels) = (12, Vec::new());
            while query[at] != 0 {
                let end = at + 1 + usize::from(query[at]);
                labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
                at = end;
            }
            let question = &query[12..at + 5];
            let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
            let name = labels.join(".");
            kept.lock().unwrap().push(format!("{name} {kind}"));
            let data: Option<Vec<u8>> = match (name.as_str(), kind) {
                ("mail-firma.de", 15) => Some([&[0, 10, 4][..], b"mail", &[0xc0, 12]].concat()),
                ("null-firma.de", 15) => Some(vec![0, 0, 0]),
                ("bare-firma.de", 1) => Some(vec![192, 0, 2, 1]),
                _ => None,
            };
            let is_known = ["mail-firma.de", "null-firma.de", "bare-firma.de"].contains(&name.as_str());
            let mut answer = query[..2].to_vec();
            answer.extend([
                0x81,
                if is_known { 0x80 } else { 0x83 },
                0,
                1,
                0,
                u8::from(data.is_some()),
                0,
                0,
                0,
                0,
            ]);
            answer.extend(question);
            if let Some(data) = data {
                answer.extend([0xc0, 12]);
                answer.extend(kind.to_be_bytes());
                answer.extend([0, 1, 0, 0, 0, 60]);
                answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
                answer.extend(data);
            }
            let _ = socket.send_to(&answer, from).await;
        }
    });
    (addr, asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dns_says_which_domains_take_mail_and_is_asked_once() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let page = "<p>a@mail-firma.de b@null-firma.de c@bare-firma.de d@gone-firma.de e@mail-firma.de";
    let site = Site::start(move |_| Reply::html(page)).await;
    let (server, asked) = name_server().await;
    let _work = app.work_with(&site, |scans| ScansConfig {
        email: EmailConfig {
            mx_check: true,
            dns_server: Some(server),
            ..EmailConfig::default()
        },
        ..at_once(scans)
    });
    let id = domain(&acme, HOST).await;
    scan(&acme, &id).await;
    let found = contacts(&acme).await;
    for (email, expected) in [
        ("a@mail-firma.de", "ok"),
        ("b@null-firma.de", "none"),
        ("c@bare-firma.de", "ok"),
        ("d@gone-firma.de", "none"),
        ("e@mail-firma.de", "ok"),
    ] {
        assert_eq!(
            found[email]["mx_status"],
            expected,
            "{email}: {:?}",
            asked.lock().unwrap()
        );
    }
    assert!(found["d@gone-firma.de"]["confidence"].as_i64() <= Some(10));
    assert!(found["a@mail-firma.de"]["confidence"].as_i64() > Some(50));
    let before = asked.lock().unwrap().len();
    scan(&acme, &id).await;
    assert_eq!(asked.lock().unwrap().len(), before, "the answers were kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_keep_the_pace_of_a_host_together() {
    const PACE: Duration = Duration::from_millis(60);
    let app = TestApp::new().await;
    let (acme, bolt) = (app.agency("acme").await, app.agency("bolt").await);
    let times = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&times);
    let site = Site::start(move |path| {
        kept.lock().unwrap().push(Instant::now());
        let number: usize = path.rsplit('/').next().unwrap().parse().unwrap_or(0);
        if number >= 12 {
            return Reply::html(format!("<p>Page {number}"));
        }
        Reply::html(format!("<p>Page {number}<a href=/p/{}>next</a>", number + 1))
    })
    .await;
    let slowly = |scans: ScansConfig| ScansConfig {
        fetch: FetchConfig {
            pace: PACE,
            ..scans.fetch
        },
        email: EmailConfig {
            max_depth: 50,
            ..scans.email
        },
        ..scans
    };
    // Each has a fetcher of its own, as two processes have.
    let _work = (app.work_with(&site, slowly), app.work_with(&site, slowly));
    let (one, other) = (domain(&acme, HOST).await, domain(&bolt, HOST).await);
    let began = Instant::now();
    start(&acme, &one).await;
    start(&bolt, &other).await;
    assert_eq!(ended(&acme, &one).await["status"], "completed");
    assert_eq!(ended(&bolt, &other).await["status"], "completed");
    let requests = times.lock().unwrap().len();
    assert!(requests >= 24, "{requests}");
    // But for the burst at the beginning each of them took its turn, whoever sent it.
    let least = PACE * u32::try_from(requests - 4).unwrap();
    println!("{requests} requests in {:?}, at least {least:?}", began.elapsed());
    assert!(began.elapsed() >= least, "{requests} requests in {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_that_is_killed_again_and_again_ends_with_the_same_rows() {
    let plan = Plan::new();
    let rows = async |kills: usize| -> (Vec<String>, Vec<String>) {
        let db = TestDatabase::new().await;
        let site = plan.start().await;
        let mut program = Program::new(db.url(), &site);
        for (name, value) in [
            ("SCRAPERSKY_FETCH_PACE_SECONDS", "0.03"),
            ("SCRAPERSKY_EMAIL_MX_CHECK", "no"),
            ("SCRAPERSKY_LEASE_SECONDS", "2"),
            ("SCRAPERSKY_HEARTBEAT_SECONDS", "0.4"),
            ("SCRAPERSKY_SWEEP_SECONDS", "0.2"),
        ] {
            program.set(name, value);
        }
        let key = program.run(&["keys", "create", "--name", "kills"]);
        let (_server, api) = program.serve(&["--workers", "0"], &key).await;
        let client = db.client().await;
        let sql = "INSERT INTO domains (id, tenant_id, domain) SELECT gen_random_uuid(), tenant_id, $1 FROM api_keys RETURNING id::text";
        let id: String = client.query_one(sql, &[&HOST]).await.unwrap().get(0);
        api.post(&format!("/email-scanner/scan/{id}"), &json!({})).await;
        let path = format!("/email-scanner/scan/{id}/status");
        let mut worker = program.start(&["worker"]);
        let (mut killed, mut last) = (0, 0);
        let deadline = Instant::now() + Duration::from_secs(180);
        loop {
            assert!(Instant::now() < deadline, "it never ended");
            let status = api.get(&path).await.1;
            if status["status"] == "completed" {
                break;
            }
            assert_ne!(status["status"], "failed", "{status}");
            let pages = status["pages_scanned"].as_i64().unwrap();
            // At a random moment, but not twice within one page.
            if killed < kills && pages > last + rand_below(6) {
                tokio::time::sleep(Duration::from_micros(u64::try_from(rand_below(60_000)).unwrap())).await;
                worker.kill();
                killed += 1;
                last = pages + 1;
                worker = program.start(&["worker"]);
            }
            let pause = if killed < kills { 15 } else { 60 };
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        assert_eq!(killed, kills, "the scan ended before the blows had fallen");
        assert!(worker.end());
        let mut often: BTreeMap<String, usize> = BTreeMap::new();
        for path in pages_asked(&site) {
            *often.entry(path).or_default() += 1;
        }
        assert!(often.len() <= 100, "{} pages", often.len());
        let twice = often.values().filter(|count| **count > 1).count();
        assert!(often.values().all(|count| *count <= 2), "{often:?}");
        println!("{killed} kills: {} pages, {twice} of them fetched twice", often.len());
        let lines = async |sql: &str| -> Vec<String> {
            client
                .query(sql, &[])
                .await
                .unwrap()
                .iter()
                .map(|row| row.get(0))
                .collect()
        };
        (
            lines(
                "SELECT concat_ws('|', c.email, c.email_type, c.context, c.source_url, c.name, c.role, c.confidence,
                     (SELECT string_agg(p.url || s.spelling, ',' ORDER BY p.url) FROM contact_sources s JOIN pages p ON p.id = s.page_id WHERE s.contact_id = c.id))
                 FROM contacts c ORDER BY 1",
            )
            .await,
            lines(
                "SELECT concat_ws('|', url, title, h1, status_code, disposition, disposition_reason, content_hash, word_count, inbound_links, outbound_links)
                 FROM pages ORDER BY 1",
            )
            .await,
        )
    };
    let (contacts, pages) = rows(0).await;
    assert_eq!(contacts.len(), 100);
    let (again, pages_again) = rows(extent::of(10, 2)).await;
    assert_eq!(contacts, again);
    assert_eq!(pages, pages_again);
}

fn rand_below(most: u32) -> i64 {
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .subsec_nanos();
    i64::from((nanos / 7) % most)
}
