//! Table `events`, which triggers on the tables of the queue fill, and [`insert`] with what happens to webhooks and schedules.
//!
//! Events are in the order of the transactions that wrote them, and are read up to the oldest transaction that has not
//! ended. So a reader that resumes behind the last event it has seen misses none, however late another one commits. The
//! price: a transaction that writes for a minute holds all events back for a minute.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult, QueryableByName, SelectableHelper};
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use schema::events;

use super::functions::events_horizon;
use super::paging::{Paging, after};
use crate::ids::{BatchId, JobId, TenantId};
use crate::models::enums::EventKind;
use crate::models::event::{Event, EventPosition};
use crate::models::values::RawJson;
use crate::tenant::{SystemConnection, TenantConnection};

/// The columns that order events.
const PLACE: (events::clock, events::id) = (events::clock, events::id);

/// Which events to list; `None` and an empty list match all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only those of these kinds.
    pub kinds: Vec<EventKind>,
    /// Only those of this job.
    pub job: Option<JobId>,
    /// Only those of this batch and its jobs.
    pub batch: Option<BatchId>,
}

impl EventFilter {
    /// Returns whether an event matches.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && self.job.is_none_or(|job| event.job_id == Some(job))
            && self.batch.is_none_or(|batch| event.batch_id == Some(batch))
    }
}

/// What an event is about, next to what its data name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The job.
    pub job: Option<JobId>,
    /// The batch.
    pub batch: Option<BatchId>,
}

/// Writes an event, and returns it.
pub async fn insert(
    conn: &mut TenantConnection,
    kind: EventKind,
    subject: Subject,
    data: &RawJson,
) -> QueryResult<Event> {
    let tenant = conn.tenant_id();
    diesel::insert_into(events::table)
        .values((
            events::tenant_id.eq(tenant),
            events::kind.eq(kind),
            events::job_id.eq(subject.job),
            events::batch_id.eq(subject.batch),
            events::data.eq(data),
        ))
        .returning(Event::as_returning())
        .get_result(conn)
        .await
}

/// Lists events, oldest first.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &EventFilter,
    paging: &Paging<EventPosition>,
) -> QueryResult<Vec<Event>> {
    let tenant = conn.tenant_id();
    let mut query = Event::query()
        .filter(events::tenant_id.eq(tenant))
        .filter(events::clock.lt(events_horizon()))
        .order((events::clock, events::id))
        .limit(paging.limit)
        .into_boxed::<Pg>();
    if let Some(position) = paging.after {
        query = query.filter(after::<(BigInt, BigInt), _, _>(PLACE, (position.clock, position.id)));
    }
    if !filter.kinds.is_empty() {
        query = query.filter(events::kind.eq_any(&filter.kinds));
    }
    if let Some(job) = filter.job {
        query = query.filter(events::job_id.eq(job));
    }
    if let Some(batch) = filter.batch {
        query = query.filter(events::batch_id.eq(batch));
    }
    query.load(&mut conn.reading()).await
}

/// Lists the events of some tenants behind a position, oldest first, and the position up to which they are complete.
pub async fn follow(
    conn: &mut SystemConnection,
    tenants: &[TenantId],
    position: Option<EventPosition>,
    limit: i64,
) -> QueryResult<(Vec<Event>, EventPosition)> {
    // Asked before, so that what it says holds for what is read behind it.
    let horizon: i64 = diesel::select(events_horizon()).get_result(&mut conn.reading()).await?;
    let end = EventPosition::before(horizon);
    let Some(position) = position else {
        return Ok((Vec::new(), end));
    };
    let found: Vec<Event> = Event::query()
        .filter(events::tenant_id.eq_any(tenants))
        .filter(events::clock.lt(horizon))
        .filter(after::<(BigInt, BigInt), _, _>(PLACE, (position.clock, position.id)))
        .order((events::clock, events::id))
        .limit(limit)
        .load(&mut conn.reading())
        .await?;
    let is_full = i64::try_from(found.len()).is_ok_and(|count| count == limit);
    let last = found.last().filter(|_| is_full).map(Event::position);
    Ok((found, last.unwrap_or(end)))
}

/// The number of jobs of all tenants, of a kind, that ended in the same way.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct EndCount {
    /// The kind of the jobs.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Their status.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// Why they ended.
    #[diesel(sql_type = Nullable<Text>)]
    pub outcome: Option<String>,
    /// How many jobs.
    #[diesel(sql_type = BigInt)]
    pub jobs: i64,
}

/// Counts the jobs that ended since then, by kind, status and outcome.
pub async fn count_ends(conn: &mut SystemConnection, since: DateTime<Utc>) -> QueryResult<Vec<EndCount>> {
    // Diesel cannot group by a field of a document.
    diesel::sql_query(include_str!("count_ends.sql"))
        .bind::<Timestamptz, _>(since)
        .load(&mut conn.reading())
        .await
}

/// Deletes up to `limit` events that happened before `cutoff`, and returns how many.
pub async fn delete_old(conn: &mut SystemConnection, cutoff: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    // Diesel has no subselect of several columns.
    diesel::sql_query(include_str!("delete_old.sql"))
        .bind::<Timestamptz, _>(cutoff)
        .bind::<BigInt, _>(limit)
        .execute(conn)
        .await
}
