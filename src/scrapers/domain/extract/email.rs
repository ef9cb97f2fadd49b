//! Email addresses as people, templates and spam protections write them.

use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use regex::Regex;

use super::site::Site;
use super::text::{BREAK, SEAM};
use crate::names;

/// The most addresses kept of one page.
pub(super) const MAX_EMAILS: usize = 100;
/// The most signs of an address that are looked at.
const MAX_CANDIDATES: usize = 5_000;
const MAX_LOCAL_BYTES: usize = 64;
const MAX_EMAIL_BYTES: usize = 254;
/// The longest block that is rewritten to read `[at]` and `[dot]`.
const MAX_SPELLED_BYTES: usize = 4_096;

/// Domains of documentation and templates: an address there is nobody's, except on that very site.
const PLACEHOLDER_DOMAINS: [&str; 14] = [
    "domain.com",
    "domain.de",
    "email.tst",
    "example.com",
    "example.de",
    "example.edu",
    "example.fr",
    "example.net",
    "example.org",
    "mysite.com",
    "website.com",
    "yourcompany.com",
    "yourdomain.com",
    "yoursite.com",
];

/// Hosts that give out keys in the form of an address.
const INGEST_DOMAINS: [&str; 3] = ["sentry.io", "wixpress.com", "sentry-cdn.com"];

/// What forms show where the visitor's own address belongs.
const PLACEHOLDER_LOCALS: [&str; 10] = [
    "name",
    "username",
    "you",
    "your",
    "your-email",
    "your-name",
    "your.email",
    "your.name",
    "youremail",
    "yourname",
];

/// Either of the two below. It starts with a bracket, for which a search is fast.
static SPELLED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)[\[({]\s*(?:at|@|ät|arroba|chiocciola|arobase|dot|punkt|punto|point|\.)\s*[\])}]").ok()
});
static SPELLED_AT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\s*[\[({]\s*(?:at|@|ät|arroba|chiocciola|arobase)\s*[\])}]\s*").ok());
static SPELLED_DOT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\s*[\[({]\s*(?:dot|punkt|punto|point|\.)\s*[\])}]\s*").ok());
/// `jane at example dot com`, said as a whole block or right after a label.
static SPOKEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    const ADDRESS: &str = r"\s*([a-z0-9._%+-]+)\s+at\s+([a-z0-9-]+(?:\s+dot\s+[a-z0-9-]+)+)";
    Regex::new(&format!(r"(?i)^{ADDRESS}[.,;]?$|(?::|\be-?mail){ADDRESS}\b")).ok()
});
/// What stands before ` at ` in prose.
const PROSE_WORDS: [&str; 16] = [
    "are", "be", "buy", "call", "find", "here", "is", "it", "look", "me", "meet", "order", "shop", "us", "visit", "you",
];
/// `jane at example[dot]com`: only the dot is protected.
static HALF_SPELLED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b([a-z0-9._%+-]+)\s+at\s+([a-z0-9.-]+)\s*[\[({]\s*dot\s*[\])}]\s*([a-z0-9.-]+)").ok()
});

/// Finds the addresses in visible text, each with its position.
pub(super) fn find(text: &str, site: &Site) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = text
        .match_indices('@')
        .take(MAX_CANDIDATES)
        .filter_map(|(at, _)| Some((at, around(text, at, site)?)))
        .collect();
    find_spelled(text, site, &mut found);
    found.sort_by_key(|(position, _)| *position);
    found
}

/// Finds the addresses whose `@` or dots are written as words, block by block.
fn find_spelled(text: &str, site: &Site, found: &mut Vec<(usize, String)>) {
    let (Some(at), Some(dot)) = (SPELLED_AT.as_ref(), SPELLED_DOT.as_ref()) else {
        return;
    };
    let (Some(spoken), Some(half)) = (SPOKEN.as_ref(), HALF_SPELLED.as_ref()) else {
        return;
    };
    let Some(spelled) = SPELLED.as_ref() else { return };
    let has_brackets = spelled.is_match(text);
    let has_words = text.contains(" dot ") || text.contains(" DOT ");
    if !has_brackets && !has_words {
        return;
    }
    let mut position = 0;
    for block in text.split(BREAK) {
        let start = position;
        position += block.len() + BREAK.len_utf8();
        if block.len() > MAX_SPELLED_BYTES {
            continue;
        }
        if has_brackets && spelled.is_match(block) {
            let block = half.replace_all(block, "$1@$2.$3");
            let block = at.replace_all(&block, "@");
            let block = dot.replace_all(&block, ".");
            let addresses = block.match_indices('@').filter_map(|(at, _)| around(&block, at, site));
            found.extend(addresses.map(|email| (start, email)));
        }
        if has_words {
            let block = block.replace(SEAM, "");
            found.extend(spoken_address(spoken, block.trim(), site).map(|email| (start, email)));
        }
    }
}

fn spoken_address(spoken: &Regex, block: &str, site: &Site) -> Option<String> {
    let parts = spoken.captures(block)?;
    let local = parts.get(1).or_else(|| parts.get(3))?.as_str();
    let domain = parts.get(2).or_else(|| parts.get(4))?.as_str();
    let labels: Vec<_> = domain
        .split_whitespace()
        .filter(|word| !word.eq_ignore_ascii_case("dot"))
        .collect();
    if PROSE_WORDS.contains(&local.to_ascii_lowercase().as_str()) {
        return None;
    }
    checked(local, &labels.join("."), site)
}

/// Reads the addresses of a `mailto:` link.
pub(super) fn from_mailto(href: &str, site: &Site) -> Vec<String> {
    let Some(rest) = href.trim().get("mailto:".len()..) else {
        return Vec::new();
    };
    let (to, query) = rest.split_once('?').unwrap_or((rest, ""));
    let more = query.split('&').filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.eq_ignore_ascii_case("to").then_some(value)
    });
    std::iter::once(to)
        .chain(more)
        .flat_map(|list| {
            let list = percent_decode_str(list).decode_utf8_lossy();
            list.split([',', ';'])
                .filter_map(|address| read(address, site))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Reads one address that a field is known to hold, such as `Jane <jane@example.com>`.
pub(super) fn read(field: &str, site: &Site) -> Option<String> {
    let (at, _) = field.match_indices('@').next()?;
    around(field, at, site)
}

/// Decodes Cloudflare's email protection: hexadecimal, the first byte is the key of all others.
pub(super) fn from_protected(hex: &str, site: &Site) -> Option<String> {
    if !hex.is_ascii() || hex.len() > 2 * MAX_EMAIL_BYTES + 2 {
        return None;
    }
    let mut bytes = hex
        .as_bytes()
        .chunks_exact(2)
        .map_while(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let key = bytes.next()?;
    let decoded: Vec<u8> = bytes.map(|byte| byte ^ key).collect();
    read(std::str::from_utf8(&decoded).ok()?, site)
}

fn is_local_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'' | b'&')
}

/// Scripts that put no space between words, so that an address may touch their letters.
fn is_spaceless(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}')
}

/// Reads the address around the `@` at a position.
fn around(text: &str, at: usize, site: &Site) -> Option<String> {
    let before = text.get(..at)?;
    let before = before.strip_suffix(SEAM).unwrap_or(before);
    let length = before
        .bytes()
        .rev()
        .take(MAX_LOCAL_BYTES + 1)
        .take_while(|b| is_local_byte(*b))
        .count();
    let (ahead, local) = before.split_at_checked(before.len() - length)?;
    match ahead.chars().next_back() {
        // Another `@`, or the password of a URL.
        Some('@') => return None,
        Some(':' | '/') if token_before(ahead).contains("//") => return None,
        // A local part of other letters is left alone rather than cut.
        Some(c) if c.is_alphanumeric() && !is_spaceless(c) => return None,
        _ => {}
    }
    let local = local
        .rsplit("..")
        .next()
        .unwrap_or_default()
        .trim_start_matches(['.', '-', '\'', '+', '&', '%', '_']);

    let after = text.get(at + 1..)?;
    let domain = domain_at(after.strip_prefix(SEAM).unwrap_or(after));
    if local == "git" && after.get(domain.len()..).is_some_and(|rest| rest.starts_with(':')) {
        return None;
    }
    checked(local, &domain, site)
}

fn token_before(text: &str) -> &str {
    // Not from the beginning of a megabyte without a space, once for every `@`.
    let near = text.ceil_char_boundary(text.len().saturating_sub(200));
    text.get(near..)
        .unwrap_or_default()
        .rsplit(|c: char| c.is_whitespace() || c == BREAK)
        .next()
        .unwrap_or_default()
}

/// Takes the domain that a text starts with, across inline elements at its dots.
fn domain_at(text: &str) -> String {
    let mut domain = String::new();
    let mut chars = text.chars().take(MAX_EMAIL_BYTES).peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') => domain.push(c),
            c if c.is_alphanumeric() && !is_spaceless(c) => domain.push(c),
            SEAM if chars.peek() == Some(&'.') || domain.ends_with('.') => {}
            _ => break,
        }
    }
    domain
}

/// Decides whether two halves are somebody's address, and writes it in its standard form.
fn checked(local: &str, domain: &str, site: &Site) -> Option<String> {
    if local.is_empty() || local.len() > MAX_LOCAL_BYTES || local.ends_with('.') {
        return None;
    }
    let host = host_of(domain, site)?;
    let is_own = site.owns(&host);
    let lower = local.to_ascii_lowercase();
    if !is_own {
        let registrable = names::registrable(&host);
        if PLACEHOLDER_DOMAINS.contains(&registrable)
            || INGEST_DOMAINS.contains(&registrable)
            || PLACEHOLDER_LOCALS.contains(&lower.as_str())
        {
            return None;
        }
    }
    if is_hash(&lower) || is_scaled_file(&host) {
        return None;
    }
    let email = format!("{local}@{host}");
    (email.len() <= MAX_EMAIL_BYTES).then_some(email)
}

/// Finds the host name in what follows the `@`, without the sentence that goes on after its dot.
fn host_of(domain: &str, site: &Site) -> Option<String> {
    let lower = domain.trim_end_matches(['.', '-']).to_lowercase();
    let ascii = if lower.is_ascii() {
        lower
    } else {
        match url::Host::parse(&lower).ok()? {
            url::Host::Domain(ascii) => ascii,
            _ => return None,
        }
    };
    let mut host = ascii.as_str();
    // `jane@example.com.Write to her`: what is no top-level domain began the next sentence.
    while !site.owns(host) && !names::has_known_suffix(host) {
        host = host.rsplit_once('.')?.0;
    }
    let is_host = host.contains('.')
        && names::is_registrable(host)
        && host.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
    is_host.then(|| host.to_owned())
}

/// Tells whether a local part is a key or an asset's hash and no name.
fn is_hash(local: &str) -> bool {
    let digits = local.bytes().filter(u8::is_ascii_digit).count();
    let is_hex = local.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    is_hex && local.len() >= 20 && digits >= 4
}

/// Tells whether a domain is the end of `logo@2x.png` or of `package@1.2.3.zip`.
fn is_scaled_file(host: &str) -> bool {
    let mut labels = host.split('.');
    let first = labels.next().unwrap_or_default();
    let number = first.strip_suffix('x').unwrap_or(first);
    let is_number = |label: &str| !label.is_empty() && label.len() <= 2 && label.bytes().all(|b| b.is_ascii_digit());
    is_number(number)
}

#[cfg(test)]
#[path = "email_tests.rs"]
mod tests;
