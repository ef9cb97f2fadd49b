//! Jobs as workers use them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use database::models::enums::{JobStatus, Outcome};
use database::models::job::{Job, NewJob};
use database::models::values::RawJson;
use database::repo::jobs::queue::{self, Lease, Swept};
use database::repo::jobs::{self, Failure};
use diesel::QueryResult;
use diesel::result::Error;
use serde_json::json;
use tokio_postgres::error::SqlState;

use crate::support::tenants::{Agencies, Agency, new_job};

pub const LEASE: Duration = Duration::from_secs(600);

#[tokio::test]
async fn a_claim_takes_the_best_jobs_of_the_kinds_it_knows_and_no_more() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let urgent = NewJob {
        priority: Some(9),
        ..new_job("scan")
    };
    let later = NewJob {
        run_at: Some(Utc::now() + TimeDelta::hours(1)),
        ..urgent.clone()
    };
    let first = acme.job("scan").await;
    acme.job("scan").await;
    acme.job("unknown").await;
    let urgent = acme.run(async |conn| jobs::enqueue(conn, &urgent).await).await.job;
    acme.run(async |conn| jobs::enqueue(conn, &later).await).await;

    let claimed = claim(&agencies, &["crawl", "scan"], 2).await;
    let ids: HashSet<_> = claimed.iter().map(|job| job.job_id).collect();
    assert_eq!(ids, HashSet::from([urgent.job_id, first.job_id]));
    for job in &claimed {
        assert_eq!((job.status, job.attempts), (JobStatus::Running, 1));
        assert_eq!(job.worker.as_deref(), Some("worker"));
        let left = job.lease_expires_at.unwrap() - Utc::now();
        assert!(left > TimeDelta::seconds(500) && left <= TimeDelta::seconds(600));
    }
    assert_eq!(claim(&agencies, &["crawl", "scan"], 10).await.len(), 1);
    assert_eq!(claim(&agencies, &["crawl", "scan"], 10).await, []);
    assert_eq!(claim(&agencies, &[], 10).await, []);
}

#[tokio::test]
async fn a_tenant_with_one_job_does_not_wait_behind_one_with_a_thousand() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let bolt = agencies.tenant("bolt").await;
    let many: Vec<_> = (0..1_000).map(|_| new_job("scan")).collect();
    acme.run(async |conn| jobs::enqueue_many(conn, &many).await).await;
    let single = bolt.job("scan").await;
    let claimed = claim(&agencies, &["scan"], 4).await;
    assert!(claimed.iter().any(|job| job.job_id == single.job_id));
    // Tenants with the fewest running jobs go first, also for single claims.
    let next = bolt.job("scan").await;
    assert_eq!(claim(&agencies, &["scan"], 1).await[0].job_id, next.job_id);
    assert_eq!(
        claim(&agencies, &["scan"], 10).await.len(),
        10,
        "an unused share goes to others"
    );
}

/// A claim is sent together with its BEGIN, which may be refused.
#[tokio::test]
async fn a_claim_outside_a_system_transaction_takes_nothing() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let job = acme.job("scan").await;
    let client = agencies.database.client().await;
    let claim = "SELECT scrapersky_internal.claim_jobs(gen_random_uuid(), '{scan}', 1, 'worker', '1 h')";
    let error = client.batch_execute(claim).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    assert_eq!(get(&acme, &job).await, job);
}

/// Tenants take turns, also when each claim takes one job.
#[tokio::test]
async fn single_claims_go_to_the_tenant_with_the_fewest_running_jobs() {
    let agencies = Agencies::new().await;
    let mut held = HashMap::new();
    for name in ["acme", "bolt", "cask"] {
        let agency = agencies.tenant(name).await;
        let many: Vec<_> = (0..10).map(|_| new_job("scan")).collect();
        agency.run(async |conn| jobs::enqueue_many(conn, &many).await).await;
        // A kind that is not claimed, ahead of the queue.
        let other = NewJob {
            priority: Some(9),
            ..new_job("other")
        };
        agency.run(async |conn| jobs::enqueue(conn, &other).await).await;
    }
    for taken in 1..=9_usize {
        let claimed = claim(&agencies, &["scan"], 1).await;
        assert_eq!(claimed.len(), 1);
        *held.entry(claimed[0].tenant_id).or_insert(0_usize) += 1;
        assert!(held.values().all(|count| *count <= taken.div_ceil(3)), "{held:?}");
    }
}

#[tokio::test]
async fn concurrent_claims_do_not_overlap() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let bolt = agencies.tenant("bolt").await;
    let many: Vec<_> = (0..150).map(|_| new_job("scan")).collect();
    for tenant in [&acme, &bolt] {
        tenant.run(async |conn| jobs::enqueue_many(conn, &many).await).await;
    }
    let mut claimed = Vec::new();
    loop {
        let round = tokio::join!(
            claim(&agencies, &["scan"], 7),
            claim(&agencies, &["scan"], 7),
            claim(&agencies, &["scan"], 7),
        );
        let jobs: Vec<_> = [round.0, round.1, round.2].into_iter().flatten().collect();
        if jobs.is_empty() {
            break;
        }
        claimed.extend(jobs.into_iter().map(|job| job.job_id));
    }
    assert_eq!(claimed.len(), 300);
    assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), 300);
}

#[tokio::test]
async fn a_lost_lease_writes_nothing() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    acme.job("scan").await;
    let lost = claim(&agencies, &["scan"], 1).await.remove(0);
    expire(&agencies).await;
    sweep(&agencies).await;
    let held = claim(&agencies, &["scan"], 1).await.remove(0);
    assert_eq!((held.job_id, held.attempts), (lost.job_id, 2));
    assert_ne!(held.lease_token, lost.lease_token);

    let stale = lease(&lost);
    let report = acme
        .attempt(async |conn| queue::report(conn, stale, 0.5, "step", "words").await)
        .await;
    assert_eq!(report, Err(Error::NotFound));
    assert_eq!(finish(&acme, &lost).await, Err(Error::NotFound));
    assert_eq!(fail(&acme, &lost, None).await, Err(Error::NotFound));
    let ended = acme.attempt(async |conn| queue::end_cancelled(conn, stale).await).await;
    assert_eq!(ended, Err(Error::NotFound));
    let released = agencies.system(async |conn| queue::release(conn, &[stale]).await).await;
    assert_eq!(released, 0);
    let beat = agencies
        .system(async |conn| queue::heartbeat(conn, &[stale], LEASE).await)
        .await;
    assert_eq!(beat, []);
    assert_eq!(get(&acme, &held).await, held, "nothing was written");

    acme.run(async |conn| queue::report(conn, lease(&held), 0.5, "storing", "Storing").await)
        .await;
    let reported = get(&acme, &held).await;
    assert_eq!(
        (reported.progress, reported.progress_step.as_deref()),
        (Some(0.5), Some("storing"))
    );
    finish(&acme, &held).await.unwrap();
    let finished = get(&acme, &held).await;
    assert_eq!(
        (finished.status, finished.outcome),
        (JobStatus::Completed, Some(Outcome::Ok))
    );
    assert_eq!(finished.result, Some(RawJson::from(json!({"pages": 3}))));
    assert!(finished.completed_at.is_some() && finished.lease_token.is_none());
}

#[tokio::test]
async fn a_heartbeat_extends_only_the_pairs_it_names() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    acme.job("scan").await;
    acme.job("scan").await;
    let claimed = claim(&agencies, &["scan"], 2).await;
    let (one, other) = (lease(&claimed[0]), lease(&claimed[1]));
    expire(&agencies).await;
    let crossed = Lease {
        job_id: one.job_id,
        token: other.token,
    };
    let held = agencies
        .system(async |conn| queue::heartbeat(conn, &[crossed], LEASE).await)
        .await;
    assert_eq!(held, []);
    let held = agencies
        .system(async |conn| queue::heartbeat(conn, &[one], LEASE).await)
        .await;
    assert_eq!(held, [(one, None)]);
    assert_eq!(sweep(&agencies).await.requeued, 1, "the other lease has expired");
}

#[tokio::test]
async fn a_released_job_waits_again_and_keeps_its_attempts() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    acme.job("scan").await;
    let job = claim(&agencies, &["scan"], 1).await.remove(0);
    let released = agencies
        .system(async |conn| queue::release(conn, &[lease(&job)]).await)
        .await;
    assert_eq!(released, 1);
    let waiting = get(&acme, &job).await;
    assert_eq!((waiting.status, waiting.attempts), (JobStatus::Pending, 0));
    assert_eq!(claim(&agencies, &["scan"], 1).await[0].job_id, job.job_id);
}

#[tokio::test]
async fn a_released_job_with_a_cancellation_does_not_run_again() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    acme.job("scan").await;
    let job = claim(&agencies, &["scan"], 1).await.remove(0);
    acme.run(async |conn| jobs::cancel(conn, job.job_id).await).await;
    agencies
        .system(async |conn| queue::release(conn, &[lease(&job)]).await)
        .await;
    assert_eq!(get(&acme, &job).await.status, JobStatus::Cancelled);
    assert_eq!(claim(&agencies, &["scan"], 1).await, []);
}

#[tokio::test]
async fn a_failed_attempt_with_a_cancellation_is_not_retried() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    acme.job("scan").await;
    let job = claim(&agencies, &["scan"], 1).await.remove(0);
    acme.run(async |conn| jobs::cancel(conn, job.job_id).await).await;
    fail(&acme, &job, Some(Utc::now())).await.unwrap();
    let ended = get(&acme, &job).await;
    assert_eq!(ended.status, JobStatus::Cancelled);
    assert!(ended.completed_at.is_some());
}

#[tokio::test]
async fn the_sweep_requeues_fails_or_cancels_jobs_of_silent_workers() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let once = NewJob {
        max_attempts: Some(1),
        ..new_job("scan")
    };
    acme.run(async |conn| jobs::enqueue(conn, &once).await).await;
    acme.job("scan").await;
    let unwanted = acme.job("scan").await;
    let alive = acme.job("lives").await;
    let claimed = claim(&agencies, &["scan"], 10).await;
    assert_eq!(claimed.len(), 3);
    acme.run(async |conn| jobs::cancel(conn, unwanted.job_id).await).await;
    assert_eq!(sweep(&agencies).await, Swept::default(), "all leases are valid");
    expire(&agencies).await;
    claim(&agencies, &["lives"], 10).await;
    let swept = sweep(&agencies).await;
    assert_eq!((swept.requeued, swept.failed, swept.cancelled), (1, 1, 1));
    assert_eq!(get(&acme, &alive).await.status, JobStatus::Running);
    for job in &claimed {
        let job = get(&acme, job).await;
        assert_eq!(job.completed_at.is_some(), job.status.is_final());
        match job.status {
            JobStatus::Cancelled => assert_eq!(job.job_id, unwanted.job_id),
            JobStatus::Failed => {
                let error = "the worker went silent in attempt 1 of 1";
                assert_eq!(
                    (job.error.as_deref(), job.outcome),
                    (Some(error), Some(Outcome::Internal))
                );
            }
            JobStatus::Pending => assert_eq!(job.attempts, 1),
            JobStatus::Running | JobStatus::Completed => panic!("{job:?}"),
        }
    }
    assert_eq!(sweep(&agencies).await, Swept::default());
}

#[tokio::test]
async fn ended_jobs_are_deleted_by_age_in_batches() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    for _ in 0..3 {
        acme.job("scan").await;
    }
    let waiting = acme.job("waits").await;
    for job in claim(&agencies, &["scan"], 10).await {
        finish(&acme, &job).await.unwrap();
    }
    let delete = async |cutoff: DateTime<Utc>, limit| {
        agencies
            .system(async |conn| queue::delete_ended(conn, cutoff, limit).await)
            .await
    };
    assert_eq!(delete(Utc::now() - TimeDelta::days(1), 10).await, 0);
    let tomorrow = Utc::now() + TimeDelta::days(1);
    // A contact refers to the job that found it as long as the job exists.
    let domain = acme.domain("acme.test").await;
    let page = acme.page(&domain, "https://acme.test/").await;
    let found_by = |job: &str| {
        format!(
            "INSERT INTO contacts (tenant_id, domain_id, page_id, email, source_job_id)
             SELECT '{}', '{}', '{}', job_id || '@acme.test', job_id FROM jobs WHERE kind = '{job}'",
            acme.id, domain.id, page.id
        )
    };
    let client = agencies.database.client().await;
    client
        .batch_execute(&format!("{}; {}", found_by("scan"), found_by("waits")))
        .await
        .unwrap();
    let named = async || {
        let row = client
            .query_one("SELECT count(source_job_id) FROM contacts", &[])
            .await
            .unwrap();
        row.get::<_, i64>(0)
    };
    assert_eq!(named().await, 4);
    assert_eq!(delete(tomorrow, 2).await, 2);
    assert_eq!(named().await, 2);
    assert_eq!(delete(tomorrow, 2).await, 1);
    assert_eq!(delete(tomorrow, 2).await, 0);
    assert_eq!(get(&acme, &waiting).await.status, JobStatus::Pending);
}

/// Claims jobs as a worker named `worker`.
pub async fn claim(agencies: &Agencies, kinds: &[&str], limit: i64) -> Vec<Job> {
    agencies
        .system(async |conn| queue::claim(conn, "worker", kinds, limit, LEASE).await)
        .await
}

pub fn lease(job: &Job) -> Lease {
    Lease {
        job_id: job.job_id,
        token: job.lease_token.unwrap(),
    }
}

pub async fn finish(agency: &Agency, job: &Job) -> QueryResult<()> {
    let result = RawJson::from(json!({"pages": 3}));
    agency
        .attempt(async |conn| queue::finish(conn, lease(job), Outcome::Ok, "done", &result).await)
        .await
}

pub async fn fail(agency: &Agency, job: &Job, retry_at: Option<DateTime<Utc>>) -> QueryResult<()> {
    let failure = Failure {
        error: "too slow",
        outcome: Outcome::Timeout,
        retry_at,
        is_counted: true,
    };
    agency
        .attempt(async |conn| queue::fail(conn, lease(job), &failure).await)
        .await
}

async fn get(agency: &Agency, job: &Job) -> Job {
    agency.run(async |conn| jobs::get(conn, job.job_id).await).await
}

/// Expires every lease.
async fn expire(agencies: &Agencies) {
    let client = agencies.database.client().await;
    let past = "UPDATE jobs SET lease_expires_at = now() - interval '1 second' WHERE status = 'running'";
    client.batch_execute(past).await.unwrap();
}

async fn sweep(agencies: &Agencies) -> Swept {
    agencies.system(async |conn| queue::sweep(conn).await).await
}
