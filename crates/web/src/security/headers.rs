//! The headers that are judged by their value alone.

use reqwest::header::HeaderMap;

use super::policy::Policies;
use super::{Finding, PageSecurity, value};

const CORS: &str = "cross_origin_resource_sharing";
const CORS_NONE: Finding = Finding::new(CORS, "not_implemented", 0, "no other origin may read the page");
const CORS_PUBLIC: Finding = Finding::new(CORS, "public", 0, "every origin may read the page, without credentials");
const CORS_RESTRICTED: Finding = Finding::new(CORS, "restricted", 0, "certain origins may read the page");

const REFERRER: &str = "referrer_policy";
const REFERRER_NONE: Finding = Finding::new(REFERRER, "not_implemented", 0, "there is no Referrer-Policy");
const REFERRER_PRIVATE: Finding = Finding::new(REFERRER, "private", 5, "Referrer-Policy keeps URLs from other sites");
const REFERRER_UNSAFE: Finding = Finding::new(REFERRER, "unsafe", -5, "Referrer-Policy sends URLs to other sites");
const REFERRER_INVALID: Finding = Finding::new(REFERRER, "invalid", -5, "Referrer-Policy has no valid value");

const NOSNIFF: &str = "x_content_type_options";
const NOSNIFF_SET: Finding = Finding::new(NOSNIFF, "nosniff", 0, "X-Content-Type-Options is nosniff");
const NOSNIFF_NONE: Finding = Finding::new(NOSNIFF, "not_implemented", -5, "there is no X-Content-Type-Options");
const NOSNIFF_INVALID: Finding = Finding::new(NOSNIFF, "invalid", -5, "X-Content-Type-Options is not nosniff");

const FRAMES: &str = "x_frame_options";
const FRAMES_POLICY: Finding = Finding::new(
    FRAMES,
    "by_policy",
    5,
    "Content-Security-Policy restricts who may show the page in a frame",
);
const FRAMES_SET: Finding = Finding::new(FRAMES, "set", 0, "X-Frame-Options is DENY or SAMEORIGIN");
const FRAMES_ALLOW_FROM: Finding = Finding::new(FRAMES, "allow_from", 0, "X-Frame-Options names who may show the page");
const FRAMES_NONE: Finding = Finding::new(
    FRAMES,
    "not_implemented",
    -20,
    "every site may show the page in a frame: there is neither X-Frame-Options nor frame-ancestors",
);
const FRAMES_INVALID: Finding = Finding::new(FRAMES, "invalid", -20, "X-Frame-Options has no valid value");

const RESOURCE: &str = "cross_origin_resource_policy";
const RESOURCE_NONE: Finding = Finding::new(
    RESOURCE,
    "not_implemented",
    0,
    "there is no Cross-Origin-Resource-Policy",
);
const RESOURCE_ORIGIN: Finding = Finding::new(
    RESOURCE,
    "same_origin",
    10,
    "Cross-Origin-Resource-Policy is same-origin",
);
const RESOURCE_SITE: Finding = Finding::new(RESOURCE, "same_site", 10, "Cross-Origin-Resource-Policy is same-site");
const RESOURCE_OPEN: Finding = Finding::new(
    RESOURCE,
    "cross_origin",
    0,
    "Cross-Origin-Resource-Policy is cross-origin",
);
const RESOURCE_INVALID: Finding = Finding::new(
    RESOURCE,
    "invalid",
    -5,
    "Cross-Origin-Resource-Policy has no valid value",
);

/// Returns a header's value in lower case.
fn lower(headers: &HeaderMap, name: &str) -> Option<String> {
    value(headers, name).map(|value| value.trim().to_ascii_lowercase())
}

pub(super) fn cors(headers: &HeaderMap) -> Finding {
    match lower(headers, "access-control-allow-origin").as_deref() {
        None => CORS_NONE,
        Some("*") => CORS_PUBLIC,
        Some(_) => CORS_RESTRICTED,
    }
}

/// Judges the last valid policy; one in the page comes after those of the headers.
pub(super) fn referrer(headers: &HeaderMap, page: &PageSecurity) -> Finding {
    let of_headers = value(headers, "referrer-policy");
    let all: Vec<String> = of_headers
        .iter()
        .chain(&page.referrer_policies)
        .flat_map(|text| text.split(','))
        .map(|policy| policy.trim().to_ascii_lowercase())
        .collect();
    if all.is_empty() {
        return REFERRER_NONE;
    }
    let judged = |policy: &String| match policy.as_str() {
        "no-referrer" | "same-origin" | "strict-origin" | "strict-origin-when-cross-origin" => Some(REFERRER_PRIVATE),
        "origin" | "origin-when-cross-origin" | "unsafe-url" | "no-referrer-when-downgrade" => Some(REFERRER_UNSAFE),
        _ => None,
    };
    all.iter().rev().find_map(judged).unwrap_or(REFERRER_INVALID)
}

pub(super) fn nosniff(headers: &HeaderMap) -> Finding {
    match lower(headers, "x-content-type-options").as_deref() {
        None => NOSNIFF_NONE,
        // The same value twice means the same.
        Some(value) if value.split(',').all(|value| value.trim() == "nosniff") => NOSNIFF_SET,
        Some(_) => NOSNIFF_INVALID,
    }
}

pub(super) fn framing(headers: &HeaderMap, policies: &Policies) -> Finding {
    if policies.restrict_framing() {
        return FRAMES_POLICY;
    }
    match lower(headers, "x-frame-options").as_deref() {
        None => FRAMES_NONE,
        Some("deny" | "sameorigin") => FRAMES_SET,
        Some(value) if value.starts_with("allow-from ") => FRAMES_ALLOW_FROM,
        Some(_) => FRAMES_INVALID,
    }
}

pub(super) fn resource_policy(headers: &HeaderMap) -> Finding {
    match lower(headers, "cross-origin-resource-policy").as_deref() {
        None => RESOURCE_NONE,
        Some("same-origin") => RESOURCE_ORIGIN,
        Some("same-site") => RESOURCE_SITE,
        Some("cross-origin") => RESOURCE_OPEN,
        Some(_) => RESOURCE_INVALID,
    }
}
