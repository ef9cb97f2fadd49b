//! Why a job has not ended.

use chrono::{DateTime, SecondsFormat, Utc};
use database::models::enums::JobStatus;
use database::models::job::Job;
use database::repo::jobs::waiting::{Ahead, MAX_AHEAD};
use serde::Serialize;
use utoipa::ToSchema;

/// Why an unfinished job has not ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitingReason {
    /// A worker has to be free.
    Queue,
    /// Workers take turns between tenants.
    TenantShare,
    /// It is not due.
    Scheduled,
    /// An attempt failed, and the next one is not due.
    NextAttempt,
    /// The disk of the database is short of room.
    NoRoom,
    /// Its worker is asked to stop.
    Cancelling,
    /// Requests to its host are spread over time.
    HostPace,
    /// A worker runs it.
    Running,
}

/// Why an unfinished job has not ended, as far as it is known for sure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Waiting {
    /// The reason: `queue` (a worker has to be free), `tenant_share` (and workers take turns between tenants), `scheduled` (it
    /// is not due), `next_attempt` (an attempt failed), `no_room` (the disk of the database is short of room), `cancelling`,
    /// `host_pace` (requests to its host are spread) or `running`.
    pub reason: WaitingReason,
    /// The reason in words.
    pub detail: String,
    /// The job's place among the tenant's jobs that are due, from 1; missing beyond 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub position: Option<i64>,
    /// How many of the tenant's jobs workers claim before it; 10000 stands for 10,000 or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ahead: Option<i64>,
    /// How many of those are of its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ahead_of_kind: Option<i64>,
    /// How many of the tenant's jobs run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub running: Option<i64>,
    /// Between how many tenants workers take turns, with this one; 64 stands for 64 or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub tenants: Option<i64>,
    /// When it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The host whose pace it keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub host: Option<String>,
    /// When the host has had all requests that were given a slot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub host_busy_until: Option<DateTime<Utc>>,
}

impl Waiting {
    fn new(reason: WaitingReason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
            position: None,
            ahead: None,
            ahead_of_kind: None,
            running: None,
            tenants: None,
            next_attempt_at: None,
            host: None,
            host_busy_until: None,
        }
    }

    /// Returns what the row of a job says at `now`; `None` if the job has ended.
    #[must_use]
    pub fn of(job: &Job, now: DateTime<Utc>) -> Option<Self> {
        let at = job.run_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let due = |reason, detail| Self {
            next_attempt_at: Some(job.run_at),
            ..Self::new(reason, detail)
        };
        match job.status {
            JobStatus::Pending if job.run_at > now => Some(match &job.error {
                Some(error) => due(
                    WaitingReason::NextAttempt,
                    format!("the last attempt failed: {error}; the next one is at {at}"),
                ),
                None => due(WaitingReason::Scheduled, format!("it is not due before {at}")),
            }),
            JobStatus::Pending => Some(Self::new(WaitingReason::Queue, "it waits for a worker")),
            JobStatus::Running if job.cancel_requested_at.is_some() => {
                let detail = "it is being cancelled: its worker stops it at its next heartbeat";
                Some(Self::new(WaitingReason::Cancelling, detail))
            }
            JobStatus::Running => {
                let detail = job.progress_message.as_deref().unwrap_or("a worker runs it");
                Some(Self::new(WaitingReason::Running, detail))
            }
            JobStatus::Completed | JobStatus::Failed | JobStatus::Cancelled => None,
        }
    }

    /// Returns why a job that is due has no worker yet.
    #[must_use]
    pub fn in_queue(ahead: Ahead, running: i64, tenants: i64) -> Self {
        let is_counted = ahead.jobs < MAX_AHEAD;
        let most = if is_counted { "" } else { "at least " };
        let first = format!("{most}{} of the tenant's jobs go first, {running} run", ahead.jobs);
        let (reason, detail) = match tenants {
            ..=1 => (WaitingReason::Queue, format!("it waits for a worker: {first}")),
            64.. => (
                WaitingReason::TenantShare,
                format!("workers take turns between at least 64 tenants: {first}"),
            ),
            _ => (
                WaitingReason::TenantShare,
                format!("workers take turns between {tenants} tenants: {first}"),
            ),
        };
        Self {
            position: is_counted.then_some(ahead.jobs + 1),
            ahead: Some(ahead.jobs),
            ahead_of_kind: Some(ahead.of_kind),
            running: Some(running),
            tenants: Some(tenants),
            ..Self::new(reason, detail)
        }
    }

    /// Returns that no job is claimed while the database has no room.
    #[must_use]
    pub fn without_room(shortage: &str) -> Self {
        Self::new(WaitingReason::NoRoom, format!("no jobs are claimed: {shortage}"))
    }

    /// Returns that a running job keeps the pace of a host.
    #[must_use]
    pub fn for_host(host: &str, until: DateTime<Utc>) -> Self {
        Self {
            host: Some(host.to_owned()),
            host_busy_until: Some(until),
            ..Self::new(
                WaitingReason::HostPace,
                format!("requests to {host} are spread over time, and its slots are taken"),
            )
        }
    }
}
