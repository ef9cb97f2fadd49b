//! Interrupted, cancelled and forbidden analyses, and the sitemap counts of domain scans.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use scans::{ScansConfig, SitemapConfig};
use serde_json::json;

use super::{HOST, analyse, at_once, domain_id, index, not_found, said, shop, stored, urlset, xml};
use crate::support::app::TestApp;
use crate::support::database::eventually;
use crate::support::site::{Reply, Site};

#[tokio::test]
async fn an_interrupted_analysis_continues_without_duplicates() {
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
    eventually("the third file is requested", || async {
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
        assert_eq!(asked[path], 1, "{path} was completely read the first time: {asked:?}");
    }
}

#[tokio::test]
async fn an_analysis_waiting_for_a_site_is_cancelled_quickly() {
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
    eventually("the file is requested", || async {
        site.paths().contains(&"/s.xml".to_owned())
    })
    .await;
    let asked = Instant::now();
    let path = accepted["status_url"].as_str().unwrap();
    assert_eq!(acme.post(&format!("{path}/cancel"), json!({})).await.status, 202);
    assert_eq!(acme.ended(path).await["status"], "cancelled");
    assert!(asked.elapsed() < Duration::from_secs(40));
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
async fn a_domain_scan_counts_sitemap_urls_up_to_the_limit() {
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
