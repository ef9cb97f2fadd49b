//! Telephone numbers of any country, in international format.
//!
//! Every number is validated against the numbering plans of the `phonenumber` crate. In running text a
//! number must also look like one: an international prefix, a label such as `Tel.`, or the grouping in
//! which its country writes numbers. Dates, prices, order numbers and coordinates have none of these.

use percent_encoding::percent_decode_str;
use phonenumber::{Mode, PhoneNumber, country};

use super::phone_label::Label;

/// The most numbers kept of one page.
pub(super) const MAX_PHONES: usize = 50;
/// The most candidates that are validated: each costs some tens of microseconds.
const MAX_CANDIDATES: usize = 300;
/// The most digits of a number, with the prefix of an international call.
const MAX_DIGITS: usize = 17;
const MIN_DIGITS: usize = 7;

/// A number that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phone {
    /// Digits with country code and `+`, by which numbers are compared.
    pub(super) e164: String,
    /// The same in groups, as it is shown.
    pub(super) international: String,
}

/// Something in the page that may be a number.
pub(super) struct Candidate {
    /// Where it is.
    pub(super) position: usize,
    /// Its digits, with a `+` in front where it is international.
    digits: String,
    evidence: Evidence,
    /// Whether it is grouped as in North America.
    is_north_american: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Evidence {
    /// A link or a field that says it is a number.
    Declared,
    /// A label stands before it.
    Labelled,
    /// It is grouped as numbers are: with a trunk prefix, an area code in parentheses, or as in North America.
    Grouped,
    /// It has an international prefix.
    International,
}

impl Candidate {
    /// Reads a `tel:` link, or a field that holds a number.
    pub(super) fn declared(position: usize, value: &str) -> Option<Self> {
        let value = percent_decode_str(value.trim()).decode_utf8_lossy();
        let value = value
            .strip_prefix("tel:")
            .or_else(|| value.strip_prefix("TEL:"))
            .unwrap_or(&value);
        let main = value.split([';', ',', '?', 'x']).next().unwrap_or_default();
        let digits = digits_of(main)?;
        Some(Self {
            position,
            digits,
            evidence: Evidence::Declared,
            is_north_american: is_north_american(main.trim()),
        })
    }

    /// Validates it against a numbering plan; the regions are tried in order.
    fn validate(&self, regions: &[country::Id]) -> Option<PhoneNumber> {
        if self.digits.starts_with('+') {
            return valid(None, &self.digits);
        }
        // 00 is the international prefix of most of the world; where it is not, the result is not valid.
        if let Some(rest) = self.digits.strip_prefix("00")
            && let Some(number) = valid(None, &format!("+{rest}"))
        {
            return Some(number);
        }
        let north_american = || {
            let number = valid(Some(regions.first().copied().unwrap_or(country::US)), &self.digits)?;
            (self.is_north_american && number.country().code() == 1).then_some(number)
        };
        match self.evidence {
            Evidence::International => None,
            Evidence::Declared | Evidence::Labelled => regions
                .iter()
                .find_map(|region| valid(Some(*region), &self.digits))
                .or_else(north_american),
            Evidence::Grouped if self.is_north_american => north_american(),
            Evidence::Grouped => valid(Some(*regions.first()?), &self.digits),
        }
    }
}

fn valid(region: Option<country::Id>, digits: &str) -> Option<PhoneNumber> {
    let number = phonenumber::parse(region, digits).ok()?;
    number.is_valid().then_some(number)
}

/// Validates the candidates of a page in page order.
///
/// `regions` is where the site may be, the most probable first. Without any, the country of the first
/// international number of the page is taken.
pub(super) fn validate(mut candidates: Vec<Candidate>, regions: &[country::Id]) -> Vec<Phone> {
    candidates.sort_by_key(|candidate| candidate.position);
    candidates.truncate(MAX_CANDIDATES);
    let mut regions = regions.to_vec();
    if regions.is_empty() {
        let international = candidates.iter().filter(|candidate| candidate.digits.starts_with('+'));
        regions.extend(
            international
                .filter_map(|candidate| candidate.validate(&[])?.country().id())
                .next(),
        );
    }
    let mut phones: Vec<Phone> = Vec::new();
    for candidate in candidates {
        let Some(number) = candidate.validate(&regions) else {
            continue;
        };
        let e164 = number.format().mode(Mode::E164).to_string();
        if phones.iter().all(|phone| phone.e164 != e164) {
            let international = number.format().mode(Mode::International).to_string();
            phones.push(Phone { e164, international });
        }
        if phones.len() == MAX_PHONES {
            break;
        }
    }
    phones
}

/// Finds what looks like a telephone number in visible text.
pub(super) fn find(text: &str) -> Vec<Candidate> {
    let bytes = text.as_bytes();
    let mut candidates = Vec::new();
    let mut from = 0;
    while let Some(offset) = bytes
        .get(from..)
        .and_then(|rest| rest.iter().position(|b| b.is_ascii_digit() || matches!(b, b'+' | b'(')))
    {
        let start = from + offset;
        let run = run_at(text, start);
        from = start + run.len().max(1);
        if let Some((digits, evidence)) = judge(text, start, run) {
            candidates.push(Candidate {
                position: start,
                digits,
                evidence,
                is_north_american: is_north_american(run),
            });
            if candidates.len() > MAX_CANDIDATES {
                break;
            }
        }
    }
    candidates
}

/// Takes digits and the punctuation of numbers from a position on.
fn run_at(text: &str, start: usize) -> &str {
    let rest = text.get(start..).unwrap_or_default();
    let (mut end, mut separators) = (0, 0);
    let mut digits = 0;
    for (i, byte) in rest.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => {
                separators = 0;
                digits += 1;
                end = i + 1;
            }
            b'+' if i == 0 => {}
            // A number ends where the next begins.
            b'/' if digits >= MIN_DIGITS && rest.as_bytes().get(i + 1) == Some(&b' ') => break,
            b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b'\n' if separators < 3 => separators += 1,
            _ => break,
        }
    }
    rest.get(..end).unwrap_or_default()
}

/// Decides whether a run of digits is worth validating.
fn judge(text: &str, start: usize, run: &str) -> Option<(String, Evidence)> {
    let count = run.bytes().filter(u8::is_ascii_digit).count();
    if !(MIN_DIGITS..=MAX_DIGITS + 1).contains(&count) {
        return None;
    }
    let before = text.get(..start)?;
    let after = text.get(start + run.len()..)?;
    if !may_follow(before) || !may_precede(after) || is_address_or_date(run) {
        return None;
    }
    let digits = digits_of(run)?;
    let label = Label::before(before);
    if label.is_fax() {
        return None;
    }
    if digits.starts_with('+') {
        return (count > MIN_DIGITS).then_some((digits, Evidence::International));
    }
    if label.is_of_a_phone() {
        return Some((digits, Evidence::Labelled));
    }
    if label.is_of_another_number() {
        return None;
    }
    if run.starts_with("00") && count >= 11 && has_separator(run) {
        return Some((digits, Evidence::International));
    }
    (is_north_american(run) || is_grouped(run)).then_some((digits, Evidence::Grouped))
}

/// Reduces a number to its digits and a leading `+`, without the `(0)` of national calls.
fn digits_of(run: &str) -> Option<String> {
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
            ' ' | '-' | '.' | '/' | '(' | ')' | '\n' | '\u{a0}' | '\u{2010}'..='\u{2014}' => {}
            _ => return None,
        }
    }
    let count = digits.trim_start_matches('+').len();
    (MIN_DIGITS - 1..=MAX_DIGITS).contains(&count).then_some(digits)
}

/// What makes a number a price, with or without a space between.
const CURRENCIES: [char; 5] = ['$', '€', '£', '¥', '₹'];

fn may_follow(before: &str) -> bool {
    if before.trim_end_matches(' ').ends_with(CURRENCIES) {
        return false;
    }
    let mut chars = before.chars().rev();
    match chars.next() {
        None => true,
        Some('.') => chars.next().is_none_or(|c| c.is_alphabetic() || c.is_whitespace()),
        Some(c) if c.is_ascii_alphanumeric() => false,
        Some(c) => !matches!(
            c,
            ',' | '-' | '_' | '/' | '=' | '#' | '$' | '€' | '£' | '¥' | '%' | '@' | '&' | '+' | '*' | '~'
        ),
    }
}

fn may_precede(after: &str) -> bool {
    if after.trim_start_matches(' ').starts_with(CURRENCIES) {
        return false;
    }
    let mut chars = after.chars();
    let next_is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    match chars.next() {
        None => true,
        Some('x' | 'e') => true,
        Some(c) if c.is_ascii_alphanumeric() => false,
        Some(':' | ',' | '+' | '*') => !next_is_digit(chars.next()),
        Some(c) => !matches!(c, '%' | '=' | '_' | '@' | '°' | '²'),
    }
}

/// Returns whether groups are those of an IPv4 address or of a date.
fn is_address_or_date(run: &str) -> bool {
    let groups: Vec<&str> = run.split(|c: char| !c.is_ascii_digit()).collect();
    let is_address = run.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && groups.len() == 4
        && groups.iter().all(|group| group.parse::<u8>().is_ok());
    let number = |i: usize| groups.get(i).and_then(|group| group.parse::<u16>().ok());
    let is_year = |n: Option<u16>, i: usize| {
        groups.get(i).is_some_and(|g| g.len() == 4) && n.is_some_and(|n| (1900..2100).contains(&n))
    };
    let is_day = |n: Option<u16>| n.is_some_and(|n| (1..=31).contains(&n));
    let is_date = (is_year(number(0), 0) && is_day(number(1)) && is_day(number(2)))
        || (is_day(number(0)) && is_day(number(1)) && is_year(number(2), 2))
        || (groups.len() == 2 && is_year(number(0), 0) && is_year(number(1), 1));
    is_address || (is_date && !run.starts_with(['+', '(']))
}

fn has_separator(run: &str) -> bool {
    run.bytes().any(|b| !b.is_ascii_digit())
}

/// `(555) 123-4567`, `555-123-4567`, `555.123.4567`, `1-555-123-4567`.
fn is_north_american(run: &str) -> bool {
    let groups: Vec<usize> = run
        .split(|c: char| !c.is_ascii_digit())
        .map(str::len)
        .filter(|len| *len > 0)
        .collect();
    let separated = run.starts_with('(') || run.contains(['-', '.']);
    separated && matches!(groups.as_slice(), [3, 3, 4] | [1, 3, 3, 4]) && (groups.len() == 3 || run.starts_with('1'))
}

/// `030 1234567`, `(030) 123 45`, `03-1234-5678`: a trunk prefix or an area code in parentheses, then groups.
fn is_grouped(run: &str) -> bool {
    let count = run.bytes().filter(u8::is_ascii_digit).count();
    let first = run
        .trim_start_matches('(')
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count();
    let second = run.trim_start_matches('(').get(1..2).unwrap_or_default();
    let has_code = if run.starts_with('(') {
        run.get(first + 1..).is_some_and(|rest| rest.starts_with(')'))
    } else {
        run.starts_with('0') && has_separator(run)
    };
    has_code && (2..=6).contains(&first) && (9..=12).contains(&count) && second != "0"
}

#[cfg(test)]
mod tests;
