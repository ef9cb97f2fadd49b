//! What each value is told by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{at_once, scan};
use crate::support::app::{Holder, TestApp};
use crate::support::site::{Reply, Site};

const HOST: &str = "acme.bench.test";
/// Columns of which nothing but the program tells, and those whose evidence is that of others: `claims` and the profile's own.
const OTHERS: [&str; 5] = [
    "tech_stack",
    "meta_json",
    "last_error",
    "error_count",
    "last_successful_scan",
];
/// Facts that are told by what is not there.
const SEARCHED: [&str; 6] = [
    "has_cookie_notice",
    "has_privacy_policy",
    "has_ecommerce",
    "has_viewport",
    "has_sitemap",
    "has_ssl",
];
const SITEMAPS: [&str; 5] = [
    "has_sitemap",
    "sitemap_url",
    "total_sitemaps",
    "sitemap_urls",
    "page_count",
];

/// The evidence of a domain, as the API shows it.
async fn evidence(holder: &Holder<'_>, id: &Value, query: &str) -> Vec<Value> {
    let path = format!("/api/v1/domains/{}/evidence?limit=1000{query}", id.as_str().unwrap());
    let answer = holder.get(&path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["next_cursor"], Value::Null);
    answer.body["items"].as_array().unwrap().clone()
}

/// The values of a column that need evidence, as texts; `None` if it has parts that are told one by one.
fn values(column: &str, value: &Value) -> Option<BTreeSet<String>> {
    let short = |text: &str| text.chars().take(500).collect::<String>();
    let one = |text: String| Some(BTreeSet::from([text]));
    match value {
        Value::Bool(false) if !SEARCHED.contains(&column) => Some(BTreeSet::new()),
        Value::Null => Some(BTreeSet::new()),
        Value::Bool(is) => one(is.to_string()),
        Value::Number(number) => one(number.to_string()),
        // An empty robots.txt says nothing.
        Value::String(text) if text.is_empty() => Some(BTreeSet::new()),
        Value::String(text) => one(short(text)),
        Value::Array(all) if column == "claims" => Some(
            all.iter()
                .map(|claim| claim["name"].as_str().unwrap().to_owned())
                .collect(),
        ),
        Value::Array(all) => Some(all.iter().map(|text| short(text.as_str().unwrap())).collect()),
        Value::Object(parts) if parts.values().all(Value::is_null) => Some(BTreeSet::new()),
        Value::Object(_) => None,
    }
}

/// Asserts that each value of a domain that was just scanned has evidence, and nothing else has.
pub(super) async fn assert_each_value_is_told(holder: &Holder<'_>, domain: &Value) {
    let rows = evidence(holder, &domain["id"], "").await;
    let mut told: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for row in &rows {
        let column = told.entry(row["column"].as_str().unwrap()).or_default();
        assert!(column.insert(row["value"].as_str().unwrap().to_owned()), "twice: {row}");
        assert!(!row["rule"].as_str().unwrap().is_empty(), "{row}");
        assert!(row["snippet"].as_str().unwrap().chars().count() <= 200, "{row}");
        assert!((1..=100).contains(&row["confidence"].as_i64().unwrap()), "{row}");
        assert!(
            row["first_seen"].as_str().unwrap() <= row["last_seen"].as_str().unwrap(),
            "{row}"
        );
    }
    let mut shown: Vec<(&str, &Value)> = Vec::new();
    for part in ["profile", "technologies", "hosting"] {
        shown.extend(
            domain[part]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.as_str(), value)),
        );
    }
    if domain["has_sitemap"] == true {
        shown.extend(SITEMAPS.map(|name| (name, &domain[name])));
    } else {
        shown.push(("has_sitemap", &domain["has_sitemap"]));
    }
    shown.retain(|(name, _)| !OTHERS.contains(name));
    let mut known: BTreeSet<&str> = shown.iter().map(|(name, _)| *name).collect();
    known.insert("meta_json");
    for (name, value) in shown {
        let found = told.get(name).cloned().unwrap_or_default();
        match values(name, value) {
            Some(expected) => assert_eq!(found, expected, "{name}: {value}"),
            // What robots.txt and the page do not say to crawlers has no evidence.
            None => assert!(!found.is_empty() || name == "crawler_hints", "{name}: {value}"),
        }
    }
    let unknown: Vec<&&str> = told.keys().filter(|name| !known.contains(**name)).collect();
    assert_eq!(unknown, Vec::<&&str>::new());
}

const HOME: &str = "<html lang='de-DE'><title>Bäckerei Acme</title><meta name=description content='Brot und Brötchen'>\
    <meta name=viewport content='width=device-width, initial-scale=1'><link rel=icon href='/favicon.ico'>\
    <link rel=alternate type='application/rss+xml' href='/feed'><meta property='og:logo' content='/logo.svg'>\
    <link rel=stylesheet href='/wp-content/themes/astra/style.css'><meta name=generator content='WordPress 6.4.2'>\
    <link rel=stylesheet href='/wp-content/plugins/woocommerce/a.css'>\
    <script async src='https://www.googletagmanager.com/gtag/js?id=G-ABC1234567'></script>\
    <script type='application/ld+json'>{\"@type\": \"Bakery\", \"name\": \"Bäckerei Acme\", \"openingHours\": \"Mo-Fr 08:00-17:00\", \
    \"paymentAccepted\": \"Bar\"}</script><div id=cookie-notice></div>\
    <a href='/p/9'>Impressum</a><a href='/datenschutz'>Datenschutz</a><a href='/kontakt'>Kontakt</a>";
const CONTACT: &str = "<title>Kontakt</title><p>Fragen? Tel. +49 30 901820 oder laden@acme.bench.test</p>\
    <p>Fax: +49 30 901821</p><a href='https://www.facebook.com/baeckereiacme?ref=1'>Facebook</a><a href='https://www.tiktok.com/@acme'>TikTok</a>";
const IMPRINT: &str = "<address>Bäckerei Acme<br>Marktplatz 1<br>10115 Berlin</address><p>© 2021 Acme";

fn answer(path: &str) -> Reply {
    match path {
        "/" => Reply::new(
            "200 OK",
            &[
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Language", "de"),
                ("Server", "nginx"),
                ("Last-Modified", "Tue, 03 Mar 2026 10:00:00 GMT"),
            ],
            HOME,
        ),
        "/robots.txt" => Reply::new(
            "200 OK",
            &[],
            "Crawl-delay: 0\nSitemap: http://acme.bench.test/map.xml\n",
        ),
        "/map.xml" => Reply::new(
            "200 OK",
            &[("Content-Type", "application/xml")],
            "<urlset><url><loc>http://acme.bench.test/</loc></url></urlset>",
        ),
        "/kontakt" => Reply::html(CONTACT),
        "/p/9" => Reply::html(IMPRINT),
        _ => Reply::new("404 Not Found", &[], ""),
    }
}

/// What values are told by: column, value, path of the page, rule and snippet.
type Told = (
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static str,
    &'static str,
);

#[rustfmt::skip]
const TOLD: &[Told] = &[
    ("title", "Bäckerei Acme", Some("/"), "title", "Bäckerei Acme"),
    ("description", "Brot und Brötchen", Some("/"), "meta description", "Brot und Brötchen"),
    ("language", "de-DE", Some("/"), "html lang", "de-DE"),
    ("content_language", "de", Some("/"), "header Content-Language", "de"),
    ("favicon_url", "http://acme.bench.test/favicon.ico", Some("/"), "link icon", "http://acme.bench.test/favicon.ico"),
    ("logo_url", "http://acme.bench.test/logo.svg", Some("/"), "meta og:logo", "http://acme.bench.test/logo.svg"),
    ("has_viewport", "true", Some("/"), "meta viewport", "width=device-width, initial-scale=1"),
    ("has_privacy_policy", "true", Some("/"), "link to a policy", "/datenschutz"),
    ("has_cookie_notice", "true", Some("/"), "class_or_id cookie-notice", "cookie-notice"),
    ("feed_urls", "http://acme.bench.test/feed", Some("/"), "link alternate", "/feed"),
    ("phone_numbers", "+49 30 901820", Some("/kontakt"), "text with an international prefix", "+49 30 901820"),
    ("meta_json", "+49 30 901821", Some("/kontakt"), "text with an international prefix", "Fax: +49 30 901821"),
    ("email_addresses", "laden@acme.bench.test", Some("/kontakt"), "address text", "Fragen? Tel. +49 30 901820 oder laden@acme.bench.test"),
    ("facebook_url", "https://www.facebook.com/baeckereiacme", Some("/kontakt"), "link to a profile", "https://www.facebook.com/baeckereiacme?ref=1"),
    ("meta_json", "https://www.tiktok.com/@acme", Some("/kontakt"), "link to a profile", "https://www.tiktok.com/@acme"),
    ("physical_addresses", "Bäckerei Acme, Marktplatz 1, 10115 Berlin", Some("/p/9"), "address element", "Bäckerei Acme, Marktplatz 1, 10115 Berlin"),
    ("copyright_year", "2021", Some("/p/9"), "copyright notice", "© 2021 Acme"),
    ("business_name", "Bäckerei Acme", Some("/"), "structured data name", "Bäckerei Acme"),
    ("business_type", "Bakery", Some("/"), "structured data @type", "Bakery"),
    ("business_category", "FoodEstablishment", Some("/"), "structured data @type", "Bakery"),
    ("payment_methods", "Cash", Some("/"), "structured data paymentAccepted", "Bar"),
    ("has_ecommerce", "true", Some("/"), "url plugins/woocommerce/", "/wp-content/plugins/woocommerce/a.css"),
    ("claims", "WordPress", Some("/"), "generator WordPress", "WordPress 6.4.2"),
    ("wordpress_version", "6.4.2", Some("/"), "generator WordPress", "WordPress 6.4.2"),
    ("wordpress_theme", "astra", Some("/"), "url wp-content/themes/", "/wp-content/themes/astra/style.css"),
    ("google_analytics_id", "G-ABC1234567", Some("/"), "url of a tag", "https://www.googletagmanager.com/gtag/js?id=G-ABC1234567"),
    ("server_type", "nginx", Some("/"), "header server", "nginx"),
    ("last_modified", "2026-03-03T10:00:00Z", Some("/"), "header last-modified", "Tue, 03 Mar 2026 10:00:00 GMT"),
    ("ip_address", "127.0.0.1", Some("/"), "connection", "127.0.0.1"),
    ("total_images_count", "0", Some("/"), "images of the pages", "pages read: 3"),
    ("has_sitemap", "true", Some("/map.xml"), "sitemap robots_txt", "http://acme.bench.test/map.xml"),
    ("page_count", "1", Some("/map.xml"), "count of the sitemaps", "1 files, 1 pages"),
    ("crawler_hints", "http://acme.bench.test/map.xml", Some("/robots.txt"), "robots.txt sitemap", "http://acme.bench.test/map.xml"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_value_says_where_it_stands_and_how_it_was_told() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(answer).await;
    let _work = app.work_with(&site, at_once);
    let domain = scan(&acme, HOST).await;
    let rows = evidence(&acme, &domain["id"], "").await;
    for (column, value, path, rule, snippet) in TOLD {
        let row = rows
            .iter()
            .find(|row| row["column"] == *column && row["value"] == *value);
        let row = row.unwrap_or_else(|| panic!("{column} {value}: {rows:#?}"));
        let url = path.map(|path| format!("http://{HOST}{path}"));
        assert_eq!(
            (&row["url"], &row["rule"], &row["snippet"]),
            (&json!(url), &json!(rule), &json!(snippet)),
            "{column}"
        );
    }
    // Of one column; an empty word asks for all.
    let phones = evidence(&acme, &domain["id"], "&column=phone_numbers").await;
    assert_eq!(phones.len(), 1, "{phones:?}");
    assert_eq!(evidence(&acme, &domain["id"], "&column=").await, rows);
    let path = format!("/api/v1/domains/{}/evidence", domain["id"].as_str().unwrap());
    assert_eq!(acme.get(&format!("{path}?column=phones")).await.status, 400);
    let bolt = app.agency("bolt").await;
    assert_eq!(bolt.get(&path).await.status, 404);
}

const BEFORE: &str = "<title>Acme</title><p>old@acme.bench.test, both@acme.bench.test</p>\
    <script src='/wp-content/plugins/elementor/a.js'></script>";
const AFTER: &str = "<title>Acme</title><p>new@acme.bench.test</p><p>both@acme.bench.test</p>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_keeps_when_it_was_first_seen_and_one_that_is_gone_loses_its_evidence() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let which = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&which);
    let site = Site::start(move |path| match (path, asked.load(Ordering::SeqCst)) {
        ("/", 0) => Reply::html(BEFORE),
        ("/", _) => Reply::html(AFTER),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let _work = app.work_with(&site, at_once);
    let domain = scan(&acme, HOST).await;
    let of = async |column: &str| -> BTreeMap<String, (String, String)> {
        let rows = evidence(&acme, &domain["id"], &format!("&column={column}")).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        rows.iter()
            .map(|row| (text(&row["value"]), (text(&row["first_seen"]), text(&row["last_seen"]))))
            .collect()
    };
    let before = of("email_addresses").await;
    let old = BTreeSet::from(["both@acme.bench.test", "old@acme.bench.test"]);
    assert_eq!(before.keys().map(String::as_str).collect::<BTreeSet<_>>(), old);
    assert!(before.values().all(|(first, last)| first == last));
    which.store(1, Ordering::SeqCst);
    scan(&acme, HOST).await;
    let after = of("email_addresses").await;
    let new = BTreeSet::from(["both@acme.bench.test", "new@acme.bench.test"]);
    assert_eq!(after.keys().map(String::as_str).collect::<BTreeSet<_>>(), new);
    let (first, last) = &after["both@acme.bench.test"];
    assert_eq!(*first, before["both@acme.bench.test"].0);
    assert!(last > first && after["new@acme.bench.test"].0 == *last);
    assert!(of("claims").await.is_empty(), "the site has no technology any more");
    // What a domain is told by goes with it.
    let deleted = acme
        .delete(&format!("/api/v1/domains/{}", domain["id"].as_str().unwrap()))
        .await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert_eq!(app.count("SELECT count(*) FROM domain_evidence").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_suppressed_or_erased_has_no_evidence() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|path| match path {
        "/" => Reply::html(
            "<title>Write to ann@acme.bench.test</title><p>Tel. +49 30 901820, ann (at) acme.bench.test</p><p>bob@acme.bench.test</p>\
             <p>cleo@acme.bench.test</p><a href='/privacy?by=dan@acme.bench.test'>Privacy</a><p>eve@partner-firma.de",
        ),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let _work = app.work_with(&site, at_once);
    acme.post("/api/v1/suppressions", json!({ "email": "dan@acme.bench.test" }))
        .await;
    let domain = scan(&acme, HOST).await;
    let all = async || {
        let sql = "SELECT coalesce(string_agg(t::text, ' '), '') FROM domain_evidence t";
        app.texts(sql).await.remove(0)
    };
    let mentions =
        |text: &str, name: &str| text.contains(&format!("{name}@")) || text.contains(&format!("{name} (at)"));
    let before = all().await;
    for (name, is_there) in [
        ("ann", true),
        ("bob", true),
        ("cleo", true),
        ("dan", false),
        ("eve", true),
    ] {
        assert_eq!(mentions(&before, name), is_there, "{name}: {before}");
    }
    // The page of a policy is still told, without the address in its URL.
    let policy = evidence(&acme, &domain["id"], "&column=has_privacy_policy").await;
    assert_eq!(policy[0]["snippet"], "/privacy?by=[erased]");
    acme.post("/api/v1/suppressions", json!({ "email": "ann@acme.bench.test" }))
        .await;
    acme.post("/api/v1/erasures", json!({ "email": "bob@acme.bench.test" }))
        .await;
    let after = all().await;
    for (name, is_there) in [("ann", false), ("bob", false), ("cleo", true), ("eve", true)] {
        assert_eq!(mentions(&after, name), is_there, "{name}: {after}");
    }
    assert!(after.contains("+49 30 901820"), "{after}");
    assert!(evidence(&acme, &domain["id"], "&column=title").await.is_empty());
    // All addresses at a site go with its domain, also those of others.
    acme.post("/api/v1/suppressions", json!({ "domain": HOST })).await;
    let after = all().await;
    assert!(!after.contains('@') && after.contains("+49 30 901820"), "{after}");
    let again = acme.post("/api/v1/scrapersky", json!({ "base_url": HOST })).await.body;
    acme.ended(again["status_url"].as_str().unwrap()).await;
    let after = all().await;
    assert!(!after.contains('@'), "a new scan brought it back: {after}");
}
