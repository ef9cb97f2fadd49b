//! Sites that try to keep an analysis reading forever.

use std::sync::Arc;
use std::time::Duration;

use scans::{ScansConfig, SitemapConfig};
use serde_json::{Value, json};

use super::{HOST, analyse, at_once, gzip, index, not_found, said, shop, stored, urlset, xml};
use crate::support::app::TestApp;
use crate::support::site::{Reply, Site};

/// Analyses a hostile site, and returns the job and the number of requests.
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

#[tokio::test]
async fn a_circular_index_is_read_once() {
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
async fn nested_indexes_end_at_the_depth_limit() {
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

/// Each index leads to further indexes, and none to a page.
#[tokio::test]
async fn indexes_without_pages_end_after_so_many_files_or_so_much_time() {
    let endless = |path: &str| {
        let children: Vec<String> = (0..30)
            .map(|n| format!("{}/{n}", path.trim_end_matches(".xml")))
            .collect();
        xml(&index(&children.iter().map(String::as_str).collect::<Vec<_>>()))
    };
    let files = SitemapConfig {
        idle_files: 25,
        ..SitemapConfig::default()
    };
    let (job, requests) = hostile(files, endless).await;
    assert_eq!(said(&job), ("completed", "partial"), "{job}");
    assert_eq!(job["result"]["note"], "25 files in a row list no page");
    assert_eq!(job["result"]["files"], 25);
    assert!(requests < 60, "{requests}");

    let time = SitemapConfig {
        idle_time: Duration::from_millis(200),
        ..SitemapConfig::default()
    };
    let (job, _) = hostile(time, endless).await;
    assert_eq!(said(&job), ("completed", "partial"), "{job}");
    assert_eq!(job["result"]["note"], "no file lists a page for 0.2 s");
}

#[tokio::test]
async fn more_urls_than_the_settings_allow_are_refused() {
    let app = TestApp::with(&[("sitemap_max_urls", "1000")]).await;
    let acme = app.agency("acme").await;
    let ask = async |urls: u64| {
        let body = json!({ "domain": "shop.bench.test", "max_urls": urls });
        acme.post("/api/v1/sitemap/scan", body).await
    };
    let refused = ask(1001).await;
    assert_eq!(
        (refused.status, &refused.body["field"]),
        (400, &json!("max_urls")),
        "{refused:?}"
    );
    assert_eq!(refused.body["detail"], "max_urls is 1001: it must be from 1 to 1000");
    assert_eq!(ask(1000).await.status, 202);
}

#[tokio::test]
async fn a_gzip_bomb_ends_at_the_limit() {
    let limits = SitemapConfig {
        max_file_bytes: 8 << 20,
        ..SitemapConfig::default()
    };
    // 2 GB, as concatenated gzip files.
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
async fn at_most_the_requested_urls_are_stored() {
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
