//! Sitemap analyses end to end, from the request to the stored rows, on real sites.

mod analysis;
mod curation;
mod hostile;
mod interruption;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use scans::ScansConfig;
use serde_json::Value;
use web::fetch::FetchConfig;

use crate::support::app::Holder;
use crate::support::site::{Reply, Site};

const HOST: &str = "http://shop.bench.test";

/// No pause between requests: these tests are not about politeness.
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
    let mut file = GzEncoder::new(Vec::new(), Compression::best());
    file.write_all(text.as_bytes()).unwrap();
    file.finish().unwrap()
}

fn not_found() -> Reply {
    Reply::new("404 Not Found", &[], "")
}

/// A sitemap of pages: their paths and last modifications.
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

/// Analyses the domain, or one sitemap, and returns the ended job.
async fn analyse(holder: &Holder<'_>, body: Value) -> Value {
    let accepted = holder.post("/api/v1/sitemap/scan", body).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    holder.ended(accepted.body["status_url"].as_str().unwrap()).await
}

async fn domain_id(holder: &Holder<'_>) -> String {
    let domains = holder.get("/api/v1/domains?q=shop").await;
    domains.body["items"][0]["id"].as_str().unwrap().to_owned()
}

/// The domain's files by path.
async fn files(holder: &Holder<'_>) -> BTreeMap<String, Value> {
    let id = domain_id(holder).await;
    let list = holder.get(&format!("/api/v1/domains/{id}/sitemaps?limit=1000")).await;
    assert_eq!(list.status, 200, "{list:?}");
    let items = list.body["items"].as_array().unwrap().iter();
    items
        .map(|file| (file["url"].as_str().unwrap().replace(HOST, ""), file.clone()))
        .collect()
}

/// The paths of all stored URLs of the domain, sorted, including duplicates.
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

/// A shop whose robots.txt names an index of three files, one compressed, one truncated.
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

fn said(job: &Value) -> (&str, &str) {
    (job["status"].as_str().unwrap(), job["outcome"].as_str().unwrap_or("-"))
}
