//! What schedules start.

use database::ids::{BatchId, JobId};
use database::models::enums::{EventKind, RunOutcome};
use database::models::schedule::Schedule;
use database::models::schedule_run::{NewScheduleRun, ScheduleRun};
use database::models::values::RawJson;
use database::repo::domains::DomainFilter;
use database::repo::events::Subject;
use database::repo::leads::LeadFilter;
use database::repo::{self, QueryError, QueryResult};
use database::tenant::TenantConnection;
use jobs::{Submission, SubmitError};
use serde_json::json;

use crate::places::{self, PlacesSearch};
use crate::rescan::{self, Rescan};
use crate::sitemap::{self, SitemapScan};

/// Work to start, as it was read.
#[derive(Clone, Debug)]
pub enum Work<'a> {
    /// Scans of domains, as one batch.
    Domains(Rescan, Chosen<'a>),
    /// A search for places.
    Places(PlacesSearch),
    /// An analysis of sitemaps.
    Sitemaps(SitemapScan),
}

/// Which domains to scan.
#[derive(Clone, Debug)]
pub enum Chosen<'a> {
    /// Those of matching leads.
    Leads(LeadFilter<'a>),
    /// Those that match themselves.
    Domains(DomainFilter<'a>),
}

/// Work that was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Started {
    /// The job, where it is a single one.
    pub job: Option<JobId>,
    /// The batch of the jobs.
    pub batch: Option<BatchId>,
    /// How many jobs do the work, with those that were open already.
    pub jobs: i64,
}

impl Work<'_> {
    /// Submits the work.
    ///
    /// # Errors
    ///
    /// `NotFound` if no domain matches, [`SubmitError::Invalid`] if too many do, and the errors of the database.
    pub async fn submit(self, submission: &mut Submission<'_>) -> Result<Started, SubmitError> {
        let job = match self {
            Self::Domains(rescan, chosen) => return chosen.submit(rescan, submission).await,
            Self::Places(search) => places::submit_search(submission, search).await?,
            Self::Sitemaps(scan) => sitemap::submit(submission, &scan).await?.job_id,
        };
        Ok(Started {
            job: Some(job),
            batch: None,
            jobs: 1,
        })
    }
}

impl Chosen<'_> {
    async fn submit(self, rescan: Rescan, submission: &mut Submission<'_>) -> Result<Started, SubmitError> {
        let submitted = match self {
            Self::Domains(filter) => rescan.submit(submission, &filter).await?,
            Self::Leads(filter) => {
                let most = i64::try_from(rescan::MAX_DOMAINS).unwrap_or(i64::MAX);
                let ids = repo::leads::list_domain_ids(submission.conn(), &filter, most + 1).await?;
                if ids.is_empty() {
                    return Err(QueryError::NotFound.into());
                }
                let filter = DomainFilter {
                    ids: Some(&ids),
                    ..DomainFilter::default()
                };
                rescan.submit(submission, &filter).await?
            }
        };
        Ok(Started {
            job: None,
            batch: Some(submitted.batch_id),
            jobs: i64::try_from(submitted.scans).unwrap_or(i64::MAX),
        })
    }
}

/// Returns the kind of jobs that stored work is about, which is how it is named.
fn job_kind(work: &RawJson) -> Option<String> {
    let named: serde_json::Map<String, serde_json::Value> = work.parse().ok()?;
    named.into_iter().next().map(|(kind, _)| kind)
}

/// Notes a run of a schedule, and writes an event.
///
/// # Errors
///
/// A foreign key violation if the tenant does not have the schedule, a unique violation if it has a run that was due at the same time.
pub(super) async fn note(
    conn: &mut TenantConnection,
    schedule: &Schedule,
    run: &NewScheduleRun<'_>,
) -> QueryResult<ScheduleRun> {
    let stored = repo::schedule_runs::insert(conn, run).await?;
    let kind = match run.outcome {
        RunOutcome::Started | RunOutcome::Nothing => EventKind::ScheduleFired,
        RunOutcome::Refused | RunOutcome::Missed => EventKind::ScheduleFailed,
    };
    let subject = Subject {
        job: run.job_id,
        batch: run.batch_id,
    };
    let mut data = json!({
        "schedule_id": schedule.id.get(), "name": schedule.name, "run_id": stored.id.get(), "outcome": run.outcome.label(),
        "job_kind": job_kind(&schedule.work), "jobs": run.jobs, "due_at": run.due_at, "error": run.error,
    });
    if let Some(data) = data.as_object_mut() {
        data.retain(|_, value| !value.is_null());
    }
    repo::events::insert(conn, kind, subject, &RawJson::from(data)).await?;
    Ok(stored)
}
