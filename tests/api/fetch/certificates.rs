//! TLS certificates.

use chrono::Utc;
use web::fetch::{FailureKind, FetchConfig, Fetcher};

use super::{get, leading_to, page_or_no_robots};
use crate::support::site::{Authority, Reply, Site, self_signed};

#[tokio::test]
async fn certificates_are_checked() {
    let authority = Authority::new();
    let date = |year| rcgen::date_time_ymd(year, 1, 1);
    let expired = authority.server_with("shop.test", &[], |params| {
        (params.not_before, params.not_after) = (date(2001), date(2002));
    });
    for (tls, said) in [
        (self_signed("shop.test"), "its certificate is self-signed"),
        (
            Authority::new().server("shop.test"),
            "its certificate leads to no trusted authority: the server does not send the intermediate certificate",
        ),
        (authority.server("other.test"), "its certificate is for another name"),
        (expired, "its certificate expired on 2002-01-01"),
        (
            authority.server_with("shop.test", &[b"spdy/1"], |_| {}),
            "the server refused the handshake",
        ),
    ] {
        let site = Site::tls(tls, |_| Reply::html("secret")).await;
        let config = FetchConfig {
            extra_ca: Some(authority.file.clone()),
            ..leading_to(&site)
        };
        let error = get(&config, "https://shop.test/").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("shop.test cannot be reached over TLS: {said}")
        );
        assert_eq!((error.kind(), site.requests().len()), (FailureKind::Tls, 0));
    }
    let plain = Site::start(|_| Reply::html("no TLS")).await;
    let error = get(&leading_to(&plain), "https://shop.test/").await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Tls, "{error}");
}

#[tokio::test]
async fn a_trusted_certificate_is_shown() {
    let authority = Authority::new();
    let site = Site::tls(authority.server("shop.test"), |path| {
        page_or_no_robots(path, &Reply::html("ok"))
    })
    .await;
    let config = FetchConfig {
        extra_ca: Some(authority.file.clone()),
        ..leading_to(&site)
    };
    for url in ["https://shop.test/", "https://shop.test.:8443/"] {
        let page = get(&config, url).await.unwrap();
        let tls = page.tls.unwrap();
        assert_eq!(tls.version, Some("TLS 1.3"));
        let certificate = tls.certificate.unwrap();
        assert!(certificate.issuer.is_some() && certificate.expires > Some(Utc::now()));
    }
    let missing = FetchConfig {
        extra_ca: Some("/nonexistent/ca.pem".into()),
        ..FetchConfig::default()
    };
    let error = Fetcher::new(&missing).unwrap_err().to_string();
    assert!(
        error.starts_with("SCRAPERSKY_EXTRA_CA names \"/nonexistent/ca.pem\""),
        "{error}"
    );
}
