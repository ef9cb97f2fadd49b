//! Sitemap analyses: the whole way from a request to what is stored, on real sites.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use rocket::http::Method;
use scrapersky::config::{ScansConfig, SitemapConfig};
use serde_json::{Value, json};
use web::fetch::FetchConfig;

use crate::support::app::{Holder, TestApp};
use crate::support::database::eventually;
use crate::support::site::{Reply, Site};

const HOST: &str = "http://shop.bench.test";

/// No pause between requests: what is tested is not how polite we are.
fn at_once(scans: ScansConfig) -> ScansConfig {
    let fetch = FetchConfig {
        pace: Duration::ZERO,
        ..scans.fetch
    };
    ScansConfig { fetch, ..scans }
}

fn xml(body: &str) -> Reply {
    Reply::new("200 OK", &[("Content-Type", "application/xml")], body)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut file = GzEncoder::new(Vec::new(), Compression::fast());
    file.write_all(text.as_bytes()).unwrap();
    file.finish().unwrap()
}

fn not_found() -> Reply {
    Reply::new("404 Not Found", &[], "")
}

/// A list of pages: the path of each, and its last change.
fn urlset(pages: &[(&str, &str)]) -> String {
    let mut text = "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">".to_owned();
    for (path, lastmod) in pages {
        write!(text, "<url><loc>{HOST}{path}</loc>").unwrap();
        if !lastmod.is_empty() {
            write!(text, "<lastmod>{lastmod}</lastmod>").unwrap();
        }
        text.push_str("</url>");
    }
    text + "</urlset>"
}

fn index(paths: &[&str]) -> String {
    let mut text = "<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">".to_owned();
    for path in paths {
        write!(text, "<sitemap><loc>{HOST}{path}</loc></sitemap>").unwrap();
    }
    text + "</sitemapindex>"
}

/// Analyses the domain, or one sitemap, and returns how the job ended.
async fn analyse(holder: &Holder<'_>, body: Value) -> Value {
    let accepted = holder.post("/api/v1/sitemap/scan", body).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    holder.ended(accepted.body["status_url"].as_str().unwrap()).await
}

async fn domain_id(holder: &Holder<'_>) -> String {
    let domains = holder.get("/api/v1/domains?q=shop").await;
    domains.body["items"][0]["id"].as_str().unwrap().to_owned()
}

/// The files of the domain by their paths.
async fn files(holder: &Holder<'_>) -> BTreeMap<String, Value> {
    let id = domain_id(holder).await;
    let list = holder.get(&format!("/api/v1/domains/{id}/sitemaps?limit=1000")).await;
    assert_eq!(list.status, 200, "{list:?}");
    let items = list.body["items"].as_array().unwrap().iter();
    items
        .map(|file| (file["url"].as_str().unwrap().replace(HOST, ""), file.clone()))
        .collect()
}

/// The paths of all URLs of the domain, sorted, as often as they are stored.
async fn stored(holder: &Holder<'_>) -> Vec<String> {
    let id = domain_id(holder).await;
    let lines = holder.get(&format!("/api/v1/domains/{id}/urls.jsonl")).await.text;
    let mut urls: Vec<String> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["url"]
                .as_str()
                .unwrap()
                .replace(HOST, "")
        })
        .collect();
    urls.sort();
    urls
}

/// A shop whose robots.txt names an index of three files, one of them compressed, one broken off.
async fn shop() -> Site {
    Site::start(|path| match path {
        "/robots.txt" => Reply::new(
            "200 OK",
            &[],
            "\u{feff}User-agent: *\nDisallow: /private\nSITEMAP: /maps/index.xml\nSitemap:http://shop.bench.test/private/s.xml",
        ),
        "/maps/index.xml" => xml(&index(&["/maps/pages.xml", "/maps/posts.xml.gz", "/maps/cut.xml", "/maps/gone.xml"])),
        "/maps/pages.xml" => xml(&urlset(&[("/", "2024-05-06"), ("/contact", ""), ("/product/table", "2023-01-01")])),
        "/maps/posts.xml.gz" => Reply::new("200 OK", &[("Content-Type", "text/plain")], gzip(&urlset(&[("/blog/a", ""), ("/blog/b", "")]))),
        "/maps/cut.xml" => xml(urlset(&[("/about", ""), ("/x", "")]).trim_end_matches("<url></urlset>").split("/x").next().unwrap()),
        "/sitemap.xml" => Reply::redirect("/maps/index.xml"),
        "/" => Reply::html("<title>A shop</title><link rel=sitemap href=/sitemap-link.txt>"),
        "/sitemap-link.txt" => Reply::new("200 OK", &[("Content-Type", "text/html")], format!("{HOST}/legal\n{HOST}/imprint\n")),
        _ => not_found(),
    })
    .await
}

#[tokio::test]
async fn an_analysis_stores_each_file_and_all_that_it_lists() {
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
    let shown: Vec<_> = files
        .iter()
        .map(|(path, file)| {
            let text = |name: &str| file[name].as_str().unwrap_or("-").to_owned();
            (
                path.as_str(),
                text("sitemap_type"),
                text("status"),
                text("discovery_method"),
                file["url_count"].as_i64(),
                file["depth"].as_i64(),
            )
        })
        .collect();
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
async fn what_files_list_is_filtered_paged_and_exported() {
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

    let id = domain_id(&acme).await;
    let csv = acme.get(&format!("/api/v1/domains/{id}/urls.csv")).await;
    assert!(csv.content_type.starts_with("text/csv"), "{}", csv.content_type);
    assert_eq!(csv.text.lines().count(), 1 + 8);
    assert!(csv.text.starts_with("url,lastmod,changefreq,priority,page_type,"));
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
    for query in ["modified_since=x", "limit=0"] {
        assert_eq!(
            acme.get(&format!("/api/v1/sitemaps/{pages}/urls?{query}")).await.status,
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn the_second_analysis_tells_exactly_what_is_different() {
    let app = TestApp::new().await;
    let second = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&second);
    let site = Site::start(move |path| {
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
            // Not read this time: what it lists stays.
            ("/3.xml", false) => xml(&urlset(&[("/kept", "")])),
            ("/3.xml", true) => Reply::new("500 Internal Server Error", &[], ""),
            ("/new.xml", true) => xml(&urlset(&[("/fresh/1", ""), ("/old/2", "")])),
            _ => not_found(),
        }
    })
    .await;
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
    let mut items = Vec::new();
    let mut path = format!("/api/v1/sitemap-runs/{run}/changes?limit=3");
    loop {
        let page = acme.get(&path).await.body;
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
    assert_eq!(runs.as_array().unwrap().len(), 3);
    assert_eq!(files(&acme).await["/old.xml"]["status"], "gone");
    assert_eq!(
        stored(&acme).await,
        [
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
            "/undated"
        ]
    );
}

/// What a site does to whoever reads its sitemaps, and how that ends.
async fn hostile(limits: SitemapConfig, answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> (Value, usize) {
    let app = TestApp::new().await;
    let site = Site::start(move |path| match path {
        "/robots.txt" => Reply::new("200 OK", &[], "Sitemap: /s.xml"),
        path => answer(path),
    })
    .await;
    let acme = app.agency("acme").await;
    let _work = app.work_with(&site, |scans| ScansConfig {
        sitemap: limits,
        ..at_once(scans)
    });
    let job = analyse(&acme, json!({ "domain": "shop.bench.test" })).await;
    (job, site.paths().len())
}

fn said(job: &Value) -> (&str, &str) {
    (job["status"].as_str().unwrap(), job["outcome"].as_str().unwrap_or("-"))
}

#[tokio::test]
async fn an_index_that_leads_in_circles_is_read_once() {
    let (job, requests) = hostile(SitemapConfig::default(), |path| match path {
        "/s.xml" => xml(&index(&["/s.xml", "/t.xml", "/back.xml"])),
        "/t.xml" => xml(&index(&["/s.xml", "/t.xml"])),
        "/back.xml" => Reply::redirect("/s.xml"),
        _ => not_found(),
    })
    .await;
    assert_eq!(said(&job), ("completed", "ok_empty"), "{job}");
    assert_eq!(job["result"]["files"], 3);
    assert!(requests < 30, "{requests}");
}

#[tokio::test]
async fn a_redirect_loop_is_not_followed() {
    let (job, requests) = hostile(SitemapConfig::default(), |path| match path {
        "/s.xml" => Reply::redirect("/t.xml"),
        "/t.xml" => Reply::redirect("/s.xml"),
        _ => not_found(),
    })
    .await;
    assert_eq!(said(&job), ("failed", "blocked_status"), "{job}");
    assert!(requests < 30, "{requests}");
}

#[tokio::test]
async fn an_index_of_a_million_files_ends_at_the_limit() {
    let limits = SitemapConfig {
        max_files: 20,
        ..SitemapConfig::default()
    };
    let children: String = (0..1_000_000)
        .map(|n| format!("<sitemap><loc>{HOST}/{n}.xml</loc></sitemap>"))
        .collect();
    let whole = gzip(&format!(
        "<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{children}</sitemapindex>"
    ));
    let (job, requests) = hostile(limits, move |path| match path {
        "/s.xml" => Reply::new("200 OK", &[], &whole),
        path if path.ends_with(".xml") && path.len() > 5 && path[1..2].parse::<u8>().is_ok() => {
            xml(&urlset(&[(path, "")]))
        }
        "/0.xml" | "/1.xml" | "/2.xml" | "/3.xml" | "/4.xml" | "/5.xml" | "/6.xml" | "/7.xml" | "/8.xml" | "/9.xml" => {
            xml(&urlset(&[(path, "")]))
        }
        _ => not_found(),
    })
    .await;
    assert_eq!(said(&job), ("completed", "partial"), "{job}");
    assert_eq!(job["result"]["note"], "the limit of 20 files is reached");
    assert_eq!(
        (&job["result"]["files"], &job["result"]["urls"]),
        (&json!(20), &json!(19)),
        "{job}"
    );
    assert!(requests < 60, "{requests}");
}

#[tokio::test]
async fn indexes_in_indexes_end_at_the_depth() {
    let (job, requests) = hostile(SitemapConfig::default(), |path| {
        match path.trim_matches(['/', 's', '.', 'x', 'm', 'l']) {
            "" if path == "/s.xml" => xml(&index(&["/s1.xml"])),
            number => match number.parse::<u32>() {
                Ok(number) => xml(&index(&[&format!("/s{}.xml", number + 1)])),
                Err(_) => not_found(),
            },
        }
    })
    .await;
    assert_eq!(said(&job), ("completed", "partial"), "{job}");
    assert_eq!(job["result"]["note"], "indexes lead to indexes more than 3 deep");
    assert!(requests < 40, "{requests}");
}

#[tokio::test]
async fn a_gzip_bomb_ends_at_the_limit() {
    let limits = SitemapConfig {
        max_file_bytes: 8 << 20,
        ..SitemapConfig::default()
    };
    // 2 GB, as gzip files behind each other.
    let blanks = gzip(&format!("{}<!-- -->", " ".repeat(1 << 20)));
    let mut bomb = gzip(&urlset(&[]).replace("</urlset>", ""));
    (0..2048).for_each(|_| bomb.extend_from_slice(&blanks));
    let bomb = Arc::new(bomb);
    let (job, _) = hostile(limits, move |path| match path {
        "/s.xml" => Reply::new("200 OK", &[], bomb.as_slice()),
        _ => not_found(),
    })
    .await;
    assert_eq!(said(&job), ("failed", "too_large"), "{job}");
    assert!(
        job["error"].as_str().unwrap().contains("larger than is read")
            || job["error"].as_str().unwrap().contains("too long"),
        "{job}"
    );
}

#[tokio::test]
async fn a_nesting_bomb_ends_at_once() {
    let (job, _) = hostile(SitemapConfig::default(), |path| match path {
        "/s.xml" => xml(&format!("<urlset>{}", "<a>".repeat(1_000_000))),
        _ => not_found(),
    })
    .await;
    assert_eq!(said(&job), ("failed", "parse"), "{job}");
    assert!(job["error"].as_str().unwrap().contains("nested too deeply"), "{job}");
}

#[tokio::test]
async fn no_more_urls_are_stored_than_were_asked_for() {
    let app = TestApp::new().await;
    let site = shop().await;
    let acme = app.agency("acme").await;
    let _work = app.work_with(&site, at_once);
    let job = analyse(
        &acme,
        json!({ "sitemap_url": format!("{HOST}/maps/index.xml"), "max_urls": 2 }),
    )
    .await;
    assert_eq!(
        (said(&job), &job["result"]["urls"]),
        (("completed", "partial"), &json!(2)),
        "{job}"
    );
    assert_eq!(job["result"]["note"], "the limit of 2 URLs is reached");
    assert_eq!(stored(&acme).await.len(), 2);
    for (body, field) in [
        (json!({}), "domain"),
        (json!({ "domain": "localhost" }), "domain"),
        (json!({ "sitemap_url": "ftp://a.test/" }), "sitemap_url"),
        (json!({ "domain": "a.bench.test", "max_urls": 0 }), "max_urls"),
        (json!({ "domain": "a.bench.test", "max_depth": 11 }), "max_depth"),
    ] {
        let answer = acme.post("/api/v1/sitemap/scan", body).await;
        assert_eq!(
            (answer.status, answer.body["field"].as_str()),
            (400, Some(field)),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn an_analysis_that_was_cut_off_goes_on_where_it_was_and_doubles_nothing() {
    let app = TestApp::new().await;
    let (hold, asked) = (
        Arc::new(AtomicUsize::new(1)),
        Arc::new(Mutex::new(BTreeMap::<String, usize>::new())),
    );
    let (holding, counted) = (Arc::clone(&hold), Arc::clone(&asked));
    let site = Site::start(move |path| {
        *counted.lock().unwrap().entry(path.to_owned()).or_default() += 1;
        match path {
            "/robots.txt" => Reply::new("200 OK", &[], "Sitemap: /i.xml"),
            "/i.xml" => xml(&index(&["/1.xml", "/2.xml", "/3.xml", "/4.xml", "/5.xml"])),
            "/3.xml" if holding.load(Ordering::SeqCst) > 0 => Reply::Silence,
            path if path.len() == 6 => xml(&urlset(&[(&format!("{path}/a"), ""), (&format!("{path}/b"), "")])),
            _ => not_found(),
        }
    })
    .await;
    let acme = app.agency("acme").await;
    let first = app.work_with(&site, at_once);
    let accepted = acme
        .post("/api/v1/sitemap/scan", json!({ "domain": "shop.bench.test" }))
        .await
        .body;
    eventually("the third file is asked for", || async {
        asked.lock().unwrap().contains_key("/3.xml")
    })
    .await;
    drop(first);
    hold.store(0, Ordering::SeqCst);
    let _second = app.work_with(&site, at_once);
    let job = acme.ended(accepted["status_url"].as_str().unwrap()).await;
    assert_eq!(
        (said(&job), &job["result"]["urls"]),
        (("completed", "ok"), &json!(10)),
        "{job}"
    );
    let stored = stored(&acme).await;
    assert_eq!((stored.len(), stored.iter().collect::<BTreeSet<_>>().len()), (10, 10));
    let asked = asked.lock().unwrap().clone();
    for path in ["/i.xml", "/1.xml", "/2.xml"] {
        assert_eq!(asked[path], 1, "{path} was read to its end the first time: {asked:?}");
    }
}

#[tokio::test]
async fn an_analysis_that_waits_for_a_site_is_cancelled_soon() {
    let app = TestApp::new().await;
    let site = Site::start(|path| match path {
        "/robots.txt" => Reply::new("200 OK", &[], "Sitemap: /s.xml"),
        "/s.xml" => Reply::Silence,
        _ => not_found(),
    })
    .await;
    let acme = app.agency("acme").await;
    let _work = app.work_with(&site, |scans| ScansConfig {
        sitemap: SitemapConfig {
            file_timeout: Duration::from_secs(600),
            ..SitemapConfig::default()
        },
        ..at_once(scans)
    });
    let accepted = acme
        .post("/api/v1/sitemap/scan", json!({ "domain": "shop.bench.test" }))
        .await
        .body;
    eventually("the file is asked for", || async {
        site.paths().contains(&"/s.xml".to_owned())
    })
    .await;
    let asked = Instant::now();
    let path = accepted["status_url"].as_str().unwrap();
    assert_eq!(acme.post(&format!("{path}/cancel"), json!({})).await.status, 202);
    assert_eq!(acme.ended(path).await["status"], "cancelled");
    assert!(asked.elapsed() < Duration::from_secs(12));
}

#[tokio::test]
async fn no_scraper_fetches_what_robots_txt_forbids() {
    for rules in [
        "User-agent: *\nDisallow: /",
        "User-agent: ScraperSky\nDisallow: /\n\nUser-agent: *\nAllow: /",
    ] {
        let app = TestApp::new().await;
        let site = Site::start(move |path| match path {
            "/robots.txt" => Reply::new("200 OK", &[], format!("{rules}\n\nSitemap: /s.xml")),
            _ => xml(&urlset(&[("/a", "")])),
        })
        .await;
        let acme = app.agency("acme").await;
        let _work = app.work_with(&site, at_once);
        let job = analyse(&acme, json!({ "domain": "shop.bench.test" })).await;
        assert_eq!(said(&job), ("failed", "blocked_robots"), "{job}");
        let scan = acme
            .post("/api/v1/scrapersky", json!({ "base_url": "shop.bench.test" }))
            .await
            .body;
        let scan = acme.ended(scan["status_url"].as_str().unwrap()).await;
        assert_eq!(scan["status"], "failed", "{scan}");
        let asked: BTreeSet<String> = site.paths().into_iter().collect();
        assert_eq!(asked, BTreeSet::from(["/robots.txt".to_owned()]));
    }
}

#[tokio::test]
async fn a_domain_scan_finds_the_sitemap_and_counts_up_to_what_was_asked_for() {
    let app = TestApp::new().await;
    let site = shop().await;
    let acme = app.agency("acme").await;
    let _work = app.work_with(&site, at_once);
    for (max_pages, counted) in [(1000, 8), (4, 4)] {
        let scan = acme
            .post(
                "/api/v1/scrapersky",
                json!({ "base_url": "shop.bench.test", "max_pages": max_pages }),
            )
            .await
            .body;
        let scan = acme.ended(scan["status_url"].as_str().unwrap()).await;
        assert_eq!(scan["status"], "completed", "{scan}");
        let domain = acme
            .get(&format!("/api/v1/domains/{}", domain_id(&acme).await))
            .await
            .body;
        assert_eq!(
            (&domain["has_sitemap"], &domain["page_count"]),
            (&json!(true), &json!(counted)),
            "{domain}"
        );
        assert_eq!(domain["sitemap_url"], format!("{HOST}/maps/index.xml"));
    }
}

#[tokio::test]
async fn people_decide_about_files_one_by_one_and_together() {
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
    // What people decided is no business of the next analysis.
    analyse(&acme, json!({ "domain": "shop.bench.test" })).await;
    let after = self::files(&acme).await;
    let decided = |path: &str| after[path]["curation_status"].as_str().unwrap();
    assert_eq!(
        ["/maps/pages.xml", "/maps/index.xml", "/maps/cut.xml"].map(decided),
        ["not_a_fit", "selected", "archived"]
    );
}

#[tokio::test]
async fn another_tenants_sitemaps_are_not_there() {
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
    // The same domain of another tenant is another domain.
    assert_eq!(
        analyse(&umbra, json!({ "domain": "shop.bench.test" })).await["result"]["is_first"],
        true
    );
}
