//! Runs of digits in a text: the extent of numbers, and their distinction from dates.

use super::super::text::SEAM;

/// Maximum number of digits, including the prefix for international calls.
pub(super) const MAX_DIGITS: usize = 17;
pub(super) const MIN_DIGITS: usize = 7;
/// Maximum length of a run, which may contain several numbers, in bytes.
const MAX_RUN_BYTES: usize = 100;
/// The number of digits from which a run may be two numbers.
const TWO_NUMBERS: usize = 2 * MIN_DIGITS;

/// Returns the digits and the punctuation of numbers from a position on.
pub(super) fn run_at(text: &str, start: usize) -> &str {
    let rest = text.get(start..).unwrap_or_default();
    let (mut end, mut separators, mut digits) = (0, 0, 0);
    for (i, byte) in rest.bytes().enumerate().take(MAX_RUN_BYTES) {
        match byte {
            b'0'..=b'9' => {
                separators = 0;
                digits += 1;
                end = i + 1;
            }
            b'+' if i == 0 => {}
            // `030 901820/21` and `030 901820 / 030 901821`.
            b'/' if digits >= MIN_DIGITS => break,
            b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b'\n' | 0x1f if separators < 4 => separators += 1,
            _ => break,
        }
    }
    rest.get(..end).unwrap_or_default()
}

/// Removes the end of a run that belongs to the following text: hours, dates.
pub(super) fn without_tail<'t>(run: &'t str, behind: &str) -> &'t str {
    let mut run = run;
    let next = behind.trim_start_matches([' ', SEAM]);
    let mut is_cut = behind.starts_with(':') && behind.get(1..2).is_some_and(|c| c.bytes().all(|b| b.is_ascii_digit()));
    // Another word begins with a digit: `9am`.
    is_cut |= behind.starts_with(|c: char| c.is_ascii_lowercase() && !matches!(c, 'x' | 'e'));
    is_cut |= ["Uhr", "uhr", "am ", "pm ", "a.m.", "p.m.", "h "]
        .iter()
        .any(|word| next.starts_with(word));
    loop {
        let Some(at) = run.rfind(is_blank) else { return run };
        let (head, tail) = (run.get(..at).unwrap_or_default(), run.get(at + 1..).unwrap_or_default());
        let is_rest = is_cut || is_date_or_time(tail) && tail.contains(['.', '/', '-']) && count(tail) >= 6;
        let head = head.trim_end_matches(|c: char| is_blank(c) || matches!(c, '-' | '.' | '/' | '(' | ')'));
        if !is_rest || count(head) < MIN_DIGITS {
            return run;
        }
        run = head;
        is_cut = false;
    }
}

/// Splits a run into numbers that are separated by blanks only.
pub(super) fn split(run: &str) -> Vec<&str> {
    let digits = count(run);
    if digits < TWO_NUMBERS && !run.get(1..).unwrap_or_default().contains(['(', '+']) {
        return vec![run];
    }
    if digits >= TWO_NUMBERS
        && let Some(parts) = repeated(run)
    {
        return parts;
    }
    let mut parts = Vec::new();
    let mut rest = run;
    while let Some(at) = second_start(rest) {
        let (head, tail) = rest.split_at(at);
        parts.push(head.trim_end_matches(|c: char| !c.is_ascii_digit()));
        rest = tail;
    }
    parts.push(rest);
    parts
}

/// Splits a run into parts with the same lengths of groups as the first.
fn repeated(run: &str) -> Option<Vec<&str>> {
    let groups = groups(run);
    for parts in 2..=4 {
        let size = groups.len() / parts;
        if size == 0 || size * parts != groups.len() {
            continue;
        }
        let lengths: Vec<usize> = groups.iter().map(|(start, end)| end - start).collect();
        let first = lengths.get(..size)?;
        let is_number = (MIN_DIGITS..=MAX_DIGITS).contains(&first.iter().sum());
        let is_repeated = lengths.chunks(size).all(|chunk| chunk == first);
        // Gaps within a number are single blanks; gaps between numbers are wider or have other blanks.
        let mut found = Vec::new();
        let is_split = (0..parts).all(|part| {
            let from = groups.get(part * size).map_or(0, |group| group.0);
            let to = groups.get(part * size + size - 1).map_or(0, |group| group.1);
            let start = run.get(..from).unwrap_or_default().trim_end_matches(['(', '+']).len();
            found.push(run.get(start..to).unwrap_or_default());
            part == 0 || run.get(..start).unwrap_or_default().ends_with(is_blank)
        });
        let is_same_kind = || {
            found
                .iter()
                .all(|part| starts_alike(found.first().copied().unwrap_or_default(), part))
        };
        if is_number && is_repeated && is_split && is_same_kind() {
            return Some(found);
        }
    }
    None
}

/// Returns whether two numbers begin alike: with a trunk prefix, or with area codes of the same form.
fn starts_alike(one: &str, other: &str) -> bool {
    one.starts_with('0') == other.starts_with('0') && one.starts_with(['+', '(']) == other.starts_with(['+', '('])
}

/// Finds where a second number begins: after a blank, with a `+`, an area code in parentheses or a trunk prefix.
fn second_start(run: &str) -> Option<usize> {
    let bytes = run.as_bytes();
    (1..bytes.len()).find(|at| {
        let (head, tail) = (run.get(..*at).unwrap_or_default(), run.get(*at..).unwrap_or_default());
        if count(head) < MIN_DIGITS || count(tail) < MIN_DIGITS {
            return false;
        }
        match bytes.get(*at) {
            Some(b'+') => true,
            Some(b'(') => !tail.starts_with("(0)"),
            _ if !head.ends_with(is_blank) => false,
            Some(b'0') => count(run) >= TWO_NUMBERS,
            Some(byte) => byte.is_ascii_digit() && count(run) > MAX_DIGITS - 2,
            None => false,
        }
    })
}

/// Returns the groups of digits in a run, as ranges.
fn groups(run: &str) -> Vec<(usize, usize)> {
    let mut groups = Vec::new();
    let mut start = None;
    for (at, byte) in run.bytes().chain(std::iter::once(b' ')).enumerate() {
        match (start, byte.is_ascii_digit()) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                groups.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    groups
}

/// Returns the number of digits in a text.
pub(super) fn count(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\n' | SEAM)
}

/// Returns whether the groups form an IPv4 address, dates or hours.
pub(super) fn is_address_or_date(run: &str) -> bool {
    let groups: Vec<&str> = run.split(|c: char| !c.is_ascii_digit()).collect();
    let is_address = run.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && groups.len() == 4
        && groups.iter().all(|group| group.parse::<u8>().is_ok());
    is_address || (!run.starts_with(['+', '(']) && (is_range_of_years(run) || is_date_or_time(run)))
}

fn is_range_of_years(run: &str) -> bool {
    let years: Vec<&str> = run
        .split(|c: char| !c.is_ascii_digit())
        .filter(|group| !group.is_empty())
        .collect();
    matches!(years.as_slice(), [one, other] if is_year(one) && is_year(other) && one.len() == 4 && other.len() == 4)
}

fn is_year(text: &str) -> bool {
    let is_full = text.len() == 4 && text.parse::<u16>().is_ok_and(|year| (1900..2100).contains(&year));
    is_full || text.len() == 2
}

/// Returns whether a text consists of dates and hours alone, such as `03.06.-07.06.2026`.
fn is_date_or_time(text: &str) -> bool {
    let parts: Vec<&str> = text
        .split(|c: char| is_blank(c) || c == '-')
        .map(|part| part.trim_matches(|c: char| matches!(c, '.' | '/' | '(' | ')')))
        .filter(|part| !part.is_empty())
        .collect();
    if is_date_in_hyphens(&parts) {
        return true;
    }
    let mut dates = 0;
    let is_all = parts.iter().all(|part| {
        let numbers: Vec<&str> = part.split(['.', '/']).filter(|number| !number.is_empty()).collect();
        let is_date = match numbers.as_slice() {
            [year, month, day] if is_year(year) && year.len() == 4 => is_day(day, 31) && is_day(month, 12),
            [one, other, year] if is_year(year) => {
                (is_day(one, 31) && is_day(other, 12)) || (is_day(one, 12) && is_day(other, 31))
            }
            [one, other] => {
                (is_day(one, 31) && is_day(other, 12))
                    || (is_day(one, 24) && is_minute(other))
                    || is_day(one, 12) && is_day(other, 31)
            }
            // `3.-7.6.2026`
            [day] => return is_day(day, 31),
            _ => false,
        };
        dates += usize::from(is_date);
        is_date
    });
    is_all && dates > 0
}

/// Returns whether the parts form one or two dates such as `2026-06-03` or `03-06-2026`.
fn is_date_in_hyphens(parts: &[&str]) -> bool {
    !parts.is_empty()
        && parts.len().is_multiple_of(3)
        && parts.chunks(3).all(|chunk| match chunk {
            [year, month, day] if year.len() == 4 => is_year(year) && is_day(month, 12) && is_day(day, 31),
            [one, other, year] => is_year(year) && year.len() == 4 && is_day(one, 31) && is_day(other, 31),
            _ => false,
        })
}

fn is_day(text: &str, most: u8) -> bool {
    text.len() <= 2 && text.parse::<u8>().is_ok_and(|day| (1..=most).contains(&day))
}

fn is_minute(text: &str) -> bool {
    text.len() == 2 && text.parse::<u8>().is_ok_and(|minute| minute < 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_hours_are_distinguished_from_numbers() {
        for text in [
            "12.09-15.09.2026",
            "12.09.-15.09",
            "03.06.26-07.06.26",
            "01.02.2026 - 05.06.2026",
            "3.-7.6.2026",
            "2026-06-03",
            "2026-06-03 2026-06-07",
            "03/06/2026 - 07/06/2026",
            "01.02.2024 18",
            "08.00-12.00 13.30-18.00",
            "1999-2024",
            "192.168.100.200",
        ] {
            assert!(is_address_or_date(text), "{text}");
        }
        for text in [
            "01.44.13.22.22",
            "030 901820",
            "01 44 13 22 22",
            "212-736-5000",
            "2024 5555",
            "030-123-45",
            "0171.1234567",
            "20 7946 0018",
            "12 34 56 78",
        ] {
            assert!(!is_address_or_date(text), "{text}");
        }
    }

    #[test]
    fn numbers_separated_by_blanks_are_split() {
        for (run, expected) in [
            ("713-555-0151 713-555-0152", vec!["713-555-0151", "713-555-0152"]),
            (
                "(713) 555-0151 (713) 555-0152",
                vec!["(713) 555-0151", "(713) 555-0152"],
            ),
            (
                "01 44 13 22 22 01 44 13 22 23",
                vec!["01 44 13 22 22", "01 44 13 22 23"],
            ),
            ("030 901820 0171 1234567", vec!["030 901820", "0171 1234567"]),
            ("030 901820 +49 30 901821", vec!["030 901820", "+49 30 901821"]),
            ("+49 30 901820 +49 30 901821", vec!["+49 30 901820", "+49 30 901821"]),
            ("0049 30 90182012", vec!["0049 30 90182012"]),
            ("+49 (0) 30 901820", vec!["+49 (0) 30 901820"]),
            ("030 901820 12", vec!["030 901820 12"]),
        ] {
            assert_eq!(split(run), expected, "{run}");
        }
    }

    #[test]
    fn hours_after_a_number_are_not_part_of_it() {
        for (run, behind, expected) in [
            ("030 901820 9", ":00-17:00", "030 901820"),
            ("030 901820 8-12", " Uhr", "030 901820"),
            ("030 901820 9", "am-5pm", "030 901820"),
            ("030 901820 01.02.2026", "", "030 901820"),
            ("030 901820", " Uhr", "030 901820"),
            ("030 901820 12", "", "030 901820 12"),
        ] {
            assert_eq!(without_tail(run, behind), expected, "{run}");
        }
    }
}
