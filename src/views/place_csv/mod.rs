//! Staged places as CSV: exports that are safe to open in spreadsheets, and imports of files from spreadsheets and
//! other tools.

mod cells;
pub mod columns;
mod tags;
mod write;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use database::models::staged_place::NewStagedPlace;
use database::models::values::RawJson;
use scans::places::imported_id;
use serde::Serialize;
use utoipa::ToSchema;
use web::table::Table;

use self::cells::Cells;
use self::columns::Columns;
pub use self::write::{header, lines};

/// Maximum length of a business type in characters, set by its index.
const MAX_KIND: usize = 255;

/// A place read from a line of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedPlace {
    /// Number of the line in the file, from 1.
    pub line: u64,
    /// Google's id of the place, or one derived from its name and its address, website or telephone number.
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
    /// When a search found the place.
    pub search_time: Option<DateTime<Utc>>,
    /// The place's website.
    pub website: Option<String>,
    /// The place's telephone number.
    pub phone: Option<String>,
    raw_data: Option<RawJson>,
    /// People's decisions, in the form of [`PlaceChange`](database::models::place_change::PlaceChange): an object with
    /// the values that the file has columns for.
    pub curation: RawJson,
}

impl ImportedPlace {
    /// Returns the row to insert.
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

/// What became of a line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportResult {
    /// It is a new place.
    Inserted,
    /// It changed a place.
    Updated,
    /// It could not be used.
    Failed,
}

/// The result of one line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportLine {
    /// Number of the line in the file, from 1.
    pub line: u64,
    /// Id of the place; null if the line does not name one.
    pub place_id: Option<String>,
    /// What became of it.
    pub result: ImportResult,
    /// Why the line failed; null if it did not.
    pub error: Option<String>,
}

/// The result of an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportReport {
    /// The number of lines below the header.
    pub rows: usize,
    /// The number of inserted places.
    pub inserted: usize,
    /// The number of updated places.
    pub updated: usize,
    /// The number of lines that could not be used.
    pub failed: usize,
    /// Names of the unknown columns, which were ignored.
    pub ignored_columns: Vec<String>,
    /// The result of every line.
    pub lines: Vec<ImportLine>,
}

/// The content of a file.
#[derive(Debug)]
pub struct Imported {
    /// The places.
    pub places: Vec<ImportedPlace>,
    /// The lines that could not be used.
    pub failed: Vec<ImportLine>,
    /// Names of the unknown columns.
    pub ignored_columns: Vec<String>,
}

/// Reads a file whose first line names its columns, in any order and in their usual spellings.
///
/// A column with the name is required, and one with Google's id of the place, its address, website or telephone number.
/// `charset` is the declared encoding, if any.
///
/// # Errors
///
/// Returns a description of the problem if the file is not a table or lacks a required column.
pub fn read(file: &[u8], charset: Option<&str>) -> Result<Imported, String> {
    let table = Table::read(file, charset, columns::is_name).map_err(|error| error.to_string())?;
    let (names, rows) = table.rows.split_first().ok_or("the file is empty")?;
    let columns = Columns::read(&names.cells);
    check_columns(&columns, names)?;
    let (mut places, mut failed) = (Vec::new(), Vec::new());
    let mut seen: HashMap<String, u64> = HashMap::new();
    for row in rows {
        let line = row.line;
        let cells = Cells { columns: &columns, row };
        let read = place(&cells).and_then(|place| match seen.insert(place.place_id.clone(), line) {
            Some(earlier) => Err(format!("the place is in line {earlier} already")),
            None => Ok(place),
        });
        match read {
            Ok(place) => places.push(place),
            Err(error) => failed.push(ImportLine {
                line,
                place_id: cells.text("place_id"),
                result: ImportResult::Failed,
                error: Some(error),
            }),
        }
    }
    Ok(Imported {
        places,
        failed,
        ignored_columns: columns.ignored,
    })
}

/// Columns of which at least one is required next to the name.
const IDENTIFYING_COLUMNS: [&str; 7] = [
    "place_id",
    "formatted_address",
    "street",
    "city",
    "vicinity",
    "website",
    "phone",
];

fn check_columns(columns: &Columns, names: &web::table::Row) -> Result<(), String> {
    let line = names.line;
    let found: Vec<String> = names.cells.iter().map(|name| format!("{:?}", name.trim())).collect();
    let found = found.join(", ");
    if columns.at("name").is_none() {
        return Err(format!(
            "the file has no column `name`: line {line} must name the columns, and has {found}"
        ));
    }
    if IDENTIFYING_COLUMNS.iter().all(|name| columns.at(name).is_none()) {
        return Err(format!(
            "the file has no column `place_id`, `formatted_address`, `website` or `phone`, one of which is required next to \
             `name`: line {line} has {found}"
        ));
    }
    Ok(())
}

fn place(cells: &Cells<'_>) -> Result<ImportedPlace, String> {
    cells.check()?;
    let name = cells.text("name").ok_or("name is empty")?;
    let (formatted_address, vicinity) = (cells.address(), cells.text("vicinity"));
    let (website, phone) = (cells.website(), cells.phone()?);
    // A name alone may belong to many businesses.
    let distinction = [&formatted_address, &vicinity, &website, &phone]
        .into_iter()
        .flatten()
        .next();
    let place_id = match (cells.text("place_id"), distinction) {
        (Some(place_id), _) => place_id,
        (None, Some(distinction)) => imported_id(&name, distinction),
        (None, None) => return Err("place_id is empty, and so are address, website and phone".to_owned()),
    };
    if cells
        .text("business_type")
        .is_some_and(|kind| kind.chars().count() > MAX_KIND)
    {
        return Err(format!("business_type has more than {MAX_KIND} characters"));
    }
    Ok(ImportedPlace {
        line: cells.row.line,
        place_id,
        name,
        formatted_address,
        business_type: cells.text("business_type"),
        latitude: cells.degrees("latitude", 90.0)?,
        longitude: cells.degrees("longitude", 180.0)?,
        vicinity,
        rating: cells.decimal("rating")?,
        user_ratings_total: cells.whole("user_ratings_total")?,
        price_level: cells.price_level()?,
        search_query: cells.text("search_query"),
        search_location: cells.text("search_location"),
        search_time: cells.time("search_time")?,
        website,
        phone,
        raw_data: cells.raw_data()?,
        curation: cells.curation()?,
    })
}

#[cfg(test)]
mod tests;
