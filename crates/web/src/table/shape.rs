//! Detection of the separator between cells, and of files that are not tables.

use csv::{ReaderBuilder, StringRecord};

/// The separators, most common first.
const SEPARATORS: [u8; 4] = *b",;\t|";
/// The number of rows examined to find the separator.
const DECIDING_ROWS: usize = 20;

/// The first bytes of files that people mistake for CSV.
const FOREIGN: &[(&[u8], &str)] = &[
    (
        b"PK\x03\x04",
        "an Excel or LibreOffice workbook, or another zip archive",
    ),
    (b"\xD0\xCF\x11\xE0", "an old Excel workbook"),
    (b"%PDF-", "a PDF document"),
    (b"\x1F\x8B", "a gzip archive"),
    (b"{\\rtf", "a rich text document"),
];

/// The first characters of texts that people mistake for CSV.
const FOREIGN_TEXTS: &[(&str, &str)] = &[
    ("<!doctype", "an HTML or XML document"),
    ("<html", "an HTML or XML document"),
    ("<?xml", "an HTML or XML document"),
    ("<table", "an HTML or XML document"),
    ("[{", "JSON"),
    ("{\"", "JSON"),
];

/// Returns the format of a file that is not text.
pub(super) fn foreign_kind(file: &[u8]) -> Option<&'static str> {
    FOREIGN
        .iter()
        .find(|(start, _)| file.starts_with(start))
        .map(|(_, kind)| *kind)
}

/// Returns the format of a text that is not a table.
pub(super) fn foreign_text(text: &str) -> Option<&'static str> {
    let start: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .take(9)
        .flat_map(char::to_lowercase)
        .collect();
    FOREIGN_TEXTS
        .iter()
        .find(|(text, _)| start.starts_with(text))
        .map(|(_, kind)| *kind)
}

/// Returns the separator declared by a first line `sep=;`, and the position after that line.
pub(super) fn declared_separator(text: &str) -> (Option<u8>, usize) {
    let end = text.find(['\r', '\n']).unwrap_or(text.len());
    let line = text.get(..end).unwrap_or_default();
    // Some programs add separators, quotes or blanks around it.
    let bare = line.trim_start_matches([' ', '"']);
    let declares = bare.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sep="));
    if !declares {
        return (None, 0);
    }
    let separator = match bare.get(4..) {
        Some(rest) if rest.starts_with("\\t") => Some(b'\t'),
        Some(rest) => rest.bytes().next().filter(u8::is_ascii).filter(|byte| *byte != b'"'),
        None => None,
    };
    (separator, end)
}

/// Returns the separator that gives the most known column names; among equals, the one that most rows have; then the
/// most frequent one.
pub(super) fn separator(text: &str, is_name: impl Fn(&str) -> bool) -> u8 {
    let score = |separator: u8| {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .from_reader(text.as_bytes());
        let (mut names, mut rows, mut cells) = (0, 0, 0);
        let mut record = StringRecord::new();
        let mut is_first = true;
        for _ in 0..DECIDING_ROWS {
            if !reader.read_record(&mut record).unwrap_or(false) {
                break;
            }
            if is_first {
                names = record.iter().filter(|name| is_name(name)).count();
            }
            is_first = false;
            rows += usize::from(record.len() > 1);
            cells += record.len();
        }
        (names, rows, cells)
    };
    let mut best = (b',', score(b','));
    for separator in SEPARATORS {
        let score = score(separator);
        if score > best.1 {
            best = (separator, score);
        }
    }
    best.0
}

/// Returns whether a row ends within a cell whose quotation mark is not closed.
pub(super) fn is_unclosed(row: &str, separator: u8) -> bool {
    let (mut is_open, mut is_start) = (false, true);
    let mut bytes = row.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            // A doubled quotation mark stands for itself.
            b'"' if is_open => is_open = bytes.next_if_eq(&b'"').is_some(),
            b'"' if is_start => is_open = true,
            _ => {}
        }
        is_start = !is_open && byte == separator;
    }
    is_open
}
