//! Events: what happened to jobs and batches, as a list or as a stream.

use database::models::event::{Event, EventPosition};
use database::repo;
use database::repo::events::EventFilter;
use rocket::{FromForm, get};
use utoipa::IntoParams;

use super::follow::{Beginning, Events, Following};
use super::job_filter::read_id;
use super::query::{Asked, PageQuery, word};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Caller, Db, Read};
use crate::views::Page;
use crate::views::event::{EventKindList, EventView};
use crate::views::scan::ScanId;

handlers![list_events, list_job_events];

/// A filter of events in words.
#[derive(Debug, Default, FromForm, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventWords {
    /// Only events of these kinds, separated by commas.
    #[param(inline, value_type = Option<EventKindList>, example = "job.ended,batch.done")]
    kind: Option<String>,
    /// Only events of the job with this id, a UUID or `scan_` and 32 hex digits.
    #[param(pattern = "^(scan_)?[0-9a-fA-F-]{32,36}$")]
    job_id: Option<String>,
    /// Only events of the batch with this id, a UUID or `batch_` and 32 hex digits, and of its jobs.
    #[param(pattern = "^(batch_)?[0-9a-fA-F-]{32,36}$")]
    batch_id: Option<String>,
}

impl EventWords {
    /// Reads the filter.
    pub(crate) fn read(&self) -> ApiResult<EventFilter> {
        let kinds = self.kind.iter().flat_map(|kinds| kinds.split(','));
        Ok(EventFilter {
            kinds: kinds.map(|kind| word("kind", kind.trim())).collect::<ApiResult<_>>()?,
            job: read_id("job_id", "scan_", self.job_id.as_deref())?,
            batch: read_id("batch_id", "batch_", self.batch_id.as_deref())?,
        })
    }
}

/// Lists what happened to jobs and batches, oldest first.
///
/// The `id` of an event is the cursor behind it: who keeps that of the last event and asks again gets what happened since.
///
/// With `Accept: text/event-stream` the answer is a stream (Server-Sent Events) of what happens from now on, or behind `cursor` or
/// `Last-Event-ID`. Events have their kind as `event` and the same JSON as `data`. A stream ends when its client is too slow or its
/// credential is revoked, and when the server stops; clients then connect again and miss nothing.
#[utoipa::path(
    tag = "Jobs",
    params(PageQuery<'static>, EventWords, Following<'static>),
    responses((
        status = 200,
        content((Page<EventView> = "application/json"), (String = "text/event-stream")),
    )),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/events?<query..>")]
async fn list_events<'r>(
    caller: Caller<Read>,
    db: Db<'r>,
    page: PageQuery<'r>,
    query: EventWords,
    following: Following<'r>,
) -> ApiResult<Events<'r>> {
    let asked = Asked::read(&page, &())?;
    answer(caller, &db, &asked, query.read()?, following, Beginning::Now).await
}

/// Lists what happened to a job, oldest first; see the list of all events. A stream begins with the job's first event.
#[utoipa::path(
    tag = "Jobs",
    params(ScanId, PageQuery<'static>, Following<'static>),
    responses((
        status = 200,
        content((Page<EventView> = "application/json"), (String = "text/event-stream")),
    )),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/jobs/<id>/events")]
async fn list_job_events<'r>(
    caller: Caller<Read>,
    db: Db<'r>,
    page: PageQuery<'r>,
    following: Following<'r>,
    id: ScanId,
) -> ApiResult<Events<'r>> {
    let asked = Asked::read(&page, &())?;
    repo::jobs::get(&mut db.tenant(&caller).await?, id.0).await?;
    let filter = EventFilter {
        job: Some(id.0),
        ..EventFilter::default()
    };
    let beginning = Beginning::Behind(EventPosition::before(0));
    answer(caller, &db, &asked, filter, following, beginning).await
}

/// Answers with the events that match, as the request wants them; `beginning` is that of a stream where the request names none.
pub(crate) async fn answer<'r>(
    caller: Caller<Read>,
    db: &Db<'r>,
    asked: &Asked<EventPosition>,
    filter: EventFilter,
    following: Following<'r>,
    beginning: Beginning,
) -> ApiResult<Events<'r>> {
    if following.is_wanted() {
        let beginning = asked.paging.after.map_or(beginning, Beginning::Behind);
        return following.stream(caller, filter, beginning);
    }
    let mut conn = db.tenant(&caller).await?;
    let mut found = repo::events::list(&mut conn, &filter, &asked.paging).await?;
    let next_cursor = asked.cut(&mut found, Event::position)?;
    let items: serde_json::Result<Vec<EventView>> = found.into_iter().map(EventView::new).collect();
    Ok(Events::Page(Page {
        items: items.map_err(|error| ApiError::Internal(format!("serializing an event failed: {error}")))?,
        next_cursor,
        total: None,
    }))
}
