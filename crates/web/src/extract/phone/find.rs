//! Telephone numbers in running text.

use std::ops::Range;

use super::super::text::{BREAK, SEAM};
use super::candidate::{Candidate, Evidence, PhoneKind, digits_of, is_grouped, is_north_american};
use super::label::Label;
use super::run::{MIN_DIGITS, count, is_address_or_date, run_at, split, without_tail};
use super::words::{Word, classify, fold};

/// Maximum number of candidates per page, since each takes some tens of microseconds.
pub(super) const MAX_CANDIDATES: usize = 300;
/// Maximum number of digits in a run that is examined.
const MAX_RUN_DIGITS: usize = 60;
/// Maximum distance between two numbers of a list, in bytes.
const MAX_LIST_GAP: usize = 12;
/// Signs that make a number a price, with or without a space in between.
const CURRENCIES: [char; 5] = ['$', '€', '£', '¥', '₹'];

/// Finds texts that look like telephone numbers.
pub(in super::super) fn find(text: &str) -> Vec<Candidate> {
    let bytes = text.as_bytes();
    let mut candidates = Vec::new();
    let mut from = 0;
    // The label of the previous number, which also applies to those that follow it in a list.
    let mut last: Option<(usize, Label)> = None;
    // The end of the label after the previous number.
    let mut taken = 0;
    while let Some(offset) = bytes
        .get(from..)
        .and_then(|rest| rest.iter().position(|b| b.is_ascii_digit() || matches!(b, b'+' | b'(')))
    {
        let start = from + offset;
        let run = run_at(text, start);
        from = start + run.len().max(1);
        if count(run) < MIN_DIGITS {
            continue;
        }
        let run = without_tail(run, text.get(from..).unwrap_or_default());
        from = start + run.len().max(1);
        let (start, run) = without_postal_code(start, run);
        let end = start + run.len();
        let Some((label, length)) = label_of(text, taken..start, run, last) else {
            continue;
        };
        last = Some((end, label));
        taken = if length > 0 { end + length } else { taken };
        for part in split(run) {
            candidates.extend(judge(start, part, label));
        }
        if candidates.len() > MAX_CANDIDATES {
            break;
        }
    }
    candidates
}

/// Removes the postal code before a number: `TX 77002 713-555-0100`.
fn without_postal_code(start: usize, run: &str) -> (usize, &str) {
    let digits = run.bytes().take_while(u8::is_ascii_digit).count();
    let rest = run.get(digits..).unwrap_or_default();
    let number = rest.trim_start_matches([' ', SEAM, '\n']);
    let is_begun = number.starts_with(['+', '(']) || (number.starts_with('0') && !run.starts_with('0'));
    let is_code = matches!(digits, 4 | 5)
        && number.len() < rest.len()
        && ((is_begun && count(number) > MIN_DIGITS) || (digits == 5 && is_north_american(number)));
    if is_code {
        (start + run.len() - number.len(), number)
    } else {
        (start, run)
    }
}

/// Sets the kind of declared numbers by the labels before them.
pub(in super::super) fn read_labels(candidates: &mut Vec<Candidate>, text: &str) {
    candidates.retain_mut(|candidate| {
        if !candidate.is_in_text || candidate.kind.is_some() {
            return true;
        }
        match Label::before(text.get(..candidate.position).unwrap_or_default()) {
            Label::Fax => candidate.kind = Some(PhoneKind::Fax),
            // For voice calls, the number in the text decides.
            Label::Phone { word, .. } => {
                candidate.kind = Some(PhoneKind::of(word)).filter(|kind| *kind != PhoneKind::Voice);
            }
            // Browsers and plugins turn tax numbers into links.
            Label::Other => return false,
            Label::Nothing | Label::Something => {}
        }
        true
    });
}

/// Returns the label of a run, and how far it extends after the run; `None` if the run cannot be a number.
fn label_of(text: &str, ahead: Range<usize>, run: &str, last: Option<(usize, Label)>) -> Option<(Label, usize)> {
    if !(MIN_DIGITS..=MAX_RUN_DIGITS).contains(&count(run)) {
        return None;
    }
    let start = ahead.end;
    let before = text.get(..start)?;
    let behind = text.get(start + run.len()..)?;
    if !may_follow(before) || !may_precede(behind) || is_address_or_date(run) {
        return None;
    }
    let own = text.get(ahead).unwrap_or_default();
    let label = Label::in_row(before, behind).unwrap_or_else(|| Label::before(own));
    if label != Label::Nothing {
        return Some((label, 0));
    }
    let said = Label::behind(behind);
    if let Some((label, length, true)) = said {
        return Some((label, length));
    }
    if let Some((end, label)) = last
        && matches!(label, Label::Fax | Label::Phone { .. })
        && text.get(end..start).is_some_and(continues_list)
    {
        return Some((label, 0));
    }
    Some(said.map_or((Label::Nothing, 0), |(label, length, _)| (label, length)))
}

/// Returns whether the text between two numbers makes them a list.
fn continues_list(between: &str) -> bool {
    between.len() <= MAX_LIST_GAP
        && !between.contains(BREAK)
        && between
            .split([SEAM, ' ', ',', ';', '/', '&', '|', '\n', '-'])
            .all(|word| word.is_empty() || classify(&fold(word)) == Word::Joiner)
}

/// Returns a candidate if a run of digits is worth validating.
fn judge(start: usize, run: &str, label: Label) -> Option<Candidate> {
    let kind = match label {
        Label::Other => return None,
        Label::Fax => Some(PhoneKind::Fax),
        Label::Phone { word, .. } => Some(PhoneKind::of(word)),
        Label::Nothing | Label::Something => None,
    };
    let count = count(run);
    let digits = digits_of(run)?;
    let evidence = if digits.starts_with('+') {
        (count > MIN_DIGITS).then_some(Evidence::International)?
    } else if let Label::Phone { is_near, .. } = label {
        Evidence::Labelled { is_near }
    } else if label == Label::Fax {
        Evidence::Labelled { is_near: true }
    } else if label == Label::Something || is_company_number(run) {
        return None;
    } else if run.starts_with("00") && count >= 11 && run.contains(|c: char| !c.is_ascii_digit()) {
        Evidence::International
    } else if is_north_american(run) || is_grouped(run) {
        Evidence::Grouped
    } else {
        return None;
    };
    (count >= MIN_DIGITS).then(|| Candidate::new(start, run, evidence, kind))?
}

/// Returns whether a run is written like a Belgian enterprise number: `0477.123.456`.
fn is_company_number(run: &str) -> bool {
    let groups: Vec<usize> = run.split('.').map(str::len).collect();
    groups == [4, 3, 3] && run.starts_with(['0', '1']) && run.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn may_follow(before: &str) -> bool {
    let before = before.trim_end_matches(SEAM);
    if before.trim_end_matches([' ', SEAM]).ends_with(CURRENCIES) {
        return false;
    }
    let mut chars = before.chars().rev();
    match chars.next() {
        None => true,
        Some('.') => chars.next().is_none_or(|c| c.is_alphabetic() || c.is_whitespace()),
        Some('-' | '/') => is_glued_label(before.trim_end_matches(['-', '/'])),
        Some('#') => matches!(Label::before(before), Label::Phone { .. } | Label::Fax),
        Some(c) if c.is_ascii_alphanumeric() => is_glued_label(before),
        Some(c) => !matches!(
            c,
            ',' | '_' | '=' | '〒' | '$' | '€' | '£' | '¥' | '%' | '@' | '&' | '+' | '*' | '~'
        ),
    }
}

/// Returns whether a text ends with a label without a space before its number: `Tel030`.
fn is_glued_label(before: &str) -> bool {
    let start = before.trim_end_matches(|c: char| c.is_alphabetic()).len();
    let word = before.get(start..).unwrap_or_default();
    let kind = (1..=24).contains(&word.len()).then(|| classify(&fold(word)));
    kind.is_some_and(|kind| kind.is_voice() || kind == Word::Fax)
}

fn may_precede(after: &str) -> bool {
    if after.trim_start_matches([' ', SEAM]).starts_with(CURRENCIES) {
        return false;
    }
    let mut chars = after.chars();
    let next_is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    match chars.next() {
        None => true,
        Some('x' | 'e') => true,
        // The next word follows without a space: `555-0142Email`.
        Some(c) if c.is_ascii_uppercase() => chars.next().is_some_and(|c| c.is_lowercase()),
        Some(c) if c.is_ascii_alphanumeric() => false,
        Some(':' | ',' | '+' | '*') => !next_is_digit(chars.next()),
        Some(c) => !matches!(c, '%' | '=' | '_' | '@' | '°' | '²'),
    }
}
