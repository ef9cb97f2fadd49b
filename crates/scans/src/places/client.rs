//! The way to Google's places, in either of its protocols.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use web::fetch::{FetchConfig, Reply, Service, SetupError};

use super::answer::{self, FoundPlace, Page};
use super::error::PlacesError;
use super::grid::{Cell, Point};
use crate::settings::{PlacesConfig, PlacesProtocol};

/// The maximum number of results a page has.
pub const PAGE: usize = 20;
/// How many results Google tells of one query at most.
pub const MAX_RESULTS: usize = 60;
/// Google takes no larger circle.
const MAX_METRES: f64 = 50_000.0;

/// What is asked of a place in a search. All of it is billed alike, since the rating is among it.
const SEARCH_FIELDS: &str = "nextPageToken,places.id,places.displayName,places.formattedAddress,\
    places.shortFormattedAddress,places.location,places.rating,places.userRatingCount,places.priceLevel,places.types,\
    places.businessStatus,places.websiteUri,places.internationalPhoneNumber";
/// What is asked when only a point is looked for.
const CENTER_FIELDS: &str = "places.id,places.displayName,places.location,places.types";
const DETAILS_FIELDS: &str = "id,displayName,formattedAddress,shortFormattedAddress,location,rating,userRatingCount,\
    priceLevel,types,businessStatus,websiteUri,internationalPhoneNumber,regularOpeningHours";
const LEGACY_DETAILS_FIELDS: &str = "place_id,name,formatted_address,geometry/location,vicinity,rating,\
    user_ratings_total,price_level,types,business_status,website,international_phone_number,opening_hours";

/// The way to Google's places; one for the whole process.
#[derive(Debug)]
pub struct Places {
    service: Service,
    config: PlacesConfig,
}

/// Where places are looked for.
#[derive(Clone, Debug)]
pub enum Area {
    /// Wherever the text says.
    Anywhere {
        /// How far around it, in kilometres.
        radius_km: f64,
    },
    /// Rather near this point.
    Near {
        /// The point.
        center: Point,
        /// How far around it, in kilometres.
        radius_km: f64,
    },
    /// Within this cell; the older protocol takes the circle around it as a wish.
    Within(Cell),
}

impl Places {
    /// Prepares to call Google.
    ///
    /// # Errors
    ///
    /// When outbound HTTP cannot be set up.
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

    /// Asks for a page of the places that `text` describes; with a token for the page it is for.
    ///
    /// # Errors
    ///
    /// [`PlacesError`]; [`PlacesError::Invalid`] while the token is not ripe.
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

    /// Asks where a part of the map is; `None` when Google knows none by this name.
    ///
    /// # Errors
    ///
    /// [`PlacesError`].
    pub async fn find_center(&self, location: &str) -> Result<Option<Point>, PlacesError> {
        let area = Area::Anywhere { radius_km: 0.0 };
        let page = match self.config.protocol {
            PlacesProtocol::Legacy => self.search(location, &area, None).await?,
            PlacesProtocol::New => {
                let reply = self.search_text(location, &area, None, CENTER_FIELDS).await?;
                self.told(answer::new_page(reply.status, &reply.body), &reply)?
            }
        };
        // A business that happens to be called like the place is not where it is.
        let found = page.places.iter().find(|place| place.is_area());
        Ok(found.and_then(|place| place.point))
    }

    /// Asks for the details of a place.
    ///
    /// # Errors
    ///
    /// [`PlacesError`]; [`PlacesError::Gone`] when the place does not exist any more.
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
        // A token stands for all that was said before.
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

    /// Sends a Text Search (New). What is asked for a later page has to be what was asked for the first.
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

    /// Adds to a failure when to call again, and takes the key out of what Google says.
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
