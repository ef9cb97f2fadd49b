//! The parts of a URL that name a profile.

use url::Url;

/// Maximum length of a profile's name, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// Removes the label of a host that selects a language or a device: `m.`, `www.`, `de-de.`.
pub(super) fn base_host(host: &str) -> &str {
    match host.split_once('.') {
        Some((first, rest))
            if rest.contains('.')
                && (first.len() == 2
                    || first.len() == 5 && first.contains('-')
                    || matches!(first, "www" | "m" | "web" | "mobile")) =>
        {
            rest
        }
        _ => host,
    }
}

pub(super) fn segments(url: &Url) -> Vec<&str> {
    let segments = url
        .path()
        .split('/')
        .map(str::trim)
        .filter(|segment| !segment.is_empty());
    segments
        .take(8)
        .take_while(|segment| segment.len() <= MAX_NAME_BYTES)
        .collect()
}

pub(super) fn is_name(text: &str) -> bool {
    // White space, quotes, brackets and braces come from broken markup and unfilled templates.
    const BROKEN: [&str; 7] = ["%20", "%22", "%3c", "%3e", "%5b", "%7b", "{"];
    let lower = text.to_ascii_lowercase();
    !lower.is_empty()
        && !lower.contains([':', '$', '*'])
        && !lower.ends_with(".php")
        && !BROKEN.iter().any(|part| lower.contains(part))
}
