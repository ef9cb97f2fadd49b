//! Cells of CSV files that people open as spreadsheets.
//!
//! A site chooses its title and the texts of its sitemap, and an agency opens the file. The escaping follows OWASP's
//! "CSV Injection".

/// The byte order mark, which tells spreadsheets that a file is UTF-8.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Separates the values of a list in a cell.
pub const LIST_SEPARATOR: &str = "; ";

/// Escapes a text that a spreadsheet would read as a formula.
///
/// A text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets an apostrophe in front, which marks text
/// in spreadsheets; an international telephone number gets none. An empty text gets one too, since it would be read
/// back as missing, and so does a text that already looks escaped.
#[must_use]
pub fn escape_formula(text: &str) -> String {
    if is_marked(text) && !is_phone(text) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Returns the cell of an optional text; empty for `None`.
#[must_use]
pub fn cell(text: Option<&str>) -> String {
    text.map(escape_formula).unwrap_or_default()
}

/// Undoes [`escape_formula`].
#[must_use]
pub fn unescape_formula(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_marked(text) => text,
        _ => cell,
    }
}

fn is_marked(text: &str) -> bool {
    let behind = text.trim_start_matches('\'');
    behind.is_empty() || behind.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Returns whether a text is `+` with digits, blanks and the punctuation of telephone numbers, or a list that begins
/// so.
fn is_phone(text: &str) -> bool {
    let is_number = |number: &str| {
        !number.is_empty()
            && number
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'(' | b')' | b'.' | b'/' | b'-'))
    };
    text.starts_with('+')
        && text
            .split(LIST_SEPARATOR)
            .all(|one| is_number(one.strip_prefix('+').unwrap_or(one)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula_and_every_text_comes_back() {
        for text in [
            "=1+1",
            "+1+1",
            "+",
            "+1; =1",
            "+49 30 1 ext",
            "+1\n2",
            "'+49 30 1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r",
            "\r=1",
            "",
            "'",
            "''",
            "'=1",
            "''=1",
        ] {
            let written = escape_formula(text);
            assert_eq!(written, format!("'{text}"));
            assert_eq!(unescape_formula(&written), text);
        }
        for text in [
            "a=b",
            " =1",
            "é",
            "plain",
            "'quoted'",
            "+49 30 1",
            "+1 (713) 555-0142",
            "+49.30/1",
            "+49 30 1; +49 30 2; 030 3",
        ] {
            assert_eq!((escape_formula(text).as_str(), unescape_formula(text)), (text, text));
        }
        assert_eq!(cell(None), "");
        // An earlier version escaped telephone numbers as well.
        assert_eq!(unescape_formula("'+49 30 1"), "+49 30 1");
    }
}
