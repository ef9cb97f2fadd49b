//! Exports of staged places as CSV that is safe to open in a spreadsheet.

use std::collections::HashMap;

use chrono::SecondsFormat;
use csv::Writer;
use database::models::place_details::PlaceDetails;
use database::models::staged_place::StagedPlace;
use database::models::values::RawJson;

use super::columns::{COLUMNS, RAW_DATA};
use super::tags;
use crate::views::csv::{cell, escape_formula};
use crate::views::words::Words;

/// Writes the header line; with the [`RAW_DATA`] column if `raw_data` is set.
///
/// # Errors
///
/// Never, since it writes to memory.
pub fn header(raw_data: bool) -> Result<Vec<u8>, csv::Error> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS.iter().copied().chain(raw_data.then_some(RAW_DATA)))?;
    bytes(writer)
}

/// Writes a line per place.
///
/// # Errors
///
/// Never, since it writes to memory.
pub fn lines(
    places: &[StagedPlace],
    details: &HashMap<String, PlaceDetails>,
    raw_data: bool,
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = Writer::from_writer(Vec::new());
    for place in places {
        // A number is not a formula, even a negative one.
        let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
        let whole = |number: Option<i32>| number.map(|number| number.to_string()).unwrap_or_default();
        let known = details.get(&place.place_id);
        let tags = place.tags.as_ref().map(|list| tags::write(&list.0));
        let cells = [
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
            place.status.word().to_owned(),
            cell(place.notes.as_deref()),
            whole(place.priority),
            cell(tags.as_deref()),
            place.revisit_date.map(|date| date.to_string()).unwrap_or_default(),
            cell(known.and_then(|details| details.website.as_deref())),
            cell(known.and_then(|details| details.phone.as_deref())),
        ];
        let raw = raw_data.then(|| cell(place.raw_data.as_ref().map(RawJson::as_str)));
        writer.write_record(cells.into_iter().chain(raw))?;
    }
    bytes(writer)
}

fn bytes(writer: Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}
