//! Whether what a claim names as its evidence is there.

use serde_json::Value;

use super::server::Sample;

/// Returns what is wrong with the evidence of a site's claims.
pub(super) fn faults(sample: &Sample, claims: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for claim in claims.as_array().into_iter().flatten() {
        let evidence = claim["evidence"].as_array().unwrap();
        if evidence.is_empty() {
            faults.push(format!("{claim} has no evidence"));
        }
        let unfounded = evidence.iter().filter(|sign| !is_found(sample, sign));
        faults.extend(unfounded.map(|sign| format!("{}: {sign} is not what the site shows", claim["name"])));
    }
    faults
}

/// Returns whether the page at the URL, or else a record, has the snippet, and the snippet the pattern of the rule.
fn is_found(sample: &Sample, sign: &Value) -> bool {
    let (rule, snippet) = (sign["rule"].as_str().unwrap(), sign["snippet"].as_str().unwrap());
    if snippet.is_empty() || snippet.chars().count() > 200 {
        return false;
    }
    let (kind, pattern) = rule.split_once(' ').unwrap();
    // A header's rule is its name, and a part of its value behind a colon.
    let parts: Vec<&str> = match kind {
        // The snippet shows where the relation leads.
        "implied" | "link_rel" => Vec::new(),
        "header" => pattern.split(": ").map(|part| part.trim_end_matches('$')).collect(),
        _ => vec![pattern],
    };
    let lower = snippet.to_lowercase();
    let shows_pattern = parts.iter().all(|part| lower.contains(&part.to_lowercase()));
    let shown = match sign["url"].as_str() {
        Some(url) => page(sample, url),
        None => Some(sample.records()),
    };
    shows_pattern && shown.is_some_and(|shown| shown.contains(&plain(snippet)))
}

/// Returns the headers and the text of a page.
fn page(sample: &Sample, url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let html = sample.files.get(url.path())?;
    let headers: String = sample
        .headers
        .iter()
        .map(|(name, value)| format!("{}: {value}\n", name.to_lowercase()))
        .collect();
    Some(plain(&format!("{headers}{html}")))
}

/// Returns a text as it is compared: with one blank between words, and without the most common entities.
fn plain(text: &str) -> String {
    let text = text.replace("&amp;", "&").replace("&raquo;", "»");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
