//! The pages that a scan reads, and what it finds on them.

use scans::{DomainConfig, ScansConfig};
use serde_json::{Value, json};

use super::{at_once, scan};
use crate::support::app::{Holder, TestApp};
use crate::support::site::{Reply, Site};

const HOST: &str = "acme.bench.test";

const HOME: &str = "<html lang='de-DE'><title>Bäckerei Acme</title><meta name='robots' content='index, follow'>\
    <link rel='canonical' href='https://acme.bench.test/'><link rel='alternate' type='application/rss+xml' href='/feed'>\
    <script type='application/ld+json'>{\"@type\": [\"Bakery\", \"LocalBusiness\"], \"name\": \"Bäckerei Acme\", \"paymentAccepted\": \"Bar, EC-Karte\"}</script>\
    <p>Seit drei Generationen backen wir in unserer Backstube jeden Morgen frisches Brot und Brötchen, ganz ohne Zusätze. \
    Unsere Teige dürfen lange ruhen, und gebacken wird im Steinofen. Besuchen Sie uns in der Altstadt, wir freuen uns auf Sie \
    und beraten Sie gerne zu unseren Torten für Hochzeiten und andere Feste.</p>\
    <img src='/a.jpg'><img src='/b.jpg'>\
    <a href='/blog/7'>Neues</a><a href='/p/9'>Impressum</a><a href='/ueber-uns'>Über uns</a><a href='/kontakt'>Kontakt</a>";

fn answer(path: &str) -> Reply {
    match path {
        "/" => Reply::new(
            "200 OK",
            &[
                ("Content-Type", "text/html; charset=utf-8"),
                ("X-Robots-Tag", "noarchive"),
                ("Last-Modified", "Tue, 03 Mar 2026 10:00:00 GMT"),
                ("Server", "nginx"),
            ],
            HOME,
        ),
        "/robots.txt" => Reply::new(
            "200 OK",
            &[],
            "User-agent: *\nDisallow: /ueber-uns\nSitemap: http://acme.bench.test/map.xml\n",
        ),
        "/map.xml" => Reply::new(
            "200 OK",
            &[("Content-Type", "application/xml")],
            "<urlset><url><loc>http://acme.bench.test/blog/7</loc></url><url><loc>http://acme.bench.test/datenschutz</loc></url>\
             <url><loc>http://acme.bench.test/agb</loc></url></urlset>",
        ),
        "/kontakt" => Reply::html(
            "<title>Kontakt</title>Tel. <a href='tel:+4930901820'>030 901820</a> <a href='mailto:laden@acme.bench.test'>Mail</a>\
             <img src='/c.jpg'><a href='https://www.facebook.com/baeckereiacme'>Facebook</a>",
        ),
        "/p/9" => Reply::html(
            "<title>Impressum</title><address>Bäckerei Acme<br>Marktplatz 1<br>10115 Berlin</address>© 2021 Acme",
        ),
        // A broken page does not fail the scan.
        "/datenschutz" => Reply::new("500 Internal Server Error", &[], "broken"),
        "/agb" => Reply::redirect("/"),
        "/blog/7" | "/ueber-uns" => Reply::html("mail to unseen@acme.bench.test"),
        _ => Reply::new("404 Not Found", &[], ""),
    }
}

/// What the site's profile is expected to say.
fn profile_columns() -> Vec<(&'static str, Value)> {
    vec![
        ("title", json!("Bäckerei Acme")),
        ("language", json!("de-DE")),
        ("primary_language", json!("de")),
        ("email_addresses", json!(["laden@acme.bench.test"])),
        ("phone_numbers", json!(["+49 30 901820"])),
        (
            "physical_addresses",
            json!(["Bäckerei Acme, Marktplatz 1, 10115 Berlin"]),
        ),
        ("facebook_url", json!("https://www.facebook.com/baeckereiacme")),
        ("copyright_year", json!("2021")),
        ("business_name", json!("Bäckerei Acme")),
        ("business_type", json!("Bakery")),
        ("business_category", json!("FoodEstablishment")),
        ("industry_vertical", Value::Null),
        ("payment_methods", json!(["EC card", "Cash"])),
        ("has_privacy_policy", json!(false)),
        ("has_viewport", json!(false)),
        ("has_cookie_notice", json!(false)),
        ("feed_urls", json!(["http://acme.bench.test/feed"])),
        ("business_hours", Value::Null),
    ]
}

/// What the site's hosting is expected to say.
fn hosting_columns() -> Vec<(&'static str, Value)> {
    vec![
        ("server_type", json!("nginx")),
        ("total_images_count", json!(3)),
        ("hosting_provider", Value::Null),
        ("cdn_provider", Value::Null),
        ("dns_records", Value::Null),
        ("hosting_location", Value::Null),
        ("country_code", Value::Null),
        ("uptime_percentage", Value::Null),
        (
            "robots_txt",
            json!("User-agent: *\nDisallow: /ueber-uns\nSitemap: http://acme.bench.test/map.xml\n"),
        ),
        (
            "crawler_hints",
            json!({
                "meta_robots": "index, follow",
                "x_robots_tag": "noarchive",
                "canonical_url": "https://acme.bench.test/",
                "sitemaps": ["http://acme.bench.test/map.xml"],
                "crawl_delay": null,
            }),
        ),
    ]
}

async fn scanned(holder: &Holder<'_>) -> Value {
    scan(holder, HOST).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_reads_the_pages_that_say_whose_the_site_is() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(answer).await;
    let _work = app.work_with(&site, at_once);
    let domain = scanned(&acme).await;
    let profile = &domain["profile"];
    for (column, expected) in profile_columns() {
        assert_eq!(profile[column], expected, "{column}: {profile}");
    }
    let hosting = &domain["hosting"];
    for (column, expected) in hosting_columns() {
        assert_eq!(hosting[column], expected, "{column}: {hosting}");
    }
    let size = hosting["average_page_size"].as_u64().unwrap();
    let pages = [HOME.len(), body("/kontakt"), body("/p/9")];
    assert_eq!(size, pages.iter().sum::<usize>() as u64 / 3);
    assert!(hosting["average_response_time"].is_i64() && hosting["server_response_time"].is_i64());
    assert_eq!(hosting["last_modified"], "2026-03-03T10:00:00Z");
    // The metadata of v1 has the contacts of all pages.
    let info = &profile["meta_json"]["contact_info"];
    assert_eq!(info["email"], json!(["laden@acme.bench.test"]), "{info}");
    let paths = site.paths();
    for (path, expected) in [
        ("/kontakt", 1),
        ("/p/9", 1),
        ("/datenschutz", 1),
        ("/agb", 1),
        ("/ueber-uns", 0),
        ("/blog/7", 0),
    ] {
        let asked = paths.iter().filter(|asked| *asked == path).count();
        assert_eq!(asked, expected, "{path}: {paths:?}");
    }
}

/// The length of a page.
fn body(path: &str) -> usize {
    let bytes = answer(path).into_bytes();
    let text = String::from_utf8(bytes).unwrap();
    text.split_once("\r\n\r\n").unwrap().1.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_limits_the_pages() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(answer).await;
    let _work = app.work_with(&site, |scans| ScansConfig {
        domain: DomainConfig {
            pages: 1,
            ..scans.domain.clone()
        },
        ..at_once(scans)
    });
    let domain = scanned(&acme).await;
    assert_eq!(domain["profile"]["phone_numbers"], json!(["+49 30 901820"]));
    assert_eq!(domain["profile"]["physical_addresses"], json!([]));
    let paths = site.paths();
    assert!(paths.iter().any(|path| path == "/kontakt"), "{paths:?}");
    assert!(
        paths.iter().all(|path| path != "/p/9" && path != "/datenschutz"),
        "{paths:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_site_has_no_facts_that_it_does_not_state() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|path| match path {
        "/" => Reply::html("<title>Plain</title>hello"),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let _work = app.work_with(&site, at_once);
    let domain = scanned(&acme).await;
    for column in [
        "description",
        "language",
        "primary_language",
        "favicon_url",
        "logo_url",
        "copyright_year",
        "facebook_url",
        "twitter_url",
        "linkedin_url",
        "instagram_url",
        "youtube_url",
        "business_category",
        "business_type",
        "industry_vertical",
        "business_hours",
    ] {
        assert!(domain["profile"][column].is_null(), "{column}: {}", domain["profile"]);
    }
    for column in [
        "phone_numbers",
        "email_addresses",
        "physical_addresses",
        "payment_methods",
        "content_language",
        "feed_urls",
    ] {
        assert_eq!(domain["profile"][column], json!([]), "{column}");
    }
    let hosting = &domain["hosting"];
    for column in [
        "server_type",
        "last_modified",
        "robots_txt",
        "ssl_names",
        "ssl_issuer",
        "ssl_expiry_date",
        "ssl_version",
    ] {
        assert!(hosting[column].is_null(), "{column}: {hosting}");
    }
    assert_eq!(hosting["total_images_count"], 0);
    assert_eq!(hosting["average_page_size"], 25);
}

const FEED: &str = "<rss version='2.0'><channel><title>News</title><item><link>http://acme.bench.test/blog/7</link></item></channel></rss>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_is_a_sitemap_where_the_site_names_it_as_one() {
    for robots in ["", "Sitemap: http://acme.bench.test/feed\n"] {
        let app = TestApp::new().await;
        let acme = app.agency("acme").await;
        let site = Site::start(move |path| match path {
            "/" => Reply::html("<title>Acme</title><link rel=alternate type='application/rss+xml' href='/feed'>hello"),
            "/robots.txt" => Reply::new("200 OK", &[], robots),
            "/feed" => Reply::new("200 OK", &[("Content-Type", "application/rss+xml")], FEED),
            _ => Reply::new("404 Not Found", &[], ""),
        })
        .await;
        let _work = app.work_with(&site, at_once);
        let expected = if robots.is_empty() {
            json!([false, null, 0, 0, null])
        } else {
            json!([true, "http://acme.bench.test/feed", 1, 1, 1])
        };
        let scanned = scanned(&acme).await;
        assert_eq!(sitemaps(&scanned), expected, "{scanned}");
        assert_eq!(scanned["profile"]["feed_urls"], json!(["http://acme.bench.test/feed"]));
        let accepted = acme.post("/api/v1/sitemap/scan", json!({ "domain": HOST })).await;
        let ended = acme.ended(accepted.body["status_url"].as_str().unwrap()).await;
        assert_eq!(ended["status"], "completed", "{ended}");
        let path = format!("/api/v1/domains/{}", scanned["id"].as_str().unwrap());
        let analysed = acme.get(&path).await.body;
        assert_eq!(sitemaps(&analysed), expected, "{analysed}");
    }
}

/// What a domain says of its sitemaps.
fn sitemaps(domain: &Value) -> Value {
    let columns = [
        "has_sitemap",
        "sitemap_url",
        "total_sitemaps",
        "sitemap_urls",
        "page_count",
    ];
    columns.into_iter().map(|column| domain[column].clone()).collect()
}
