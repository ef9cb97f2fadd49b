//! Pages as browsers take them: led on by themselves, badly labelled, or on another site.

use url::Url;
use web::fetch::{FailureKind, Fetcher, Want};
use web::stand_in::StandIn;

use super::{gzip, leading_to};
use crate::support::site::{Reply, Site};

#[tokio::test]
async fn a_page_that_leads_on_within_its_site_redirects() {
    let refresh = |to: &str| Reply::html(format!("<meta http-equiv=refresh content='0; url={to}'>{to}"));
    let site = Site::start(move |path| match path {
        "/robots.txt" => Reply::new("200 OK", &[], "User-agent: *\nDisallow: /closed"),
        "/start" => refresh("/next"),
        "/next" => refresh("http://www.shop.test/home"),
        "/self" => refresh("/self"),
        "/circle" => refresh("/back"),
        "/back" => refresh("/circle"),
        "/away" => refresh("http://other.test/home"),
        "/locked" => refresh("/closed"),
        "/missing" => Reply::new("404 Not Found", &[("Refresh", "0; url=/home")], "gone"),
        _ => Reply::html("home"),
    })
    .await;
    let mut config = leading_to(&site);
    config
        .connect_to
        .push(format!("www.shop.test={}", site.addr).parse().unwrap());
    let fetcher = Fetcher::new(&config).unwrap();
    for (path, text, redirects) in [
        ("/start", Ok("home"), 2),
        ("/self", Ok("/self"), 0),
        ("/circle", Ok("/circle"), 1),
        ("/away", Ok("http://other.test/home"), 0),
        ("/missing", Ok("gone"), 0),
        ("/locked", Err(FailureKind::Robots), 0),
    ] {
        let url = Url::parse("http://shop.test").unwrap().join(path).unwrap();
        let page = fetcher.get(&url, Want::html()).await;
        match page {
            Ok(page) => {
                assert!(page.text().text.ends_with(text.unwrap()), "{path}");
                assert_eq!(page.redirects.len(), redirects, "{path}");
            }
            Err(error) => assert_eq!(Err(error.kind()), text, "{path}"),
        }
        // A file is taken as it is.
        let file = fetcher.get(&url, Want::anything()).await.unwrap();
        assert_eq!(file.redirects.len(), 0, "{path}");
    }
}

#[tokio::test]
async fn a_redirect_to_another_site_is_told() {
    let site = Site::start(|path| match path {
        "/robots.txt" => Reply::new("404 Not Found", &[], ""),
        "/away" => Reply::redirect("http://other.test/home?from=shop#top"),
        _ => Reply::html("home"),
    })
    .await;
    let fetcher = Fetcher::new(&leading_to(&site)).unwrap();
    let url = Url::parse("http://shop.test/away").unwrap();
    let error = fetcher.get_within(&url, Want::html()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "shop.test redirects to another site: http://other.test/home"
    );
    assert_eq!((error.kind(), error.is_transient()), (FailureKind::OtherSite, false));
}

#[tokio::test]
async fn a_page_is_taken_as_browsers_take_it() {
    let page = "<!doctype html><title>Shop</title>";
    let xhtml = "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>";
    let html = ("Content-Type", "text/html");
    for (headers, body, is_page) in [
        (vec![("Content-Type", "html")], page.as_bytes().to_vec(), true),
        (
            vec![("Content-Type", "text/html charset=utf-8")],
            page.as_bytes().to_vec(),
            true,
        ),
        (vec![("Content-Type", "text/xml")], xhtml.as_bytes().to_vec(), true),
        (vec![("Content-Type", "text/xml")], b"<rss/>".to_vec(), false),
        (
            vec![("Content-Type", "nonsense")],
            b"\x89PNG\r\n\x1a\n\0".to_vec(),
            false,
        ),
        (vec![html, ("Content-Encoding", "X-GZip")], gzip(page.as_bytes()), true),
        (
            vec![html, ("Content-Encoding", "utf-8")],
            page.as_bytes().to_vec(),
            true,
        ),
        (
            vec![html, ("Content-Encoding", "compress")],
            page.as_bytes().to_vec(),
            false,
        ),
        (vec![html, ("X-Bad Name", "x")], page.as_bytes().to_vec(), true),
        (vec![html, ("X-Fold", "a\r\n b")], page.as_bytes().to_vec(), true),
    ] {
        let reply = Reply::new("200 OK", &headers, body);
        let site = Site::start(move |path| super::page_or_no_robots(path, &reply)).await;
        let found = super::get(&leading_to(&site), "http://shop.test/").await;
        assert_eq!(found.is_ok(), is_page, "{headers:?}: {:?}", found.err());
    }
}

#[tokio::test]
async fn a_refusal_that_tests_for_robots_is_told() {
    let reply = Reply::new(
        "403 Forbidden",
        &[("Content-Type", "text/html"), ("Cf-Mitigated", "challenge")],
        "<title>Just a moment...</title>",
    );
    let site = Site::start(move |path| super::page_or_no_robots(path, &reply)).await;
    let page = super::get(&leading_to(&site), "http://shop.test/").await.unwrap();
    let error = page.success().unwrap_err();
    assert_eq!(error.kind(), FailureKind::StandIn(StandIn::Challenge));
    assert_eq!(
        error.to_string(),
        "shop.test shows a challenge to robots instead of its own page"
    );
}
