//! Parsing of tables saved as text by spreadsheets and other tools: with commas, semicolons or tabs between the cells,
//! in any common encoding.
//!
//! [`Table::read`] never returns garbage silently: it refuses a file that is not text with the name of its format.

mod decode;
mod number;
mod shape;

use csv::{ReaderBuilder, StringRecord};

pub use self::number::{decimal, whole};

/// A table of texts.
#[derive(Clone, Debug)]
pub struct Table {
    /// The rows, without blank ones; if the file has a line of column names, it is the first.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// The line in which the row begins, from 1, as editors count.
    pub line: u64,
    /// The cells.
    pub cells: StringRecord,
    /// Whether a cell begins with a quotation mark that is never closed.
    pub is_unclosed: bool,
}

impl Row {
    /// Returns the cell of a column, counted from 0; an empty text if the row is too short.
    #[must_use]
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or_default()
    }
}

/// Why a file is not a table, displayed as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The file is empty.
    #[error("the file is empty")]
    Empty,
    /// The file has another format.
    #[error("the file is {0}, not CSV: save it as CSV first")]
    Kind(&'static str),
    /// The CSV parser failed.
    #[error("the file cannot be read as CSV: {0}")]
    Csv(String),
}

impl Table {
    /// Parses a table. `charset` is the declared encoding, if any; `is_name` returns whether a text is a known name of
    /// a column, which helps to find the separator.
    ///
    /// # Errors
    ///
    /// [`TableError`] if the file is not a table.
    pub fn read(file: &[u8], charset: Option<&str>, is_name: impl Fn(&str) -> bool) -> Result<Self, TableError> {
        if let Some(kind) = shape::foreign_kind(file) {
            return Err(TableError::Kind(kind));
        }
        let text = decode::decode(file, charset);
        let start = text.trim_start_matches('\u{feff}');
        if let Some(kind) = shape::foreign_text(start) {
            return Err(TableError::Kind(kind));
        }
        let skipped = text.len() - start.len();
        let (declared, behind) = shape::declared_separator(start);
        let body = start.get(behind..).unwrap_or_default();
        let separator = declared.unwrap_or_else(|| shape::separator(body, is_name));
        let rows = rows(&text, skipped + behind, separator)?;
        if rows.is_empty() {
            return Err(TableError::Empty);
        }
        Ok(Self { rows })
    }
}

/// Parses the rows from `start` on, without blank ones.
fn rows(text: &str, start: usize, separator: u8) -> Result<Vec<Row>, TableError> {
    let body = text.get(start..).unwrap_or_default();
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(body.as_bytes());
    let (mut rows, mut record) = (Vec::new(), StringRecord::new());
    let mut lines = Lines::new(text);
    while reader
        .read_record(&mut record)
        .map_err(|error| TableError::Csv(error.to_string()))?
    {
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let at = |byte: u64| start + usize::try_from(byte).unwrap_or(body.len());
        let begin = at(record.position().map_or(0, csv::Position::byte));
        let end = at(reader.position().byte());
        // The parser counts the line ends before a record as part of it.
        let raw = text.get(begin..end).unwrap_or_default();
        let raw = raw.trim_start_matches(['\r', '\n']);
        rows.push(Row {
            line: lines.at(end - raw.len()),
            cells: record.clone(),
            is_unclosed: end >= text.len() && shape::is_unclosed(raw, separator),
        });
    }
    Ok(rows)
}

/// Counts lines for increasing positions in a text.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// Returns the line of a position, from 1. CR LF, LF and CR each end one.
    fn at(&mut self, position: usize) -> u64 {
        let bytes = self.text.as_bytes();
        while self.at < position {
            let is_end = match bytes.get(self.at) {
                Some(b'\n') => true,
                Some(b'\r') => bytes.get(self.at + 1) != Some(&b'\n'),
                Some(_) => false,
                None => break,
            };
            self.line += u64::from(is_end);
            self.at += 1;
        }
        self.line
    }
}

/// Returns the plain form of a column's name: lower case, without blanks and punctuation.
#[must_use]
pub fn plain_name(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests;
