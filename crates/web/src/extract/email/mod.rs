//! Email addresses in all spellings of people, templates and spam protections.

mod address;
mod junk;
mod spelled;

pub(super) use address::Found;
pub use address::Spelling;
use address::{MAX_EMAIL_BYTES, around, checked, is_local_byte};
use percent_encoding::percent_decode_str;

use super::site::Site;
use super::text::plain;

/// Maximum number of addresses kept per page.
pub(super) const MAX_EMAILS: usize = 100;
/// Maximum number of `@` signs examined.
const MAX_CANDIDATES: usize = 5_000;

/// Finds the addresses in visible text, in order.
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
    spelled::find(text, site, &mut found);
    spelled::find_spaced(text, site, &mut found);
    found.sort_by_key(|found| found.position);
    found
}

/// Returns the addresses of a `mailto:` link.
pub(super) fn from_mailto(href: &str, site: &Site) -> Vec<String> {
    let href = href.trim();
    let (Some(scheme), Some(rest)) = (href.get(.."mailto:".len()), href.get("mailto:".len()..)) else {
        return Vec::new();
    };
    if !scheme.eq_ignore_ascii_case("mailto:") {
        return Vec::new();
    }
    let (to, query) = rest.split_once('?').unwrap_or((rest, ""));
    let to = to.trim_start_matches('/');
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

/// Reads a link with a missing or wrong scheme: `info@example.com`, `http://info@example.com`.
pub(super) fn from_plain_link(href: &str, site: &Site) -> Option<String> {
    if !href.contains('@') {
        return None;
    }
    let rest = href.strip_prefix("http://").or_else(|| href.strip_prefix("https://"));
    let rest = rest.or_else(|| href.strip_prefix("mail:")).unwrap_or(href);
    whole(rest.trim_end_matches('/'), site)
}

/// Reads an address from a field that should contain one, such as `Jane <jane@example.com>`.
pub(super) fn read(field: &str, site: &Site) -> Option<String> {
    let field: String = field.chars().filter_map(plain).collect();
    let Some(at) = field.find('@') else {
        return find(&field, site).into_iter().next().map(|found| found.email);
    };
    around(&field, at, site)
}

/// Reads a text that consists of an address alone, such as an attribute's value.
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
    // All of the text must be the address, even a last label that is not a top-level domain.
    checked(local, domain, site).filter(|email| email.matches('.').count() == text.matches('.').count())
}

/// Joins the two halves of an address from separate attributes.
pub(super) fn joined(local: &str, domain: &str, top_level: Option<&str>, site: &Site) -> Option<String> {
    match top_level {
        Some(top_level) => whole(&format!("{local}@{domain}.{}", top_level.trim_start_matches('.')), site),
        None => whole(&format!("{local}@{domain}"), site),
    }
}

/// Decodes Cloudflare's email protection: hexadecimal, with the first byte as the key for all others.
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

#[cfg(test)]
mod tests;
