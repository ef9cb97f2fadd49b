//! Labels before or after a number that state its kind.

use super::super::text::{BREAK, FAX_MARK, PHONE_MARK, SEAM};
use super::token::{Token, letter_word, tokens, word_of};
use super::words::{Word, classify, fold};

/// Maximum distance between a number and the beginning of its label, in bytes.
const LABEL_BYTES: usize = 72;
/// Maximum number of unknown words between a label and its number.
const MAX_STRANGERS: usize = 3;
/// Maximum number of labels in a row above a row of numbers.
const MAX_ROW: usize = 4;

/// The meaning of a label for its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// Unknown.
    Nothing,
    /// A telephone number.
    Phone {
        /// The word that decided.
        word: Word,
        /// Whether the word directly precedes the number.
        is_near: bool,
    },
    /// A fax number.
    Fax,
    /// A number for taxes, or of a company, a bank or a customer.
    Other,
    /// A number of something else.
    Something,
}

impl Label {
    /// Reads the label before a number, in its own block or as the whole preceding block.
    ///
    /// The nearest known word decides.
    pub(super) fn before(text: &str) -> Self {
        let blank = |c: char| c.is_whitespace() || c == SEAM;
        let own = text.trim_end_matches(|c: char| blank(c) || matches!(c, ':' | '-' | '(' | '|'));
        if !own.ends_with(BREAK) {
            return read(near(text.trim_end_matches(blank)), MAX_STRANGERS);
        }
        let block = own.trim_end_matches(|c: char| blank(c) || c == BREAK);
        read(near(block), 1)
    }

    /// Reads the label of a number in a row, if the row above has as many labels as this one has numbers.
    pub(super) fn in_row(before: &str, behind: &str) -> Option<Self> {
        let trim = |block: &'_ str| block.trim_matches(|c: char| c.is_whitespace() || c == SEAM).len();
        if !behind.trim_start_matches([' ', SEAM, '\n']).starts_with(BREAK) && !behind.is_empty() {
            return None;
        }
        let mut blocks = before.rsplit(BREAK).filter(|block| trim(block) > 0).take(2 * MAX_ROW);
        let is_start = before
            .trim_end_matches(|c: char| c.is_whitespace() || c == SEAM)
            .ends_with(BREAK);
        if !is_start {
            return None;
        }
        let (mut numbers_before, mut labels) = (0, Vec::new());
        let mut block = blocks.next();
        while block.is_some_and(is_number) {
            numbers_before += 1;
            block = blocks.next();
        }
        while let Some(label) = block.and_then(whole_label) {
            labels.push(label);
            block = blocks.next();
        }
        if labels.len() < 2 || labels.len() > MAX_ROW {
            return None;
        }
        let next = behind.split(BREAK).filter(|block| trim(block) > 0).take(MAX_ROW);
        let numbers_behind = next.take_while(|block| is_number(block)).count();
        let is_row = numbers_before + 1 + numbers_behind == labels.len();
        labels.reverse();
        is_row.then(|| labels.get(numbers_before).copied())?
    }

    /// Reads the label after a number, unless it can belong to the next one: `(fax)`, `Fax.`.
    ///
    /// Also returns how far the label extends, and whether it is in brackets.
    pub(super) fn behind(text: &str) -> Option<(Self, usize, bool)> {
        let start = text.trim_start_matches([' ', SEAM, '-', ',', '\n']);
        let is_bracketed = start.starts_with(['(', '[']);
        let start = start.trim_start_matches(['(', '[', ' ', SEAM]);
        let end = start.find(|c: char| !c.is_alphabetic()).unwrap_or(start.len());
        let word = start.get(..end).unwrap_or_default();
        if word.is_empty() || end > LABEL_BYTES {
            return None;
        }
        let rest = start.get(end..).unwrap_or_default();
        let rest = rest.trim_start_matches([' ', '.', ':', SEAM, '\n']);
        // Without brackets, only the end of the block shows which number the label belongs to.
        let is_closed = if is_bracketed {
            rest.starts_with([')', ']'])
        } else {
            rest.is_empty() || rest.starts_with([BREAK, ',', ';', '|'])
        };
        if !is_closed {
            return None;
        }
        let letter = if is_bracketed { letter_word(word) } else { None };
        let label = match letter.unwrap_or_else(|| classify(&fold(word))) {
            word if word.is_voice() => Self::Phone { word, is_near: true },
            Word::Fax => Self::Fax,
            _ if word.eq_ignore_ascii_case("f") => Self::Fax,
            _ => return None,
        };
        Some((label, text.len() - rest.len(), is_bracketed))
    }
}

/// Returns whether a block consists of a number alone.
fn is_number(block: &str) -> bool {
    block.len() <= LABEL_BYTES
        && block.bytes().filter(u8::is_ascii_digit).count() >= 6
        && !block.contains(char::is_alphabetic)
}

/// Reads a block that consists of a label alone.
fn whole_label(block: &str) -> Option<Label> {
    if block.len() > LABEL_BYTES || block.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    match read(block.trim_matches(|c: char| c.is_whitespace() || c == SEAM), 0) {
        label @ (Label::Fax | Label::Phone { is_near: true, .. }) => Some(label),
        _ => None,
    }
}

/// Returns the end of a text, within one block.
fn near(text: &str) -> &str {
    let start = text.ceil_char_boundary(text.len().saturating_sub(LABEL_BYTES));
    let near = text.get(start..).unwrap_or_default();
    near.rsplit(BREAK).next().unwrap_or_default()
}

/// Reads the words of a text, starting at its end.
fn read(text: &str, max_strangers: usize) -> Label {
    let tokens = tokens(text);
    let (mut strangers, mut follows_number) = (0, text.ends_with('#'));
    let mut next_start = text.len();
    for (index, token) in tokens.iter().enumerate().rev() {
        let gap = text.get(token.end..next_start).unwrap_or_default();
        let is_first = index + 1 == tokens.len();
        if !is_first && gap.contains(['!', '?', ';', '|', '·', '•', '@']) {
            break;
        }
        next_start = token.start;
        if token.text.starts_with(|c: char| c.is_ascii_digit()) {
            // Another number is in between.
            if token.text.len() >= 3 {
                break;
            }
            continue;
        }
        let before = tokens.get(..index).unwrap_or_default();
        if is_state(text, token) {
            return Label::Nothing;
        }
        let word = match short(text, token, gap, is_first, before.last()) {
            Some(word) => word,
            None => word_of(token),
        };
        match word {
            Word::Line if names_fax_line(text, token, before) => return Label::Fax,
            Word::Fax if is_joined_to_phone(text, token, before) => {
                let word = Word::Phone;
                return Label::Phone { word, is_near: true };
            }
            Word::Fax => return Label::Fax,
            Word::Phone | Word::Line | Word::Mobile | Word::WhatsApp => {
                let is_near = strangers == 0;
                return Label::Phone { word, is_near };
            }
            Word::Other => return Label::Other,
            Word::Object | Word::Party if follows_number => return Label::Other,
            Word::Object if strangers == 0 => return Label::Something,
            Word::Number => follows_number = true,
            Word::Unknown if follows_number && strangers == 0 => return something_or_phone(text, before),
            Word::Joiner | Word::Filler => {}
            Word::Object | Word::Party | Word::Acronym | Word::Unknown => strangers += 1,
        }
        if strangers > max_strangers {
            return Label::Nothing;
        }
        // A sentence ended here: `... since 1990. Visit us`.
        if strangers > 0 && gap.starts_with('.') && token.text.chars().count() > 4 {
            break;
        }
    }
    if follows_number {
        Label::Something
    } else {
        Label::Nothing
    }
}

/// Reads `<unknown word> number`. Only a preceding word for telephones, taxes or the like gives it a meaning.
fn something_or_phone(text: &str, before: &[Token<'_>]) -> Label {
    let known = before.iter().rev().take(2).map(|token| {
        let gap = text.get(token.end..token.end + 1).unwrap_or_default();
        if gap == ":" {
            Word::Unknown
        } else {
            classify(&fold(token.text))
        }
    });
    for word in known {
        match word {
            Word::Fax => return Label::Fax,
            Word::Other => return Label::Other,
            word if word.is_voice() => return Label::Phone { word, is_near: false },
            _ => {}
        }
    }
    Label::Something
}

/// Reads a label of one letter that stands alone: `F:`, `T.`, `P`.
fn short(text: &str, token: &Token<'_>, gap: &str, is_first: bool, before: Option<&Token<'_>>) -> Option<Word> {
    let first = token.text.chars().next()?;
    match first {
        FAX_MARK | '📠' => return Some(Word::Fax),
        PHONE_MARK | '☎' | '✆' | '📞' => return Some(Word::Phone),
        '📱' => return Some(Word::Mobile),
        _ => {}
    }
    let word = letter_word(token.text)?;
    if !is_first && !gap.trim().starts_with(['/', '&', '+']) {
        return None;
    }
    let ahead = text.get(..token.start).unwrap_or_default();
    // This is the end of a number such as `0x000C`.
    if ahead.ends_with(char::is_alphanumeric) {
        return None;
    }
    // After another word, a colon or dot is required, which `Mr F 030` lacks.
    let ends =
        |token: &Token<'_>| token.text.ends_with(|c: char| c.is_ascii_digit()) || token.text.chars().count() == 1;
    let is_alone = before.is_none_or(ends)
        || ahead
            .trim_end_matches([' ', SEAM])
            .ends_with(['|', ',', ';', '·', '•', '–', '-', ')']);
    let is_marked =
        gap.starts_with([':', '.']) || text.get(token.end..).is_some_and(|rest| rest.starts_with([':', '.']));
    (is_alone || is_marked).then_some(word)
}

/// Returns whether a word for fax is one half of `Tel./Fax`.
fn is_joined_to_phone(text: &str, fax: &Token<'_>, before: &[Token<'_>]) -> bool {
    let mut end = fax.start;
    for token in before.iter().rev().take(3) {
        let gap = text.get(token.end..end).unwrap_or_default();
        let is_joint = gap
            .chars()
            .all(|c| c == SEAM || matches!(c, ' ' | '.' | '/' | '&' | '+' | ',' | '-' | '(' | ')' | '、' | '・'));
        if !is_joint {
            return false;
        }
        end = token.start;
        match word_of(token) {
            word if word.is_voice() => return true,
            Word::Joiner | Word::Number => {}
            _ => return token.text.eq_ignore_ascii_case("t") || token.text.eq_ignore_ascii_case("p"),
        }
    }
    false
}

/// Returns whether a word for lines follows one for fax machines: `Fax-Durchwahl`.
fn names_fax_line(text: &str, line: &Token<'_>, before: &[Token<'_>]) -> bool {
    before.last().is_some_and(|token| {
        let gap = text.get(token.end..line.start).unwrap_or_default();
        matches!(gap, " " | "-") && word_of(token) == Word::Fax
    })
}

/// Returns whether a token is a state after a town: `Boise, ID`.
fn is_state(text: &str, token: &Token<'_>) -> bool {
    let ahead = text
        .get(..token.start)
        .unwrap_or_default()
        .trim_end_matches([' ', SEAM]);
    token.text.len() == 2 && token.text.bytes().all(|b| b.is_ascii_uppercase()) && ahead.ends_with(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> &'static str {
        match Label::before(&text.replace('|', "\u{1e}")) {
            Label::Nothing => "nothing",
            Label::Phone { .. } => "phone",
            Label::Fax => "fax",
            Label::Other => "other",
            Label::Something => "something",
        }
    }

    #[test]
    fn the_nearest_known_word_decides() {
        for (text, expected) in [
            ("Tel.: 030 1234, Fax: ", "fax"),
            ("Fax: 030 1234, Tel.: ", "phone"),
            ("Tel./Fax: ", "phone"),
            ("Telefon und Telefax: ", "phone"),
            ("Tel 1234567 / Telefax ", "fax"),
            ("Fax-Nr.: ", "fax"),
            ("Fax no. ", "fax"),
            ("Fax (Empfang): ", "fax"),
            ("Fax us at ", "fax"),
            ("Numéro de télécopie : ", "fax"),
            ("Fax|", "fax"),
            ("Fax:| ", "fax"),
            ("F ", "fax"),
            ("T 030 1234567 F ", "fax"),
            ("Tel|", "phone"),
            ("Phone number: ", "phone"),
            ("Call our team at ", "phone"),
            ("Unsere Rufnummer lautet: ", "phone"),
            ("VAT Reg No ", "other"),
            ("VAT no. GB ", "other"),
            ("C.F. ", "other"),
            ("P.IVA: ", "other"),
            ("EIN ", "other"),
            ("es ist ein ", "nothing"),
            ("Fax-Durchwahl: ", "fax"),
            ("Telefon (auch Fax): ", "phone"),
            ("Kundennummer ", "other"),
            ("Customer number: ", "other"),
            ("Company No. ", "other"),
            ("Bestellnummer: ", "other"),
            ("Invoice ", "something"),
            ("Phone # ", "phone"),
            ("Raum # ", "something"),
            ("Raum Nr. ", "something"),
            ("No. ", "something"),
            ("Smith & Company ", "nothing"),
            ("Boise, ID ", "nothing"),
            ("Customer service: ", "nothing"),
            ("GM/T ", "nothing"),
            ("0x000C ", "nothing"),
            ("Fairfax ", "nothing"),
            ("Berlin ", "nothing"),
            ("Fax 030 1234567 Zentrale ", "nothing"),
        ] {
            assert_eq!(kind(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_row_of_labels_belongs_to_a_row_of_numbers() {
        let row = |before: &str, behind: &str| {
            Label::in_row(&before.replace('|', "\u{1e}"), &behind.replace('|', "\u{1e}"))
                .map(|label| label == Label::Fax)
        };
        assert_eq!(row("Tel|Fax|", "|030 1234567"), Some(false));
        assert_eq!(row("Tel|Fax|030 1234566|", "|Berlin"), Some(true));
        assert_eq!(row("Telefon|Fax|", "|Berlin"), None);
        assert_eq!(row("Tel|030 1234566|Fax|", "|Berlin"), None);
    }

    #[test]
    fn a_label_after_a_number_counts_unless_it_belongs_to_the_next() {
        for (text, expected) in [
            (" (Fax)", Some(Label::Fax)),
            (" (f), ", Some(Label::Fax)),
            (" Fax", Some(Label::Fax)),
            (" fax\u{1e}030 2", Some(Label::Fax)),
            (" Fax 030 1234567", None),
            (" Fax: +49 30", None),
            (" fast", None),
            ("", None),
        ] {
            assert_eq!(Label::behind(text).map(|(label, ..)| label), expected, "{text:?}");
        }
    }
}
