//! People's decisions about sitemap files, and isolation of tenants.

use rocket::http::Method;
use serde_json::{Value, json};

use super::{analyse, at_once, domain_id, files, shop};
use crate::support::app::TestApp;

#[tokio::test]
async fn files_are_curated_singly_and_in_bulk() {
    let app = TestApp::new().await;
    let site = shop().await;
    let acme = app.agency("acme").await;
    let _work = app.work_with(&site, at_once);
    analyse(&acme, json!({ "domain": "shop.bench.test" })).await;
    let files = files(&acme).await;
    let id = |path: &str| files[path]["id"].as_str().unwrap();
    let one = acme
        .post(
            &format!("/api/v1/sitemaps/{}/curation", id("/maps/pages.xml")),
            json!({ "status": "not_a_fit" }),
        )
        .await;
    assert_eq!(
        (one.status, &one.body["curation_status"]),
        (200, &json!("not_a_fit")),
        "{one:?}"
    );
    let label = acme
        .post(
            &format!("/api/v1/sitemaps/{}/curation", id("/maps/pages.xml")),
            json!({ "status": "Not a Fit" }),
        )
        .await;
    assert_eq!(label.status, 200);
    let bulk = async |body: Value| acme.post("/api/v1/sitemaps/curation", body).await;
    let preview =
        bulk(json!({ "status": "selected", "filter": { "q": "/maps/", "curation_status": "new" }, "preview": true }))
            .await;
    assert_eq!(preview.body, json!({ "matched": 4, "updated": 0 }));
    let done = bulk(json!({ "status": "selected", "filter": { "q": "/maps/", "curation_status": "new" } })).await;
    assert_eq!(done.body, json!({ "matched": 4, "updated": 4 }));
    let named = bulk(json!({ "status": "archived", "ids": [id("/maps/cut.xml"), id("/private/s.xml"), "00000000-0000-4000-8000-000000000000"] })).await;
    assert_eq!(named.body, json!({ "matched": 2, "updated": 2 }));
    for body in [
        json!({ "status": "selected" }),
        json!({ "status": "selected", "ids": [], "filter": {} }),
        json!({ "status": "perhaps", "filter": {} }),
        json!({ "status": "new", "filter": { "curation_status": "perhaps" } }),
    ] {
        assert_eq!(bulk(body.clone()).await.status, 400, "{body}");
    }
    // The next analysis keeps people's decisions.
    analyse(&acme, json!({ "domain": "shop.bench.test" })).await;
    let after = self::files(&acme).await;
    let decided = |path: &str| after[path]["curation_status"].as_str().unwrap();
    assert_eq!(
        ["/maps/pages.xml", "/maps/index.xml", "/maps/cut.xml"].map(decided),
        ["not_a_fit", "selected", "archived"]
    );
}

#[tokio::test]
async fn another_tenants_sitemaps_look_missing() {
    let app = TestApp::new().await;
    let site = shop().await;
    let acme = app.agency("acme").await;
    let umbra = app.agency("umbra").await;
    let _work = app.work_with(&site, at_once);
    let job = analyse(&acme, json!({ "domain": "shop.bench.test" })).await;
    let domain = domain_id(&acme).await;
    let file = files(&acme).await["/maps/pages.xml"]["id"].as_str().unwrap().to_owned();
    let run = job["result"]["run_id"].as_str().unwrap();
    for path in [
        format!("/api/v1/domains/{domain}/sitemaps"),
        format!("/api/v1/domains/{domain}/urls.csv"),
        format!("/api/v1/domains/{domain}/urls.jsonl"),
        format!("/api/v1/domains/{domain}/sitemap-runs"),
        format!("/api/v1/sitemaps/{file}"),
        format!("/api/v1/sitemaps/{file}/urls"),
        format!("/api/v1/sitemap-runs/{run}/changes"),
    ] {
        assert_eq!(acme.get(&path).await.status, 200, "{path}");
        let foreign = umbra.get(&path).await;
        assert_eq!(
            (foreign.status, foreign.body["detail"].as_str()),
            (404, Some("not found")),
            "{path}"
        );
        assert_eq!(app.send(Method::Get, &path, None, None).await.status, 401, "{path}");
    }
    let decide = umbra
        .post(
            &format!("/api/v1/sitemaps/{file}/curation"),
            json!({ "status": "archived" }),
        )
        .await;
    assert_eq!(decide.status, 404);
    let all = umbra
        .post(
            "/api/v1/sitemaps/curation",
            json!({ "status": "archived", "filter": {} }),
        )
        .await;
    assert_eq!(all.body, json!({ "matched": 0, "updated": 0 }));
    let named = umbra
        .post(
            "/api/v1/sitemaps/curation",
            json!({ "status": "archived", "ids": [file] }),
        )
        .await;
    assert_eq!(named.body, json!({ "matched": 0, "updated": 0 }));
    // The same domain of another tenant is a different domain.
    assert_eq!(
        analyse(&umbra, json!({ "domain": "shop.bench.test" })).await["result"]["is_first"],
        true
    );
}
