//! Cells of CSV files that people open as spreadsheets.

use std::borrow::Cow;

/// What makes a spreadsheet take a cell for a formula, as its first character.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Returns a text as a spreadsheet may show it: what it would take for a formula gets an apostrophe in front.
///
/// After OWASP's "CSV Injection". A site chooses its title; an agency opens the file.
#[must_use]
pub fn cell(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULA) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn what_looks_like_a_formula_is_text() {
        for text in ["=1+1", "+49 30 1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(cell(text), format!("'{text}"));
        }
        for text in ["", "a=b", " =1", "ü", "'=1"] {
            assert_eq!(cell(text), text);
        }
    }
}
