//! Dates in headers.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Reads a date in any of HTTP's three formats (RFC 9110, 5.6.7), and what servers write for them: the algorithm of
/// cookies' dates (RFC 6265, 5.1.1).
pub(super) fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|char: char| !(char.is_ascii_alphanumeric() || char == ':')) {
        if time.is_none() && token.contains(':') {
            time = clock(token);
        } else if day.is_none() && matches!(token.len(), 1 | 2) && token.bytes().all(|byte| byte.is_ascii_digit()) {
            day = token.parse::<u32>().ok();
        } else if let Some(found) = month.is_none().then(|| month_of(token)).flatten() {
            month = Some(found);
        } else if year.is_none() && matches!(token.len(), 2 | 4) {
            year = token.parse::<i32>().ok();
        }
    }
    let year = match year? {
        short @ 70..=99 => short + 1900,
        short @ 0..=69 => short + 2000,
        year => year,
    };
    let date = NaiveDate::from_ymd_opt(year, month?, day?)?;
    (year >= 1601).then(|| date.and_time(time.unwrap_or_default()).and_utc())
}

fn clock(token: &str) -> Option<NaiveTime> {
    let mut parts = token.split(':').map(|part| part.parse::<u32>().ok());
    NaiveTime::from_hms_opt(parts.next()??, parts.next()??, parts.next()??)
}

fn month_of(token: &str) -> Option<u32> {
    let start = token.get(..3)?;
    let index = MONTHS.iter().position(|name| start.eq_ignore_ascii_case(name))?;
    u32::try_from(index + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_format_of_http() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "6 november 1994 8:49:37",
        ] {
            let read = http_date(text).map(|date| date.to_rfc3339());
            assert_eq!(read.as_deref(), Some("1994-11-06T08:49:37+00:00"), "{text}");
        }
        for text in [
            "",
            "120",
            "tomorrow",
            "Sun, 31 Feb 2030 08:49:37 GMT",
            "06 Nov 08:49:37",
            "99:99:99 06 Nov x",
        ] {
            assert_eq!(http_date(text), None, "{text}");
        }
    }
}
