//! Conversion of the cells of an imported row to values.

use std::fmt::Display;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use database::models::enums::CurationStatus;
use database::models::values::RawJson;
use scans::places::website::unwrap_link;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use web::table::{Row, decimal, whole};

use super::columns::Columns;
use super::tags;
use crate::views::csv::unescape_formula;
use crate::views::words::Words;

/// The cells of a row, found by our names of the columns.
pub(super) struct Cells<'a> {
    pub(super) columns: &'a Columns,
    pub(super) row: &'a Row,
}

impl Cells<'_> {
    /// Returns an error if the row is damaged or contains a NUL character.
    pub(super) fn check(&self) -> Result<(), String> {
        let Self { columns, row } = self;
        if row.is_unclosed {
            return Err(format!(
                "the quotation mark in line {} is not closed: everything after it counts as one cell",
                row.line
            ));
        }
        // Spreadsheets omit empty cells at the end of a row, or add some.
        if row.cells.iter().skip(columns.count).any(|cell| !cell.trim().is_empty()) {
            return Err(format!(
                "the line has {} cells, and there are {} columns: a text that contains the separator needs quotation marks",
                row.cells.len(),
                columns.count
            ));
        }
        if let Some(text) = row.cells.iter().find(|cell| cell.contains('\0')) {
            return Err(format!("{text:?} contains a NUL character, which cannot be stored"));
        }
        Ok(())
    }

    /// Returns the unchanged text of a cell; `None` if the cell is empty.
    pub(super) fn exact(&self, column: &str) -> Option<String> {
        let cell = self.row.cell(self.columns.at(column)?);
        // `="0123"` keeps a spreadsheet from reading the text as a number.
        let kept = cell
            .strip_prefix("=\"")
            .and_then(|text| text.strip_suffix('"'))
            .filter(|text| !text.contains('"'));
        (!cell.is_empty()).then(|| kept.unwrap_or_else(|| unescape_formula(cell)).to_owned())
    }

    /// Returns a text without blanks around it; `None` for a blank cell.
    pub(super) fn text(&self, column: &str) -> Option<String> {
        let text = self.exact(column)?;
        let trimmed = text.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// Returns the address in one line, assembled if the file has it in parts.
    pub(super) fn address(&self) -> Option<String> {
        if self.columns.at("formatted_address").is_some() {
            return self.text("formatted_address");
        }
        let place = [self.text("postal_code"), self.text("city")];
        let place = place.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let parts = [
            self.text("street"),
            Some(place),
            self.text("state"),
            self.text("country"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// Returns the website. For a search engine's link to a website, returns that website.
    pub(super) fn website(&self) -> Option<String> {
        self.text("website").map(|text| unwrap_link(&text).into_owned())
    }

    /// Returns the telephone number, or an error if a spreadsheet converted it to a number and dropped digits.
    pub(super) fn phone(&self) -> Result<Option<String>, String> {
        let Some(phone) = self.text("phone") else {
            return Ok(None);
        };
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if let Some((number, exponent)) = phone.split_once(['E', 'e'])
            && is_digits(&number.replace(['.', ','], ""))
            && is_digits(exponent.trim_start_matches('+'))
        {
            return Err(format!(
                "phone is {phone:?}: a spreadsheet has dropped its digits; format the column as text"
            ));
        }
        // Some tools write the digits as a floating-point number.
        Ok(Some(match phone.strip_suffix(".0") {
            Some(digits) if is_digits(digits) => digits.to_owned(),
            _ => phone,
        }))
    }

    fn read<T>(
        &self,
        column: &str,
        wanted: impl Display,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, String> {
        let Some(text) = self.text(column) else {
            return Ok(None);
        };
        match read(&text) {
            Some(value) => Ok(Some(value)),
            None => Err(format!("{column} is {text:?}: it must be {wanted}")),
        }
    }

    pub(super) fn decimal(&self, column: &str) -> Result<Option<f64>, String> {
        self.read(column, "a number", decimal)
    }

    pub(super) fn whole(&self, column: &str) -> Result<Option<i32>, String> {
        self.read(column, "a whole number", |text| whole(text)?.try_into().ok())
    }

    /// Returns the price level, which other tools write as currency signs.
    pub(super) fn price_level(&self) -> Result<Option<i32>, String> {
        self.read("price_level", "a whole number", |text| {
            let first = text.chars().next()?;
            if matches!(first, '$' | '€' | '£' | '¥') && text.chars().all(|c| c == first) {
                return i32::try_from(text.chars().count()).ok();
            }
            whole(text)?.try_into().ok()
        })
    }

    pub(super) fn degrees(&self, column: &str, most: f64) -> Result<Option<f64>, String> {
        match self.decimal(column)? {
            Some(degrees) if !(-most..=most).contains(&degrees) => {
                Err(format!("{column} is {degrees}: it must be from -{most} to {most}"))
            }
            degrees => Ok(degrees),
        }
    }

    pub(super) fn time(&self, column: &str) -> Result<Option<DateTime<Utc>>, String> {
        self.read(column, "a time such as 2026-01-31T12:00:00Z", time)
    }

    pub(super) fn raw_data(&self) -> Result<Option<RawJson>, String> {
        let Some(text) = self.text("raw_data") else {
            return Ok(None);
        };
        // The exact text is stored: 4.50 stays 4.50.
        let exact: Box<RawValue> =
            serde_json::from_str(&text).map_err(|error| format!("raw_data is not valid JSON: {error}"))?;
        if text.contains("\\u0000") {
            return Err("raw_data contains a NUL character, which cannot be stored".to_owned());
        }
        RawJson::from_value(&exact).map(Some).map_err(|error| error.to_string())
    }

    /// Returns people's decisions, for those columns that the file has.
    pub(super) fn curation(&self) -> Result<RawJson, String> {
        let mut patch = Map::new();
        let has = |column: &str| self.columns.at(column).is_some();
        if let Some(status) = self.text("status") {
            let read = CurationStatus::read(&status)
                .ok_or_else(|| format!("status is {status:?}: it must be one of {}", CurationStatus::listed()))?;
            patch.insert("status".to_owned(), read.label().into());
        }
        if has("notes") {
            patch.insert("notes".to_owned(), self.exact("notes").into());
        }
        if has("priority") {
            patch.insert("priority".to_owned(), self.whole("priority")?.into());
        }
        if has("tags") {
            let tags = self.exact("tags").map(|text| tags::read(&text)).transpose()?;
            patch.insert("tags".to_owned(), tags.into());
        }
        if has("revisit_date") {
            let date = self.read("revisit_date", "a date such as 2026-01-31", date)?;
            patch.insert("revisit_date".to_owned(), date.map(|date| date.to_string()).into());
        }
        Ok(Value::Object(patch).into())
    }
}

/// Reads a date. A date with slashes is accepted only if day and month cannot be confused.
fn date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    if let Some(date) = ["%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d"]
        .iter()
        .find_map(|format| NaiveDate::parse_from_str(text, format).ok())
    {
        // A two-digit year would be read as one of the first century.
        return Some(date).filter(|date| date >= &NaiveDate::from_ymd_opt(1000, 1, 1).unwrap_or_default());
    }
    let mut parts = text.split('/').map(|part| part.parse::<u32>().ok());
    let (one, other, year) = (parts.next()??, parts.next()??, parts.next()??);
    let year = i32::try_from(year).ok().filter(|year| *year >= 1000)?;
    let (day, month) = match (one > 12, other > 12) {
        (true, false) => (one, other),
        (false, true) => (other, one),
        _ if one == other => (one, other),
        _ => return None,
    };
    parts
        .next()
        .is_none()
        .then(|| NaiveDate::from_ymd_opt(year, month, day))?
}

/// Reads a time; without a zone, it is UTC.
fn time(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let formats = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%d.%m.%Y %H:%M:%S",
        "%d.%m.%Y %H:%M",
    ];
    let naive = formats
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    naive
        .or_else(|| Some(date(text)?.and_time(NaiveTime::MIN)))
        .map(|time| time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_spreadsheets_write_them_and_never_guessed() {
        let expected = NaiveDate::from_ymd_opt(2026, 3, 31);
        for text in ["2026-03-31", "31.03.2026", "31.3.2026", "31/03/2026", "3/31/2026"] {
            assert_eq!(date(text), expected, "{text}");
        }
        for text in ["03/04/2026", "31.03.26", "3/31/26", "31/31/2026", "soon", "2026-02-30"] {
            assert_eq!(date(text), None, "{text}");
        }
        let noon = time("2026-03-31T12:00:00Z");
        assert!(noon.is_some());
        for text in [
            "2026-03-31 12:00",
            "31.03.2026 12:00",
            "2026-03-31T14:00:00+02:00",
            "2026-03-31 12:00:00",
        ] {
            assert_eq!(time(text), noon, "{text}");
        }
    }
}
