//! Import of suppressions.

use std::time::{Duration, Instant};

use rocket::http::{ContentType, Method};
use serde_json::{Value, json};

use super::{at_once, contacts, domain, emails, scan};
use crate::support::app::{Answer, Holder, TestApp};
use crate::support::planted::HOST;
use crate::support::site::{Reply, Site};
use crate::support::tenants::Agencies;

const PATH: &str = "/api/v1/suppressions/import";

async fn upload(app: &TestApp, holder: &Holder<'_>, kind: &str, file: &[u8]) -> Answer {
    let kind = ContentType::parse_flexible(kind).unwrap();
    app.send_bytes(&[], Method::Post, PATH, Some(&holder.key), Some((kind, file)))
        .await
}

fn results(report: &Value) -> Vec<(u64, &str)> {
    let lines = report["lines"].as_array().unwrap().iter();
    lines
        .map(|line| (line["line"].as_u64().unwrap(), line["result"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn a_file_is_reported_line_by_line() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    acme.post("/api/v1/suppressions", json!({ "email": "old@a.test" }))
        .await;
    let file = "Reason;E-Mail;Domain;Phone\nleft us;Ann@A.test;;1\n;old@a.test;;\n;;b.test;\n;ann@a.test;;\n;nobody;;\n;x@a.test;a.test;\n";
    let answer = upload(&app, &acme, "text/csv", file.as_bytes()).await;
    let report = &answer.body;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        results(report),
        [
            (2, "inserted"),
            (3, "already"),
            (4, "inserted"),
            (5, "already"),
            (6, "failed"),
            (7, "failed")
        ]
    );
    assert_eq!(
        json!([report["rows"], report["inserted"], report["already"], report["failed"]]),
        json!([6, 2, 2, 2])
    );
    assert_eq!(report["ignored_columns"], json!(["Phone"]));
    let error = report["lines"][4]["error"].as_str().unwrap();
    assert!(
        error.contains("\"nobody\"") && error.contains("jane@example.com"),
        "{error}"
    );
    let error = report["lines"][5]["error"].as_str().unwrap();
    assert!(error.contains("either `email` or `domain`"), "{error}");

    // A plain list, as another program saves it.
    let list: Vec<u8> = "c.test\r\njos\u{e9}@d.test\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let answer = upload(&app, &acme, "text/plain; charset=utf-16le", &list).await;
    assert_eq!(results(&answer.body), [(1, "inserted"), (2, "inserted")], "{answer:?}");
    let listed = acme.get("/api/v1/suppressions").await.body;
    let find = |value: &str| {
        let items = listed["items"].as_array().unwrap();
        items.iter().find(|item| item["value"] == value).unwrap().clone()
    };
    assert_eq!(listed["total"], 5);
    assert_eq!(find("ann@a.test")["reason"], "left us");
    assert_eq!(
        (&find("b.test")["kind"], &find("jos\u{e9}@d.test")["kind"]),
        (&json!("domain"), &json!("address"))
    );
    let log = acme.get("/api/v1/audit?action=suppression.import").await.body;
    assert_eq!(
        log["items"][1]["details"],
        json!({ "inserted": 2, "already": 2, "failed": 2 })
    );
}

#[tokio::test]
async fn a_body_of_json_is_reported_item_by_item() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let body = json!({ "items": [{ "email": "ann@a.test" }, { "domain": "10.0.0.1" }, { "domain": "b.test", "reason": "own" }], "reason": "all" });
    let first = acme.post_as("key", PATH, &body).await;
    assert_eq!(
        results(&first.body),
        [(1, "inserted"), (2, "failed"), (3, "inserted")],
        "{first:?}"
    );
    assert_eq!(
        acme.post_as("key", PATH, &body).await.text,
        first.text,
        "it is done once"
    );
    assert_eq!(acme.post(PATH, body).await.body["already"], 2);
    let listed = acme.get("/api/v1/suppressions").await.body;
    let mut reasons: Vec<&str> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["reason"].as_str().unwrap())
        .collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["all", "own"]);

    let many: Vec<Value> = (0..10_001).map(|n| json!({ "domain": format!("d{n}.test") })).collect();
    for (body, status, field) in [
        (json!({ "items": [{ "mail": "a@b.test" }] }), 422, "items[0].mail"),
        (json!({}), 422, "items"),
        (json!({ "items": many }), 400, "items"),
    ] {
        let refused = acme.post(PATH, body).await;
        assert_eq!(
            (refused.status, refused.body["field"].as_str()),
            (status, Some(field)),
            "{:?}",
            refused.body
        );
    }
    for file in ["", "name,reason\nA,x\n", "PK\u{3}\u{4}"] {
        let refused = upload(&app, &acme, "text/csv", file.as_bytes()).await;
        assert_eq!(
            (refused.status, &refused.body["field"]),
            (400, &json!("file")),
            "{refused:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_addresses_are_gone_from_every_answer_at_once() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    let page = "<title>Write to ann@acme.bench.test</title><meta name=description content='or bob@acme.bench.test'>\
                <p>ann@acme.bench.test, bob@acme.bench.test, cleo@partner-firma.de, dan@mail.partner-firma.de, \
                xann@acme.bench.test, o'neil@acme.bench.test";
    let site = Site::start(move |_| Reply::html(page)).await;
    let _work = app.work_with(&site, at_once);
    let mut answers = Vec::new();
    for holder in [&acme, &bolt] {
        let id = domain(holder, HOST).await;
        scan(holder, &id).await;
        let accepted = holder
            .post("/api/v1/scrapersky", json!({ "base_url": HOST }))
            .await
            .body;
        let status = accepted["status_url"].as_str().unwrap().to_owned();
        holder.ended(&status).await;
        answers.push([
            format!("/api/v1/domains/{id}"),
            format!("/api/v1/domains/{id}/pages"),
            status,
        ]);
    }
    let read = async |holder: &Holder<'_>, paths: &[String]| {
        let mut all = contacts(holder)
            .await
            .into_values()
            .map(|row| row.to_string())
            .collect::<String>();
        for path in paths {
            all += &holder.get(path).await.text;
        }
        all
    };
    let before = read(&bolt, &answers[1]).await;
    let list = "Ann@acme.bench.test\nPARTNER-firma.de\no'neil@acme.bench.test\nnobody@elsewhere.test\n";
    let report = upload(&app, &acme, "text/plain", list.as_bytes()).await;
    assert_eq!(report.body["inserted"], 4, "{report:?}");
    let after = read(&acme, &answers[0]).await;
    for gone in ["to ann@", "\"ann@", "partner-firma", "neil@acme"] {
        assert!(!after.contains(gone), "{gone}: {after}");
    }
    assert!(
        after.contains("[erased]") && after.contains("xann@acme.bench.test") && after.contains("bob@acme.bench.test")
    );
    assert_eq!(
        emails(&contacts(&acme).await),
        ["bob@acme.bench.test", "xann@acme.bench.test"]
    );
    assert_eq!(read(&bolt, &answers[1]).await, before, "another tenant's rows");
}

#[tokio::test]
async fn addresses_with_unusual_characters_are_hidden_too() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    domain(&acme, HOST).await;
    app.sql(
        "INSERT INTO pages (tenant_id, domain_id, url, title) SELECT tenant_id, id, 'https://a.test/' || n, t FROM domains, (VALUES
             (1, 'To jörg@a.test or rg@a.test'), (2, '/?to=x/y%40A.test'), (3, 'b@a.test@c.test'), (4, 'rg@a.test.example'),
             (5, 'ann@mail.b.test, ann@xb.test')) v (n, t)",
    )
    .await;
    let list = "j\u{f6}rg@a.test\nx/y@a.test\na.test@c.test\nb.test\n";
    let report = upload(&app, &acme, "text/plain", list.as_bytes()).await;
    assert_eq!(report.body["inserted"], 4, "{report:?}");
    assert_eq!(
        app.texts("SELECT title FROM pages ORDER BY url").await,
        [
            "To [erased] or rg@a.test",
            "/?to=[erased]",
            "b@[erased]",
            "rg@a.test.example",
            "[erased], ann@xb.test"
        ]
    );
}

/// A tenant with 100,000 rows, half of which mention an address that is suppressed, or one like it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_lines_take_a_few_seconds() {
    const ROWS: &str = "
        INSERT INTO domains (tenant_id, domain) SELECT $tenant, 'd' || n || '.test' FROM generate_series(1, 10000) n;
        INSERT INTO domain_profiles (tenant_id, domain_id, title, email_addresses, meta_json)
            SELECT tenant_id, id, 'Write to info@' || domain, ARRAY['info@' || domain, 'x@other.test'],
                jsonb_build_object('contact_info', jsonb_build_object('email', ARRAY['info@' || domain, 'x@other.test']), 'text', repeat('y ', 500))
            FROM domains WHERE tenant_id = $tenant;
        INSERT INTO pages (tenant_id, domain_id, url, title)
            SELECT tenant_id, id, 'https://' || domain || '/', 'info@' || domain FROM domains WHERE tenant_id = $tenant;
        INSERT INTO contacts (tenant_id, domain_id, page_id, email, context)
            SELECT p.tenant_id, p.domain_id, p.id, l || '@' || d.domain, 'write to info@' || d.domain
            FROM pages p JOIN domains d ON d.tenant_id = p.tenant_id AND d.id = p.domain_id, unnest('{info,ann}'::text[]) l WHERE p.tenant_id = $tenant;
        INSERT INTO contact_sources (tenant_id, contact_id, page_id, context, spelling)
            SELECT tenant_id, id, page_id, context, 'text' FROM contacts WHERE tenant_id = $tenant;
        INSERT INTO jobs (tenant_id, kind, status, domain_id, result)
            SELECT tenant_id, 'domain_scan', 'completed', id,
                jsonb_build_object('contact_info', jsonb_build_object('email', ARRAY['info@' || domain]), 'text', repeat('z ', 500))
            FROM domains, generate_series(1, 3) WHERE tenant_id = $tenant;
        ANALYZE;";
    let app = TestApp::on(Agencies::with_connections(5).await, &[]).await;
    let acme = app.agency("acme").await;
    app.sql(&ROWS.replace("$tenant", &format!("'{}'::uuid", acme.agency.id)))
        .await;
    let begun = Instant::now();
    let single = acme
        .post("/api/v1/suppressions", json!({ "email": "info@d1.test" }))
        .await;
    let one = begun.elapsed();
    assert_eq!(single.status, 201, "{single:?}");
    // Half of them are found.
    let file: String = (1..=10_000).map(|n| format!("info@d{}.test\n", n * 2)).collect();
    let begun = Instant::now();
    let report = upload(&app, &acme, "text/csv", file.as_bytes()).await;
    let took = begun.elapsed();
    println!("10,000 lines over 110,000 rows took {took:?}, one {one:?}");
    assert_eq!(
        (report.status, &report.body["inserted"]),
        (200, &json!(10_000)),
        "{}",
        &report.text[..300]
    );
    let left = "SELECT count(*) FROM domain_profiles WHERE meta_json::text ~ 'info@d[0-9]*[02468]\\.test' OR title ~ 'info@d[0-9]*[02468]\\.test'";
    assert_eq!(app.count(left).await, 0);
    assert_eq!(
        app.count("SELECT count(*) FROM domain_profiles WHERE title ~ 'info@'")
            .await,
        4999
    );
    assert_eq!(
        app.count("SELECT count(*) FROM contacts WHERE context IS NULL").await,
        10_002
    );
    assert_eq!(
        app.count("SELECT count(*) FROM jobs WHERE result #>> '{contact_info,email}' = '[]'")
            .await,
        15_003
    );
    // Most of it is spent on the rows that change: no more than a few passes over all of them, however many lines.
    assert!(took < Duration::from_secs(10).max(one * 20), "{took:?}, one {one:?}");
}
