//! The visible text of a page as one string for the finders, and the cleaning of stored strings.

/// Separates two blocks: no finding extends across it.
pub(super) const BREAK: char = '\u{1e}';
/// Marks where an inline element starts or ends: an address may extend across it, a word may not.
pub(super) const SEAM: char = '\u{1f}';
/// Mark icons that announce a telephone number and a fax number.
pub(super) const PHONE_MARK: char = '\u{1c}';
pub(super) const FAX_MARK: char = '\u{1d}';

/// Maximum length of a page's text that is searched, in bytes.
const MAX_TEXT_BYTES: usize = 2 << 20;

/// Collects the visible text in page order.
#[derive(Default)]
pub(super) struct PageText {
    text: String,
}

impl PageText {
    /// Returns the text so far; its length is the current position.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the text from a position on.
    pub(super) fn since(&self, position: usize) -> &str {
        self.text.get(position..).unwrap_or_default()
    }

    /// Returns the current position.
    pub(super) fn position(&self) -> usize {
        self.text.len()
    }

    /// Appends the content of a text node.
    pub(super) fn push(&mut self, text: &str) {
        if self.text.len() > MAX_TEXT_BYTES {
            return;
        }
        if text.bytes().all(|b| b.is_ascii_whitespace()) {
            if !self.text.ends_with([' ', BREAK]) {
                self.text.push(' ');
            }
        } else if is_plain(text) {
            self.text.push_str(text);
        } else {
            self.text.extend(text.chars().filter_map(plain));
        }
    }

    /// Reverses the text since a position, as a style with right-to-left writing does.
    pub(super) fn reverse_since(&mut self, position: usize) {
        let turned: String = self.since(position).chars().rev().collect();
        if self.text.is_char_boundary(position) {
            self.text.truncate(position);
            self.text.push_str(&turned);
        }
    }

    pub(super) fn push_break(&mut self) {
        if !self.text.ends_with(BREAK) {
            self.text.push(BREAK);
        }
    }

    pub(super) fn push_mark(&mut self, mark: char) {
        if self.text.len() <= MAX_TEXT_BYTES {
            self.text.push(mark);
        }
    }

    pub(super) fn push_seam(&mut self) {
        if !self.text.ends_with([BREAK, SEAM]) {
            self.text.push(SEAM);
        }
    }
}

/// Returns whether a text needs no conversion.
fn is_plain(text: &str) -> bool {
    let is_mark = |byte: u8| (PHONE_MARK as u8..=SEAM as u8).contains(&byte);
    // Without an early exit, so that many bytes are read at a time.
    text.is_ascii() && !text.bytes().fold(false, |found, byte| found | is_mark(byte))
}

/// Converts digits and punctuation of other scripts to ASCII; `None` for invisible characters.
pub(super) fn plain(c: char) -> Option<char> {
    let digit = |zero: char| char::from_digit(u32::from(c) - u32::from(zero), 10);
    match c {
        // Soft hyphens, zero-width characters and direction marks are inserted into addresses to break them.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => None,
        BREAK | SEAM | PHONE_MARK | FAX_MARK | '\0' => None,
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => Some(' '),
        '\u{660}'..='\u{669}' => digit('\u{660}'),
        '\u{6f0}'..='\u{6f9}' => digit('\u{6f0}'),
        '\u{966}'..='\u{96f}' => digit('\u{966}'),
        '\u{2010}'..='\u{2014}' | '\u{2212}' => Some('-'),
        // Full-width forms have a fixed distance from ASCII.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        _ => Some(c),
    }
}

/// Makes a text fit to store: white space is collapsed, control characters are removed (PostgreSQL cannot store NUL),
/// and the length is limited to `max_chars`. Returns `None` if nothing is left.
pub(super) fn clean(text: &str, max_chars: usize) -> Option<String> {
    let mut kept = String::new();
    let mut chars = 0;
    for word in text.split(|c: char| c.is_whitespace() || c == BREAK || c == SEAM) {
        let mut letters = word.chars().filter(|c| !c.is_control()).peekable();
        if letters.peek().is_none() {
            continue;
        }
        if chars >= max_chars {
            break;
        }
        if !kept.is_empty() {
            kept.push(' ');
            chars += 1;
        }
        for letter in letters.take(max_chars - chars.min(max_chars)) {
            kept.push(letter);
            chars += 1;
        }
    }
    kept.truncate(kept.trim_end().len());
    (!kept.is_empty()).then_some(kept)
}

/// Returns whether `text` contains `needle`, ignoring ASCII case.
pub(super) fn contains_ignore_case(text: &str, needle: &str) -> bool {
    text.as_bytes()
        .windows(needle.len())
        .any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning_collapses_and_bounds() {
        assert_eq!(clean("  a \n\t b\0c  ", 100).as_deref(), Some("a bc"));
        assert_eq!(clean("éé éé éé", 5).as_deref(), Some("éé éé"));
        assert_eq!(clean("éé éé éé", 6).as_deref(), Some("éé éé"));
        assert_eq!(clean(" \u{0} \n", 5), None);
        assert_eq!(clean("", 5), None);
    }

    #[test]
    fn digits_of_other_scripts_are_converted_to_ascii() {
        let mut text = PageText::default();
        text.push("٠٥٠ ０３－１２３４ in\u{200b}fo＠example.jp");
        assert_eq!(text.as_str(), "050 03-1234 info@example.jp");
        let mut text = PageText::default();
        text.push("（ＦＡＸ：１／２）");
        assert_eq!(text.as_str(), "(FAX:1/2)");
    }
}
