//! Parsing of Google's responses in both protocols into one form.

use database::models::values::RawJson;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::PlacesError;
use super::grid::Point;

/// One page of results.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The places, without results that lack an id or a name.
    pub places: Vec<FoundPlace>,
    /// The number of results in the response.
    pub results: usize,
    /// The token of the next page; `None` on the last page.
    pub next: Option<String>,
}

/// A place, whichever protocol it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundPlace {
    /// Google's id of the place.
    pub place_id: String,
    /// Display name of the place.
    pub name: String,
    /// Its address in one line.
    pub formatted_address: Option<String>,
    /// The position of the place.
    pub point: Option<Point>,
    /// The short address.
    pub vicinity: Option<String>,
    /// Its mean rating, 1 to 5.
    pub rating: Option<f64>,
    /// The number of ratings.
    pub user_ratings_total: Option<i32>,
    /// The price level, 0 to 4.
    pub price_level: Option<i32>,
    /// The website.
    pub website: Option<String>,
    /// The telephone number.
    pub phone: Option<String>,
    /// The opening hours, as Google writes them.
    pub opening_hours: Option<RawJson>,
    /// Google's types of the place.
    pub types: Vec<String>,
    /// The result as received.
    pub raw: RawJson,
}

impl FoundPlace {
    /// Returns whether the place is an area on the map, such as a town or an address, rather than a business.
    #[must_use]
    pub fn is_area(&self) -> bool {
        const AREAS: &[&str] = &[
            "political",
            "locality",
            "postal_code",
            "geocode",
            "street_address",
            "route",
            "premise",
            "intersection",
            "plus_code",
        ];
        self.types.iter().any(|kind| AREAS.contains(&kind.as_str()))
    }
}

#[derive(Deserialize)]
struct LegacyAnswer {
    status: String,
    #[serde(default)]
    error_message: Option<String>,
    #[serde(default)]
    results: Vec<Box<RawValue>>,
    #[serde(default)]
    result: Option<Box<RawValue>>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewAnswer {
    #[serde(default)]
    places: Vec<Box<RawValue>>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct NewFailure {
    error: NewFailureReason,
}

#[derive(Deserialize)]
struct NewFailureReason {
    #[serde(default)]
    status: String,
    #[serde(default)]
    message: String,
}

/// Parses a page of the older Text Search.
///
/// # Errors
///
/// [`PlacesError`] for every status except `OK` and `ZERO_RESULTS`, and for a response of another form.
pub fn legacy_page(status: u16, body: &[u8]) -> Result<Page, PlacesError> {
    let answer = legacy(status, body)?;
    let results = answer.results.len();
    let places = places(&answer.results, legacy_place)?;
    Ok(Page {
        places,
        results,
        next: answer.next_page_token.filter(|token| !token.is_empty()),
    })
}

/// Parses a place from the older Place Details.
///
/// # Errors
///
/// As [`legacy_page`]; [`PlacesError::Gone`] if the place no longer exists.
pub fn legacy_details(status: u16, body: &[u8]) -> Result<FoundPlace, PlacesError> {
    let answer = legacy(status, body)?;
    let raw = answer.result.ok_or(PlacesError::Gone)?;
    place(&raw, legacy_place)?.ok_or(PlacesError::Malformed("it has no place"))
}

/// Parses a page of Places API (New).
///
/// # Errors
///
/// [`PlacesError`] for every HTTP status except 200, and for a response of another form.
pub fn new_page(status: u16, body: &[u8]) -> Result<Page, PlacesError> {
    let body = new(status, body)?;
    let answer: NewAnswer = object(body)?;
    Ok(Page {
        places: places(&answer.places, new_place)?,
        results: answer.places.len(),
        next: answer.next_page_token.filter(|token| !token.is_empty()),
    })
}

/// Parses a place from Places API (New).
///
/// # Errors
///
/// As [`new_page`]; [`PlacesError::Gone`] if the place no longer exists.
pub fn new_details(status: u16, body: &[u8]) -> Result<FoundPlace, PlacesError> {
    let body = new(status, body)?;
    let raw: Box<RawValue> = serde_json::from_slice(body).map_err(|_| NO_JSON)?;
    place(&raw, new_place)?.ok_or(PlacesError::Malformed("it has no place"))
}

const NO_JSON: PlacesError = PlacesError::Malformed("it is not the expected JSON");

/// Parses an object. Serde alone would also accept a list, taking its elements for the fields.
fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, PlacesError> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(NO_JSON);
    }
    serde_json::from_slice(body).map_err(|_| NO_JSON)
}

fn legacy(status: u16, body: &[u8]) -> Result<LegacyAnswer, PlacesError> {
    if status == 429 {
        return Err(PlacesError::Quota(format!("status {status}"), None));
    }
    if status >= 500 {
        return Err(PlacesError::Failed(format!("status {status}")));
    }
    let answer: LegacyAnswer = object(body)?;
    let message = || answer.error_message.clone().unwrap_or_else(|| answer.status.clone());
    match answer.status.as_str() {
        "OK" | "ZERO_RESULTS" => Ok(answer),
        "OVER_QUERY_LIMIT" => Err(PlacesError::Quota(message(), None)),
        "REQUEST_DENIED" | "OVER_DAILY_LIMIT" => Err(PlacesError::Denied(message())),
        "INVALID_REQUEST" => Err(PlacesError::Invalid(message())),
        "NOT_FOUND" => Err(PlacesError::Gone),
        _ => Err(PlacesError::Failed(message())),
    }
}

fn new(status: u16, body: &[u8]) -> Result<&[u8], PlacesError> {
    if status == 200 {
        return Ok(body);
    }
    let reason = serde_json::from_slice::<NewFailure>(body)
        .ok()
        .map(|failure| failure.error);
    let (word, message) = match reason {
        Some(reason) if !reason.message.is_empty() => (reason.status, reason.message),
        Some(reason) => (reason.status, format!("status {status}")),
        None => (String::new(), format!("status {status}")),
    };
    Err(match (status, word.as_str()) {
        (429, _) | (_, "RESOURCE_EXHAUSTED") => PlacesError::Quota(message, None),
        (401 | 403, _) => PlacesError::Denied(message),
        // Google reports a malformed key as an invalid argument.
        (400, _) if message.contains("API key") => PlacesError::Denied(message),
        (404, _) => PlacesError::Gone,
        (400..=499, _) => PlacesError::Invalid(message),
        _ => PlacesError::Failed(message),
    })
}

fn places(
    results: &[Box<RawValue>],
    read: fn(&Value, RawJson) -> Option<FoundPlace>,
) -> Result<Vec<FoundPlace>, PlacesError> {
    let read = results.iter().map(|raw| place(raw, read));
    read.filter_map(Result::transpose).collect()
}

fn place(raw: &RawValue, read: fn(&Value, RawJson) -> Option<FoundPlace>) -> Result<Option<FoundPlace>, PlacesError> {
    // Even fields that are not read must be storable in PostgreSQL: no lone surrogates and no NUL characters.
    let mut value: Value = serde_json::from_str(raw.get()).map_err(|_| NO_JSON)?;
    let untouched = if raw.get().contains("\\u0000") && without_nul(&mut value) {
        RawJson::from(value.clone())
    } else {
        RawJson::from_value(&raw).map_err(|_| NO_JSON)?
    };
    Ok(read(&value, untouched))
}

/// Removes the NUL characters from every text, and returns whether there were any.
fn without_nul(value: &mut Value) -> bool {
    match value {
        Value::String(text) if text.contains('\0') => {
            *text = text.replace('\0', "");
            true
        }
        Value::Array(values) => values.iter_mut().fold(false, |found, value| without_nul(value) | found),
        Value::Object(object) => {
            let mut found = object
                .values_mut()
                .fold(false, |found, value| without_nul(value) | found);
            if object.keys().any(|key| key.contains('\0')) {
                let entries = std::mem::take(object);
                *object = entries
                    .into_iter()
                    .map(|(key, value)| (key.replace('\0', ""), value))
                    .collect();
                found = true;
            }
            found
        }
        _ => false,
    }
}

fn legacy_place(value: &Value, raw: RawJson) -> Option<FoundPlace> {
    let location = value.pointer("/geometry/location");
    Some(FoundPlace {
        place_id: text(value, "/place_id")?,
        name: text(value, "/name")?,
        formatted_address: text(value, "/formatted_address"),
        point: location.and_then(|point| Point::new(point.get("lat")?.as_f64()?, point.get("lng")?.as_f64()?)),
        vicinity: text(value, "/vicinity"),
        rating: number(value, "/rating"),
        user_ratings_total: whole(value, "/user_ratings_total"),
        price_level: whole(value, "/price_level"),
        website: text(value, "/website"),
        phone: text(value, "/international_phone_number").or_else(|| text(value, "/formatted_phone_number")),
        // A search returns only whether the place is open at this moment.
        opening_hours: value
            .get("opening_hours")
            .filter(|hours| hours.get("periods").is_some() || hours.get("weekday_text").is_some())
            .cloned()
            .map(RawJson::from),
        types: types(value),
        raw,
    })
}

fn new_place(value: &Value, raw: RawJson) -> Option<FoundPlace> {
    let location = value.get("location");
    let price_level = match value.get("priceLevel").and_then(Value::as_str) {
        Some("PRICE_LEVEL_FREE") => Some(0),
        Some("PRICE_LEVEL_INEXPENSIVE") => Some(1),
        Some("PRICE_LEVEL_MODERATE") => Some(2),
        Some("PRICE_LEVEL_EXPENSIVE") => Some(3),
        Some("PRICE_LEVEL_VERY_EXPENSIVE") => Some(4),
        _ => None,
    };
    Some(FoundPlace {
        place_id: text(value, "/id")?,
        name: text(value, "/displayName/text")?,
        formatted_address: text(value, "/formattedAddress"),
        point: location
            .and_then(|point| Point::new(point.get("latitude")?.as_f64()?, point.get("longitude")?.as_f64()?)),
        vicinity: text(value, "/shortFormattedAddress"),
        rating: number(value, "/rating"),
        user_ratings_total: whole(value, "/userRatingCount"),
        price_level,
        website: text(value, "/websiteUri"),
        phone: text(value, "/internationalPhoneNumber").or_else(|| text(value, "/nationalPhoneNumber")),
        opening_hours: value.get("regularOpeningHours").cloned().map(RawJson::from),
        types: types(value),
        raw,
    })
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    let text = value.pointer(pointer)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn number(value: &Value, pointer: &str) -> Option<f64> {
    value.pointer(pointer)?.as_f64()
}

fn whole(value: &Value, pointer: &str) -> Option<i32> {
    value.pointer(pointer)?.as_i64()?.try_into().ok()
}

fn types(value: &Value) -> Vec<String> {
    let types = value.get("types").and_then(Value::as_array);
    types
        .into_iter()
        .flatten()
        .filter_map(|kind| kind.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEGACY: &str = r#"{"html_attributions":[],"next_page_token":"more","status":"OK","results":[
        {"place_id":"A1","name":"Smile","formatted_address":"1 Main St","geometry":{"location":{"lat":29.76,"lng":-95.37}},
         "rating":4.50,"user_ratings_total":12,"price_level":2,"types":["dentist","health"],"opening_hours":{"open_now":true}},
        {"name":"nobody's"}]}"#;
    const NEW: &str = r#"{"nextPageToken":"more","places":[
        {"id":"A1","displayName":{"text":"Smile","languageCode":"en"},"formattedAddress":"1 Main St",
         "location":{"latitude":29.76,"longitude":-95.37},"rating":4.50,"userRatingCount":12,
         "priceLevel":"PRICE_LEVEL_MODERATE","types":["dentist","health"]}]}"#;

    #[test]
    fn both_protocols_give_the_same_place() {
        let legacy = legacy_page(200, LEGACY.as_bytes()).unwrap();
        let new = new_page(200, NEW.as_bytes()).unwrap();
        assert_eq!((legacy.results, legacy.next.as_deref()), (2, Some("more")));
        assert_eq!((new.results, new.next.as_deref()), (1, Some("more")));
        let [one] = legacy.places.as_slice() else {
            panic!("{legacy:?}")
        };
        let [other] = new.places.as_slice() else {
            panic!("{new:?}")
        };
        let raw = RawJson::from(Value::Null);
        let same = |place: &FoundPlace| FoundPlace {
            raw: raw.clone(),
            ..place.clone()
        };
        assert_eq!(same(one), same(other));
        assert_eq!(one.rating, Some(4.5));
        // The raw result is unchanged, even in the form of its numbers.
        assert!(one.raw.as_str().contains("4.50") && other.raw.as_str().contains("4.50"));
    }

    #[test]
    fn every_status_has_its_error() {
        let of = |status: &str| {
            legacy_page(
                200,
                format!(r#"{{"status":"{status}","error_message":"why"}}"#).as_bytes(),
            )
        };
        assert!(of("ZERO_RESULTS").unwrap().places.is_empty());
        assert!(matches!(of("OVER_QUERY_LIMIT"), Err(PlacesError::Quota(why, None)) if why == "why"));
        assert!(matches!(of("REQUEST_DENIED"), Err(PlacesError::Denied(why)) if why == "why"));
        assert!(matches!(of("INVALID_REQUEST"), Err(PlacesError::Invalid(_))));
        assert!(matches!(of("UNKNOWN_ERROR"), Err(PlacesError::Failed(_))));
        assert!(matches!(of("NOT_FOUND"), Err(PlacesError::Gone)));
        assert!(matches!(legacy_page(503, b"<html>"), Err(PlacesError::Failed(_))));
        assert!(matches!(
            legacy_page(200, b"{\"status\":\"OK\""),
            Err(PlacesError::Malformed(_))
        ));

        let of = |status: u16, word: &str, message: &str| {
            new_page(
                status,
                format!(r#"{{"error":{{"status":"{word}","message":"{message}"}}}}"#).as_bytes(),
            )
        };
        assert!(matches!(
            of(429, "RESOURCE_EXHAUSTED", "slow"),
            Err(PlacesError::Quota(..))
        ));
        assert!(matches!(of(403, "PERMISSION_DENIED", "no"), Err(PlacesError::Denied(why)) if why == "no"));
        assert!(matches!(
            of(400, "INVALID_ARGUMENT", "API key not valid."),
            Err(PlacesError::Denied(_))
        ));
        assert!(matches!(
            of(400, "INVALID_ARGUMENT", "bad mask"),
            Err(PlacesError::Invalid(_))
        ));
        assert!(matches!(of(404, "NOT_FOUND", "gone"), Err(PlacesError::Gone)));
        assert!(matches!(new_page(500, b""), Err(PlacesError::Failed(_))));
        assert!(new_page(200, b"{}").unwrap().places.is_empty());
        assert!(matches!(new_page(200, b"[1"), Err(PlacesError::Malformed(_))));
    }

    #[test]
    fn text_that_postgresql_cannot_store_is_removed() {
        let body = r#"{"places":[{"id":"A1","displayName":{"text":"a\u0000b"},"note":"\\u0000 c\u0000"}]}"#;
        let page = new_page(200, body.as_bytes()).unwrap();
        assert_eq!(page.places[0].name, "ab");
        assert!(
            page.places[0].raw.as_str().contains(r#""\\u0000 c""#),
            "{:?}",
            page.places[0].raw
        );
        let lone = r#"{"places":[{"id":"A1","displayName":{"text":"a"},"note":"\ud800"}]}"#;
        assert!(matches!(new_page(200, lone.as_bytes()), Err(PlacesError::Malformed(_))));
    }
}
