//! Cells of CSV files that people open as spreadsheets.
//!
//! A site chooses its title and what its sitemap says; an agency opens the file. After OWASP's "CSV Injection".

/// Makes a text harmless, so that no spreadsheet takes it for a formula.
///
/// One that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets an apostrophe in front, which spreadsheets
/// take for "this is text". So does an empty text, which would be none, and one that would be taken for such a cell
/// when it is read back.
#[must_use]
pub fn harmless(text: &str) -> String {
    if is_marked(text) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Writes a cell that may be without a text: then it is empty.
#[must_use]
pub fn cell(text: Option<&str>) -> String {
    text.map(harmless).unwrap_or_default()
}

/// Undoes [`harmless`].
#[must_use]
pub fn as_it_was(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_marked(text) => text,
        _ => cell,
    }
}

fn is_marked(text: &str) -> bool {
    let behind = text.trim_start_matches('\'');
    behind.is_empty() || behind.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula_and_every_text_comes_back() {
        for text in [
            "=1+1", "+1", "+49 30 1", "-1", "@SUM(A1)", "\t=1", "\r", "\r=1", "", "'", "''", "'=1", "''=1",
        ] {
            let written = harmless(text);
            assert_eq!(written, format!("'{text}"));
            assert_eq!(as_it_was(&written), text);
        }
        for text in ["a=b", " =1", "é", "plain", "'quoted'"] {
            assert_eq!((harmless(text).as_str(), as_it_was(text)), (text, text));
        }
        assert_eq!(cell(None), "");
    }
}
