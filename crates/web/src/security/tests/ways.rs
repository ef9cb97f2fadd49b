//! How a site is reached, and what it loads from others.

use super::*;
use crate::fetch::TlsFault;

#[test]
fn where_http_leads_is_judged_hop_by_hop() {
    let judged = |url: &str, http: &Entrance| {
        let found = judge(&Observed {
            url: &Url::parse(url).unwrap(),
            headers: &HeaderMap::new(),
            page: &PageSecurity::default(),
            http: Some(http),
            https_failure: None,
        });
        let found = found.tests.into_iter().find(|finding| finding.test == "redirection");
        found.map(|finding| (finding.result, finding.modifier))
    };
    let start = "http://acme.test/";
    for (url, urls, expected) in [
        (HTTPS, &[start, HTTPS][..], ("to_https", 0)),
        (HTTPS, &[start, "https://www.acme.test/"], ("off_host", -5)),
        (
            HTTPS,
            &[start, "http://www.acme.test/", "https://www.acme.test/"],
            ("not_to_https_at_first", -10),
        ),
        (start, &[start], ("missing", -20)),
        (HTTPS, &[start], ("missing", -20)),
        (
            "http://www.acme.test/",
            &[start, "http://www.acme.test/"],
            ("not_to_https", -20),
        ),
    ] {
        assert_eq!(judged(url, &route(urls)), Some(expected), "{urls:?}");
    }
    let failed = |failure| Entrance {
        route: vec![Url::parse(start).unwrap()],
        status: None,
        failure: Some(failure),
    };
    let host = || "acme.test".to_owned();
    let refused = FetchError::Connect {
        host: host(),
        reason: "it refuses connections".to_owned(),
    };
    assert_eq!(judged(HTTPS, &failed(refused)), Some(("no_http", 0)));
    // What robots.txt forbids to ask stays unknown.
    assert_eq!(judged(HTTPS, &failed(FetchError::Robots { host: host() })), None);
}

#[test]
fn a_site_without_https_says_why() {
    let judged = |failure: Option<FetchError>| {
        let found = judge(&Observed {
            url: &Url::parse("http://acme.test/").unwrap(),
            // Ignored, since it did not come by https.
            headers: &headers(&[("strict-transport-security", "max-age=31536000")]),
            page: &PageSecurity::default(),
            http: None,
            https_failure: failure.as_ref(),
        });
        assert!(found.tests.iter().all(|finding| finding.test != "redirection"));
        result(&found, "strict_transport_security")
    };
    let tls = |fault| FetchError::Tls {
        host: "acme.test".to_owned(),
        fault,
        certificate: None,
    };
    assert_eq!(judged(None), ("no_https", -20));
    assert_eq!(judged(Some(tls(TlsFault::NotSpoken))), ("no_https", -20));
    assert_eq!(judged(Some(tls(TlsFault::Expired(None)))), ("invalid_certificate", -20));
}

#[test]
fn scripts_of_other_sites_need_a_hash_and_https() {
    let judged = |scripts: &[(&str, bool, bool, bool)]| {
        let mut page = PageSecurity {
            has_scripts: true,
            ..PageSecurity::default()
        };
        for (src, is_own, is_https, has_hash) in scripts {
            page.see_script(src, *is_own, *is_https, *has_hash);
        }
        let found = page.judge();
        (found.result, found.modifier)
    };
    let (own, foreign) = ("/a.js", "https://cdn.test/a.js");
    for (scripts, expected) in [
        (&[][..], ("own_scripts", 0)),
        (&[(own, true, true, false)], ("own_scripts", 0)),
        (&[(own, true, true, true)], ("own_scripts_protected", 5)),
        (&[(foreign, false, true, true)], ("foreign_scripts_protected", 5)),
        (&[(foreign, false, true, false)], ("foreign_scripts_unprotected", -5)),
        (
            &[("http://cdn.test/a.js", false, false, true)],
            ("foreign_scripts_insecure", -20),
        ),
        (
            &[("//cdn.test/a.js", false, true, false)],
            ("foreign_scripts_insecure_unprotected", -50),
        ),
        (
            &[(foreign, false, true, false), (foreign, false, true, true)],
            ("foreign_scripts_unprotected", -5),
        ),
    ] {
        assert_eq!(judged(scripts), expected, "{scripts:?}");
    }
    assert_eq!(PageSecurity::default().judge().result, "no_scripts");
}
