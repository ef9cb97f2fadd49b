//! Table `scrapersky_internal.host_turns`: the pace that all processes keep together with each host. It is no tenant's.

use std::time::Duration;

use diesel::data_types::PgInterval;
use diesel::prelude::QueryResult;
use diesel::sql_types::{Double, Interval, Text};
use diesel_async::RunQueryDsl;

use crate::tenant::SystemConnection;

/// Takes the next free moment of a host, and returns how long it is until then.
///
/// Requests come an `interval` apart after a burst of `burst`, by the generic cell rate algorithm (ITU-T I.371). The
/// time is the database's.
///
/// # Errors
///
/// Those of the database.
pub async fn take(conn: &mut SystemConnection, host: &str, interval: Duration, burst: u32) -> QueryResult<Duration> {
    let ahead = interval.saturating_mul(burst);
    let turn: Turn = diesel::sql_query(
        "INSERT INTO scrapersky_internal.host_turns AS h (host, due_at) VALUES ($1, clock_timestamp() + $2)
         ON CONFLICT (host) DO UPDATE SET due_at = greatest(h.due_at, clock_timestamp()) + $2
         RETURNING greatest(extract(epoch FROM due_at - $3 - clock_timestamp()), 0)::float8 AS seconds",
    )
    .bind::<Text, _>(host)
    .bind::<Interval, _>(as_interval(interval))
    .bind::<Interval, _>(as_interval(ahead))
    .get_result(conn)
    .await?;
    Ok(Duration::try_from_secs_f64(turn.seconds).unwrap_or_default())
}

/// Forgets hosts that have been at rest for an hour, and returns how many.
///
/// # Errors
///
/// Those of the database.
pub async fn delete_rested(conn: &mut SystemConnection) -> QueryResult<usize> {
    diesel::sql_query(
        "DELETE FROM scrapersky_internal.host_turns WHERE host IN (
             SELECT host FROM scrapersky_internal.host_turns WHERE due_at < now() - interval '1 hour' FOR UPDATE SKIP LOCKED)",
    )
    .execute(conn)
    .await
}

#[derive(diesel::QueryableByName)]
struct Turn {
    #[diesel(sql_type = Double)]
    seconds: f64,
}

fn as_interval(duration: Duration) -> PgInterval {
    PgInterval::from_microseconds(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}
