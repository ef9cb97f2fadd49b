//! Streams of events: `Accept: text/event-stream`.

use std::pin::Pin;
use std::time::Duration;

use database::models::event::{Event, EventPosition};
use database::pool::Pool;
use database::repo::events::{self, EventFilter};
use database::repo::paging::{Paging, Position};
use futures_core::Stream;
use jobs::{Follower, Followers};
use rocket::Shutdown;
use rocket::http::Accept;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::stream::{self, EventStream};
use rocket::response::{self, Responder};
use tokio::time::Instant;
use utoipa::IntoParams;

use crate::error::{ApiError, ApiResult};
use crate::guards::{Caller, Permission};
use crate::views::Page;
use crate::views::event::EventView;

/// How long a client waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);
/// How often a stream without events shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often the credential of a stream is checked: half of the time in which a revocation takes effect, of which the cache of
/// identities has the other half.
const CHECK_EVERY: Duration = Duration::from_millis(2500);
/// How long a stream waits before it reads again what it could not read, such as when many begin at once.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// How many events are read from the database at a time.
const MAX_READ: i64 = 500;

/// Whether a request wants a stream, and what one needs. A guard, so that each route with events takes and describes the same.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct Following<'r> {
    /// `id` of the last event that a client of a stream has seen, which sends it by itself when it connects again.
    #[param(rename = "Last-Event-ID", pattern = "^[A-Za-z0-9_-]+$")]
    last_event_id: Option<&'r str>,
    #[param(ignore)]
    followers: &'r Followers,
    #[param(ignore)]
    pool: &'r Pool,
    #[param(ignore)]
    shutdown: Shutdown,
    #[param(ignore)]
    request: &'r Request<'r>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Following<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let rocket = request.rocket();
        match (rocket.state(), rocket.state()) {
            (Some(followers), Some(pool)) => Outcome::Success(Self {
                last_event_id: request.headers().get_one("Last-Event-ID"),
                followers,
                pool,
                shutdown: rocket.shutdown(),
                request,
            }),
            _ => {
                let error = ApiError::Internal("the followers of events are not managed".to_owned());
                Outcome::Error((error.keep(request), ()))
            }
        }
    }
}

/// Where a stream begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Beginning {
    /// With what happens from now on.
    Now,
    /// Behind an event.
    Behind(EventPosition),
}

/// Events, as the request wants them.
pub(crate) enum Events<'r> {
    Page(Page<EventView>),
    Stream(EventStream<Pin<Box<dyn Stream<Item = stream::Event> + Send + 'r>>>),
}

impl<'r> Responder<'r, 'r> for Events<'r> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'r> {
        match self {
            Self::Page(page) => page.respond_to(request),
            Self::Stream(stream) => stream.respond_to(request),
        }
    }
}

impl<'r> Following<'r> {
    /// Returns whether the request prefers a stream.
    pub(crate) fn is_wanted(&self) -> bool {
        let accepted = self.request.headers().get_one("Accept");
        let accepted = accepted.and_then(|text| text.parse::<Accept>().ok());
        accepted.is_some_and(|accept| {
            let preferred = accept.preferred();
            preferred.top() == "text" && preferred.sub() == "event-stream"
        })
    }

    /// Streams the events of the caller's tenant that match, until the client leaves, is too slow or may no longer read them,
    /// or the server stops.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`] if `Last-Event-ID` is not the id of an event, [`ApiError::NotReady`] if too many follow.
    pub(crate) fn stream<P: Permission>(
        self,
        caller: Caller<P>,
        filter: EventFilter,
        beginning: Beginning,
    ) -> ApiResult<Events<'r>> {
        let beginning = match self.last_event_id {
            Some(text) => Beginning::Behind(read_last_event_id(text)?),
            None => beginning,
        };
        let follower = self.followers.follow(caller.tenant());
        let follower = follower.map_err(|full| ApiError::NotReady(full.to_string()))?;
        let shutdown = self.shutdown.clone();
        let mut sent = Sent {
            caller,
            filter,
            follower,
            pool: self.pool,
            request: self.request,
            last: match beginning {
                Beginning::Now => None,
                Beginning::Behind(position) => Some(position),
            },
            state: State::Begins,
            checked: Instant::now(),
        };
        let stream = stream::stream! {
            yield stream::Event::retry(RETRY);
            let mut shutdown = std::pin::pin!(shutdown);
            loop {
                let events = tokio::select! {
                    biased;
                    () = &mut shutdown => break,
                    events = sent.next() => events,
                };
                let Some(events) = events else { break };
                for event in events {
                    match written(event) {
                        Ok(event) => yield event,
                        Err(error) => {
                            log::error!("writing an event failed: {error}");
                            return;
                        }
                    }
                }
            }
        };
        let stream: Pin<Box<dyn Stream<Item = stream::Event> + Send + 'r>> = Box::pin(stream);
        Ok(Events::Stream(EventStream::from(stream).heartbeat(HEARTBEAT)))
    }
}

/// What a stream has sent, and what it sends next.
struct Sent<'r, P> {
    caller: Caller<P>,
    filter: EventFilter,
    follower: Follower,
    pool: &'r Pool,
    request: &'r Request<'r>,
    /// The last event that was sent, or the place behind which the stream begins; `None` until the beginning is known.
    last: Option<EventPosition>,
    state: State,
    /// When the credential was checked.
    checked: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Begins,
    /// Reads what happened before the stream began.
    Reads,
    /// Gets what happens.
    Follows,
}

impl<P: Permission> Sent<'_, P> {
    /// Waits for events to send; `None` ends the stream. May be dropped while it waits.
    async fn next(&mut self) -> Option<Vec<Event>> {
        loop {
            let last = match (self.state, self.last) {
                (State::Begins, _) | (_, None) => {
                    let begun = self.follower.begun().await?;
                    self.last = self.last.or(Some(begun));
                    self.state = State::Reads;
                    continue;
                }
                (_, Some(last)) => last,
            };
            let events = if self.state == State::Reads {
                let events = match self.read(last).await {
                    Ok(events) => events,
                    Err(error) => {
                        log::debug!("reading events for a stream failed; retrying: {error}");
                        tokio::time::sleep(AFTER_FAILURE).await;
                        continue;
                    }
                };
                if i64::try_from(events.len()).is_ok_and(|count| count < MAX_READ) {
                    self.state = State::Follows;
                }
                events
            } else {
                tokio::select! {
                    events = self.follower.next() => {
                        let events = events?;
                        let new = |event: &&Event| event.position() > last && self.filter.matches(event);
                        events.iter().filter(new).cloned().collect()
                    }
                    () = tokio::time::sleep_until(self.checked + CHECK_EVERY) => Vec::new(),
                }
            };
            if self.checked.elapsed() >= CHECK_EVERY {
                if !self.caller.is_still_valid(self.request).await {
                    return None;
                }
                self.checked = Instant::now();
            }
            if let Some(event) = events.last() {
                self.last = Some(event.position());
                return Some(events);
            }
        }
    }

    async fn read(&self, after: EventPosition) -> ApiResult<Vec<Event>> {
        let paging = Paging {
            limit: MAX_READ,
            after: Some(after),
        };
        let mut conn = self.pool.tenant(self.caller.tenant()).await?;
        Ok(events::list(&mut conn, &self.filter, &paging).await?)
    }
}

fn read_last_event_id(text: &str) -> ApiResult<EventPosition> {
    EventPosition::from_cursor(text.trim(), &()).map_err(|_| {
        let detail = "Last-Event-ID must be the id of an event of an earlier answer";
        ApiError::bad_request("Last-Event-ID", detail)
    })
}

fn written(event: Event) -> serde_json::Result<stream::Event> {
    let view = EventView::new(event)?;
    Ok(stream::Event::json(&view).id(view.id().to_owned()).event(view.kind()))
}
