//! A stand-in for Google's places: a real HTTP server on loopback that speaks both protocols.
//!
//! It holds made-up businesses around a centre and answers as Google does: pages of 20 and at most 60 results a query,
//! page tokens that are not valid at once (older protocol), a radius that is only a wish, keys that are refused. A
//! test can have any request answered otherwise ([`PlacesApi::trouble`]).

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The key that is refused, as one whose project has no billing is.
pub const DENIED_KEY: &str = "denied";
const PAGE: usize = 20;
const MOST_RESULTS: usize = 60;
/// The largest request that is read.
const MOST_BYTES: usize = 64 * 1024;

/// The made-up world.
#[derive(Clone, Debug)]
pub struct World {
    /// The only part of the map there is.
    pub town: String,
    /// Degrees north and east of its centre.
    pub center: [f64; 2],
    /// How many businesses there are.
    pub businesses: usize,
    /// How many degrees they lie from the centre at most, in each direction.
    pub spread: f64,
    /// What the hosts of their websites end with; every fifth business has none.
    pub websites: String,
    /// How long a page token of the older protocol takes to become valid.
    pub token_delay: Duration,
}

impl Default for World {
    fn default() -> Self {
        Self {
            town: "Houston, TX".to_owned(),
            center: [29.7604, -95.3698],
            businesses: 60,
            spread: 0.05,
            websites: "places.test".to_owned(),
            token_delay: Duration::from_secs(2),
        }
    }
}

/// What a request is answered with instead of the truth.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// A status of the older protocol, and a message; in the newer one what says the same.
    Status(&'static str, &'static str),
    /// This status and this body.
    Body(u16, &'static str),
    /// Nothing at all, with the connection open.
    Silence,
    /// The first half of the true answer.
    Half,
}

/// The running server; it ends when this is dropped.
#[derive(Debug)]
pub struct PlacesApi {
    addr: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    world: World,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    requests: Vec<String>,
    troubles: VecDeque<(usize, Trouble)>,
    tokens: HashMap<String, Token>,
}

/// What a page token stands for.
#[derive(Clone, Debug)]
struct Token {
    results: Vec<usize>,
    ripe_at: Instant,
}

struct Request {
    method: String,
    path: String,
    query: HashMap<String, String>,
    headers: HashMap<String, String>,
    body: Value,
}

impl PlacesApi {
    /// Starts the server on a port of its own.
    ///
    /// # Errors
    ///
    /// When there is no port to listen on.
    pub async fn start(world: World) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let state = Arc::new(State {
            world,
            inner: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    // Whatever goes wrong with a connection is the client's doing.
                    let _ = talk(stream, &state).await;
                });
            }
        });
        Ok(Self { addr, state, task })
    }

    /// Returns what `SCRAPERSKY_PLACES_URL` has to be.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Has a request answered otherwise: the next one that comes after `after` others.
    pub fn trouble(&self, after: usize, trouble: Trouble) {
        let mut inner = self.state.inner();
        let at = inner.requests.len() + after;
        inner.troubles.push_back((at, trouble));
    }

    /// Returns the requests so far: the path and what was searched for, or `page` for a later page. No key.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.state.inner().requests.clone()
    }
}

impl Drop for PlacesApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn talk(mut stream: TcpStream, state: &State) -> io::Result<()> {
    let Some(request) = read(&mut stream).await? else {
        return Ok(());
    };
    let (status, mut body) = match state.note(&request) {
        None => state.answer(&request),
        Some(Trouble::Status(status, message)) => state.refusal(&request, status, message),
        Some(Trouble::Body(status, body)) => (status, body.to_owned()),
        Some(Trouble::Half) => {
            let (status, body) = state.answer(&request);
            let half = body.len() / 2;
            (status, body.chars().take(half).collect())
        }
        Some(Trouble::Silence) => {
            // Ends when the client hangs up.
            let _ = stream.read_u8().await;
            return Ok(());
        }
    };
    let head = format!(
        "HTTP/1.1 {status} As It Is\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    body.insert_str(0, &head);
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

async fn read(stream: &mut TcpStream) -> io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if bytes.len() > MOST_BYTES || stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(bytes.get(..head_end).unwrap_or_default()).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers
        .get("content-length")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let body_at = head_end + 4;
    while bytes.len() < body_at + length {
        if bytes.len() > MOST_BYTES || stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Ok(Some(Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers,
        body: serde_json::from_slice(bytes.get(body_at..).unwrap_or_default()).unwrap_or_default(),
    }))
}

impl Request {
    fn is_new(&self) -> bool {
        self.path.starts_with("/v1/")
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    fn key(&self) -> &str {
        let key = if self.is_new() {
            self.headers.get("x-goog-api-key")
        } else {
            self.query.get("key")
        };
        key.map_or("", String::as_str)
    }

    fn text(&self) -> Option<&str> {
        self.query("query").or_else(|| self.body.get("textQuery")?.as_str())
    }

    fn token(&self) -> Option<&str> {
        self.query("pagetoken").or_else(|| self.body.get("pageToken")?.as_str())
    }
}

impl State {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request, and returns the trouble it is to have.
    fn note(&self, request: &Request) -> Option<Trouble> {
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

    fn answer(&self, request: &Request) -> (u16, String) {
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
                match self.business_of(request.query("place_id").unwrap_or_default()) {
                    Some(number) => (
                        200,
                        json!({ "status": "OK", "result": self.legacy(number, true) }).to_string(),
                    ),
                    None => self.refusal(request, "NOT_FOUND", "there is no such place"),
                }
            }
            ("GET", path) => match path.strip_prefix("/v1/places/").and_then(|id| self.business_of(id)) {
                Some(number) => (200, self.modern(number, true).to_string()),
                None => self.refusal(request, "NOT_FOUND", "there is no such place"),
            },
            _ => (404, "<html>404</html>".to_owned()),
        }
    }

    fn refusal(&self, request: &Request, status: &str, message: &str) -> (u16, String) {
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
                Some(known) if request.is_new() || known.ripe_at <= Instant::now() => known.results,
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
                ripe_at: Instant::now() + self.world.token_delay,
            };
            inner.tokens.insert(token.clone(), known);
            token
        });
        let mut answer = if request.is_new() {
            json!({ "places": page.iter().map(|number| self.modern(*number, false)).collect::<Vec<_>>() })
        } else {
            let status = if page.is_empty() { "ZERO_RESULTS" } else { "OK" };
            let results: Vec<_> = page.iter().map(|number| self.legacy(*number, false)).collect();
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
                let [latitude, longitude] = self.point(*business);
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
                let [north, east] = self.point(*business);
                (north - latitude).powi(2) + ((east - longitude) * latitude.to_radians().cos()).powi(2)
            };
            all.sort_by(|one, other| distance(one).total_cmp(&distance(other)));
        }
        all.truncate(MOST_RESULTS);
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

    /// Where a business is: low-discrepancy points of the square around the centre (the R2 sequence).
    fn point(&self, business: usize) -> [f64; 2] {
        #[expect(clippy::cast_precision_loss, reason = "made-up points")]
        let number = business as f64 + 1.0;
        let [north, east] = self.world.center;
        let share = |step: f64| ((0.5 + number * step).fract() - 0.5) * 2.0 * self.world.spread;
        [
            north + share(0.754_877_666_246_692_8),
            east + share(0.569_840_290_998_053_3),
        ]
    }

    fn id(&self, business: usize) -> String {
        format!("ChIJdemo{business:06}")
    }

    fn business_of(&self, place_id: &str) -> Option<usize> {
        let number = place_id.strip_prefix("ChIJdemo")?.parse().ok()?;
        (number < self.world.businesses).then_some(number)
    }

    fn website(&self, business: usize) -> Option<String> {
        (business % 5 != 4).then(|| format!("http://www.b{business}.{}/?utm=maps", self.world.websites))
    }

    fn address(&self, business: usize) -> String {
        format!("{} Main St, {} 77002, USA", business + 1, self.world.town)
    }

    fn legacy(&self, business: usize, details: bool) -> Value {
        let [latitude, longitude] = self.point(business);
        let mut place = json!({
            "place_id": self.id(business),
            "name": format!("Business {business}"),
            "formatted_address": self.address(business),
            "geometry": { "location": { "lat": latitude, "lng": longitude } },
            "rating": rating(business),
            "user_ratings_total": business * 3,
            "price_level": business % 5,
            "types": ["dentist", "health", "point_of_interest"],
        });
        if let (true, Some(place)) = (details, place.as_object_mut()) {
            place.insert("international_phone_number".to_owned(), phone(business).into());
            place.insert(
                "opening_hours".to_owned(),
                json!({ "weekday_text": ["Monday: 9:00 AM – 5:00 PM"] }),
            );
            if let Some(website) = self.website(business) {
                place.insert("website".to_owned(), website.into());
            }
        }
        place
    }

    fn modern(&self, business: usize, details: bool) -> Value {
        const LEVELS: [&str; 5] = ["FREE", "INEXPENSIVE", "MODERATE", "EXPENSIVE", "VERY_EXPENSIVE"];
        let [latitude, longitude] = self.point(business);
        let level = LEVELS.get(business % 5).copied().unwrap_or_default();
        let mut place = json!({
            "id": self.id(business),
            "displayName": { "text": format!("Business {business}"), "languageCode": "en" },
            "formattedAddress": self.address(business),
            "location": { "latitude": latitude, "longitude": longitude },
            "rating": rating(business),
            "userRatingCount": business * 3,
            "priceLevel": format!("PRICE_LEVEL_{level}"),
            "types": ["dentist", "health", "point_of_interest"],
            "internationalPhoneNumber": phone(business),
        });
        if let Some(place) = place.as_object_mut() {
            if let Some(website) = self.website(business) {
                place.insert("websiteUri".to_owned(), website.into());
            }
            if details {
                let hours = json!({ "weekdayDescriptions": ["Monday: 9:00 AM – 5:00 PM"] });
                place.insert("regularOpeningHours".to_owned(), hours);
            }
        }
        place
    }
}

fn rating(business: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a number below 41")]
    let tenths = (business * 7 % 41) as f64;
    1.0 + tenths / 10.0
}

fn phone(business: usize) -> String {
    format!("+1 713-555-{:04}", business % 10_000)
}
