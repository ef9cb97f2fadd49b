//! What requests say of schedules.

use database::models::schedule::Schedule;
use jobs::SubmitError;
use scans::schedules::When;
use serde::Deserialize;
use utoipa::ToSchema;

use super::schedule_work::WorkBody;
use crate::views::fields::{self, Fields};
use crate::views::words::MissedRunsWord;

/// A request to make a schedule: either `cron` or `every` is required.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "weekly", "cron": "0 6 * * 1", "time_zone": "Europe/Berlin",
    "work": { "domain_scan": { "leads": { "status": "selected" } } },
}))]
pub(crate) struct ScheduleRequest {
    /// Name that tells its purpose.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) name: String,
    /// Cron text of five fields: minute, hour, day of the month, month, day of the week.
    #[serde(default)]
    pub(crate) cron: Option<String>,
    /// IANA name of the time zone of the cron text; UTC by default.
    #[serde(default)]
    pub(crate) time_zone: Option<String>,
    /// ISO 8601 duration in weeks, days, hours and minutes after which it runs again, such as `PT6H`; a day has 24 hours.
    #[serde(default)]
    pub(crate) every: Option<String>,
    /// What becomes of runs that no worker started within five minutes.
    #[serde(default)]
    #[schema(value_type = Option<MissedRunsWord>, default = "once")]
    pub(crate) missed: Option<String>,
    /// What it starts.
    #[schema(value_type = WorkBody)]
    pub(crate) work: Fields<WorkBody>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    pub(crate) tenant_id: Option<String>,
}

/// Changes to a schedule, which runs in the caller's name from then on. A missing field is left unchanged.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "is_paused": true }))]
pub(crate) struct SchedulePatch {
    /// Name that tells its purpose.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) name: Option<String>,
    /// Cron text of five fields, which also replaces `every`.
    #[serde(default)]
    pub(crate) cron: Option<String>,
    /// IANA name of the time zone of the cron text.
    #[serde(default)]
    pub(crate) time_zone: Option<String>,
    /// ISO 8601 duration after which it runs again, which also replaces `cron`.
    #[serde(default)]
    pub(crate) every: Option<String>,
    /// What becomes of runs that no worker started within five minutes.
    #[serde(default)]
    #[schema(value_type = Option<MissedRunsWord>)]
    pub(crate) missed: Option<String>,
    /// What it starts.
    #[serde(default, deserialize_with = "fields::optional")]
    pub(crate) work: Option<WorkBody>,
    /// Whether it is paused. Resumed, it runs at the next time that comes.
    #[serde(default)]
    pub(crate) is_paused: Option<bool>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    pub(crate) tenant_id: Option<String>,
}

impl SchedulePatch {
    /// Reads when the schedule runs from now on, if that changes.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Invalid`], which names the field.
    pub(super) fn when(&self, schedule: &Schedule) -> Result<Option<When>, SubmitError> {
        let (cron, zone, every) = (self.cron.as_deref(), self.time_zone.as_deref(), self.every.as_deref());
        match (cron, zone, every) {
            (None, None, None) => Ok(None),
            (_, _, Some(every)) => When::read(cron, zone, Some(every)).map(Some),
            (Some(cron), zone, None) => When::read(Some(cron), zone.or(schedule.time_zone.as_deref()), None).map(Some),
            (None, zone, None) => When::read(schedule.cron.as_deref(), zone, schedule.every.as_deref()).map(Some),
        }
    }
}
