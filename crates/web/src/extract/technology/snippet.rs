//! The part of a text that is shown as evidence.

use std::ops::Range;

use crate::extract::text::clean;

/// Maximum length of a snippet, in characters.
const MAX_SNIPPET_CHARS: usize = 200;
/// How much of a long text is shown before and after what was found, in bytes.
const MAX_BEFORE: usize = 40;
const MAX_AFTER: usize = 80;

/// Returns the beginning of a text, in at most `max_bytes` bytes.
pub(super) fn bounded(text: &str, max_bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(max_bytes)).unwrap_or_default()
}

/// Returns a short text, or the part of a long one that surrounds a match.
pub(super) fn around<'t>(text: &'t str, at: &Range<usize>) -> &'t str {
    if text.len() <= MAX_SNIPPET_CHARS {
        return text;
    }
    let start = text.floor_char_boundary(at.start.saturating_sub(MAX_BEFORE));
    let end = text.floor_char_boundary(at.end.saturating_add(MAX_AFTER));
    text.get(start..end).unwrap_or_default()
}

/// Returns what is shown of a text with a match.
pub(super) fn snippet(text: &str, at: &Range<usize>) -> String {
    clean(around(text, at), MAX_SNIPPET_CHARS).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_is_short_and_shows_the_match() {
        assert_eq!(snippet("a\0b  c", &(0..1)), "ab c");
        let long = format!("{}é{}needle{}", "x".repeat(500), "é".repeat(30), "é".repeat(500));
        let at = long.find("needle").unwrap();
        let shown = snippet(&long, &(at..at + 6));
        assert!(shown.contains("needle") && shown.chars().count() <= 200, "{shown}");
    }
}
