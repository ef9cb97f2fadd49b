//! Candidates for telephone numbers, before they are validated by a numbering plan.

use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::super::text::{SEAM, plain};
use super::label::Label;
use super::run::{MAX_DIGITS, MIN_DIGITS, count, run_at, split};
use super::words::Word;

/// The kind of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneKind {
    /// Voice calls, which is the default.
    #[default]
    Voice,
    /// A mobile telephone, according to its label or to the numbering plan.
    Mobile,
    /// Messages by `WhatsApp`.
    #[serde(rename = "whatsapp")]
    WhatsApp,
    /// A fax machine.
    Fax,
}

/// A text in the page that may be a number.
#[derive(Clone, Debug)]
pub(in super::super) struct Candidate {
    /// The position in the text.
    pub(in super::super) position: usize,
    /// The digits, with a leading `+` if the number is international.
    pub(super) digits: String,
    /// The number as written in the page.
    pub(super) written: String,
    pub(super) evidence: Evidence,
    /// The kind that the page states.
    pub(super) kind: Option<PhoneKind>,
    /// Whether the text before the position may be the number's label.
    pub(super) is_in_text: bool,
    /// Whether the number spans two lines, or has dots like a version.
    pub(super) is_broken: bool,
    /// Whether the number is grouped as in North America.
    pub(super) is_north_american: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// A link or a field declares the number.
    Declared,
    /// A label precedes the number, directly or at some distance.
    Labelled {
        /// Whether the label directly precedes the number.
        is_near: bool,
    },
    /// The digits are grouped like a number: with a trunk prefix, an area code in parentheses, or as in North America.
    Grouped,
    /// The number has an international prefix.
    International,
}

impl Candidate {
    /// Creates a candidate from a run of digits.
    pub(super) fn new(position: usize, run: &str, evidence: Evidence, kind: Option<PhoneKind>) -> Option<Self> {
        Some(Self {
            position,
            digits: digits_of(run)?,
            written: written(run),
            evidence,
            kind,
            is_in_text: true,
            is_broken: run.contains('\n') || (run.contains(' ') && run.matches('.').count() > 1),
            is_north_american: is_north_american(run),
        })
    }

    /// Reads the numbers in a field, such as a `tel:` link or an `itemprop`.
    ///
    /// The text before its position may state the kind.
    pub(in super::super) fn declared(position: usize, value: &str, kind: Option<PhoneKind>) -> Vec<Self> {
        let value = percent_decode_str(value.trim()).decode_utf8_lossy();
        let value: String = value.chars().filter_map(plain).collect();
        let is_start = |c: char| c.is_ascii_digit() || matches!(c, '+' | '(');
        let mut found: Vec<Self> = Vec::new();
        let mut from = 0;
        while let Some(offset) = value.get(from..).and_then(|rest| rest.find(is_start)) {
            let start = from + offset;
            let run = run_at(&value, start);
            from = start + run.len().max(1);
            if count(run) < MIN_DIGITS - 1 {
                continue;
            }
            let said = match Label::before(value.get(..start).unwrap_or_default()) {
                Label::Fax => Some(PhoneKind::Fax),
                _ => kind,
            };
            let parts = split(run).into_iter();
            found.extend(parts.filter_map(|part| Self::new(position, part, Evidence::Declared, said)));
            // Parameters follow the number: `;phone-context=+1`.
            if value.get(from..).is_some_and(|rest| rest.starts_with([';', '?', '#'])) {
                break;
            }
        }
        found
    }

    /// Returns whether the number is valid without a region.
    pub(in super::super) fn is_international(&self) -> bool {
        self.digits.starts_with('+')
    }

    /// Reads the numbers in a field that has no position in the text.
    pub(in super::super) fn structured(position: usize, value: &str, kind: Option<PhoneKind>) -> Vec<Self> {
        let mut found = Self::declared(position, value, kind);
        for candidate in &mut found {
            candidate.is_in_text = false;
        }
        found
    }
}

impl PhoneKind {
    /// Returns the kind that a word in a label stands for.
    pub(super) fn of(word: Word) -> Self {
        match word {
            Word::Mobile => Self::Mobile,
            Word::WhatsApp => Self::WhatsApp,
            _ => Self::Voice,
        }
    }
}

/// Returns a number as written in the page, on one line.
fn written(run: &str) -> String {
    let words: Vec<&str> = run.split(|c: char| c.is_whitespace() || c == SEAM).collect();
    words
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Reduces a number to its digits and a leading `+`, without the `(0)` of national calls.
pub(super) fn digits_of(run: &str) -> Option<String> {
    let run = run.trim();
    let run = if run.starts_with('+') || run.starts_with("00") {
        run.replacen("(0)", "", 1)
    } else {
        run.to_owned()
    };
    let mut digits = String::new();
    for c in run.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() => digits.push(c),
            ' ' | '-' | '.' | '/' | '(' | ')' | '\n' | SEAM => {}
            _ => return None,
        }
    }
    // A plus sign before a trunk prefix is a mistake: the number is national.
    if digits.starts_with("+0") && !digits.starts_with("+00") {
        digits.remove(0);
    }
    let count = digits.trim_start_matches('+').len();
    (MIN_DIGITS - 1..=MAX_DIGITS).contains(&count).then_some(digits)
}

/// Returns whether a number is written like `(555) 123-4567`, `555-123-4567`, `555.123.4567` or `1-555-123-4567`.
pub(super) fn is_north_american(run: &str) -> bool {
    let groups: Vec<usize> = run
        .split(|c: char| !c.is_ascii_digit())
        .map(str::len)
        .filter(|len| *len > 0)
        .collect();
    let separated = run.starts_with('(') || run.contains(['-', '.']);
    separated && matches!(groups.as_slice(), [3, 3, 4] | [1, 3, 3, 4]) && (groups.len() == 3 || run.starts_with('1'))
}

/// Returns whether a number is written like `030 1234567`, `(030) 123 45` or `03-1234-5678`: a trunk prefix or an area
/// code in parentheses, then groups.
pub(super) fn is_grouped(run: &str) -> bool {
    let count = count(run);
    let first = run
        .trim_start_matches('(')
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count();
    let second = run.trim_start_matches('(').get(1..2).unwrap_or_default();
    let has_code = if run.starts_with('(') {
        run.get(first + 1..).is_some_and(|rest| rest.starts_with(')'))
    } else {
        run.starts_with('0') && run.bytes().any(|b| !b.is_ascii_digit())
    };
    has_code && (2..=6).contains(&first) && (9..=12).contains(&count) && second != "0"
}
