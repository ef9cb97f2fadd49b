//! Matches paths with rules of a robots.txt.

use std::borrow::Cow;
use std::fmt::Write;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) allow: bool,
    pub(super) pattern: Box<str>,
}

impl Rule {
    /// Makes a pattern of what a rule says: a `$` that is not its end is that character.
    pub(super) fn pattern(text: &str) -> Box<str> {
        match text.strip_suffix('$') {
            Some(inner) => format!("{}$", inner.replace('$', "%24")),
            None => text.replace('$', "%24"),
        }
        .into()
    }
}

/// Writes the characters of a path that are special in a pattern in the way in which they are not (2.2.3).
pub(super) fn without_special(path: &str) -> Cow<'_, str> {
    if path.contains(['*', '$']) {
        Cow::Owned(path.replace('*', "%2A").replace('$', "%24"))
    } else {
        Cow::Borrowed(path)
    }
}

/// Percent-encodes what is not ASCII (2.2.2), as a URL's path has it.
pub(super) fn ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() + text.len() / 2);
    for char in text.chars() {
        if char.is_ascii() {
            encoded.push(char);
        } else {
            for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    Cow::Owned(encoded)
}

/// Normalises a percent-encoded path so that equal paths have equal texts: letters, digits and `-._~` unencoded, other
/// encoded bytes in upper case.
pub(super) fn normalised(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((plain, encoded)) = rest.split_once('%') {
        out.push_str(plain);
        let code = encoded
            .get(..2)
            .filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    out.push(char::from(byte));
                } else {
                    let _ = write!(out, "%{byte:02X}");
                }
                rest = encoded.get(2..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = encoded;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Returns whether a rule's pattern matches the beginning of `path`, with `*` for anything and a final `$` for the end.
/// The time grows with the sum of the two lengths, not their product.
pub(super) fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, to_the_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*').peekable();
    let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
        return false;
    };
    if parts.peek().is_none() {
        return !to_the_end || rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if to_the_end && parts.peek().is_none() {
            return rest.ends_with(part);
        }
        // The first occurrence is the best: it leaves the most for the remaining parts.
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}
