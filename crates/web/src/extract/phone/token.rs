//! The words of a label.

use super::super::text::{FAX_MARK, PHONE_MARK};
use super::words::{Word, classify, fold};

/// A word in the text before a number.
pub(super) struct Token<'t> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: &'t str,
}

/// Splits a text into numbers and words of a single script.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let class = |c: char| match c {
        c if c.is_ascii_digit() => 1,
        // Latin letters, then those of other scripts.
        '\u{0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{300}'..='\u{36f}' if c.is_alphabetic() || c > '\u{2ff}' => {
            2
        }
        '°' | 'º' | '№' | '״' => 3,
        FAX_MARK | PHONE_MARK | '☎' | '✆' | '📞' | '📱' | '📠' => 4,
        // Vowel signs of scripts of India and Thailand.
        '\u{900}'..='\u{e7f}' if !c.is_whitespace() => 3,
        c if c.is_alphabetic() => 3,
        _ => 0,
    };
    let mut tokens = Vec::new();
    let (mut start, mut current) = (0, 0);
    for (at, c) in text.char_indices().chain(std::iter::once((text.len(), ' '))) {
        let next = class(c);
        if next != current {
            if current != 0 {
                push_token(&mut tokens, text, start, at);
            }
            (start, current) = (at, next);
        }
    }
    tokens
}

/// Returns the meaning of a single letter.
pub(super) fn letter_word(text: &str) -> Option<Word> {
    match text.to_ascii_lowercase().as_str() {
        "f" => Some(Word::Fax),
        "t" | "p" => Some(Word::Phone),
        "m" | "c" => Some(Word::Mobile),
        _ => None,
    }
}

/// Adds a word, merging it with a preceding letter and dot into an abbreviation: `C.F.`.
fn push_token<'t>(tokens: &mut Vec<Token<'t>>, text: &'t str, start: usize, end: usize) {
    let is_abbreviated = |token: &&Token<'_>| {
        let mut letters = token.text.chars();
        let is_letter = letters.next().is_some_and(char::is_alphabetic);
        is_letter && letters.next().is_none_or(|c| c == '.') && token.end + 1 == start
    };
    let is_letter = text
        .get(start..)
        .is_some_and(|rest| rest.starts_with(char::is_alphabetic));
    let joined = tokens.last().filter(is_abbreviated).map(|token| token.start);
    let from = match joined {
        Some(from) if is_letter && text.get(from..start).is_some_and(|ahead| ahead.ends_with('.')) => {
            tokens.pop();
            from
        }
        _ => start,
    };
    let text = text.get(from..end).unwrap_or_default();
    tokens.push(Token { start: from, end, text });
}

/// Returns the meaning of a token.
pub(super) fn word_of(token: &Token<'_>) -> Word {
    match classify(&fold(&token.text.replace('.', ""))) {
        Word::Acronym if token.text.chars().any(char::is_lowercase) => Word::Unknown,
        Word::Acronym => Word::Other,
        word => word,
    }
}
