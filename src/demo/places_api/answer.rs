//! The responses of the places service.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};

use super::request::Request;
use super::world::World;

/// A key that is refused, like one whose project has no billing.
pub const DENIED_KEY: &str = "denied";

const PAGE: usize = 20;
const MAX_RESULTS: usize = 60;

/// A response to send instead of the correct one.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// A status of the older protocol and a message, or their equivalent in the newer one.
    Status(&'static str, &'static str),
    /// An HTTP status and a body.
    Body(u16, &'static str),
    /// No response, with the connection left open.
    Silence,
    /// The first half of the correct response.
    Half,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) world: World,
    pub(super) inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) requests: Vec<String>,
    pub(super) troubles: VecDeque<(usize, Trouble)>,
    tokens: HashMap<String, Token>,
}

/// The results behind a page token.
#[derive(Clone, Debug)]
struct Token {
    results: Vec<usize>,
    valid_at: Instant,
}

impl State {
    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a request and returns the trouble planned for it, if any.
    pub(super) fn note(&self, request: &Request) -> Option<Trouble> {
        let what = match (request.token(), request.text()) {
            (Some(_), _) => "page",
            (None, Some(text)) => text,
            (None, None) => request.query("place_id").unwrap_or_default(),
        };
        let mut inner = self.inner();
        let number = inner.requests.len();
        inner
            .requests
            .push(format!("{} {what}", request.path).trim_end().to_owned());
        let at = inner.troubles.iter().position(|(at, _)| *at == number)?;
        inner.troubles.remove(at).map(|(_, trouble)| trouble)
    }

    pub(super) fn answer(&self, request: &Request) -> (u16, String) {
        match request.key() {
            "" => {
                return self.refusal(
                    request,
                    "REQUEST_DENIED",
                    "You must use an API key to authenticate each request.",
                );
            }
            DENIED_KEY => return self.refusal(request, "REQUEST_DENIED", "The provided API key is invalid."),
            _ => {}
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/maps/api/place/textsearch/json") | ("POST", "/v1/places:searchText") => self.search(request),
            ("GET", "/maps/api/place/details/json") => {
                match self.world.business_of(request.query("place_id").unwrap_or_default()) {
                    Some(number) => (
                        200,
                        json!({ "status": "OK", "result": self.world.legacy(number, true) }).to_string(),
                    ),
                    None => self.refusal(request, "NOT_FOUND", "there is no such place"),
                }
            }
            ("GET", path) => match path
                .strip_prefix("/v1/places/")
                .and_then(|id| self.world.business_of(id))
            {
                Some(number) => (200, self.world.modern(number, true).to_string()),
                None => self.refusal(request, "NOT_FOUND", "there is no such place"),
            },
            _ => (404, "<html>404</html>".to_owned()),
        }
    }

    pub(super) fn refusal(&self, request: &Request, status: &str, message: &str) -> (u16, String) {
        if !request.is_new() {
            return (
                200,
                json!({ "status": status, "error_message": message, "results": [] }).to_string(),
            );
        }
        let (code, word) = match status {
            "OVER_QUERY_LIMIT" => (429, "RESOURCE_EXHAUSTED"),
            "REQUEST_DENIED" => (403, "PERMISSION_DENIED"),
            "INVALID_REQUEST" => (400, "INVALID_ARGUMENT"),
            "NOT_FOUND" => (404, "NOT_FOUND"),
            "ZERO_RESULTS" => return (200, "{}".to_owned()),
            _ => (500, "INTERNAL"),
        };
        let error = json!({ "code": code, "message": message, "status": word });
        (code, json!({ "error": error }).to_string())
    }

    fn search(&self, request: &Request) -> (u16, String) {
        let results = match request.token() {
            Some(token) => match self.inner().tokens.get(token).cloned() {
                Some(known) if request.is_new() || known.valid_at <= Instant::now() => known.results,
                _ => return self.refusal(request, "INVALID_REQUEST", "the page token is not valid"),
            },
            None => {
                let text = request.text().unwrap_or_default();
                if text == self.world.town {
                    return self.town(request);
                }
                if !text.ends_with(&format!(" in {}", self.world.town)) {
                    return self.refusal(request, "ZERO_RESULTS", "");
                }
                self.found(request)
            }
        };
        let (page, rest) = results.split_at(results.len().min(PAGE));
        let next = (!rest.is_empty()).then(|| {
            let mut inner = self.inner();
            let token = format!("token{}", inner.tokens.len());
            let known = Token {
                results: rest.to_vec(),
                valid_at: Instant::now() + self.world.token_delay,
            };
            inner.tokens.insert(token.clone(), known);
            token
        });
        let mut answer = if request.is_new() {
            json!({ "places": page.iter().map(|number| self.world.modern(*number, false)).collect::<Vec<_>>() })
        } else {
            let status = if page.is_empty() { "ZERO_RESULTS" } else { "OK" };
            let results: Vec<_> = page.iter().map(|number| self.world.legacy(*number, false)).collect();
            json!({ "html_attributions": [], "status": status, "results": results })
        };
        if let (Some(next), Some(answer)) = (next, answer.as_object_mut()) {
            let name = if request.is_new() {
                "nextPageToken"
            } else {
                "next_page_token"
            };
            answer.insert(name.to_owned(), next.into());
        }
        (200, answer.to_string())
    }

    /// Returns the first 60 businesses for a query: those within a rectangle, else those nearest to a point.
    fn found(&self, request: &Request) -> Vec<usize> {
        let number = |pointer: &str| request.body.pointer(pointer).and_then(Value::as_f64);
        let rectangle = "/locationRestriction/rectangle";
        let edge = |corner: &str, degrees: &str| number(&format!("{rectangle}/{corner}/{degrees}"));
        let mut all: Vec<usize> = (0..self.world.businesses).collect();
        if let (Some(south), Some(west), Some(north), Some(east)) = (
            edge("low", "latitude"),
            edge("low", "longitude"),
            edge("high", "latitude"),
            edge("high", "longitude"),
        ) {
            all.retain(|business| {
                let [latitude, longitude] = self.world.point(*business);
                (south..=north).contains(&latitude) && (west..=east).contains(&longitude)
            });
        }
        let circle = "/locationBias/circle/center";
        let near = match request.query("location").and_then(|text| text.split_once(',')) {
            Some((latitude, longitude)) => latitude.parse().ok().zip(longitude.parse().ok()),
            None => number(&format!("{circle}/latitude")).zip(number(&format!("{circle}/longitude"))),
        };
        if let Some((latitude, longitude)) = near {
            let distance = |business: &usize| {
                let [north, east] = self.world.point(*business);
                (north - latitude).powi(2) + ((east - longitude) * latitude.to_radians().cos()).powi(2)
            };
            all.sort_by(|one, other| distance(one).total_cmp(&distance(other)));
        }
        all.truncate(MAX_RESULTS);
        all
    }

    fn town(&self, request: &Request) -> (u16, String) {
        let [latitude, longitude] = self.world.center;
        let types = json!(["locality", "political"]);
        let answer = if request.is_new() {
            let location = json!({ "latitude": latitude, "longitude": longitude });
            let name = json!({ "text": self.world.town });
            json!({ "places": [{ "id": "town", "displayName": name, "location": location, "types": types }] })
        } else {
            let geometry = json!({ "location": { "lat": latitude, "lng": longitude } });
            let town = json!({ "place_id": "town", "name": self.world.town, "geometry": geometry, "types": types });
            json!({ "status": "OK", "results": [town] })
        };
        (200, answer.to_string())
    }
}
