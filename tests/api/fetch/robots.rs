//! Requesting and obeying robots.txt.

use std::time::Duration;

use url::Url;
use web::fetch::{FailureKind, FetchConfig, Fetcher, Want};

use super::{get, leading_to};
use crate::support::site::{Reply, Site};

#[tokio::test]
async fn robots_txt_is_fetched_once_and_obeyed() {
    let site = Site::start(|path| match path {
        "/robots.txt" => Reply::new("200 OK", &[], "User-agent: ScraperSky\nDisallow: /private\n"),
        "/out" => Reply::redirect("/private/b"),
        _ => Reply::html("ok"),
    })
    .await;
    let fetcher = Fetcher::new(&leading_to(&site)).unwrap();
    let url = |path: &str| Url::parse(&format!("http://shop.test{path}")).unwrap();
    let (first, second) = (url("/"), url("/about"));
    let (first, second) = tokio::join!(fetcher.get(&first, Want::html()), fetcher.get(&second, Want::html()));
    assert!(first.is_ok() && second.is_ok());
    for path in ["/private/a", "/out"] {
        let error = fetcher.get(&url(path), Want::html()).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Robots);
        assert_eq!(error.to_string(), "robots.txt of shop.test forbids fetching this page");
    }
    assert!(!fetcher.allowed(&url("/private/a")).await.unwrap());
    let paths = site.paths();
    assert_eq!(
        paths.iter().filter(|path| *path == "/robots.txt").count(),
        1,
        "{paths:?}"
    );
    assert!(!paths.iter().any(|path| path.starts_with("/private")), "{paths:?}");
}

#[tokio::test]
async fn the_status_of_robots_txt_decides() {
    let rules = "User-agent: *\nDisallow: /\n";
    for (case, reply, outcome) in [
        ("gone", Reply::new("410 Gone", &[], rules), None),
        ("forbidden", Reply::new("403 Forbidden", &[], rules), None),
        ("in circles", Reply::redirect("/robots.txt"), None),
        (
            "no answer for now",
            Reply::new("503 Service Unavailable", &[], ""),
            Some(FailureKind::Robots),
        ),
        (
            "too many",
            Reply::new("429 Too Many Requests", &[], ""),
            Some(FailureKind::Robots),
        ),
        ("elsewhere", Reply::redirect("/rules"), Some(FailureKind::Robots)),
        (
            "huge",
            Reply::new("200 OK", &[], [rules.as_bytes(), &vec![b'#'; 2_000_000]].concat()),
            Some(FailureKind::Robots),
        ),
        ("silent", Reply::Silence, Some(FailureKind::Timeout)),
    ] {
        let site = Site::start(move |path| match path {
            "/robots.txt" => reply.clone(),
            "/rules" => Reply::new("200 OK", &[], rules),
            _ => Reply::html("ok"),
        })
        .await;
        let config = FetchConfig {
            timeout: Duration::from_millis(500),
            ..leading_to(&site)
        };
        let result = get(&config, "http://shop.test/").await;
        assert_eq!(result.err().map(|error| error.kind()), outcome, "{case}");
    }
}
