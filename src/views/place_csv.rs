//! Staged places as CSV: written so that no spreadsheet takes a cell for a formula, and read back as they were.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use csv::{ReaderBuilder, StringRecord, Writer};
use database::models::place_details::PlaceDetails;
use database::models::staged_place::{NewStagedPlace, StagedPlace};
use database::models::values::RawJson;
use serde::Serialize;
use serde_json::{Map, Value};

use super::csv::{cell, escape_formula, unescape_formula};
use super::place::{read_status, status_word};

/// The columns, in their order. Numbers and ids of rows, people and jobs mean nothing elsewhere and are not among them.
pub const COLUMNS: &[&str] = &[
    "place_id",
    "name",
    "formatted_address",
    "business_type",
    "latitude",
    "longitude",
    "vicinity",
    "rating",
    "user_ratings_total",
    "price_level",
    "search_query",
    "search_location",
    "search_time",
    "status",
    "notes",
    "priority",
    "tags",
    "revisit_date",
    "website",
    "phone",
    "raw_data",
];

/// The longest kind of business: an index holds it.
const MAX_KIND: usize = 255;

/// Writes the line of column names.
///
/// # Errors
///
/// Never, since it is written to memory.
pub fn header() -> Result<Vec<u8>, csv::Error> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    bytes(writer)
}

/// Writes a line for each place.
///
/// # Errors
///
/// Never, since it is written to memory.
pub fn lines(places: &[StagedPlace], details: &HashMap<String, PlaceDetails>) -> Result<Vec<u8>, csv::Error> {
    let mut writer = Writer::from_writer(Vec::new());
    for place in places {
        // A number is no formula, even a negative one.
        let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
        let whole = |number: Option<i32>| number.map(|number| number.to_string()).unwrap_or_default();
        let known = details.get(&place.place_id);
        let tags = place
            .tags
            .as_ref()
            .map(|tags| Value::from(tags.0.as_slice()).to_string());
        writer.write_record([
            escape_formula(&place.place_id),
            escape_formula(&place.name),
            cell(place.formatted_address.as_deref()),
            cell(place.business_type.as_deref()),
            number(place.latitude),
            number(place.longitude),
            cell(place.vicinity.as_deref()),
            number(place.rating),
            whole(place.user_ratings_total),
            whole(place.price_level),
            cell(place.search_query.as_deref()),
            cell(place.search_location.as_deref()),
            place
                .search_time
                .map(|time| time.to_rfc3339_opts(SecondsFormat::Micros, true))
                .unwrap_or_default(),
            status_word(place.status).to_owned(),
            cell(place.notes.as_deref()),
            whole(place.priority),
            tags.unwrap_or_default(),
            place.revisit_date.map(|date| date.to_string()).unwrap_or_default(),
            cell(known.and_then(|details| details.website.as_deref())),
            cell(known.and_then(|details| details.phone.as_deref())),
            cell(place.raw_data.as_ref().map(RawJson::as_str)),
        ])?;
    }
    bytes(writer)
}

fn bytes(writer: Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}

/// A line of a file, read.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedPlace {
    /// Where it stands in the file, from 1.
    pub line: u64,
    /// Google's id of the place.
    pub place_id: String,
    name: String,
    formatted_address: Option<String>,
    business_type: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    vicinity: Option<String>,
    rating: Option<f64>,
    user_ratings_total: Option<i32>,
    price_level: Option<i32>,
    search_query: Option<String>,
    search_location: Option<String>,
    /// When a search found it.
    pub search_time: Option<DateTime<Utc>>,
    /// Its website.
    pub website: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
    raw_data: Option<RawJson>,
    /// What people decided, in the spelling of [`PlaceChange`](database::models::place_change::PlaceChange): an object of
    /// those values that the file has columns for.
    pub curation: RawJson,
}

impl ImportedPlace {
    /// Returns the row.
    #[must_use]
    pub fn row(&self, created_by: database::ids::UserId) -> NewStagedPlace<'_> {
        NewStagedPlace {
            place_id: &self.place_id,
            name: &self.name,
            formatted_address: self.formatted_address.as_deref(),
            business_type: self.business_type.as_deref(),
            latitude: self.latitude,
            longitude: self.longitude,
            vicinity: self.vicinity.as_deref(),
            rating: self.rating,
            user_ratings_total: self.user_ratings_total,
            price_level: self.price_level,
            created_by,
            search_job_id: None,
            search_query: self.search_query.as_deref(),
            search_location: self.search_location.as_deref(),
            search_time: self.search_time,
            raw_data: self.raw_data.as_ref(),
            user_id: None,
            user_name: None,
        }
    }
}

/// The result of one line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportLine {
    /// Where it stands in the file, from 1.
    pub line: u64,
    /// The place, where the line names one.
    pub place_id: Option<String>,
    /// `inserted`, `updated` or `failed`.
    pub result: &'static str,
    /// Why it failed.
    pub error: Option<String>,
}

/// The result of an import.
#[derive(Debug, Serialize)]
pub struct ImportReport {
    /// The number of lines below the header.
    pub rows: usize,
    /// The number of inserted places.
    pub inserted: usize,
    /// The number of updated places.
    pub updated: usize,
    /// How many lines could not be used.
    pub failed: usize,
    /// Every line.
    pub lines: Vec<ImportLine>,
}

/// The content of a file: places, and invalid lines.
pub type Imported = (Vec<ImportedPlace>, Vec<ImportLine>);

/// Reads a file whose first line names its columns, in any order; `place_id` and `name` have to be among them.
///
/// # Errors
///
/// A sentence, when the file has no such columns.
pub fn read(file: &[u8]) -> Result<Imported, String> {
    // Spreadsheets write a byte order mark.
    let file = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(file);
    let names = reader
        .headers()
        .map_err(|error| format!("the column names cannot be read: {error}"))?;
    let columns: HashMap<String, usize> = names
        .iter()
        .enumerate()
        .map(|(number, name)| (name.trim().to_lowercase(), number))
        .collect();
    for needed in ["place_id", "name"] {
        if !columns.contains_key(needed) {
            return Err(format!(
                "the file has no column {needed}: its first line must name the columns"
            ));
        }
    }
    if let Some(unknown) = columns.keys().filter(|name| !COLUMNS.contains(&name.as_str())).min() {
        return Err(format!(
            "the file has an unknown column {unknown:?}; expected some of {}",
            COLUMNS.join(", ")
        ));
    }
    let (mut places, mut failed) = (Vec::new(), Vec::new());
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut record = StringRecord::new();
    loop {
        let at = reader.position().line();
        let cells = match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => Ok(Cells {
                columns: &columns,
                record: &record,
            }),
            Err(error) => Err(error.to_string()),
        };
        let line = record.position().map_or(at, csv::Position::line);
        let place_id = cells.as_ref().ok().and_then(|cells| cells.text("place_id"));
        let read = cells.and_then(|cells| cells.place(line)).and_then(|place| {
            match seen.insert(place.place_id.clone(), line) {
                Some(earlier) => Err(format!("the place stands in line {earlier} already")),
                None => Ok(place),
            }
        });
        match read {
            Ok(place) => places.push(place),
            Err(error) => failed.push(ImportLine {
                line,
                place_id,
                result: "failed",
                error: Some(error),
            }),
        }
    }
    Ok((places, failed))
}

/// The cells of a line, by the names of their columns.
struct Cells<'a> {
    columns: &'a HashMap<String, usize>,
    record: &'a StringRecord,
}

impl Cells<'_> {
    fn place(&self, line: u64) -> Result<ImportedPlace, String> {
        if self.record.len() != self.columns.len() {
            return Err(format!(
                "the line has {} cells, and there are {} columns",
                self.record.len(),
                self.columns.len()
            ));
        }
        let place_id = self.text("place_id").ok_or("place_id is empty")?;
        let name = self.text("name").ok_or("name is empty")?;
        if self
            .text("business_type")
            .is_some_and(|kind| kind.chars().count() > MAX_KIND)
        {
            return Err(format!("business_type has more than {MAX_KIND} characters"));
        }
        if let Some(texts) = self.record.iter().find(|cell| cell.contains('\0')) {
            return Err(format!("{texts:?} holds a NUL character, which cannot be stored"));
        }
        let raw_data = match self.text("raw_data") {
            None => None,
            Some(text) => {
                let value: Value =
                    serde_json::from_str(&text).map_err(|error| format!("raw_data is no JSON: {error}"))?;
                // What it says is kept to the letter: 4.50 stays 4.50.
                let exact: Box<serde_json::value::RawValue> =
                    serde_json::from_str(&text).map_err(|error| format!("raw_data is no JSON: {error}"))?;
                if text.contains("\\u0000") {
                    return Err(format!("raw_data holds a NUL character: {value}"));
                }
                Some(RawJson::from_value(&exact).map_err(|error| error.to_string())?)
            }
        };
        Ok(ImportedPlace {
            line,
            place_id,
            name,
            formatted_address: self.text("formatted_address"),
            business_type: self.text("business_type"),
            latitude: self.within("latitude", 90.0)?,
            longitude: self.within("longitude", 180.0)?,
            vicinity: self.text("vicinity"),
            rating: self.parsed("rating", "a number")?,
            user_ratings_total: self.parsed("user_ratings_total", "a whole number")?,
            price_level: self.parsed("price_level", "a whole number")?,
            search_query: self.text("search_query"),
            search_location: self.text("search_location"),
            search_time: self.parsed("search_time", "a time such as 2026-01-31T12:00:00Z")?,
            website: self.text("website"),
            phone: self.text("phone"),
            raw_data,
            curation: self.curation()?,
        })
    }

    fn curation(&self) -> Result<RawJson, String> {
        let mut patch = Map::new();
        let has = |column: &str| self.columns.contains_key(column);
        if let Some(status) = self.text("status") {
            let read = read_status(&status)
                .ok_or_else(|| format!("status is {status:?}: it must be one of {}", super::place::STATUS_WORDS))?;
            patch.insert("status".to_owned(), read.label().into());
        }
        if has("notes") {
            patch.insert("notes".to_owned(), self.text("notes").into());
        }
        if has("priority") {
            let priority: Option<i32> = self.parsed("priority", "a whole number")?;
            patch.insert("priority".to_owned(), priority.into());
        }
        if has("tags") {
            let tags = self.text("tags").map(|text| tags(&text)).transpose()?;
            patch.insert("tags".to_owned(), tags.into());
        }
        if has("revisit_date") {
            let date: Option<NaiveDate> = self.parsed("revisit_date", "a date such as 2026-01-31")?;
            patch.insert("revisit_date".to_owned(), date.map(|date| date.to_string()).into());
        }
        Ok(Value::Object(patch).into())
    }

    /// Returns a text; an empty cell holds none.
    fn text(&self, column: &str) -> Option<String> {
        let cell = self.record.get(*self.columns.get(column)?)?;
        (!cell.is_empty()).then(|| unescape_formula(cell).to_owned())
    }

    fn parsed<T: std::str::FromStr>(&self, column: &str, wanted: &str) -> Result<Option<T>, String> {
        let text = self.text(column);
        let parsed = text.as_deref().map(|text| text.trim().parse()).transpose();
        parsed.map_err(|_| format!("{column} is {:?}: it must be {wanted}", text.unwrap_or_default()))
    }

    fn within(&self, column: &str, most: f64) -> Result<Option<f64>, String> {
        match self.parsed::<f64>(column, "a number")? {
            Some(degrees) if !(-most..=most).contains(&degrees) => {
                Err(format!("{column} is {degrees}: it must be from -{most} to {most}"))
            }
            degrees => Ok(degrees),
        }
    }
}

/// Reads labels: a JSON list, as they are written, or words with semicolons between, as people write them.
fn tags(text: &str) -> Result<Vec<String>, String> {
    if text.starts_with('[') {
        return serde_json::from_str(text).map_err(|error| format!("tags are not a list of texts: {error}"));
    }
    Ok(text
        .split(';')
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_be_used_says_why_and_harms_no_other() {
        let file = "\u{feff}Name,place_id,rating,tags,status\nA,1,4.5,warm; cold,Not a Fit\n,2,,,\nC,3,good,,\nD,1,,,\nE,5,,[1],\nF,6\nG,7,,,done\nH,8,,,\n";
        let (places, failed) = read(file.as_bytes()).unwrap();
        assert_eq!(places.iter().map(|place| place.line).collect::<Vec<_>>(), [2, 9]);
        assert_eq!(
            places[0].curation,
            serde_json::json!({"status": "Not a Fit", "tags": ["warm", "cold"]}).into()
        );
        let errors: Vec<_> = failed
            .iter()
            .map(|line| (line.line, line.error.clone().unwrap()))
            .collect();
        for ((line, error), (expected, part)) in errors.iter().zip([
            (3, "name is empty"),
            (4, "rating is \"good\""),
            (5, "line 2 already"),
            (6, "tags are not a list"),
            (7, "has 2 cells"),
            (8, "status is \"done\""),
        ]) {
            assert_eq!(*line, expected, "{errors:?}");
            assert!(error.contains(part), "{errors:?}");
        }
        assert_eq!(errors.len(), 6);
        assert!(read(b"name\nA\n").unwrap_err().contains("no column place_id"));
        assert!(read(b"name,place_id,color\n").unwrap_err().contains("color"));
    }
}
