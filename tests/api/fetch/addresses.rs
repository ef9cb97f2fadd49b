//! Addresses that are never connected to.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use url::Url;
use web::fetch::{FailureKind, FetchConfig, Fetcher, Want};

use super::{SECOND_LOOPBACK, allowing, get, leading_to, outcome_of, page_or_no_robots};
use crate::support::site::{Names, Reply, Site};

#[tokio::test]
async fn no_spelling_of_a_private_address_is_connected_to() {
    let canary = Site::canary().await;
    let port = canary.port();
    let fetcher = Fetcher::new(&FetchConfig::default()).unwrap();
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "0.0.0.0",
        "0",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "example.com@127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "[fd00:ec2::254]",
    ] {
        for scheme in ["http", "https"] {
            let url = Url::parse(&format!("{scheme}://{host}:{port}/")).unwrap();
            let error = fetcher.get(&url, Want::html()).await.unwrap_err();
            assert_eq!(error.kind(), FailureKind::RefusedAddress, "{url}: {error}");
            assert!(!error.is_transient());
        }
    }
    assert_eq!(canary.connections(), 0);
    // The canary itself is reachable.
    let page = get(&allowing("127.0.0.0/8"), &format!("http://2130706433:{port}/")).await;
    assert_eq!(&page.unwrap().body[..], b"secret");
    assert!(canary.connections() > 0);
}

#[tokio::test]
async fn names_that_lead_to_private_addresses_are_refused() {
    let canary = Site::canary().await;
    for address in [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "10.1.2.3",
        "169.254.169.254",
        "100.100.100.200",
        "fe80::1",
        "fd00::1",
        "0.0.0.0",
    ] {
        let address: IpAddr = address.parse().unwrap();
        let lookup = Names(move |_: &str| vec![address]);
        let fetcher = Fetcher::with_lookup(&FetchConfig::default(), Arc::new(lookup)).unwrap();
        let url = Url::parse(&format!("http://intranet.example:{}/", canary.port())).unwrap();
        let error = fetcher.get(&url, Want::html()).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::RefusedAddress, "{address}: {error}");
        let said = error.to_string();
        assert!(
            said.starts_with("intranet.example cannot be fetched: it leads to a"),
            "{said}"
        );
        assert!(!said.contains(&address.to_string()), "{said}");
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn redirects_to_private_addresses_are_refused() {
    let canary = Site::canary().await;
    let port = canary.port();
    for location in [
        format!("http://127.0.0.1:{port}/"),
        format!("//127.1:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://[64:ff9b::7f00:1]:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("https://shop.test@0x7f.1:{port}/"),
        format!("\\\\127.0.0.1:{port}\\"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1:70/".to_owned(),
        "http://shop.example:25/".to_owned(),
    ] {
        let said = location.clone();
        let (outcome, message) = outcome_of(Reply::redirect(&location), |_| {}).await;
        assert_eq!(outcome, FailureKind::RefusedAddress, "{said}: {message}");
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_robots_txt_redirect_to_a_private_address_is_refused() {
    let canary = Site::canary().await;
    let location = format!("http://127.0.0.1:{}/robots.txt", canary.port());
    let site = Site::start(move |_| Reply::redirect(&location)).await;
    let error = get(&leading_to(&site), "http://shop.test/").await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::RefusedAddress);
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_rebinding_name_never_reaches_a_refused_address() {
    // 127.0.0.2 stands for the public address: the operator allows only this one.
    let open = Site::on((SECOND_LOOPBACK, 0).into(), None, |path| {
        page_or_no_robots(path, &Reply::html("public"))
    })
    .await;
    let canary = Site::on((Ipv4Addr::LOCALHOST, open.port()).into(), None, |_| {
        Reply::html("secret")
    })
    .await;
    for odd in [0, 1] {
        let asked = Arc::new(AtomicUsize::new(odd));
        let counter = Arc::clone(&asked);
        let lookup = Names(move |_: &str| {
            let inside = counter.fetch_add(1, Ordering::SeqCst) % 2 == 1;
            vec![if inside { Ipv4Addr::LOCALHOST } else { SECOND_LOOPBACK }.into()]
        });
        let fetcher = Fetcher::with_lookup(&allowing("127.0.0.2/32"), Arc::new(lookup)).unwrap();
        let url = Url::parse(&format!("http://flip.example:{}/", open.port())).unwrap();
        for _ in 0..10 {
            match fetcher.get(&url, Want::html()).await {
                Ok(page) => assert_eq!(&page.body[..], b"public"),
                Err(error) => assert_eq!(error.kind(), FailureKind::RefusedAddress, "{error}"),
            }
        }
        assert!(asked.load(Ordering::SeqCst) > 10);
    }
    assert!(open.connections() > 0);
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn only_permitted_addresses_of_a_name_are_tried() {
    let open = Site::on((SECOND_LOOPBACK, 0).into(), None, |path| {
        page_or_no_robots(path, &Reply::html("public"))
    })
    .await;
    let canary = Site::on((Ipv4Addr::LOCALHOST, open.port()).into(), None, |_| {
        Reply::html("secret")
    })
    .await;
    let lookup = Names(|_: &str| vec![Ipv4Addr::LOCALHOST.into(), SECOND_LOOPBACK.into()]);
    let fetcher = Fetcher::with_lookup(&allowing("127.0.0.2/32"), Arc::new(lookup)).unwrap();
    let url = Url::parse(&format!("http://both.example:{}/", open.port())).unwrap();
    let page = fetcher.get(&url, Want::html()).await.unwrap();
    assert_eq!((&page.body[..], page.remote_addr), (&b"public"[..], open.addr));
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn an_operators_rule_applies_to_its_name_only() {
    let site = Site::start(|path| page_or_no_robots(path, &Reply::html("ok"))).await;
    let config = FetchConfig {
        connect_to: vec![format!("*.bench.test:80={}", site.addr).parse().unwrap()],
        pace: Duration::ZERO,
        ..FetchConfig::default()
    };
    let lookup = Arc::new(Names(|_: &str| vec![Ipv4Addr::LOCALHOST.into()]));
    let fetcher = Fetcher::with_lookup(&config, lookup).unwrap();
    let fetch = async |url: String| fetcher.get(&Url::parse(&url).unwrap(), Want::html()).await;
    assert!(fetch("http://1.bench.test/".to_owned()).await.is_ok());
    let connections = site.connections();
    for url in [
        format!("http://bench.test:{}/", site.port()),
        format!("http://1.bench.test:{}/", site.port()),
        format!("http://evil.test:{}/", site.port()),
        format!("http://{}/", site.addr),
    ] {
        let error = fetch(url.clone()).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::RefusedAddress, "{url}: {error}");
    }
    assert_eq!(site.connections(), connections);
}
