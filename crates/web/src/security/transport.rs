//! Whether visitors come by https: Strict-Transport-Security (RFC 6797), and where http leads.

use super::{Finding, Observed, value};
use crate::fetch::{FetchError, TlsFault};

/// What counts as six months, in seconds: 180 days, which many sites use.
const SIX_MONTHS: u64 = 15_552_000;

const HSTS: &str = "strict_transport_security";
const HSTS_LONG: Finding = Finding::new(
    HSTS,
    "six_months",
    0,
    "Strict-Transport-Security holds for six months or more",
);
const HSTS_SHORT: Finding = Finding::new(
    HSTS,
    "less_than_six_months",
    -10,
    "Strict-Transport-Security holds for less than six months",
);
const HSTS_NONE: Finding = Finding::new(HSTS, "not_implemented", -20, "there is no Strict-Transport-Security");
const HSTS_INVALID: Finding = Finding::new(HSTS, "invalid", -20, "Strict-Transport-Security has no valid value");
const HSTS_NO_HTTPS: Finding = Finding::new(HSTS, "no_https", -20, "the site is not served over https");
const HSTS_BAD_CERTIFICATE: Finding = Finding::new(
    HSTS,
    "invalid_certificate",
    -20,
    "the site is not served over https: its certificate is not accepted",
);

const REDIRECTION: &str = "redirection";
const TO_HTTPS: Finding = Finding::new(REDIRECTION, "to_https", 0, "http leads to https at the same host");
const NO_HTTP: Finding = Finding::new(REDIRECTION, "no_http", 0, "the site does not answer by http");
const OFF_HOST: Finding = Finding::new(
    REDIRECTION,
    "off_host",
    -5,
    "http leads to https at another host, so that Strict-Transport-Security does not cover the first one",
);
const NOT_AT_FIRST: Finding = Finding::new(
    REDIRECTION,
    "not_to_https_at_first",
    -10,
    "http leads to https, but by another http address",
);
const NOT_TO_HTTPS: Finding = Finding::new(REDIRECTION, "not_to_https", -20, "http leads to another http address");
const MISSING: Finding = Finding::new(REDIRECTION, "missing", -20, "http does not lead to https");

/// Judges Strict-Transport-Security.
pub(super) fn hsts(observed: &Observed<'_>) -> Finding {
    if observed.url.scheme() != "https" {
        return match observed.https_failure {
            Some(FetchError::Tls { fault, .. }) if *fault != TlsFault::NotSpoken => HSTS_BAD_CERTIFICATE,
            _ => HSTS_NO_HTTPS,
        };
    }
    let Some(text) = value(observed.headers, "strict-transport-security") else {
        return HSTS_NONE;
    };
    // The first line counts, and a value with a comma is none.
    let mut directives = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    let age = directives.find_map(|part| {
        part.strip_prefix("max-age=")
            .map(|age| age.trim_matches('"').to_owned())
    });
    match age.and_then(|age| age.parse::<u64>().ok()) {
        Some(_) if text.contains(',') => HSTS_INVALID,
        Some(age) if age >= SIX_MONTHS => HSTS_LONG,
        Some(_) => HSTS_SHORT,
        None => HSTS_INVALID,
    }
}

/// Returns whether a result means that browsers do not use http.
pub(super) fn protects(hsts: &Finding) -> bool {
    *hsts == HSTS_LONG
}

/// Judges where http leads; `None` where that is not known.
pub(super) fn redirection(observed: &Observed<'_>) -> Option<Finding> {
    let http = observed.http?;
    if let Some(failure) = &http.failure {
        return matches!(failure, FetchError::Connect { .. }).then_some(NO_HTTP);
    }
    let [first, rest @ ..] = http.route.as_slice() else {
        return None;
    };
    let (Some(next), Some(last)) = (rest.first(), rest.last()) else {
        return Some(MISSING);
    };
    Some(if last.scheme() != "https" || observed.url.scheme() != "https" {
        NOT_TO_HTTPS
    } else if next.scheme() != "https" {
        NOT_AT_FIRST
    } else if next.host_str() == first.host_str() {
        TO_HTTPS
    } else {
        OFF_HOST
    })
}
