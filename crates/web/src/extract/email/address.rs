//! Single addresses: their extent, and whether they belong to a person or company.

use std::ops::Range;

use super::super::site::Site;
use super::super::text::{BREAK, SEAM};
use super::junk::{is_hash, is_pattern, is_placeholder, is_scaled_file};
use crate::names;

const MAX_LOCAL_BYTES: usize = 64;
pub(super) const MAX_EMAIL_BYTES: usize = 254;

/// How a page spells an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spelling {
    /// In a `mailto:` link.
    #[default]
    Mailto,
    /// In structured data.
    Structured,
    /// In a vCard.
    VCard,
    /// As plain text, possibly with entities or invisible characters.
    Text,
    /// Protected by Cloudflare, a content management system or a script.
    Protected,
    /// With words for `@` or dots.
    Words,
    /// Reversed, and displayed correctly by a style.
    Reversed,
    /// In attributes for scripts.
    Attribute,
}

impl Spelling {
    /// Returns the label stored in rows.
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

/// An address and its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Found {
    /// The position in the text of its beginning or of its `@`.
    pub(in super::super) position: usize,
    pub(in super::super) email: String,
    pub(in super::super) spelling: Spelling,
}

impl Found {
    /// Returns where the text shows the address, about: one with words for its signs is longer there.
    pub(in super::super) fn extent(&self) -> Range<usize> {
        let local = self.email.find('@').unwrap_or_default();
        let start = match self.spelling {
            Spelling::Text => self.position.saturating_sub(local),
            _ => self.position,
        };
        start..start.saturating_add(self.email.len())
    }
}

pub(super) fn is_local_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'' | b'&')
}

/// Returns whether a character's script puts no spaces between words, so that its letters may touch an address.
fn is_spaceless(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}')
}

/// Returns whether a byte is allowed in a local part by RFC 5322 (3.2.3) but is more often punctuation around one.
fn is_rare_byte(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#' | b'$' | b'*' | b'/' | b'=' | b'?' | b'^' | b'`' | b'{' | b'|' | b'}' | b'~'
    )
}

/// Reads the address around the `@` at a position; `None` if its local part cannot be read completely.
pub(super) fn around(text: &str, at: usize, site: &Site) -> Option<String> {
    let before = text.get(..at)?;
    let before = before.strip_suffix(SEAM).unwrap_or(before);
    let length = tail_length(before, is_local_byte);
    let (ahead, local) = before.split_at_checked(before.len() - length)?;
    match ahead.chars().next_back() {
        // The text has another `@`, or this is the password of a URL.
        Some('@') => return None,
        Some(':' | '/') if token_before(ahead).contains("//") => return None,
        // A local part with other letters is skipped rather than cut off.
        Some(c) if c.is_alphanumeric() && !is_spaceless(c) => return None,
        Some(c) if u8::try_from(c).is_ok_and(is_rare_byte) && !is_delimiter(ahead) => return None,
        _ => {}
    }
    let local = without_punctuation(local)?;
    let after = text.get(at + 1..)?;
    let domain = domain_at(after.strip_prefix(SEAM).unwrap_or(after));
    if local == "git" && after.get(domain.len()..).is_some_and(|rest| rest.starts_with(':')) {
        return None;
    }
    checked(local, &domain, site)
}

/// Returns the number of bytes at the end of a text that satisfy a predicate.
fn tail_length(text: &str, is_of_kind: fn(u8) -> bool) -> usize {
    let bytes = text.bytes().rev().take(MAX_LOCAL_BYTES + 1);
    bytes.take_while(|byte| is_of_kind(*byte)).count()
}

/// Returns whether the rare characters before a local part are separators rather than a part of it: a blank or another
/// address precedes them.
fn is_delimiter(ahead: &str) -> bool {
    let word = ahead.trim_end_matches(|c: char| u8::try_from(c).is_ok_and(is_rare_byte));
    if word.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        let length = tail_length(word, |byte| is_local_byte(byte) || is_rare_byte(byte));
        let is_list =
            word.len() - length > 0 && word.get(..word.len() - length).is_some_and(|rest| rest.ends_with('@'));
        return is_list && ahead.ends_with(['/', '|']);
    }
    !word.ends_with(|c: char| c.is_alphanumeric() && !is_spaceless(c))
}

/// Removes the sentence's punctuation from the beginning of a local part.
fn without_punctuation(local: &str) -> Option<&str> {
    let local = local.trim_start_matches(['.', '-', '\'', '+', '&', '_']);
    // The rest of an encoded link: `%20info`.
    let local = match local.strip_prefix('%') {
        Some(rest)
            if rest
                .get(..2)
                .is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit())) =>
        {
            rest.get(2..)?
        }
        _ => local.trim_start_matches('%'),
    };
    match local.rsplit_once("..") {
        None => Some(local),
        // An ellipsis is a separator. Two dots alone are a mistake, and it is unclear which part is wrong.
        Some((ahead, rest)) => (ahead.is_empty() || ahead.ends_with('.')).then(|| rest.trim_start_matches('.')),
    }
}

fn token_before(text: &str) -> &str {
    // Limited, since each `@` in a long text without spaces would otherwise search all of it.
    let near = text.ceil_char_boundary(text.len().saturating_sub(200));
    text.get(near..)
        .unwrap_or_default()
        .rsplit(|c: char| c.is_whitespace() || c == BREAK)
        .next()
        .unwrap_or_default()
}

/// Returns the domain at the beginning of a text, which may span inline elements at its dots.
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

/// Checks whether two halves form a real address, and returns it in its standard form.
pub(super) fn checked(local: &str, domain: &str, site: &Site) -> Option<String> {
    if local.is_empty() || local.len() > MAX_LOCAL_BYTES || local.ends_with('.') {
        return None;
    }
    let host = host_of(domain, site)?;
    let lower = local.to_ascii_lowercase();
    if !site.owns(&host) && is_placeholder(&lower, names::registrable(&host)) {
        return None;
    }
    if is_pattern(&lower) || is_hash(&lower) || is_scaled_file(&host) {
        return None;
    }
    let email = format!("{local}@{host}");
    (email.len() <= MAX_EMAIL_BYTES).then_some(email)
}

/// Removes a word that touches the end of a domain: `acme.comPhone`.
fn without_glued_word<'d>(domain: &'d str, site: &Site) -> Option<&'d str> {
    let lower = domain.to_lowercase();
    if lower.bytes().all(|byte| !byte.is_ascii_alphabetic()) || site.owns(&lower) || names::has_known_suffix(&lower) {
        return None;
    }
    let first_dot = domain.find('.')?;
    let mut last = '.';
    for (at, c) in domain.char_indices().skip_while(|(at, _)| *at <= first_dot) {
        if c.is_uppercase() && last.is_lowercase() {
            let head = domain.get(..at)?;
            let lower = head.to_lowercase();
            if site.owns(&lower) || names::has_known_suffix(&lower) {
                return Some(head);
            }
        }
        last = c;
    }
    None
}

/// Returns the host name in the text after the `@`, without a sentence that begins after its last dot.
fn host_of(domain: &str, site: &Site) -> Option<String> {
    let domain = domain.trim_end_matches(['.', '-']);
    let lower = without_glued_word(domain, site).unwrap_or(domain).to_lowercase();
    let ascii = if lower.is_ascii() {
        lower
    } else {
        match url::Host::parse(&lower).ok()? {
            url::Host::Domain(ascii) => ascii,
            _ => return None,
        }
    };
    let mut host = ascii.as_str();
    // `jane@example.com.Write to her`: a word that is not a top-level domain begins the next sentence.
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
