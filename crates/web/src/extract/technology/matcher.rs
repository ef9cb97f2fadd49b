//! Searching for all patterns of a kind of sign at once.

use std::ops::Range;

use aho_corasick::AhoCorasick;

use crate::finder;

/// Minimum number of digits that `#` stands for.
const MIN_NUMBER: usize = 8;

/// Where a pattern counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    #[default]
    Anywhere,
    /// At the beginning of a word.
    Word,
    /// At the beginning of the text.
    Start,
}

/// The patterns of one kind of sign, each with the index of its sign.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    automaton: Option<AhoCorasick>,
    patterns: Vec<Pattern>,
    place: Place,
}

#[derive(Debug)]
struct Pattern {
    sign: usize,
    /// The text after the number in the pattern, if it has one.
    behind_number: Option<String>,
}

impl Matcher {
    pub(super) fn new<'p>(place: Place, patterns: impl Iterator<Item = (usize, &'p str)>) -> Self {
        let (mut words, mut kept) = (Vec::new(), Vec::new());
        for (sign, pattern) in patterns {
            let (word, behind) = match pattern.split_once('#') {
                Some((word, behind)) => (word, Some(behind.to_owned())),
                None => (pattern, None),
            };
            words.push(word);
            kept.push(Pattern {
                sign,
                behind_number: behind,
            });
        }
        Self {
            automaton: finder::ignoring_case(words),
            patterns: kept,
            place,
        }
    }

    /// Calls `found` with the sign and the position of each match.
    pub(super) fn search(&self, text: &str, mut found: impl FnMut(usize, Range<usize>)) {
        let Some(automaton) = &self.automaton else { return };
        for hit in automaton.find_overlapping_iter(text) {
            let is_placed = match self.place {
                Place::Anywhere => true,
                Place::Start => hit.start() == 0,
                Place::Word => {
                    hit.start() == 0
                        || text
                            .as_bytes()
                            .get(hit.start() - 1)
                            .is_some_and(u8::is_ascii_whitespace)
                }
            };
            if is_placed
                && let Some(pattern) = self.patterns.get(hit.pattern().as_usize())
                && pattern.goes_on(text.get(hit.end()..))
            {
                found(pattern.sign, hit.range());
            }
        }
    }
}

impl Pattern {
    /// Returns whether the text after a match fits the rest of the pattern.
    fn goes_on(&self, rest: Option<&str>) -> bool {
        let (Some(behind), Some(rest)) = (&self.behind_number, rest) else {
            return true;
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        digits >= MIN_NUMBER
            && rest
                .get(digits..digits + behind.len())
                .is_some_and(|next| next.eq_ignore_ascii_case(behind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(place: Place, text: &str) -> Vec<usize> {
        let patterns = ["woocommerce", "elementor-", "svelte-", "version#/front"];
        let matcher = Matcher::new(place, patterns.into_iter().enumerate());
        let mut found = Vec::new();
        matcher.search(text, |sign, _| found.push(sign));
        found
    }

    #[test]
    fn patterns_count_at_their_place() {
        assert_eq!(found(Place::Word, "page WooCommerce elementor-kit-5"), [0, 1]);
        assert_eq!(found(Place::Word, "not-woocommerce my-svelte-thing"), [0; 0]);
        assert_eq!(found(Place::Start, "elementor-kit svelte-x"), [1]);
        assert_eq!(found(Place::Anywhere, "not-woocommerce"), [0]);
    }

    #[test]
    fn a_number_has_eight_digits_or_more() {
        for (text, is_found) in [
            ("/version1700000000/frontend/", true),
            ("/version3/frontend/", false),
            ("/version20240101/app.js", false),
            ("/version20240101", false),
        ] {
            assert_eq!(!found(Place::Anywhere, text).is_empty(), is_found, "{text}");
        }
    }
}
