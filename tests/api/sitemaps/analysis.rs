//! What an analysis stores, and the differences that the next one finds.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{HOST, analyse, at_once, domain_id, files, index, not_found, shop, stored, urlset, xml};
use crate::support::app::{Holder, TestApp};
use crate::support::site::{Reply, Site};

#[tokio::test]
async fn an_analysis_stores_each_file_and_its_entries() {
    let app = TestApp::new().await;
    let site = shop().await;
    let acme = app.agency("acme").await;
    let _work = app.work_with(&site, at_once);
    let job = analyse(&acme, json!({ "domain": "https://www.Shop.bench.test/x" })).await;
    assert_eq!(
        (&job["status"], &job["outcome"]),
        (&json!("completed"), &json!("partial")),
        "{job}"
    );
    assert_eq!(
        (
            &job["result"]["urls"],
            &job["result"]["files"],
            &job["result"]["is_first"]
        ),
        (&json!(8), &json!(5), &json!(true)),
        "{job}"
    );

    let files = files(&acme).await;
    let shown: Vec<_> = files.iter().map(|(path, file)| shown(path, file)).collect();
    let row = |path, kind: &str, status: &str, method: &str, urls, depth| {
        (
            path,
            kind.to_owned(),
            status.to_owned(),
            method.to_owned(),
            Some(urls),
            Some(depth),
        )
    };
    assert_eq!(
        shown,
        [
            row("/maps/cut.xml", "urlset", "partial", "sitemap_index", 1, 1),
            row("/maps/gone.xml", "unknown", "gone", "sitemap_index", 0, 1),
            row("/maps/index.xml", "index", "completed", "robots_txt", 0, 0),
            row("/maps/pages.xml", "urlset", "completed", "sitemap_index", 3, 1),
            row("/maps/posts.xml.gz", "urlset", "completed", "sitemap_index", 2, 1),
            row("/private/s.xml", "unknown", "failed", "robots_txt", 0, 0),
            row("/sitemap-link.txt", "text", "completed", "html_link", 2, 0),
        ]
    );
    assert_eq!(files["/maps/cut.xml"]["error_message"], "it is cut off");
    assert_eq!(files["/maps/posts.xml.gz"]["is_gzipped"], true);
    assert_eq!(files["/maps/pages.xml"]["last_modified"], "2024-05-06T00:00:00Z");
    assert_eq!(files["/maps/pages.xml"]["parent_id"], files["/maps/index.xml"]["id"]);
    assert!(
        files["/private/s.xml"]["error_message"]
            .as_str()
            .unwrap()
            .contains("robots.txt")
    );
    assert!(
        !site.paths().iter().any(|path| path.starts_with("/private")),
        "{:?}",
        site.paths()
    );
}

/// The reported values of a file: its kind, status, discovery, number of URLs and depth.
fn shown<'a>(path: &'a str, file: &Value) -> (&'a str, String, String, String, Option<i64>, Option<i64>) {
    let text = |name: &str| file[name].as_str().unwrap_or("-").to_owned();
    (
        path,
        text("sitemap_type"),
        text("status"),
        text("discovery_method"),
        file["url_count"].as_i64(),
        file["depth"].as_i64(),
    )
}

#[tokio::test]
async fn an_analysis_updates_the_domains_counts() {
    let app = TestApp::new().await;
    let site = shop().await;
    let acme = app.agency("acme").await;
    let _work = app.work_with(&site, at_once);
    analyse(&acme, json!({ "domain": "shop.bench.test" })).await;
    let domain = acme
        .get(&format!("/api/v1/domains/{}", domain_id(&acme).await))
        .await
        .body;
    for (name, value) in [
        ("has_sitemap", json!(true)),
        ("sitemap_url", json!(format!("{HOST}/maps/index.xml"))),
        ("total_sitemaps", json!(5)),
        ("sitemap_urls", json!(8)),
        ("page_count", json!(8)),
        ("sitemap_analysis_status", json!("Completed")),
    ] {
        assert_eq!(domain[name], value, "{name}");
    }
}

#[tokio::test]
async fn entries_are_filtered_and_paged() {
    let app = TestApp::new().await;
    let site = shop().await;
    let acme = app.agency("acme").await;
    let _work = app.work_with(&site, at_once);
    analyse(&acme, json!({ "domain": "shop.bench.test" })).await;
    let pages = files(&acme).await["/maps/pages.xml"]["id"].as_str().unwrap().to_owned();
    let urls = async |query: &str| {
        let answer = acme.get(&format!("/api/v1/sitemaps/{pages}/urls?{query}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let items = answer.body["items"].as_array().unwrap().iter();
        items
            .map(|item| item["url"].as_str().unwrap().replace(HOST, ""))
            .collect::<BTreeSet<_>>()
    };
    let set = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(urls("").await, set(&["/", "/contact", "/product/table"]));
    assert_eq!(urls("q=cont").await, set(&["/contact"]));
    assert_eq!(urls("page_type=product").await, set(&["/product/table"]));
    assert_eq!(urls("modified_since=2024-01-01T00:00:00Z").await, set(&["/"]));
    assert_eq!(
        urls("modified_before=2024-01-01T00:00:00Z").await,
        set(&["/product/table"])
    );

    let mut seen = Vec::new();
    let mut path = format!("/api/v1/sitemaps/{pages}/urls?limit=1");
    loop {
        let page = acme.get(&path).await.body;
        assert_eq!(page["total"], 3);
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["url"].to_string()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/v1/sitemaps/{pages}/urls?limit=1&cursor={cursor}");
    }
    assert_eq!((seen.len(), seen.iter().collect::<BTreeSet<_>>().len()), (3, 3));

    for query in ["modified_since=x", "limit=0"] {
        assert_eq!(
            acme.get(&format!("/api/v1/sitemaps/{pages}/urls?{query}")).await.status,
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn entries_are_exported() {
    let app = TestApp::new().await;
    let site = shop().await;
    let acme = app.agency("acme").await;
    let _work = app.work_with(&site, at_once);
    analyse(&acme, json!({ "domain": "shop.bench.test" })).await;
    let id = domain_id(&acme).await;
    let csv = acme.get(&format!("/api/v1/domains/{id}/urls.csv")).await;
    assert!(csv.content_type.starts_with("text/csv"), "{}", csv.content_type);
    assert_eq!(csv.text.lines().count(), 1 + 8);
    assert!(
        csv.text
            .starts_with("\u{feff}url,lastmod,changefreq,priority,page_type,")
    );
    let unmarked = acme.get(&format!("/api/v1/domains/{id}/urls.csv?bom=false")).await;
    assert_eq!(csv.text.strip_prefix('\u{feff}'), Some(unmarked.text.as_str()));
    assert!(
        csv.text
            .contains(&format!("\n{HOST}/,2024-05-06T00:00:00+00:00,,,home,0,0,0,")),
        "{}",
        csv.text
    );
    let legal = acme
        .get(&format!("/api/v1/domains/{id}/urls.csv?page_type=legal"))
        .await
        .text;
    assert_eq!(legal.lines().count(), 1 + 2, "{legal}");
    assert_eq!(
        stored(&acme).await,
        [
            "/",
            "/about",
            "/blog/a",
            "/blog/b",
            "/contact",
            "/imprint",
            "/legal",
            "/product/table"
        ]
    );
}

/// A site whose sitemaps change once `now` is not 0.
async fn changing(now: Arc<AtomicUsize>) -> Site {
    Site::start(move |path| {
        let second = now.load(Ordering::SeqCst) > 0;
        match (path, second) {
            ("/robots.txt", _) => Reply::new("200 OK", &[], "Sitemap: /i.xml"),
            ("/i.xml", false) => xml(&index(&["/1.xml", "/2.xml", "/old.xml", "/3.xml"])),
            ("/i.xml", true) => xml(&index(&["/1.xml", "/2.xml", "/3.xml", "/new.xml"])),
            ("/1.xml", false) => xml(&urlset(&[
                ("/same", "2024-01-01"),
                ("/moves", "2024-01-01"),
                ("/dropped", ""),
                ("/touched", "2024-01-01"),
                ("/moves-touched", "2024-01-01"),
                ("/in-two", ""),
            ])),
            ("/1.xml", true) => xml(&urlset(&[
                ("/same", "2024-01-01"),
                ("/touched", "2024-02-02"),
                ("/fresh", "2024-03-03"),
            ])),
            ("/2.xml", false) => xml(&urlset(&[("/in-two", ""), ("/undated", "")])),
            ("/2.xml", true) => xml(&urlset(&[
                ("/in-two", ""),
                ("/undated", "2024-04-04"),
                ("/moves", "2024-01-01"),
                ("/moves-touched", "2024-05-05"),
                ("/same", "2024-01-01"),
            ])),
            ("/old.xml", false) => xml(&urlset(&[("/old/1", ""), ("/old/2", "")])),
            // Not read this time: its entries stay.
            ("/3.xml", false) => xml(&urlset(&[("/kept", "")])),
            ("/3.xml", true) => Reply::new("500 Internal Server Error", &[], ""),
            ("/new.xml", true) => xml(&urlset(&[("/fresh/1", ""), ("/old/2", "")])),
            _ => not_found(),
        }
    })
    .await
}

/// Returns the differences that a run found, in order.
async fn changes(holder: &Holder<'_>, run: &str) -> Vec<(String, String, String, String)> {
    let mut items = Vec::new();
    let mut path = format!("/api/v1/sitemap-runs/{run}/changes?limit=3");
    loop {
        let page = holder.get(&path).await.body;
        assert_eq!(
            [&page["run"]["added"], &page["run"]["removed"], &page["run"]["changed"]],
            [&json!(2), &json!(2), &json!(3)]
        );
        items.extend(page["items"].as_array().unwrap().iter().map(|item| {
            let text = |name: &str| {
                item[name]
                    .as_str()
                    .unwrap_or("-")
                    .replace(HOST, "")
                    .replace("T00:00:00Z", "")
            };
            (text("change"), text("url"), text("old_lastmod"), text("new_lastmod"))
        }));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/v1/sitemap-runs/{run}/changes?limit=3&cursor={cursor}");
    }
    items.sort();
    items
}

/// The stored URLs after the second analysis.
const AFTER_SECOND: [&str; 11] = [
    "/fresh",
    "/fresh/1",
    "/in-two",
    "/kept",
    "/moves",
    "/moves-touched",
    "/old/2",
    "/same",
    "/same",
    "/touched",
    "/undated",
];

#[tokio::test]
async fn the_second_analysis_reports_the_exact_differences() {
    let app = TestApp::new().await;
    let second = Arc::new(AtomicUsize::new(0));
    let site = changing(Arc::clone(&second)).await;
    let acme = app.agency("acme").await;
    let _work = app.work_with(&site, at_once);
    let first = analyse(&acme, json!({ "domain": "shop.bench.test" })).await;
    assert_eq!(
        (&first["outcome"], &first["result"]["added"]),
        (&json!("ok"), &json!(11)),
        "{first}"
    );

    let unchanged = analyse(&acme, json!({ "domain": "shop.bench.test" })).await;
    let counts = |job: &Value| ["added", "removed", "changed"].map(|name| job["result"][name].as_i64().unwrap());
    assert_eq!(counts(&unchanged), [0, 0, 0], "{unchanged}");

    second.store(1, Ordering::SeqCst);
    let job = analyse(&acme, json!({ "domain": "shop.bench.test" })).await;
    assert_eq!((&job["outcome"], counts(&job)), (&json!("partial"), [2, 2, 3]), "{job}");
    let run = job["result"]["run_id"].as_str().unwrap();
    let items = changes(&acme, run).await;
    let row = |change: &str, url: &str, old: &str, new: &str| {
        (change.to_owned(), url.to_owned(), old.to_owned(), new.to_owned())
    };
    assert_eq!(
        items,
        [
            row("added", "/fresh", "-", "2024-03-03"),
            row("added", "/fresh/1", "-", "-"),
            row("changed", "/moves-touched", "2024-01-01", "2024-05-05"),
            row("changed", "/touched", "2024-01-01", "2024-02-02"),
            row("changed", "/undated", "-", "2024-04-04"),
            row("removed", "/dropped", "-", "-"),
            row("removed", "/old/1", "-", "-"),
        ]
    );
    let only = acme
        .get(&format!("/api/v1/sitemap-runs/{run}/changes?change=removed"))
        .await
        .body;
    assert_eq!(only["items"].as_array().unwrap().len(), 2);
    let runs = acme
        .get(&format!("/api/v1/domains/{}/sitemap-runs", domain_id(&acme).await))
        .await
        .body;
    assert_eq!(runs["items"].as_array().unwrap().len(), 3);
    assert_eq!(files(&acme).await["/old.xml"]["status"], "gone");
    assert_eq!(stored(&acme).await, AFTER_SECOND);
}
