//! Searching a text for many words at once.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use regex::Regex;

/// Builds a finder that ignores ASCII case; `None` if there are too many words for one.
///
/// The lists are short and the pages long: a table of all states takes a few kilobytes more than the default and reads
/// several times as many bytes a second where the words begin with common letters.
pub(crate) fn ignoring_case<W: AsRef<[u8]>>(words: impl IntoIterator<Item = W>) -> Option<AhoCorasick> {
    AhoCorasickBuilder::new()
        .kind(Some(AhoCorasickKind::DFA))
        .ascii_case_insensitive(true)
        .build(words)
        .ok()
}

/// Builds a finder of a few words in the text of a whole page, ignoring ASCII case; `None` if there are too many.
///
/// An expression of some words skips the bytes that begin none of them, many at a time. In short texts, and where most
/// bytes begin one, the table of [`ignoring_case`] is faster.
pub(crate) fn of_few_words<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> Option<Regex> {
    let words: Vec<String> = words.into_iter().map(|word| regex::escape(word.as_ref())).collect();
    Regex::new(&format!("(?i-u:{})", words.join("|"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_finders_ignore_the_case_of_ascii_letters_only() {
        let words = ["-at-", "-ät-", "(a)"];
        let (table, expression) = (ignoring_case(words).unwrap(), of_few_words(words).unwrap());
        for (text, expected) in [
            ("jane-At-acme", true),
            ("jane-äT-acme", true),
            ("jane-ÄT-acme", false),
            ("jane(A)acme", true),
            ("jane-bat-acme", false),
        ] {
            assert_eq!(table.is_match(text), expected, "{text}");
            assert_eq!(expression.is_match(text), expected, "{text}");
        }
    }
}
