//! When an entry changed, as sitemaps and feeds write it.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// Reads a time in W3C's profile of ISO 8601 (`2024`, `2024-05`, `2024-05-01`, `2024-05-01T10:20+02:00`, with or
/// without seconds and fractions), or as feeds have it (RFC 2822). A day is taken for its beginning in UTC, and so is a
/// time that names no zone.
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let bytes = text.as_bytes();
    if !bytes.first()?.is_ascii_digit() {
        return DateTime::parse_from_rfc2822(text).ok().map(Into::into);
    }
    let time = day(bytes).map_or_else(|| full(text), |day| Some(day.and_time(NaiveTime::MIN).and_utc()))?;
    // What PostgreSQL can store, and what can be meant.
    (time.timestamp() >= -62_135_596_800 && time.timestamp() < 253_402_300_800).then_some(time)
}

/// Reads a year, a month or a day.
fn day(bytes: &[u8]) -> Option<NaiveDate> {
    let number = |from: usize, to: usize| {
        bytes.get(from..to)?.iter().try_fold(0_u32, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
        })
    };
    let year = i32::try_from(number(0, 4)?).ok()?;
    let dash = |at: usize| bytes.get(at) == Some(&b'-');
    match bytes.len() {
        4 => NaiveDate::from_ymd_opt(year, 1, 1),
        7 if dash(4) => NaiveDate::from_ymd_opt(year, number(5, 7)?, 1),
        10 if dash(4) && dash(7) => NaiveDate::from_ymd_opt(year, number(5, 7)?, number(8, 10)?),
        _ => None,
    }
}

fn full(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.into());
    }
    // Without seconds, with a zone without a colon, or without a zone at all.
    for format in ["%Y-%m-%dT%H:%M%:z", "%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f %z"] {
        if let Ok(time) = DateTime::parse_from_str(&text.replace('Z', "+00:00"), format) {
            return Some(time.into());
        }
    }
    for format in [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
    ] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return Some(time.and_utc());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn every_usual_form_is_read() {
        for (text, expected) in [
            ("2024", "2024-01-01T00:00:00+00:00"),
            ("2024-05", "2024-05-01T00:00:00+00:00"),
            (" 2024-05-06 ", "2024-05-06T00:00:00+00:00"),
            ("2024-05-06T07:08Z", "2024-05-06T07:08:00+00:00"),
            ("2024-05-06T07:08+02:00", "2024-05-06T05:08:00+00:00"),
            ("2024-05-06T07:08:09Z", "2024-05-06T07:08:09+00:00"),
            ("2024-05-06T07:08:09.5+02:00", "2024-05-06T05:08:09.500+00:00"),
            ("2024-05-06T07:08:09+0200", "2024-05-06T05:08:09+00:00"),
            ("2024-05-06T07:08:09", "2024-05-06T07:08:09+00:00"),
            ("2024-05-06 07:08:09", "2024-05-06T07:08:09+00:00"),
            ("Mon, 06 May 2024 07:08:09 GMT", "2024-05-06T07:08:09+00:00"),
            ("Mon, 6 May 2024 07:08:09 +0200", "2024-05-06T05:08:09+00:00"),
        ] {
            assert_eq!(
                parse(text).map(|time| time.to_rfc3339()).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        for text in [
            "",
            "x",
            "2024-13-01",
            "2024-02-30",
            "06.05.2024",
            "20240506",
            "2024-5-6",
            "yesterday",
            "0000-00-00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
