//! The guarded fetcher against ordinary and hostile sites.

mod addresses;
mod certificates;
mod content;
mod limits;
mod pages;
mod robots;

use std::io::Write;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use url::Url;
use web::fetch::{FailureKind, FetchConfig, FetchError, Fetcher, Page, Want};

use crate::support::site::{Reply, Site};

const SECOND_LOOPBACK: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Settings that resolve `shop.test` to `site`, without pauses between requests.
fn leading_to(site: &Site) -> FetchConfig {
    FetchConfig {
        connect_to: vec![format!("shop.test={}", site.addr).parse().unwrap()],
        pace: Duration::ZERO,
        ..FetchConfig::default()
    }
}

/// Settings that allow the addresses in `net`.
fn allowing(net: &str) -> FetchConfig {
    FetchConfig {
        allow_nets: vec![net.parse().unwrap()],
        pace: Duration::ZERO,
        ..FetchConfig::default()
    }
}

async fn get(config: &FetchConfig, url: &str) -> Result<Page, FetchError> {
    let fetcher = Fetcher::new(config).unwrap();
    fetcher.get(&Url::parse(url).unwrap(), Want::html()).await
}

/// Fetches from a site that has no robots.txt and sends `reply` to everything else.
async fn outcome_of(reply: Reply, change: impl FnOnce(&mut FetchConfig)) -> (FailureKind, String) {
    let site = Site::start(move |path| page_or_no_robots(path, &reply)).await;
    let mut config = leading_to(&site);
    change(&mut config);
    let begun = Instant::now();
    let error = get(&config, "http://shop.test/").await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(20), "{error}");
    (error.kind(), error.to_string())
}

fn page_or_no_robots(path: &str, page: &Reply) -> Reply {
    if path == "/robots.txt" {
        Reply::new("404 Not Found", &[], "")
    } else {
        page.clone()
    }
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn brotli(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut out, 4096, 5, 22);
    writer.write_all(body).unwrap();
    drop(writer);
    out
}
