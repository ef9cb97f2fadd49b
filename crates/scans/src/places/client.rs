//! The client for Google's Places API, in either protocol.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use web::fetch::{FetchConfig, Reply, Service, SetupError};

use super::answer::{self, FoundPlace, Page};
use super::error::PlacesError;
use super::grid::{Cell, Point};
use crate::settings::{PlacesConfig, PlacesProtocol};

/// Maximum number of results per page.
pub const PAGE: usize = 20;
/// Maximum number of results that Google returns per query.
pub const MAX_RESULTS: usize = 60;
/// Maximum radius of a circle that Google accepts, in metres.
const MAX_METRES: f64 = 50_000.0;

/// The fields requested in a search. They all cost the same as the rating alone.
const SEARCH_FIELDS: &str = "nextPageToken,places.id,places.displayName,places.formattedAddress,\
    places.shortFormattedAddress,places.location,places.rating,places.userRatingCount,places.priceLevel,places.types,\
    places.businessStatus,places.websiteUri,places.internationalPhoneNumber";
/// The fields requested to find a point.
const CENTER_FIELDS: &str = "places.id,places.displayName,places.location,places.types";
const DETAILS_FIELDS: &str = "id,displayName,formattedAddress,shortFormattedAddress,location,rating,userRatingCount,\
    priceLevel,types,businessStatus,websiteUri,internationalPhoneNumber,regularOpeningHours";
const LEGACY_DETAILS_FIELDS: &str = "place_id,name,formatted_address,geometry/location,vicinity,rating,\
    user_ratings_total,price_level,types,business_status,website,international_phone_number,opening_hours";

/// The client for Google's places; a process has one.
#[derive(Debug)]
pub struct Places {
    service: Service,
    config: PlacesConfig,
}

/// The area to search.
#[derive(Clone, Debug)]
pub enum Area {
    /// The area that the text names.
    Anywhere {
        /// The radius around it, in kilometres.
        radius_km: f64,
    },
    /// Preferably near this point.
    Near {
        /// The centre of the search.
        center: Point,
        /// The radius around it, in kilometres.
        radius_km: f64,
    },
    /// Within this cell; the older protocol only prefers the circle around it.
    Within(Cell),
}

impl Places {
    /// Creates a client.
    ///
    /// # Errors
    ///
    /// Returns an error if outbound HTTP cannot be set up.
    pub fn new(fetch: &FetchConfig, config: &PlacesConfig) -> Result<Self, SetupError> {
        Ok(Self {
            service: Service::new(fetch, &config.url, config.timeout)?,
            config: config.clone(),
        })
    }

    /// Returns the settings.
    #[must_use]
    pub fn config(&self) -> &PlacesConfig {
        &self.config
    }

    /// Requests a page of the places that `text` describes: the first one, or the one that `token` is for.
    ///
    /// # Errors
    ///
    /// [`PlacesError`]; [`PlacesError::Invalid`] while the token is not yet valid.
    pub async fn search(&self, text: &str, area: &Area, token: Option<&str>) -> Result<Page, PlacesError> {
        match self.config.protocol {
            PlacesProtocol::Legacy => {
                let reply = self.legacy("textsearch", &self.legacy_query(text, area, token)).await?;
                self.told(answer::legacy_page(reply.status, &reply.body), &reply)
            }
            PlacesProtocol::New => {
                let reply = self.search_text(text, area, token, SEARCH_FIELDS).await?;
                self.told(answer::new_page(reply.status, &reply.body), &reply)
            }
        }
    }

    /// Finds the position of an area on the map; `None` if Google knows no area with this name.
    ///
    /// # Errors
    ///
    /// [`PlacesError`] if the call fails.
    pub async fn find_center(&self, location: &str) -> Result<Option<Point>, PlacesError> {
        let area = Area::Anywhere { radius_km: 0.0 };
        let page = match self.config.protocol {
            PlacesProtocol::Legacy => self.search(location, &area, None).await?,
            PlacesProtocol::New => {
                let reply = self.search_text(location, &area, None, CENTER_FIELDS).await?;
                self.told(answer::new_page(reply.status, &reply.body), &reply)?
            }
        };
        // A business may have the name of the area without being there.
        let found = page.places.iter().find(|place| place.is_area());
        Ok(found.and_then(|place| place.point))
    }

    /// Requests the details of a place.
    ///
    /// # Errors
    ///
    /// [`PlacesError`]; [`PlacesError::Gone`] if the place no longer exists.
    pub async fn details(&self, place_id: &str) -> Result<FoundPlace, PlacesError> {
        match self.config.protocol {
            PlacesProtocol::Legacy => {
                let mut query = vec![
                    ("place_id", place_id.to_owned()),
                    ("fields", LEGACY_DETAILS_FIELDS.to_owned()),
                ];
                query.extend(self.language().map(|language| ("language", language.to_owned())));
                let reply = self.legacy("details", &query).await?;
                self.told(answer::legacy_details(reply.status, &reply.body), &reply)
            }
            PlacesProtocol::New => {
                let id: String = url::form_urlencoded::byte_serialize(place_id.as_bytes()).collect();
                let language: Vec<_> = self
                    .language()
                    .map(|language| ("languageCode", language))
                    .into_iter()
                    .collect();
                let headers = [
                    ("X-Goog-Api-Key", self.key()?.expose_secret()),
                    ("X-Goog-FieldMask", DETAILS_FIELDS),
                ];
                let reply = self
                    .service
                    .get(&format!("/v1/places/{id}"), &language, &headers)
                    .await?;
                self.told(answer::new_details(reply.status, &reply.body), &reply)
            }
        }
    }

    fn key(&self) -> Result<&SecretString, PlacesError> {
        self.config.key.as_ref().ok_or(PlacesError::NoKey)
    }

    fn language(&self) -> Option<&str> {
        self.config.language.as_deref()
    }

    /// Sends a request of the older protocol.
    async fn legacy(&self, what: &str, query: &[(&str, String)]) -> Result<Reply, PlacesError> {
        let mut query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        query.push(("key", self.key()?.expose_secret()));
        let path = format!("/maps/api/place/{what}/json");
        Ok(self.service.get(&path, &query, &[]).await?)
    }

    fn legacy_query(&self, text: &str, area: &Area, token: Option<&str>) -> Vec<(&'static str, String)> {
        // A token stands for the whole query.
        if let Some(token) = token {
            return vec![("pagetoken", token.to_owned())];
        }
        let mut query = vec![("query", text.to_owned())];
        let (center, radius_km) = match area {
            Area::Anywhere { radius_km } => (None, *radius_km),
            Area::Near { center, radius_km } => (Some(*center), *radius_km),
            Area::Within(cell) => (Some(cell.center()), cell.radius_km()),
        };
        if let Some(center) = center {
            query.push(("location", format!("{},{}", center.latitude, center.longitude)));
        }
        if radius_km > 0.0 {
            query.push(("radius", format!("{:.0}", metres(radius_km))));
        }
        query.extend(self.language().map(|language| ("language", language.to_owned())));
        query.extend(self.config.region.clone().map(|region| ("region", region)));
        query
    }

    /// Sends a Text Search (New). Requests for later pages must repeat the parameters of the first one.
    async fn search_text(
        &self,
        text: &str,
        area: &Area,
        token: Option<&str>,
        fields: &str,
    ) -> Result<Reply, PlacesError> {
        let point = |point: Point| json!({ "latitude": point.latitude, "longitude": point.longitude });
        let mut body = Map::from_iter([
            ("textQuery".to_owned(), json!(text)),
            ("pageSize".to_owned(), json!(PAGE)),
        ]);
        let mut say = |name: &str, value: Value| {
            body.insert(name.to_owned(), value);
        };
        match area {
            Area::Anywhere { .. } => {}
            Area::Near { center, radius_km } => {
                let circle = json!({ "center": point(*center), "radius": metres(*radius_km) });
                say("locationBias", json!({ "circle": circle }));
            }
            Area::Within(cell) => {
                let corner = |latitude, longitude| point(Point { latitude, longitude });
                let rectangle = json!({ "low": corner(cell.south, cell.west), "high": corner(cell.north, cell.east) });
                say("locationRestriction", json!({ "rectangle": rectangle }));
            }
        }
        if let Some(token) = token {
            say("pageToken", token.into());
        }
        if let Some(language) = self.language() {
            say("languageCode", language.into());
        }
        if let Some(region) = &self.config.region {
            say("regionCode", region.as_str().into());
        }
        let body = Value::from(body);
        let headers = [
            ("X-Goog-Api-Key", self.key()?.expose_secret()),
            ("X-Goog-FieldMask", fields),
        ];
        let path = "/v1/places:searchText";
        Ok(self.service.post_json(path, &headers, body.to_string()).await?)
    }

    /// Adds to a quota error when to retry, and removes the key from Google's messages.
    fn told<T>(&self, answer: Result<T, PlacesError>, reply: &Reply) -> Result<T, PlacesError> {
        let clean = |message: String| match &self.config.key {
            Some(key) if !key.expose_secret().is_empty() => message.replace(key.expose_secret(), "***"),
            _ => message,
        };
        answer.map_err(|error| match error {
            PlacesError::Quota(message, after) => PlacesError::Quota(clean(message), after.or(reply.retry_after)),
            PlacesError::Denied(message) => PlacesError::Denied(clean(message)),
            PlacesError::Invalid(message) => PlacesError::Invalid(clean(message)),
            PlacesError::Failed(message) => PlacesError::Failed(clean(message)),
            other => other,
        })
    }
}

fn metres(kilometres: f64) -> f64 {
    (kilometres * 1000.0).min(MAX_METRES)
}
