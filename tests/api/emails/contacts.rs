//! Listing, filtering and correcting contacts.

use std::collections::BTreeSet;

use database::models::enums::Scope;
use rocket::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{at_once, contacts, domain, emails, scan, start};
use crate::support::app::{Holder, TestApp};
use crate::support::planted::HOST;
use crate::support::site::{Reply, Site};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_are_isolated_on_every_route() {
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
}

#[tokio::test]
async fn contacts_need_a_key_to_read_and_a_scope_to_change() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let id = Uuid::new_v4();
    for path in ["/api/v1/contacts", "/email-scanner/domains", "/api/v1/suppressions"] {
        assert_eq!(app.send(Method::Get, path, None, None).await.status, 401, "{path}");
    }
    let reader = app.key(&acme.agency, &[Scope::Read]).await;
    for (method, path) in [
        (Method::Post, format!("/email-scanner/scan/{id}")),
        (Method::Delete, format!("/api/v1/contacts/{id}")),
        (Method::Delete, format!("/api/v1/suppressions/{id}")),
    ] {
        assert_eq!(app.send(method, &path, Some(&reader), None).await.status, 403, "{path}");
    }
}

/// A site with four addresses; for two of them it names the person.
async fn company() -> Site {
    Site::start(|path| match path {
        "/" => Reply::html(
            "<title>Home</title><a href=/kontakt>Kontakt</a><a href=/card.vcf>Card</a><p>info@acme.bench.test, =cmd@gmail.com",
        ),
        "/kontakt" => Reply::html("<title>K</title><p>Jane Doe, Head of Sales, jane.doe@acme.bench.test and info@acme.bench.test"),
        "/card.vcf" => Reply::new("200 OK", &[("Content-Type", "text/vcard")], "BEGIN:VCARD\nFN:Ann Lee\nTITLE:CEO\nEMAIL:ann@acme.bench.test\nEND:VCARD"),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_are_listed_and_filtered() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = company().await;
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
    assert_filtered(&acme, &id).await;
    for query in ["type=x", "seen_since=x", "cursor=x", "limit=0", "domain_id=x"] {
        assert_eq!(
            acme.get(&format!("/api/v1/contacts?{query}")).await.status,
            400,
            "{query}"
        );
    }
    assert_eq!(by_cursor(&acme).await.len(), 4);
}

async fn assert_filtered(acme: &Holder<'_>, id: &str) {
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
}

/// The addresses on all pages of the list, two per page.
async fn by_cursor(acme: &Holder<'_>) -> BTreeSet<String> {
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
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_are_corrected_exported_and_deleted() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = company().await;
    let _work = app.work_with(&site, at_once);
    let id = domain(&acme, HOST).await;
    scan(&acme, &id).await;
    let jane = &contacts(&acme).await["jane.doe@acme.bench.test"];
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
    let csv = acme.get("/api/v1/contacts/export.csv").await.text;
    assert!(csv.contains(",'=1+1,"), "{csv}");
    // The domain by its name, as well as by its id.
    assert!(csv.contains(&format!(",{id},{HOST}\r\n")), "{csv}");
    let lines = acme.get("/api/v1/contacts/export.jsonl").await.text;
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["domain_id"], &line["domain"]), (&json!(id), &json!(HOST)));
    }
    assert_eq!(acme.patch(&path, json!({ "email_type": "x" })).await.status, 400);
    assert_eq!(acme.delete(&path).await.status, 204);
    assert_eq!(acme.get(&path).await.status, 404);
}

#[tokio::test]
async fn new_contacts_and_gone_ones_are_listed_apart() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    domain(&acme, HOST).await;
    app.sql(
        "INSERT INTO pages (tenant_id, domain_id, url) SELECT tenant_id, id, 'https://' || domain || '/' FROM domains;
         INSERT INTO contacts (tenant_id, domain_id, page_id, email, created_at, last_seen_at)
             SELECT p.tenant_id, p.domain_id, p.id, v.email, v.first::timestamptz, v.last::timestamptz FROM pages p, (VALUES
                 ('gone@a.test', '2026-01-01Z', '2026-02-01Z'), ('kept@a.test', '2026-01-01Z', '2026-03-01Z'),
                 ('new@a.test', '2026-03-01Z', '2026-03-01Z')) v (email, first, last)",
    )
    .await;
    for (query, expected) in [
        ("first_seen_since=2026-03-01T00:00:00Z", &["new@a.test"][..]),
        ("last_seen_before=2026-03-01T00:00:00Z", &["gone@a.test"]),
        ("seen_since=2026-03-01T00:00:00Z", &["kept@a.test", "new@a.test"]),
        (
            "seen_since=2026-03-01T00:00:00Z&first_seen_since=2026-03-02T00:00:00Z",
            &[],
        ),
    ] {
        let listed = acme.get(&format!("/api/v1/contacts?{query}")).await.body;
        let mut found: Vec<&str> = listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["email"].as_str().unwrap())
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
        let exported = acme.get(&format!("/api/v1/contacts/export.jsonl?{query}")).await.text;
        assert_eq!(exported.lines().count(), expected.len(), "{query}");
        let exported = acme.get(&format!("/api/v1/contacts/export.csv?{query}")).await.text;
        assert_eq!(exported.lines().count(), expected.len() + 1, "{query}");
    }
    for field in ["first_seen_since", "last_seen_before"] {
        let refused = acme.get(&format!("/api/v1/contacts?{field}=yesterday")).await;
        assert_eq!((refused.status, &refused.body["field"]), (400, &json!(field)));
    }
}
