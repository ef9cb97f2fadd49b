//! Batches of jobs of any kind.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use database::ids::BatchId;
use database::models::batch_job::{BatchJob, BatchSummary};
use database::models::enums::{BatchStatus, JobStatus};
use database::models::job::Job;
use database::repo::batches::JobCount;
use scans::domain::BatchEntry;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::job::domain_of;
use crate::views::scan::outcome_of;
use crate::views::who::{Names, WhoView};
use crate::views::words::{BatchStatusWord, OutcomeWord};

/// A batch of jobs.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchView {
    /// Id of the batch.
    pub id: Uuid,
    /// `domain_scan`, `rescan`, `place_hand_over`, or a word of the old system.
    pub kind: String,
    /// How far it is: `failed` if no job completed, `partial` if some did, `cancelled` if all that did not complete were
    /// cancelled.
    #[schema(value_type = BatchStatusWord)]
    pub status: &'static str,
    /// When it was requested.
    pub created_at: DateTime<Utc>,
    /// Who requested it.
    pub created_by: WhoView,
    /// The number of jobs, and of entries that could not be queued.
    pub total: i64,
    /// The number of jobs by status.
    pub jobs: JobCounts,
    /// The number of ended jobs by outcome.
    #[schema(value_type = BTreeMap<String, i64>)]
    pub outcomes: BTreeMap<&'static str, i64>,
    /// The number of entries that could not be queued.
    pub not_queued: i64,
    /// Path of the batch's status.
    pub status_url: String,
}

/// The number of jobs by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct JobCounts {
    /// Those that wait.
    pub pending: i64,
    /// Those that a worker has.
    pub running: i64,
    /// Those that completed.
    pub completed: i64,
    /// Those that failed.
    pub failed: i64,
    /// Those that were cancelled.
    pub cancelled: i64,
}

impl JobCounts {
    fn add(&mut self, status: JobStatus, jobs: i64) {
        *match status {
            JobStatus::Pending => &mut self.pending,
            JobStatus::Running => &mut self.running,
            JobStatus::Completed => &mut self.completed,
            JobStatus::Failed => &mut self.failed,
            JobStatus::Cancelled => &mut self.cancelled,
        } += jobs;
    }

    fn total(self) -> i64 {
        self.pending + self.running + self.completed + self.failed + self.cancelled
    }

    /// Returns the status of a batch with these jobs and this number of entries that could not be queued.
    fn status(self, not_queued: i64) -> BatchStatus {
        let ended = self.completed + self.failed + self.cancelled;
        match (self.pending + self.running, self.completed, self.failed + not_queued) {
            (1.., _, _) if self.running + ended == 0 => BatchStatus::Pending,
            (1.., _, _) => BatchStatus::Running,
            (_, _, 0) if self.cancelled == 0 => BatchStatus::Completed,
            (_, 0, 0) => BatchStatus::Cancelled,
            (_, 0, _) => BatchStatus::Failed,
            _ => BatchStatus::Partial,
        }
    }
}

/// Returns the path of a batch's status.
#[must_use]
pub fn status_url(id: Uuid) -> String {
    format!("/api/v1/batches/{id}")
}

impl BatchView {
    /// Creates the view of a batch with the counts of its jobs, and the name of who requested it; those of other batches are
    /// ignored.
    ///
    /// A batch without jobs, such as one of the old system, shows the stored counts.
    #[must_use]
    pub fn new(batch: BatchSummary, counted: &[JobCount], names: &Names) -> Self {
        let BatchSummary {
            batch_id,
            tenant_id: _,
            created_at,
            created_by,
            processor_type,
            status: stored,
            total_domains,
            completed_domains,
            failed_domains,
        } = batch;
        let mut jobs = JobCounts::default();
        let mut outcomes = BTreeMap::new();
        for count in counted.iter().filter(|count| count.batch_id == batch_id) {
            jobs.add(count.status, count.jobs);
            if let Some(outcome) = count.outcome {
                *outcomes.entry(outcome.label()).or_default() += count.jobs;
            }
        }
        let failed = i64::from(failed_domains.unwrap_or_default());
        let is_old = jobs.total() == 0 && (stored != BatchStatus::Pending || failed == 0);
        let (status, total, not_queued) = if is_old {
            (jobs.completed, jobs.failed) = (i64::from(completed_domains.unwrap_or_default()), failed);
            (stored, i64::from(total_domains.unwrap_or_default()), 0)
        } else {
            (jobs.status(failed), jobs.total() + failed, failed)
        };
        Self {
            id: batch_id.get(),
            kind: processor_type,
            status: status.label(),
            created_at,
            created_by: names.by_id(created_by.map(|id| id.get())),
            total,
            jobs,
            outcomes,
            not_queued,
            status_url: status_url(batch_id.get()),
        }
    }
}

/// A batch with what failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchDetailsView {
    /// The batch.
    #[serde(flatten)]
    pub batch: BatchView,
    /// When the first job started; null before that.
    pub started_at: Option<DateTime<Utc>>,
    /// When the last job ended; null while one is pending or running.
    pub completed_at: Option<DateTime<Utc>>,
    /// What failed: entries that could not be queued, and the latest failed jobs, at most 100 of each.
    pub failed: Vec<FailedEntry>,
    /// Path of the list of its jobs.
    pub jobs_url: String,
}

/// A part of a batch that failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailedEntry {
    /// The domain; null where the job works on none.
    pub domain: Option<String>,
    /// Id of the job; null if none was queued.
    pub job_id: Option<Uuid>,
    /// The kind of the job; null if none was queued.
    pub kind: Option<String>,
    /// Why it failed, in one word; null if no job was queued.
    #[schema(value_type = Option<OutcomeWord>)]
    pub outcome: Option<&'static str>,
    /// Why it failed.
    pub error: Option<String>,
}

impl BatchDetailsView {
    /// Maximum number of failed entries of each sort.
    pub const MAX_FAILED: usize = 100;

    /// Creates the view of a batch: its entries that could not be queued are among `entries`, `failed` are jobs, `times`
    /// is when the first one started and when the last one ended.
    #[must_use]
    pub fn new(
        batch: BatchView,
        times: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
        entries: Vec<BatchEntry>,
        failed: Vec<Job>,
    ) -> Self {
        let not_queued = entries
            .into_iter()
            .filter(|entry| entry.error.is_some())
            .take(Self::MAX_FAILED)
            .map(|entry| FailedEntry {
                domain: Some(entry.domain),
                job_id: entry.job_id,
                kind: None,
                outcome: None,
                error: entry.error,
            });
        let jobs = failed.into_iter().map(|job| FailedEntry {
            domain: domain_of(&job),
            job_id: Some(job.job_id.get()),
            outcome: outcome_of(&job),
            kind: Some(job.kind),
            error: job.error,
        });
        let is_open = batch.jobs.pending + batch.jobs.running > 0;
        Self {
            started_at: times.0,
            completed_at: times.1.filter(|_| !is_open),
            failed: not_queued.chain(jobs).collect(),
            jobs_url: format!("/api/v1/jobs?batch_id={}", batch.id),
            batch,
        }
    }
}

/// Returns the columns of a batch that a list shows.
#[must_use]
pub fn summary_of(batch: &BatchJob) -> BatchSummary {
    BatchSummary {
        batch_id: batch.batch_id,
        tenant_id: batch.tenant_id,
        created_at: batch.created_at,
        created_by: batch.created_by,
        processor_type: batch.processor_type.clone(),
        status: batch.status,
        total_domains: batch.total_domains,
        completed_domains: batch.completed_domains,
        failed_domains: batch.failed_domains,
    }
}

/// What a change of a batch's jobs did.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchChanged {
    /// Id of the batch.
    pub batch_id: Uuid,
    /// Path of the batch's status.
    pub status_url: String,
    /// The number of jobs that the change is for.
    pub matched: i64,
    /// The number of jobs changed.
    pub changed: usize,
}

impl BatchChanged {
    /// Creates the view of a change.
    #[must_use]
    pub fn new(id: BatchId, matched: i64, changed: usize) -> Self {
        Self {
            batch_id: id.get(),
            status_url: status_url(id.get()),
            matched,
            changed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_a_batch_follows_its_jobs() {
        let of = |[pending, running, completed, failed, cancelled]: [i64; 5], not_queued| {
            let counts = JobCounts {
                pending,
                running,
                completed,
                failed,
                cancelled,
            };
            counts.status(not_queued).label()
        };
        for (counts, not_queued, status) in [
            ([2, 0, 0, 0, 0], 0, "pending"),
            ([2, 0, 0, 0, 0], 1, "pending"),
            ([1, 1, 0, 0, 0], 0, "running"),
            ([1, 0, 1, 0, 0], 0, "running"),
            ([0, 0, 2, 0, 0], 0, "completed"),
            ([0, 0, 2, 0, 0], 1, "partial"),
            ([0, 0, 1, 1, 0], 0, "partial"),
            ([0, 0, 1, 0, 1], 0, "partial"),
            ([0, 0, 0, 1, 1], 0, "failed"),
            ([0, 0, 0, 0, 0], 1, "failed"),
            ([0, 0, 0, 0, 2], 0, "cancelled"),
        ] {
            assert_eq!(of(counts, not_queued), status, "{counts:?} {not_queued}");
        }
    }
}
