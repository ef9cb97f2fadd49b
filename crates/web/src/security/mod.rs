//! Grades the security of a site's answers by the public method of Mozilla's HTTP Observatory
//! (<https://developer.mozilla.org/en-US/observatory/docs/tests_and_scoring>).
//!
//! A site starts with 100 points and loses some for each test that it fails; where 90 are left, it gains the bonuses.
//! Two things are not told by one visit: whether the site is on the browsers' preload list, and whether it lets every
//! origin read it with credentials. Neither is judged.

mod cookies;
mod headers;
mod policy;
mod scripts;
#[cfg(test)]
mod tests;
mod transport;

use std::collections::BTreeMap;

use reqwest::header::HeaderMap;
use serde::Serialize;
use url::Url;

pub use self::scripts::{ForeignScripts, PageSecurity};
use crate::fetch::{Entrance, FetchError};

/// The points that a site starts with.
const BASELINE: i32 = 100;
/// The points from which bonuses count.
const BONUSES_FROM: i32 = 90;
/// Maximum length of a header's value that is kept, in characters.
const MAX_VALUE: usize = 1_000;

/// The lowest score of each grade, best first.
const GRADES: [(i32, &str); 13] = [
    (100, "A+"),
    (90, "A"),
    (85, "A-"),
    (80, "B+"),
    (70, "B"),
    (65, "B-"),
    (60, "C+"),
    (50, "C"),
    (45, "C-"),
    (40, "D+"),
    (30, "D"),
    (25, "D-"),
    (0, "F"),
];

/// The headers that are reported, whether they are sent or not.
const REPORTED: [&str; 11] = [
    "access-control-allow-origin",
    "content-security-policy",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "x-xss-protection",
];

/// The observations that are judged.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The URL of the page after all redirects.
    pub url: &'a Url,
    /// The headers of the page.
    pub headers: &'a HeaderMap,
    /// What the page itself says.
    pub page: &'a PageSecurity,
    /// Where the site's address by http leads; `None` if nobody asked.
    pub http: Option<&'a Entrance>,
    /// Why the site is not served by https.
    pub https_failure: Option<&'a FetchError>,
}

/// The grade of a site, and how it came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecurityReport {
    /// The grade, `A+` to `F`.
    pub grade: &'static str,
    /// The score, 0 or more.
    pub score: i32,
    /// The result of each test, in a fixed order.
    pub tests: Vec<Finding>,
    /// The values of the headers that concern security; null for those that are not sent.
    pub headers: BTreeMap<&'static str, Option<String>>,
}

/// The result of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the test, such as `content_security_policy`.
    pub test: &'static str,
    /// The result in one word, such as `not_implemented`.
    pub result: &'static str,
    /// The points that are added.
    pub modifier: i32,
    /// The reason.
    pub reason: &'static str,
}

impl Finding {
    const fn new(test: &'static str, result: &'static str, modifier: i32, reason: &'static str) -> Self {
        Self {
            test,
            result,
            modifier,
            reason,
        }
    }
}

/// Judges a site by its home page and the way there.
#[must_use]
pub fn judge(observed: &Observed<'_>) -> SecurityReport {
    let policies = policy::read(observed.headers, observed.page);
    let hsts = transport::hsts(observed);
    let tests: Vec<Finding> = [
        Some(policy::judge(&policies, observed.url)),
        Some(cookies::judge(observed.headers, transport::protects(&hsts))),
        Some(headers::cors(observed.headers)),
        transport::redirection(observed),
        Some(headers::referrer(observed.headers, observed.page)),
        Some(hsts),
        Some(observed.page.judge()),
        Some(headers::nosniff(observed.headers)),
        Some(headers::framing(observed.headers, &policies)),
        Some(headers::resource_policy(observed.headers)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let score = score(&tests);
    SecurityReport {
        grade: grade(score),
        score,
        tests,
        headers: REPORTED
            .iter()
            .map(|name| (*name, value(observed.headers, name)))
            .collect(),
    }
}

fn score(tests: &[Finding]) -> i32 {
    let sum = |is_counted: fn(i32) -> bool| {
        let modifiers = tests.iter().map(|finding| finding.modifier);
        modifiers.filter(|modifier| is_counted(*modifier)).sum::<i32>()
    };
    let without_bonuses = BASELINE + sum(|modifier| modifier < 0);
    if without_bonuses >= BONUSES_FROM {
        without_bonuses + sum(|modifier| modifier > 0)
    } else {
        without_bonuses.max(0)
    }
}

fn grade(score: i32) -> &'static str {
    let found = GRADES.iter().find(|(from, _)| score >= *from);
    found.map_or("F", |(_, grade)| grade)
}

/// Returns the values of a header's lines, joined by commas; `None` if it is not sent.
fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    (!lines.is_empty()).then(|| lines.join(", ").chars().take(MAX_VALUE).collect())
}
