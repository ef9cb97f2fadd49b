//! Searching a text for many words at once.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};

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
