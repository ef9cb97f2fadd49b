//! Parsing of modification times in sitemaps and feeds.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

/// Maximum length of a text that is parsed as a time, in bytes.
const MAX_BYTES: usize = 80;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Named zones in minutes east of UTC: those of RFC 822, and those of Europe and Japan that programs write.
const ZONES: [(&str, i32); 23] = [
    ("z", 0),
    ("ut", 0),
    ("utc", 0),
    ("gmt", 0),
    ("wet", 0),
    ("west", 60),
    ("bst", 60),
    ("cet", 60),
    ("mez", 60),
    ("cest", 120),
    ("mesz", 120),
    ("eet", 120),
    ("eest", 180),
    ("msk", 180),
    ("jst", 540),
    ("edt", -240),
    ("est", -300),
    ("cdt", -300),
    ("cst", -360),
    ("mdt", -360),
    ("mst", -420),
    ("pdt", -420),
    ("pst", -480),
];

/// Parses a time in the formats of XML Schema and W3C's profile of ISO 8601 (`2024`, `2024-05`, `2024-05-01`,
/// `2024-05-01T10:20+02:00`), of mail and feeds (RFC 822 and its successors), and in common incorrect formats that
/// leave no doubt about the moment. A date without a time means its beginning in UTC, and a time without a zone is in
/// UTC.
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    // Direction marks and byte order marks are copied along with dates.
    let text = if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        let is_mark = |char: &char| matches!(char, '\u{200b}'..='\u{200f}' | '\u{feff}');
        Cow::Owned(text.chars().filter(|char| !is_mark(char)).take(MAX_BYTES + 1).collect())
    };
    let text = text.trim().trim_matches(['"', '\'']).trim();
    if text.len() > MAX_BYTES {
        return None;
    }
    let begins_with_year = text.bytes().take_while(u8::is_ascii_digit).count() >= 4;
    let time = if begins_with_year { iso(text) } else { mail(text) }?;
    // Programs without a date write the first one they can represent, in year 1 or year 0.
    (1900..=9999).contains(&time.year()).then(|| time.and_utc())
}

/// Takes at least `min` and at most `max` digits from the beginning of a text.
fn digits<'t>(rest: &mut &'t str, min: usize, max: usize) -> Option<&'t str> {
    let count = rest.bytes().take(max).take_while(u8::is_ascii_digit).count();
    let (taken, behind) = rest.split_at_checked(count)?;
    *rest = behind;
    (count >= min).then_some(taken)
}

fn number(rest: &mut &str, min: usize, max: usize) -> Option<u32> {
    digits(rest, min, max)?.parse().ok()
}

fn take(rest: &mut &str, one_of: &[char]) -> Option<char> {
    let first = rest.chars().next().filter(|char| one_of.contains(char))?;
    *rest = rest.get(first.len_utf8()..)?;
    Some(first)
}

/// Parses a time that begins with its year.
fn iso(text: &str) -> Option<NaiveDateTime> {
    let mut rest = text;
    let leading = rest.bytes().take_while(u8::is_ascii_digit).count();
    let year = i32::try_from(number(&mut rest, 4, 4)?).ok()?;
    let (mut month, mut day) = (1, 1);
    match leading {
        4 => {
            if let Some(separator) = separator(rest) {
                take(&mut rest, &[separator])?;
                month = number(&mut rest, 1, 2)?;
                // `2024-05-03:00` is a month with a zone.
                if self::separator(rest) == Some(separator) {
                    take(&mut rest, &[separator])?;
                    day = number(&mut rest, 1, 2)?;
                }
            }
        }
        // The basic form of ISO 8601.
        8 => (month, day) = (number(&mut rest, 2, 2)?, number(&mut rest, 2, 2)?),
        _ => return None,
    }
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    if take(&mut rest, &['T', 't', '_']).is_none() {
        rest = rest.trim_start();
    }
    if rest.starts_with(|char: char| char.is_ascii_digit()) {
        let (time, behind) = clock(rest)?;
        return moment(date, time, behind);
    }
    // XML Schema allows a date to have a zone; the day is the same.
    (rest.is_empty() || offset(rest).is_some()).then(|| date.and_time(NaiveTime::MIN))
}

/// Returns the character between year and month, if a month follows.
fn separator(rest: &str) -> Option<char> {
    let mut chars = rest.chars();
    let separator = chars.next().filter(|char| matches!(char, '-' | '/' | '.'))?;
    let mut behind = chars.as_str();
    let count = digits(&mut behind, 1, 3)?.len();
    // `2024-05:00` is a year with a zone.
    (count <= 2 && !behind.starts_with(':')).then_some(separator)
}

/// A time of day, which may be 24:00.
#[derive(Clone, Copy)]
struct Clock {
    time: NaiveTime,
    is_next_day: bool,
}

/// Parses a time of day, and returns the rest of the text.
fn clock(text: &str) -> Option<(Clock, &str)> {
    let mut rest = text;
    let leading = rest.bytes().take_while(u8::is_ascii_digit).count();
    let is_basic = leading == 4 || leading == 6;
    let mut hour = number(&mut rest, 1, 2)?;
    let (mut minute, mut second, mut nanos) = (0, 0, 0);
    let has_minute = is_basic || take(&mut rest, &[':']).is_some();
    if has_minute {
        minute = number(&mut rest, 2, 2)?;
        if leading == 6 || (!is_basic && take(&mut rest, &[':']).is_some()) {
            second = number(&mut rest, 2, 2)?;
            if take(&mut rest, &['.', ',']).is_some() {
                let fraction = digits(&mut rest, 1, 20)?;
                nanos = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
            }
        }
    }
    let behind = rest.trim_start();
    let half = behind.get(..2).unwrap_or_default();
    if half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm") {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + if half.eq_ignore_ascii_case("pm") { 12 } else { 0 };
        rest = behind.get(2..)?;
    } else if !has_minute {
        return None;
    }
    let is_next_day = (hour, minute, second, nanos) == (24, 0, 0, 0);
    let hour = if is_next_day { 0 } else { hour };
    // A leap second counts as the end of its minute.
    let time = NaiveTime::from_hms_nano_opt(hour, minute, if second == 60 { 59 } else { second }, nanos)?;
    Some((Clock { time, is_next_day }, rest))
}

/// Combines date, time and zone.
fn moment(date: NaiveDate, clock: Clock, zone: &str) -> Option<NaiveDateTime> {
    let day = if clock.is_next_day { date.succ_opt()? } else { date };
    let zone = zone.trim();
    let minutes = if zone.is_empty() { 0 } else { offset(zone)? };
    day.and_time(clock.time)
        .checked_sub_signed(TimeDelta::minutes(minutes.into()))
}

/// Parses a zone as minutes east of UTC.
fn offset(zone: &str) -> Option<i32> {
    // Java appends the place: `+02:00[Europe/Berlin]`.
    let zone = zone.split('[').next()?.trim();
    let name_length = zone.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (name, rest) = zone.split_at_checked(name_length)?;
    if !name.is_empty() {
        let name = name.to_ascii_lowercase();
        let named = ZONES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, minutes)| *minutes);
        return match (named, rest.trim()) {
            // An unknown zone counts as UTC (RFC 5322, 4.3).
            (named, "") if name.len() <= 5 => Some(named.unwrap_or(0)),
            (Some(0), rest) => offset(rest),
            _ => None,
        };
    }
    let mut rest = rest;
    let sign = match take(&mut rest, &['+', '-', '\u{2212}']) {
        Some('+') => 1,
        Some(_) => -1,
        // In the encoding of forms, a blank stands for a plus sign.
        None if rest.contains(':') => 1,
        None => return None,
    };
    let hours = number(&mut rest, 1, 2)?;
    take(&mut rest, &[':']);
    let minutes = if rest.is_empty() { 0 } else { number(&mut rest, 2, 2)? };
    let is_zone = rest.is_empty() && hours <= 14 && minutes < 60;
    is_zone.then(|| sign * i32::try_from(hours * 60 + minutes).unwrap_or(0))
}

/// The parts of a time in mail format that were parsed so far.
#[derive(Default)]
struct Parts {
    day: Option<u32>,
    month: Option<u32>,
    year: Option<i32>,
    clock: Option<Clock>,
    zone: Option<i32>,
}

/// Parses a time in mail format, with its parts in any order: `Mon, 06 May 2024 07:08:09 GMT`, `May 6, 2024`.
fn mail(text: &str) -> Option<NaiveDateTime> {
    // A comment only repeats the zone.
    let text = text.split('(').next()?;
    let mut parts = Parts::default();
    let words: Vec<&str> = text
        .split(|char: char| char.is_whitespace() || char == ',')
        .filter(|word| !word.is_empty())
        .collect();
    for (index, word) in words.iter().enumerate() {
        // `06-May-24`, as RFC 850 has it.
        let is_joined = word.contains('-') && word.contains(|char: char| char.is_ascii_alphabetic());
        if is_joined && parts.month.is_none() {
            for part in word.split('-') {
                parts.take(part, "")?;
            }
        } else {
            parts.take(word, words.get(index + 1).copied().unwrap_or_default())?;
        }
    }
    let date = NaiveDate::from_ymd_opt(parts.year?, parts.month?, parts.day?)?;
    let Some(clock) = parts.clock else {
        return Some(date.and_time(NaiveTime::MIN));
    };
    let time = moment(date, clock, "")?;
    time.checked_sub_signed(TimeDelta::minutes(parts.zone.unwrap_or(0).into()))
}

impl Parts {
    /// Takes a word, which `next` follows; a word without a meaning makes the whole text invalid.
    fn take(&mut self, word: &str, next: &str) -> Option<()> {
        let lower = word.trim_end_matches('.').to_ascii_lowercase();
        let begins = |name: &str| lower.len() >= 3 && name.starts_with(lower.as_str());
        if WEEKDAYS.iter().any(|name| begins(name)) || matches!(lower.as_str(), "tues" | "thurs" | "at") {
            return Some(());
        }
        if let Some(index) = MONTHS
            .iter()
            .position(|name| begins(name) || (*name == "september" && lower == "sept"))
        {
            return fill(&mut self.month, u32::try_from(index).ok()? + 1);
        }
        if word.starts_with(|char: char| char.is_ascii_digit()) {
            return self.take_number(word, next);
        }
        if self.clock.is_some() && matches!(lower.as_str(), "am" | "pm") {
            return Some(());
        }
        if self.clock.is_some() {
            return fill(&mut self.zone, offset(word)?);
        }
        None
    }

    fn take_number(&mut self, word: &str, next: &str) -> Option<()> {
        if word.contains(':') {
            let half = Some(next).filter(|next| next.eq_ignore_ascii_case("am") || next.eq_ignore_ascii_case("pm"));
            let text = half.map_or_else(|| word.to_owned(), |half| format!("{word} {half}"));
            let (clock, zone) = clock(&text)?;
            if !zone.trim().is_empty() {
                fill(&mut self.zone, offset(zone.trim())?)?;
            }
            return fill(&mut self.clock, clock);
        }
        let mut rest = word;
        let figures = digits(&mut rest, 1, 4)?;
        let value: u32 = figures.parse().ok()?;
        let is_ordinal = matches!(rest.to_ascii_lowercase().as_str(), "st" | "nd" | "rd" | "th" | ".");
        if !rest.is_empty() && !is_ordinal {
            return None;
        }
        if figures.len() <= 2 && self.day.is_none() {
            return fill(&mut self.day, value);
        }
        // Years of two and three digits are in the last century, or in this one up to 49 (RFC 5322, 4.3).
        let year = match figures.len() {
            4 => value,
            2 if value < 50 => 2000 + value,
            _ => 1900 + value,
        };
        fill(&mut self.year, i32::try_from(year).ok()?)
    }
}

/// Fills a part, which must occur only once.
fn fill<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    if slot.is_some() {
        return None;
    }
    *slot = Some(value);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn every_common_format_is_parsed() {
        for (text, expected) in [
            ("2024", "2024-01-01T00:00:00+00:00"),
            ("2024Z", "2024-01-01T00:00:00+00:00"),
            ("2024-05", "2024-05-01T00:00:00+00:00"),
            ("2024-05Z", "2024-05-01T00:00:00+00:00"),
            ("2024-05+02:00", "2024-05-01T00:00:00+00:00"),
            (" 2024-05-06 ", "2024-05-06T00:00:00+00:00"),
            ("2024-05-06+02:00", "2024-05-06T00:00:00+00:00"),
            ("2024-05-06-11:00", "2024-05-06T00:00:00+00:00"),
            ("2024-5-6", "2024-05-06T00:00:00+00:00"),
            ("2024/05/06", "2024-05-06T00:00:00+00:00"),
            ("2024.05.06", "2024-05-06T00:00:00+00:00"),
            ("20240506", "2024-05-06T00:00:00+00:00"),
            ("20240506T070809Z", "2024-05-06T07:08:09+00:00"),
            ("2024-05-06T07:08Z", "2024-05-06T07:08:00+00:00"),
            ("2024-05-06T07:08+02:00", "2024-05-06T05:08:00+00:00"),
            ("2024-05-06T07:08:09Z", "2024-05-06T07:08:09+00:00"),
            ("2024-05-06t07:08:09z", "2024-05-06T07:08:09+00:00"),
            ("2024-05-06T07:08:09.5+02:00", "2024-05-06T05:08:09.500+00:00"),
            ("2024-05-06T07:08:09,25Z", "2024-05-06T07:08:09.250+00:00"),
            ("2024-05-06T07:08:09.1234567891Z", "2024-05-06T07:08:09.123456789+00:00"),
            ("2024-05-06T07:08:09+0200", "2024-05-06T05:08:09+00:00"),
            ("2024-05-06T07:08:09+02", "2024-05-06T05:08:09+00:00"),
            ("2024-05-06T07:08:09 02:00", "2024-05-06T05:08:09+00:00"),
            ("2024-05-06T07:08:09+02:00[Europe/Berlin]", "2024-05-06T05:08:09+00:00"),
            ("2024-05-06T07:08:09", "2024-05-06T07:08:09+00:00"),
            ("2024-05-06T24:00:00Z", "2024-05-07T00:00:00+00:00"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59+00:00"),
            ("2024-05-06 07:08:09", "2024-05-06T07:08:09+00:00"),
            ("2024-05-06 07:08:09 +0200", "2024-05-06T05:08:09+00:00"),
            ("2024-05-06 07:08:09 GMT", "2024-05-06T07:08:09+00:00"),
            ("2024-05-06 07:08:09 GMT+2", "2024-05-06T05:08:09+00:00"),
            ("2024-05-06 7:08 PM", "2024-05-06T19:08:00+00:00"),
            ("Mon, 06 May 2024 07:08:09 GMT", "2024-05-06T07:08:09+00:00"),
            ("Mon, 6 May 2024 07:08:09 +0200", "2024-05-06T05:08:09+00:00"),
            ("Sun, 06 May 2024 07:08:09 GMT", "2024-05-06T07:08:09+00:00"),
            ("6 May 24 07:08 PST", "2024-05-06T15:08:00+00:00"),
            ("6 May 94 07:08 EDT", "1994-05-06T11:08:00+00:00"),
            ("Mon, 06 May 2024 07:08:09 +0000 (UTC)", "2024-05-06T07:08:09+00:00"),
            ("Monday, 06-May-24 07:08:09 GMT", "2024-05-06T07:08:09+00:00"),
            ("Mon May  6 07:08:09 2024", "2024-05-06T07:08:09+00:00"),
            ("Mon May 06 07:08:09 CEST 2024", "2024-05-06T05:08:09+00:00"),
            (
                "Mon May 06 2024 07:08:09 GMT+0200 (Central European Summer Time)",
                "2024-05-06T05:08:09+00:00",
            ),
            ("September 6th, 2024", "2024-09-06T00:00:00+00:00"),
            ("Sept. 6, 2024 7:08 pm", "2024-09-06T19:08:00+00:00"),
            ("6. May 2024", "2024-05-06T00:00:00+00:00"),
        ] {
            assert_eq!(
                parse(text).map(|time| time.to_rfc3339()).as_deref(),
                Some(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn ambiguous_texts_are_not_parsed() {
        for text in [
            "",
            "x",
            "2024-13-01",
            "2024-02-30",
            "2024-05-06T25:00:00Z",
            "2024-05-06T07",
            "2024-05-06T07:08:09+99:00",
            "2024-05-06 or later",
            "06.05.2024",
            "05/06/2024",
            "1714979289",
            "yesterday",
            "May 2024",
            "6 May 2024 7 May 2024",
            "0000-00-00",
            "0001-01-01T00:00:00",
            "-0001-11-30T00:00:00+00:00",
            "{{ date }}",
            "2024-05-06T07:08:09ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
