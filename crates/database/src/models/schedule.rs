//! Table `schedules`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, Insertable};
use schema::schedules;

use super::enums::{MissedRuns, PausedBecause};
use super::values::RawJson;
use crate::ids::{ScheduleId, TenantId, UserId};

/// Work that starts by itself, again and again.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = schedules)]
pub struct Schedule {
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// Identifies the schedule.
    pub id: ScheduleId,
    /// Its display name.
    pub name: String,
    /// What is started.
    pub work: RawJson,
    /// The cron text by which it runs, unless it runs by `every`.
    pub cron: Option<String>,
    /// The time zone of the cron text, by its IANA name.
    pub time_zone: Option<String>,
    /// The duration after which it runs again (ISO 8601).
    pub every: Option<String>,
    /// What becomes of runs that no worker started in time.
    pub missed: MissedRuns,
    /// The key or the person in whose name it runs; `None` for the operator.
    pub run_by: Option<UserId>,
    /// When it runs next, unless it is paused.
    pub next_run_at: DateTime<Utc>,
    /// When it was paused.
    pub paused_at: Option<DateTime<Utc>>,
    /// Why it was paused.
    pub paused_because: Option<PausedBecause>,
    /// When the row was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A new [`Schedule`].
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = schedules)]
pub struct NewSchedule<'a> {
    /// Its display name.
    pub name: &'a str,
    /// What is started.
    pub work: &'a RawJson,
    /// The cron text by which it runs, unless it runs by `every`.
    pub cron: Option<&'a str>,
    /// The time zone of the cron text.
    pub time_zone: Option<&'a str>,
    /// The duration after which it runs again.
    pub every: Option<&'a str>,
    /// What becomes of runs that no worker started in time.
    pub missed: MissedRuns,
    /// In whose name it runs; `None` for the operator.
    pub run_by: Option<UserId>,
    /// When it runs first.
    pub next_run_at: DateTime<Utc>,
}

/// Changes of a [`Schedule`].
///
/// `None` leaves a column unchanged; `Some(None)` sets a nullable column to NULL.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = schedules)]
pub struct ScheduleChanges<'a> {
    /// Its display name.
    pub name: Option<&'a str>,
    /// What is started.
    pub work: Option<RawJson>,
    /// The cron text by which it runs.
    pub cron: Option<Option<&'a str>>,
    /// The time zone of the cron text.
    pub time_zone: Option<Option<&'a str>>,
    /// The duration after which it runs again.
    pub every: Option<Option<&'a str>>,
    /// What becomes of runs that no worker started in time.
    pub missed: Option<MissedRuns>,
    /// In whose name it runs.
    pub run_by: Option<Option<UserId>>,
    /// When it runs next.
    pub next_run_at: Option<DateTime<Utc>>,
}
