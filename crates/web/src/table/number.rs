//! Parsing of numbers in the formats of different countries.

/// Parses a number with a decimal point or comma, with or without thousands separators; `None` if it is not a number.
///
/// If the text has both marks, the last one is the decimal mark; so is a mark that occurs only once.
#[must_use]
pub fn decimal(text: &str) -> Option<f64> {
    let bare = bare(text)?;
    let last = bare.rfind(['.', ',']);
    let decimal = last.filter(|at| {
        let mark = bare.get(*at..=*at).unwrap_or_default();
        bare.matches(mark).count() == 1
    });
    let (whole, part) = match decimal {
        Some(at) => (bare.get(..at)?, bare.get(at + 1..)?),
        None => (bare.as_str(), ""),
    };
    let digits = without_groups(whole)?;
    if !part.bytes().all(|byte| byte.is_ascii_digit()) || (part.is_empty() && digits.trim_start_matches('-').is_empty())
    {
        return None;
    }
    format!("{digits}.{part}0")
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

/// Parses a whole number, with or without thousands separators, or with a decimal part of zero; `None` if it is not
/// one.
#[must_use]
pub fn whole(text: &str) -> Option<i64> {
    let bare = bare(text)?;
    if let Some(digits) = without_groups(&bare) {
        return digits.parse().ok();
    }
    // Some tools save whole numbers in floating point: `120.0`.
    let (whole, part) = bare.rsplit_once(['.', ','])?;
    let is_zero = !part.is_empty() && part.bytes().all(|byte| byte == b'0');
    without_groups(whole).filter(|_| is_zero)?.parse().ok()
}

/// Removes blanks and apostrophes between digits, and a plus sign; `None` if the text contains anything else.
fn bare(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix('+').unwrap_or(text).replace('\u{2212}', "-");
    let kept: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '\u{2019}'))
        .collect();
    // Only separators between groups of three digits may be removed.
    let is_grouped = kept.len() == text.len() || {
        let marked: String = text
            .chars()
            .map(|c| {
                if c.is_ascii_digit() || matches!(c, '-' | '.' | ',') {
                    c
                } else {
                    ' '
                }
            })
            .collect();
        let head = marked.split(['.', ',']).next().unwrap_or_default();
        head.split(' ').skip(1).all(|group| group.len() == 3)
    };
    let is_number = kept
        .chars()
        .enumerate()
        .all(|(at, c)| c.is_ascii_digit() || matches!(c, '.' | ',') || (c == '-' && at == 0));
    (is_grouped && is_number && kept.contains(|c: char| c.is_ascii_digit())).then_some(kept)
}

/// Removes the marks between groups of three digits; `None` if the groups have other lengths.
fn without_groups(whole: &str) -> Option<String> {
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let mark = digits.find(['.', ',']).and_then(|at| digits.get(at..=at));
    let Some(mark) = mark else {
        return Some(format!("{sign}{digits}"));
    };
    let mut groups = digits.split(mark);
    let first = groups.next().unwrap_or_default();
    let is_grouped =
        (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3 && !group.contains(['.', ',']));
    is_grouped.then(|| format!("{sign}{}", digits.replace(mark, "")))
}
