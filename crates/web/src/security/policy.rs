//! Content Security Policies (<https://www.w3.org/TR/CSP3/>).

use std::collections::{BTreeMap, BTreeSet};

use reqwest::header::HeaderMap;
use url::Url;

use super::{Finding, PageSecurity};

/// Maximum number of policies that are read, and of a policy's directives and sources.
const MAX_POLICIES: usize = 20;
const MAX_DIRECTIVES: usize = 50;
const MAX_SOURCES: usize = 500;

/// Sources that allow any host.
const BROAD: [&str; 8] = [
    "ftp:",
    "http:",
    "https:",
    "*",
    "http://*",
    "http://*.*",
    "https://*",
    "https://*.*",
];
/// Sources that allow code written into the page.
const INLINE: [&str; 2] = ["'unsafe-inline'", "data:"];
const PASSIVE: [&str; 2] = ["img-src", "media-src"];
/// Directives that a policy in the page cannot set.
const HEADER_ONLY: [&str; 4] = ["frame-ancestors", "report-uri", "report-to", "sandbox"];

const TEST: &str = "content_security_policy";
const NONE: Finding = Finding::new(TEST, "not_implemented", -25, "there is no Content-Security-Policy");
const INVALID: Finding = Finding::new(
    TEST,
    "invalid",
    -25,
    "Content-Security-Policy uses 'strict-dynamic' without a nonce or hash",
);
const UNSAFE_INLINE: Finding = Finding::new(
    TEST,
    "unsafe_inline",
    -20,
    "Content-Security-Policy allows inline scripts, or scripts or objects of any host",
);
const INSECURE_ACTIVE: Finding = Finding::new(
    TEST,
    "insecure_scheme",
    -20,
    "Content-Security-Policy allows resources to be loaded over http",
);
const UNSAFE_EVAL: Finding = Finding::new(TEST, "unsafe_eval", -10, "Content-Security-Policy allows 'unsafe-eval'");
const INSECURE_PASSIVE: Finding = Finding::new(
    TEST,
    "insecure_scheme_in_passive_content",
    -10,
    "Content-Security-Policy allows images or media to be loaded over http",
);
const UNSAFE_STYLES: Finding = Finding::new(
    TEST,
    "unsafe_inline_in_styles",
    0,
    "Content-Security-Policy is unsafe for styles only",
);
const SAFE: Finding = Finding::new(TEST, "no_unsafe", 5, "Content-Security-Policy allows nothing unsafe");
const STRICT: Finding = Finding::new(
    TEST,
    "no_unsafe_default_none",
    10,
    "Content-Security-Policy allows nothing unsafe, and nothing by default",
);

/// One policy: the sources of each directive.
#[derive(Debug)]
pub(super) struct Policy {
    directives: BTreeMap<String, BTreeSet<String>>,
}

impl Policy {
    /// Reads a policy; of a directive that occurs twice the first one counts.
    fn read(text: &str, is_header: bool) -> Option<Self> {
        let mut directives = BTreeMap::new();
        for directive in text.split(';').take(MAX_DIRECTIVES) {
            let mut words = directive.split_ascii_whitespace().map(str::to_ascii_lowercase);
            let Some(name) = words.next() else { continue };
            if is_header || !HEADER_ONLY.contains(&name.as_str()) {
                directives
                    .entry(name)
                    .or_insert_with(|| words.take(MAX_SOURCES).collect());
            }
        }
        (!directives.is_empty()).then_some(Self { directives })
    }

    fn get(&self, name: &str) -> Option<&BTreeSet<String>> {
        self.directives.get(name)
    }

    /// Returns the sources that apply to a kind of resource; everything where the policy does not restrict it.
    fn sources(&self, name: &str) -> BTreeSet<String> {
        let found = self.get(name).or_else(|| self.get("default-src"));
        let mut sources = found.cloned().unwrap_or_else(|| BTreeSet::from(["*".to_owned()]));
        if has_nonce(&sources) {
            sources.remove("'unsafe-inline'");
        }
        sources
    }

    /// Returns whether it restricts who may show the page in a frame.
    fn restricts_framing(&self) -> bool {
        self.get("frame-ancestors")
            .is_some_and(|sources| !has_any(sources, &BROAD))
    }

    fn judge(&self, is_https: bool) -> Finding {
        let (mut scripts, styles) = (self.sources("script-src"), self.sources("style-src"));
        if scripts.contains("'strict-dynamic'") {
            if !has_nonce(&scripts) {
                return INVALID;
            }
            // Where scripts are trusted one by one, hosts and schemes have no effect.
            scripts.retain(|source| {
                let is_of_host = BROAD.iter().any(|broad| source.starts_with(broad));
                !is_of_host && source != "'self'" && source != "'unsafe-inline'"
            });
        }
        let objects = self.sources("object-src");
        let is_insecure = |source: &String| is_https && (source.starts_with("http:") || source.starts_with("ftp:"));
        let active = self
            .directives
            .iter()
            .filter(|(name, _)| !PASSIVE.contains(&name.as_str()) && *name != "script-src");
        let mut active = active.flat_map(|(_, sources)| sources).chain(&scripts);
        let mut passive = PASSIVE
            .iter()
            .filter_map(|name| self.get(name).or_else(|| self.get("default-src")))
            .flatten();
        if has_any(&scripts, &BROAD) || has_any(&scripts, &INLINE) || has_any(&objects, &BROAD) {
            UNSAFE_INLINE
        } else if active.any(is_insecure) {
            INSECURE_ACTIVE
        } else if scripts.contains("'unsafe-eval'") || styles.contains("'unsafe-eval'") {
            UNSAFE_EVAL
        } else if passive.any(is_insecure) {
            INSECURE_PASSIVE
        } else if has_any(&styles, &BROAD) || has_any(&styles, &INLINE) {
            UNSAFE_STYLES
        } else if self
            .get("default-src")
            .is_some_and(|sources| sources.iter().eq(["'none'"]))
        {
            STRICT
        } else {
            SAFE
        }
    }
}

fn has_any(sources: &BTreeSet<String>, wanted: &[&str]) -> bool {
    wanted.iter().any(|source| sources.contains(*source))
}

/// Returns whether scripts or styles are allowed one by one.
fn has_nonce(sources: &BTreeSet<String>) -> bool {
    let starts = ["'nonce-", "'sha256-", "'sha384-", "'sha512-"];
    sources
        .iter()
        .any(|source| starts.iter().any(|start| source.starts_with(start)))
}

/// The policies of a page: those of its headers, and those that it states itself.
#[derive(Debug)]
pub(super) struct Policies {
    of_headers: Vec<Policy>,
    of_page: Vec<Policy>,
}

impl Policies {
    /// Returns whether a policy restricts who may show the page in a frame.
    pub(super) fn restrict_framing(&self) -> bool {
        self.of_headers.iter().any(Policy::restricts_framing)
    }
}

/// Reads the policies of a page. A comma separates policies.
pub(super) fn read(headers: &HeaderMap, page: &PageSecurity) -> Policies {
    let lines = headers.get_all("content-security-policy");
    let lines = lines.iter().filter_map(|line| line.to_str().ok());
    let read = |text: &str, is_header| Policy::read(text, is_header);
    Policies {
        of_headers: lines
            .flat_map(|line| line.split(','))
            .filter_map(|text| read(text, true))
            .take(MAX_POLICIES)
            .collect(),
        of_page: page
            .policies
            .iter()
            .flat_map(|text| text.split(','))
            .filter_map(|text| read(text, false))
            .take(MAX_POLICIES)
            .collect(),
    }
}

/// Judges the policies of a page. All of them apply, so that the strictest decides.
pub(super) fn judge(policies: &Policies, url: &Url) -> Finding {
    let is_https = url.scheme() == "https";
    let all = policies.of_headers.iter().chain(&policies.of_page);
    let judged = all.map(|policy| policy.judge(is_https));
    judged.max_by_key(|finding| finding.modifier).unwrap_or(NONE)
}
