//! Email addresses as people, templates and spam protections write them.

use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use regex::Regex;

use super::site::Site;
use super::text::{BREAK, SEAM, contains_ignore_case};
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

/// The words for `@` that people put in brackets: English, German, Spanish and Portuguese, Italian, French, Polish,
/// Russian, Dutch, Danish and Norwegian, Swedish, Czech and Slovak, Hungarian, Japanese, Chinese, Korean.
const AT_WORDS: &str = "at|@|ät|aet|arroba|chiocciola|arobase|arobas|małpa|malpa|собака|собачка|apenstaartje|snabel-?a|\
                        zavináč|zavinac|kukac|アットマーク|アット|艾特|골뱅이";
/// Their words for a dot.
const DOT_WORDS: &str =
    "dot|punkt|punto|point|ponto|punt|kropka|точка|prik|punktum|tečka|tecka|bodka|pont|nokta|ドット|点|點|점|닷|\\.";
/// The words without brackets that are believed in a label's company.
const SPOKEN_AT: &str = "at|ät|arroba|chiocciola|arobase|małpa|собака";
const SPOKEN_DOT: &str = "dot|punkt|punto|point|ponto|kropka|точка";

/// Either of the two below; `\x1f` is [`SEAM`]. It starts with a bracket, for which a search is fast.
static SPELLED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)[\[({{<][\s\x1f]*(?:{AT_WORDS}|{DOT_WORDS})[\s\x1f]*[\])}}>]"
    ))
    .ok()
});
/// An `@`, written as a word in brackets or as it is.
static ANY_AT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)[\s\x1f]*[\[({{<][\s\x1f]*(?:{AT_WORDS})[\s\x1f]*[\])}}>][\s\x1f]*|@"
    ))
    .ok()
});
static SPELLED_DOT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)[\s\x1f]*[\[({{<][\s\x1f]*(?:{DOT_WORDS})[\s\x1f]*[\])}}>][\s\x1f]*"
    ))
    .ok()
});
/// `jane at example dot com`, said as a whole block or right after a label.
static SPOKEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let address = format!(r"\s*([a-z0-9._%+-]+)\s+(?:{SPOKEN_AT})\s+([a-z0-9-]+(?:\s+(?:{SPOKEN_DOT})\s+[a-z0-9-]+)+)");
    Regex::new(&format!(r"(?i)^{address}[.,;]?$|(?::|\be-?mail){address}\b")).ok()
});
/// What stands before ` at ` in prose.
const PROSE_WORDS: [&str; 16] = [
    "are", "be", "buy", "call", "find", "here", "is", "it", "look", "me", "meet", "order", "shop", "us", "visit", "you",
];
/// `jane at example[dot]com`: only the dot is protected.
static HALF_SPELLED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b([a-z0-9._%+-]+)\s+at\s+([a-z0-9.-]+)\s*[\[({]\s*dot\s*[\])}]\s*([a-z0-9.-]+)").ok()
});

/// How a page writes an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spelling {
    /// In a `mailto:` link.
    Mailto,
    /// In structured data.
    Structured,
    /// In a vCard.
    VCard,
    /// As it is, also with entities or with invisible characters in it.
    Text,
    /// Behind Cloudflare's protection.
    Protected,
    /// With words for `@` or dots.
    Words,
    /// Backwards, turned around by a style.
    Reversed,
    /// In attributes for scripts.
    Attribute,
}

impl Spelling {
    /// Returns the word that is stored.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Mailto => "mailto",
            Self::Structured => "structured_data",
            Self::VCard => "vcard",
            Self::Text => "text",
            Self::Protected => "protected",
            Self::Words => "words",
            Self::Reversed => "reversed",
            Self::Attribute => "attribute",
        }
    }
}

/// An address and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where in the text it begins, or where its `@` is.
    pub(super) position: usize,
    pub(super) email: String,
    pub(super) spelling: Spelling,
}

/// Finds the addresses in visible text, in their order.
pub(super) fn find(text: &str, site: &Site) -> Vec<Found> {
    let mut found: Vec<Found> = text
        .match_indices('@')
        .take(MAX_CANDIDATES)
        .filter_map(|(position, _)| {
            Some(Found {
                position,
                email: around(text, position, site)?,
                spelling: Spelling::Text,
            })
        })
        .collect();
    find_spelled(text, site, &mut found);
    found.sort_by_key(|found| found.position);
    found
}

/// Finds the addresses whose `@` or dots are written as words, block by block.
fn find_spelled(text: &str, site: &Site, found: &mut Vec<Found>) {
    let (Some(spelled), Some(at), Some(dot)) = (SPELLED.as_ref(), ANY_AT.as_ref(), SPELLED_DOT.as_ref()) else {
        return;
    };
    let (Some(spoken), Some(half)) = (SPOKEN.as_ref(), HALF_SPELLED.as_ref()) else {
        return;
    };
    let has_brackets = spelled.is_match(text);
    let has_words = SPOKEN_DOT.split('|').any(|word| {
        contains_ignore_case(text, &format!(" {word} ")) || text.contains(&format!(" {} ", word.to_uppercase()))
    });
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
        let mut add = |position: usize, email: String| {
            found.push(Found {
                position,
                email,
                spelling: Spelling::Words,
            });
        };
        if has_brackets && spelled.is_match(block) {
            for parts in half.captures_iter(block) {
                let all = parts.get(0).map_or(0, |all| all.start());
                let part = |number| parts.get(number).map_or("", |part: regex::Match<'_>| part.as_str());
                if let Some(email) = checked(part(1), &format!("{}.{}", part(2), part(3)), site) {
                    add(start + all, email);
                }
            }
            for sign in at.find_iter(block) {
                let before = block.get(..sign.start()).unwrap_or_default();
                let behind = block.get(sign.end()..).unwrap_or_default();
                let behind = behind
                    .get(..behind.floor_char_boundary(2 * MAX_EMAIL_BYTES))
                    .unwrap_or_default();
                let name = before.get(before.ceil_char_boundary(before.len().saturating_sub(2 * MAX_EMAIL_BYTES))..);
                let name = dot.replace_all(name.unwrap_or_default(), ".");
                let behind = dot.replace_all(behind, ".");
                if let Some(email) = around(&format!("{name}@{behind}"), name.len(), site) {
                    add(start + sign.start(), email);
                }
            }
        }
        if has_words {
            let block = block.replace(SEAM, "");
            if let Some(email) = spoken_address(spoken, block.trim(), site) {
                add(start, email);
            }
        }
    }
}

fn spoken_address(spoken: &Regex, block: &str, site: &Site) -> Option<String> {
    let parts = spoken.captures(block)?;
    let local = parts.get(1).or_else(|| parts.get(3))?.as_str();
    let domain = parts.get(2).or_else(|| parts.get(4))?.as_str();
    let labels: Vec<_> = domain
        .split_whitespace()
        .filter(|word| !SPOKEN_DOT.split('|').any(|dot| word.to_lowercase() == dot))
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

/// Reads a text that is an address from its beginning to its end, such as an attribute's value.
pub(super) fn whole(text: &str, site: &Site) -> Option<String> {
    let text = text.trim();
    let text = text
        .get(.."mailto:".len())
        .filter(|start| start.eq_ignore_ascii_case("mailto:"))
        .map_or(text, |start| text.get(start.len()..).unwrap_or_default());
    let text = percent_decode_str(text).decode_utf8().ok()?;
    let (local, domain) = text.split_once('@')?;
    let is_name = !local.is_empty() && local.bytes().all(is_local_byte);
    let is_host = domain.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'));
    if !is_name || !is_host {
        return None;
    }
    // All of it, and not what is left without a part that is no top-level domain.
    checked(local, domain, site).filter(|email| email.matches('.').count() == text.matches('.').count())
}

/// Puts an address together whose halves stand in attributes of their own.
pub(super) fn joined(local: &str, domain: &str, top_level: Option<&str>, site: &Site) -> Option<String> {
    match top_level {
        Some(top_level) => whole(&format!("{local}@{domain}.{}", top_level.trim_start_matches('.')), site),
        None => whole(&format!("{local}@{domain}"), site),
    }
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

/// Returns whether a local part is a key or an asset's hash and no name.
fn is_hash(local: &str) -> bool {
    let digits = local.bytes().filter(u8::is_ascii_digit).count();
    let is_hex = local.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    is_hex && local.len() >= 20 && digits >= 4
}

/// Returns whether a domain is the end of `logo@2x.png` or of `package@1.2.3.zip`.
fn is_scaled_file(host: &str) -> bool {
    let mut labels = host.split('.');
    let first = labels.next().unwrap_or_default();
    let number = first.strip_suffix('x').unwrap_or(first);
    let is_number = |label: &str| !label.is_empty() && label.len() <= 2 && label.bytes().all(|b| b.is_ascii_digit());
    is_number(number)
}

#[cfg(test)]
mod tests;
