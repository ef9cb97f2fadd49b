//! Table `scrapersky_internal.host_turns`: the request pace per host, shared by all processes and tenants.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::data_types::PgInterval;
use diesel::dsl::{IntervalDsl, now};
use diesel::prelude::{ExpressionMethods, IntoSql, OptionalExtension, QueryDsl, QueryResult};
use diesel::sql_types::Timestamptz;
use diesel_async::RunQueryDsl;

use super::functions::{clock_timestamp, later, plus};
use crate::tenant::SystemConnection;

diesel::table! {
    /// Written by hand: the diesel CLI only prints the schema `public`.
    scrapersky_internal.host_turns (host) {
        /// The host.
        host -> Text,
        /// When its next request is due if all are evenly spaced.
        due_at -> Timestamptz,
    }
}

/// Reserves the next free slot of a host, and returns how long to wait for it.
///
/// Requests are spaced by `interval` after a burst of `burst`, by the generic cell rate algorithm (ITU-T I.371), on the
/// database's clock.
pub async fn take(conn: &mut SystemConnection, host: &str, interval: Duration, burst: u32) -> QueryResult<Duration> {
    let (due_at, at): (DateTime<Utc>, DateTime<Utc>) = diesel::insert_into(host_turns::table)
        .values((
            host_turns::host.eq(host),
            host_turns::due_at.eq(plus(clock_timestamp(), as_interval(interval))),
        ))
        .on_conflict(host_turns::host)
        .do_update()
        .set(host_turns::due_at.eq(plus(
            later(host_turns::due_at, clock_timestamp()),
            as_interval(interval),
        )))
        .returning((host_turns::due_at, clock_timestamp()))
        .get_result(conn)
        .await?;
    let wait = (due_at - at).to_std().unwrap_or_default();
    Ok(wait.saturating_sub(interval.saturating_mul(burst)))
}

/// Returns how long it takes until the busiest of these hosts has had all requests that were given a slot.
pub async fn find_backlog(conn: &mut SystemConnection, hosts: &[&str]) -> QueryResult<Duration> {
    let busiest: Option<(DateTime<Utc>, DateTime<Utc>)> = host_turns::table
        .filter(host_turns::host.eq_any(hosts))
        .order(host_turns::due_at.desc())
        .select((host_turns::due_at, clock_timestamp()))
        .first(conn)
        .await
        .optional()?;
    Ok(busiest
        .and_then(|(due_at, at)| (due_at - at).to_std().ok())
        .unwrap_or_default())
}

/// Deletes the rows of hosts without requests for an hour, and returns how many.
pub async fn delete_rested(conn: &mut SystemConnection) -> QueryResult<usize> {
    let rested: Vec<String> = host_turns::table
        .filter(host_turns::due_at.lt(now.into_sql::<Timestamptz>() - 1.hour()))
        .select(host_turns::host)
        .for_update()
        .skip_locked()
        .load(conn)
        .await?;
    diesel::delete(host_turns::table.filter(host_turns::host.eq_any(rested)))
        .execute(conn)
        .await
}

fn as_interval(duration: Duration) -> PgInterval {
    PgInterval::from_microseconds(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}
