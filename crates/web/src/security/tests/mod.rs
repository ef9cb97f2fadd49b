mod ways;

use super::*;

const HTTPS: &str = "https://acme.test/";

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn route(urls: &[&str]) -> Entrance {
    Entrance {
        route: urls.iter().map(|url| Url::parse(url).unwrap()).collect(),
        status: Some(301),
        failure: None,
    }
}

fn report(url: &str, lines: &[(&'static str, &'static str)], page: &PageSecurity) -> SecurityReport {
    judge(&Observed {
        url: &Url::parse(url).unwrap(),
        headers: &headers(lines),
        page,
        http: Some(&route(&["http://acme.test/", HTTPS])),
        https_failure: None,
    })
}

/// The result of one test, and its points.
fn result(report: &SecurityReport, test: &str) -> (&'static str, i32) {
    let found = report.tests.iter().find(|finding| finding.test == test).unwrap();
    (found.result, found.modifier)
}

fn with(name: &'static str, value: &'static str, test: &str) -> (&'static str, i32) {
    result(&report(HTTPS, &[(name, value)], &PageSecurity::default()), test)
}

#[test]
fn a_site_without_any_header_fails() {
    let found = report(HTTPS, &[], &PageSecurity::default());
    let lost: Vec<_> = found
        .tests
        .iter()
        .filter(|finding| finding.modifier != 0)
        .map(|finding| (finding.test, finding.modifier))
        .collect();
    assert_eq!(
        lost,
        [
            ("content_security_policy", -25),
            ("strict_transport_security", -20),
            ("x_content_type_options", -5),
            ("x_frame_options", -20)
        ]
    );
    assert_eq!((found.score, found.grade), (30, "D"));
    assert_eq!(found.headers.len(), REPORTED.len());
    assert!(found.headers.values().all(Option::is_none));
}

#[test]
fn a_site_that_does_everything_gets_the_bonuses() {
    let page = PageSecurity {
        has_scripts: true,
        foreign_scripts: Some(ForeignScripts::Protected),
        ..PageSecurity::default()
    };
    let lines = [
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        (
            "strict-transport-security",
            "max-age=63072000; includeSubDomains; preload",
        ),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("set-cookie", "id=1; Secure; HttpOnly; SameSite=Lax"),
    ];
    let found = report(HTTPS, &lines, &page);
    // 10 for the policy, 5 each for frames, referrer, cookies and scripts, 10 for resources.
    assert_eq!((found.score, found.grade), (140, "A+"));
    assert_eq!(
        found.headers["x-content-type-options"].as_deref(),
        Some("nosniff"),
        "{found:?}"
    );
}

#[test]
fn bonuses_count_only_from_ninety_points() {
    let lines = [
        ("content-security-policy", "default-src 'self'; frame-ancestors 'none'"),
        ("x-content-type-options", "nosniff"),
    ];
    // 20 are lost for the missing Strict-Transport-Security.
    let found = report(HTTPS, &lines, &PageSecurity::default());
    assert_eq!((found.score, found.grade), (80, "B+"));
}

#[test]
fn each_score_has_its_grade() {
    for (points, expected) in [
        (145, "A+"),
        (100, "A+"),
        (99, "A"),
        (90, "A"),
        (89, "A-"),
        (80, "B+"),
        (79, "B"),
        (65, "B-"),
        (64, "C+"),
        (50, "C"),
        (45, "C-"),
        (44, "D+"),
        (30, "D"),
        (29, "D-"),
        (24, "F"),
        (0, "F"),
    ] {
        assert_eq!(grade(points), expected, "{points}");
    }
}

#[test]
fn policies_are_judged_by_what_they_allow() {
    for (policy, expected) in [
        ("default-src 'none'", ("no_unsafe_default_none", 10)),
        ("default-src 'self'", ("no_unsafe", 5)),
        (
            "script-src 'self'; object-src 'none'; style-src 'self'",
            ("no_unsafe", 5),
        ),
        (
            "default-src 'self'; style-src 'self' 'unsafe-inline'",
            ("unsafe_inline_in_styles", 0),
        ),
        (
            "default-src 'self'; img-src http://cdn.test",
            ("insecure_scheme_in_passive_content", -10),
        ),
        (
            "default-src 'self'; script-src 'self' 'unsafe-eval'",
            ("unsafe_eval", -10),
        ),
        (
            "default-src 'self'; connect-src http://api.test",
            ("insecure_scheme", -20),
        ),
        ("default-src 'self' 'unsafe-inline'", ("unsafe_inline", -20)),
        (
            "default-src 'self'; script-src 'unsafe-inline' 'nonce-abc'",
            ("no_unsafe", 5),
        ),
        (
            "object-src 'none'; style-src 'self'; script-src 'strict-dynamic' 'nonce-abc' https: 'unsafe-inline'",
            ("no_unsafe", 5),
        ),
        ("default-src 'self'; script-src 'strict-dynamic'", ("invalid", -25)),
        // Only the first directive of a name counts.
        ("default-src 'self'; default-src *", ("no_unsafe", 5)),
        ("upgrade-insecure-requests", ("unsafe_inline", -20)),
        ("frame-ancestors 'self'", ("unsafe_inline", -20)),
        ("default-src https:", ("unsafe_inline", -20)),
        (" ; ", ("not_implemented", -25)),
    ] {
        let found = with("content-security-policy", policy, "content_security_policy");
        assert_eq!(found, expected, "{policy}");
    }
    // Two policies restrict more than each alone.
    let both = with(
        "content-security-policy",
        "upgrade-insecure-requests, default-src 'self'",
        "content_security_policy",
    );
    assert_eq!(both, ("no_unsafe", 5));
    let reporting = with(
        "content-security-policy-report-only",
        "default-src 'self'",
        "content_security_policy",
    );
    assert_eq!(reporting, ("not_implemented", -25));
    // http may load anything over http.
    let plain = report(
        "http://acme.test/",
        &[("content-security-policy", "default-src 'self'; img-src http://cdn.test")],
        &PageSecurity::default(),
    );
    assert_eq!(result(&plain, "content_security_policy"), ("no_unsafe", 5));
}

#[test]
fn a_policy_in_the_page_counts_but_not_for_frames() {
    let mut page = PageSecurity::default();
    page.see_policy("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    page.see_policy("referrer", "same-origin");
    page.see_policy("viewport", "width=device-width");
    let found = report(HTTPS, &[], &page);
    assert_eq!(
        result(&found, "content_security_policy"),
        ("no_unsafe_default_none", 10)
    );
    assert_eq!(result(&found, "x_frame_options"), ("not_implemented", -20));
    assert_eq!(result(&found, "referrer_policy"), ("private", 5));
}

#[test]
fn cookies_are_judged_by_the_worst() {
    let hsts = ("strict-transport-security", "max-age=31536000");
    for (cookies, is_protected, expected) in [
        (&[][..], false, ("none", 0)),
        (&["heroku-session-affinity=x"], false, ("none", 0)),
        (&["id=1; Secure; SameSite=Strict"], false, ("secure_with_same_site", 5)),
        (&["id=1; secure"], false, ("secure", 0)),
        (&["id=1"], true, ("not_secure_but_hsts", -5)),
        (&["sessid=1; HttpOnly"], true, ("session_not_secure_but_hsts", -10)),
        (&["id=1"], false, ("not_secure", -20)),
        (&["id=1; Secure; SameSite=Sometimes"], false, ("same_site_invalid", -20)),
        (&["id=1; SameSite=None"], true, ("same_site_invalid", -20)),
        (&["csrf_token=1; Secure"], false, ("anti_csrf_without_same_site", -20)),
        (&["PHPSESSID=1; Secure"], false, ("session_without_http_only", -30)),
        (&["wp_login=1; HttpOnly"], false, ("session_not_secure", -40)),
        (&["a=1; Secure; SameSite=Lax", "b=1"], false, ("not_secure", -20)),
    ] {
        let mut lines: Vec<_> = cookies.iter().map(|cookie| ("set-cookie", *cookie)).collect();
        lines.extend(is_protected.then_some(hsts));
        let found = report(HTTPS, &lines, &PageSecurity::default());
        assert_eq!(result(&found, "cookies"), expected, "{cookies:?}");
    }
}

/// A header, its value, the test that it belongs to, and the result.
type Single = (&'static str, &'static str, &'static str, (&'static str, i32));

const SINGLE: &[Single] = &[
    (
        "x-content-type-options",
        "NoSniff",
        "x_content_type_options",
        ("nosniff", 0),
    ),
    (
        "x-content-type-options",
        "sniff",
        "x_content_type_options",
        ("invalid", -5),
    ),
    ("x-frame-options", "SAMEORIGIN", "x_frame_options", ("set", 0)),
    (
        "x-frame-options",
        "ALLOW-FROM https://b.test",
        "x_frame_options",
        ("allow_from", 0),
    ),
    ("x-frame-options", "GOFORIT", "x_frame_options", ("invalid", -20)),
    (
        "content-security-policy",
        "frame-ancestors 'self'",
        "x_frame_options",
        ("by_policy", 5),
    ),
    (
        "content-security-policy",
        "frame-ancestors *",
        "x_frame_options",
        ("not_implemented", -20),
    ),
    ("referrer-policy", "strict-origin", "referrer_policy", ("private", 5)),
    (
        "referrer-policy",
        "no-referrer, unsafe-url",
        "referrer_policy",
        ("unsafe", -5),
    ),
    (
        "referrer-policy",
        "no-referrer, new-value",
        "referrer_policy",
        ("private", 5),
    ),
    ("referrer-policy", "nonsense", "referrer_policy", ("invalid", -5)),
    (
        "access-control-allow-origin",
        "*",
        "cross_origin_resource_sharing",
        ("public", 0),
    ),
    (
        "access-control-allow-origin",
        "https://b.test",
        "cross_origin_resource_sharing",
        ("restricted", 0),
    ),
    (
        "cross-origin-resource-policy",
        "same-site",
        "cross_origin_resource_policy",
        ("same_site", 10),
    ),
    (
        "cross-origin-resource-policy",
        "cross-origin",
        "cross_origin_resource_policy",
        ("cross_origin", 0),
    ),
    (
        "cross-origin-resource-policy",
        "any",
        "cross_origin_resource_policy",
        ("invalid", -5),
    ),
    (
        "strict-transport-security",
        "max-age=15552000",
        "strict_transport_security",
        ("six_months", 0),
    ),
    (
        "strict-transport-security",
        "includeSubDomains; max-age=\"300\"",
        "strict_transport_security",
        ("less_than_six_months", -10),
    ),
    (
        "strict-transport-security",
        "max-age=soon",
        "strict_transport_security",
        ("invalid", -20),
    ),
    (
        "strict-transport-security",
        "max-age=31536000, max-age=1",
        "strict_transport_security",
        ("invalid", -20),
    ),
];

#[test]
fn single_headers_are_judged_by_their_value() {
    for (name, value, test, expected) in SINGLE {
        assert_eq!(with(name, value, test), *expected, "{name}: {value}");
    }
}
