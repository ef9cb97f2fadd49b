//! Opening hours in one form, whatever their source: `{"monday": ["09:00-12:00", "13:00-17:00"], "sunday": []}`.
//!
//! A day that is not mentioned is absent, and a closed day has no times. Ambiguous texts are left out.

use serde_json::{Map, Value};

const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// The days in other languages, Monday first. Each may be shortened to two letters or more if that is unambiguous.
const NAMES: [[&str; 7]; 5] = [
    DAYS,
    [
        "montag",
        "dienstag",
        "mittwoch",
        "donnerstag",
        "freitag",
        "samstag",
        "sonntag",
    ],
    ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    [
        "maandag",
        "dinsdag",
        "woensdag",
        "donderdag",
        "vrijdag",
        "zaterdag",
        "zondag",
    ],
];

/// Maximum number of spans kept per day.
const MAX_SPANS: usize = 10;

/// The number of minutes in a day.
const DAY: u16 = 24 * 60;

/// The opening hours of a week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Week {
    days: [Option<Vec<(u16, u16)>>; 7],
}

impl Week {
    /// Reads `openingHours` of schema.org: `Mo-Fr 09:00-17:00`, one text or several.
    pub(super) fn read_texts(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.read_texts(value)),
            Value::String(text) => self.read_text(text),
            _ => {}
        }
    }

    /// Reads one text of `openingHours`.
    pub(super) fn read_text(&mut self, text: &str) {
        let text = text.replace(['\u{2013}', '\u{2014}'], "-");
        let words = text.split([' ', '\n', '\t', ';']).filter(|word| !word.is_empty());
        let mut days: Vec<usize> = Vec::new();
        let mut has_times = true;
        for word in words {
            if let Some(named) = day_list(word) {
                if has_times {
                    days.clear();
                }
                days.extend(named);
                has_times = false;
                continue;
            }
            let Some(spans) = spans(word) else { return };
            has_times = true;
            for span in spans {
                self.add(&days, span);
            }
        }
        // Days without times are open all day.
        if !has_times {
            self.add(&days, Some((0, DAY)));
        }
    }

    /// Reads `openingHoursSpecification` of schema.org.
    pub(super) fn read_specification(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.read_specification(value)),
            Value::Object(object) => self.read_object(object),
            _ => {}
        }
    }

    fn read_object(&mut self, object: &Map<String, Value>) {
        // Hours with a validity period, for a season or a holiday, do not apply to every week.
        if ["validFrom", "validThrough"]
            .iter()
            .any(|key| object.get(*key).is_some_and(|value| !value.is_null()))
        {
            return;
        }
        let mut days = Vec::new();
        named_days(object.get("dayOfWeek").unwrap_or(&Value::Null), &mut days);
        let text = |key: &str| object.get(key).and_then(Value::as_str);
        self.add_span(&days, text("opens"), text("closes"));
    }

    /// Adds the hours from one time to another; without both times, the days are closed.
    pub(super) fn add_span(&mut self, days: &[usize], opens: Option<&str>, closes: Option<&str>) {
        match (opens.map(time), closes.map(time)) {
            (None, None) => self.add(days, None),
            // schema.org's notation for closed.
            (Some(Some(0)), Some(Some(0))) => self.add(days, None),
            (Some(Some(opens)), Some(Some(closes))) => self.add(days, Some((opens, closes))),
            _ => {}
        }
    }

    fn add(&mut self, days: &[usize], span: Option<(u16, u16)>) {
        for day in days {
            let Some(spans) = self.days.get_mut(*day) else { continue };
            let spans = spans.get_or_insert_default();
            if let Some(span) = span
                && !spans.contains(&span)
                && spans.len() < MAX_SPANS
            {
                spans.push(span);
            }
        }
    }

    /// Returns the week as JSON; `None` if no hours are known.
    pub(super) fn into_json(self) -> Option<Value> {
        let mut week = Map::new();
        for (name, spans) in DAYS.iter().zip(self.days) {
            let Some(mut spans) = spans else { continue };
            spans.sort_unstable();
            let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
            let texts = spans
                .into_iter()
                .map(|(opens, closes)| Value::String(format!("{}-{}", clock(opens), clock(closes))));
            week.insert((*name).to_owned(), texts.collect());
        }
        (!week.is_empty()).then_some(Value::Object(week))
    }
}

fn named_days(value: &Value, into: &mut Vec<usize>) {
    match value {
        Value::Array(values) => values.iter().take(20).for_each(|value| named_days(value, into)),
        Value::String(text) => text.split(',').for_each(|text| into.extend(day(text))),
        Value::Object(object) => {
            let name = object.get("@id").or_else(|| object.get("name"));
            if let Some(Value::String(text)) = name {
                into.extend(day(text));
            }
        }
        _ => {}
    }
}

/// Parses a day: its name, an abbreviation, or a URL that ends with the name.
pub(super) fn day(text: &str) -> Option<usize> {
    let name = text
        .trim()
        .rsplit(['/', '#', ':'])
        .next()?
        .trim_end_matches('.')
        .to_lowercase();
    if name.chars().count() < 2 {
        return None;
    }
    let positions = NAMES
        .iter()
        .filter_map(|names| names.iter().position(|known| known.starts_with(name.as_str())));
    let mut found: Vec<usize> = positions.collect();
    found.dedup();
    match found.as_slice() {
        [first, ..] if NAMES[0].iter().any(|known| known.starts_with(name.as_str())) => Some(*first),
        [only] => Some(*only),
        // The abbreviation means different days in different languages.
        _ => None,
    }
}

/// Parses a list of days: `Mo-Fr`, `Mo,Tu` or `Mo`.
fn day_list(word: &str) -> Option<Vec<usize>> {
    let word = word.trim_end_matches([':', ',']);
    let mut days = Vec::new();
    for part in word.split(',') {
        match part.split_once('-') {
            Some((first, last)) => {
                let (first, last) = (day(first)?, day(last)?);
                days.extend((0..7).map(|step| (first + step) % 7).take((last + 7 - first) % 7 + 1));
            }
            None => days.push(day(part)?),
        }
    }
    Some(days)
}

/// Parses `09:00-12:00,13:00-17:00`, or a word for closed.
fn spans(word: &str) -> Option<Vec<Option<(u16, u16)>>> {
    let word = word.trim_end_matches(',');
    if ["closed", "off", "geschlossen", "fermé", "cerrado"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
    {
        return Some(vec![None]);
    }
    let parts = word.split(',').map(|part| {
        let (opens, closes) = part.split_once('-')?;
        Some(Some((time(opens)?, time(closes)?)))
    });
    parts.collect()
}

/// Parses a time of day as minutes.
fn time(text: &str) -> Option<u16> {
    let text = text.trim().trim_start_matches(['T', 't']);
    let lower = text.to_ascii_lowercase();
    let half = ["am", "pm"].into_iter().find(|half| lower.ends_with(half));
    let text = half.map_or(lower.as_str(), |half| lower.trim_end_matches(half).trim_end());
    let mut parts = text.splitn(3, ':');
    let number = |text: &str| -> Option<u16> {
        let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().ok())?
    };
    let hour = number(parts.next()?)?;
    let minute = match parts.next() {
        Some(minute) => number(minute)?,
        None if half.is_some() => 0,
        None => return None,
    };
    let hour = match half {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some("pm") => hour % 12 + 12,
        Some(_) => hour % 12,
        None => hour,
    };
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_in_schema_org_format_are_read() {
        for (text, expected) in [
            (
                "Mo-We 09:00-17:00",
                json!({"monday": ["09:00-17:00"], "tuesday": ["09:00-17:00"], "wednesday": ["09:00-17:00"]}),
            ),
            (
                "Mo,Th 9:00-12:00,13:00-17:30",
                json!({"monday": ["09:00-12:00", "13:00-17:30"], "thursday": ["09:00-12:00", "13:00-17:30"]}),
            ),
            (
                "Sa-Mo 10:00-24:00",
                json!({"monday": ["10:00-24:00"], "saturday": ["10:00-24:00"], "sunday": ["10:00-24:00"]}),
            ),
            ("Su", json!({"sunday": ["00:00-24:00"]})),
            (
                "Monday 9am-5pm Tuesday closed",
                json!({"monday": ["09:00-17:00"], "tuesday": []}),
            ),
            ("Montag 09:00\u{2013}17:00", json!({"monday": ["09:00-17:00"]})),
            ("by appointment", Value::Null),
            ("Mo-Fr 99:00-17:00", Value::Null),
            ("", Value::Null),
        ] {
            let mut week = Week::default();
            week.read_text(text);
            assert_eq!(week.into_json().unwrap_or_default(), expected, "{text}");
        }
    }

    #[test]
    fn specifications_give_the_same_form() {
        let mut week = Week::default();
        week.read_specification(&json!([
            {"dayOfWeek": ["https://schema.org/Monday", "Tuesday"], "opens": "09:00:00", "closes": "17:00"},
            {"dayOfWeek": {"@id": "schema:Sunday"}, "opens": "00:00", "closes": "00:00"},
            {"dayOfWeek": "Friday", "opens": "09:00", "closes": "12:00", "validFrom": "2024-12-24"},
            {"dayOfWeek": "Saturday", "opens": "morning", "closes": "12:00"},
            {"dayOfWeek": "PublicHolidays", "opens": "10:00", "closes": "12:00"},
        ]));
        assert_eq!(
            week.into_json().unwrap(),
            json!({"monday": ["09:00-17:00"], "tuesday": ["09:00-17:00"], "sunday": []})
        );
    }
}
