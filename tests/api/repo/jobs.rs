//! Jobs as tenants use them.

use chrono::{DateTime, TimeDelta, Utc};
use database::ids::JobId;
use database::models::enums::{JobStatus, Outcome};
use database::models::job::{Job, NewJob};
use database::repo::jobs::queue::{self, Lease};
use database::repo::jobs::{self, Failure, JobFilter};
use database::repo::paging::{Newest, Paging};
use diesel::result::{DatabaseErrorKind, Error};

use super::queue::{LEASE, claim, fail, finish};
use crate::support::tenants::{Agencies, Agency, new_job};

#[tokio::test]
async fn work_of_an_unfinished_job_is_not_queued_again() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let scan = NewJob {
        dedup_key: Some("acme.test"),
        ..new_job("scan")
    };
    let crawl = NewJob {
        kind: "crawl",
        ..scan.clone()
    };
    let first = acme.run(async |conn| jobs::enqueue(conn, &scan).await).await;
    assert!(first.is_new);
    let second = acme.run(async |conn| jobs::enqueue(conn, &scan).await).await;
    assert!(!second.is_new);
    assert_eq!(second.job, first.job);
    assert!(acme.run(async |conn| jobs::enqueue(conn, &crawl).await).await.is_new);
    // Jobs without a key are always different.
    let plain = acme
        .run(async |conn| jobs::enqueue_many(conn, &[new_job("scan"), scan.clone(), new_job("scan")]).await)
        .await;
    let new: Vec<_> = plain.iter().map(|queued| queued.is_new).collect();
    assert_eq!(new, [true, false, true]);
    assert_eq!(plain.get(1).map(|queued| queued.job.job_id), Some(first.job.job_id));

    let running = claim(&agencies, &["scan"], 10).await;
    assert!(!acme.run(async |conn| jobs::enqueue(conn, &scan).await).await.is_new);
    for job in running {
        finish(&acme, &job).await.unwrap();
    }
    let next = acme.run(async |conn| jobs::enqueue(conn, &scan).await).await;
    assert!(next.is_new, "the job before has ended");
}

#[tokio::test]
async fn concurrent_requests_for_the_same_work_get_one_job() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let scan = NewJob {
        dedup_key: Some("acme.test"),
        ..new_job("scan")
    };
    let (one, other) = tokio::join!(
        acme.run(async |conn| jobs::enqueue(conn, &scan).await),
        acme.run(async |conn| jobs::enqueue(conn, &scan).await),
    );
    assert_eq!(one.job.job_id, other.job.job_id);
    assert!(one.is_new != other.is_new);
}

#[tokio::test]
async fn a_job_is_invisible_before_its_transaction_commits() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let mut conn = acme.open().await;
    jobs::enqueue(&mut conn, &new_job("scan")).await.unwrap();
    assert_eq!(claim(&agencies, &["scan"], 10).await, []);
    conn.commit().await.unwrap();
    assert_eq!(claim(&agencies, &["scan"], 10).await.len(), 1);
}

#[tokio::test]
async fn jobs_are_listed_newest_first_by_filter_and_by_cursor() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    // In one transaction they have the same time: the id decides.
    let new: Vec<_> = (0..7).map(|_| new_job("scan")).collect();
    acme.run(async |conn| jobs::enqueue_many(conn, &new).await).await;
    let crawl = acme.job("crawl").await;
    let all = list(&acme, &JobFilter::default(), 100).await;
    assert_eq!(all.0[0].job_id, crawl.job_id);
    assert_eq!((all.0.len(), all.1), (8, 8));
    let ids: Vec<JobId> = all.0.iter().map(|job| job.job_id).collect();

    let mut by_cursor = Vec::new();
    let mut paging = Paging::first(3);
    loop {
        let (rows, total) = acme
            .run(async |conn| jobs::list(conn, &JobFilter::default(), &paging).await)
            .await;
        assert_eq!(total, 8, "the cursor does not affect the count");
        let Some(last) = rows.last() else { break };
        paging.after = Some(Newest::new(last.created_at, last.job_id));
        by_cursor.extend(rows.into_iter().map(|job| job.job_id));
    }
    assert_eq!(by_cursor, ids);

    for (filter, expected) in cases(crawl.created_at) {
        let (rows, total) = list(&acme, &filter, 100).await;
        assert_eq!(
            (rows.len(), total),
            (expected, i64::try_from(expected).unwrap()),
            "{filter:?}"
        );
    }
}

/// Filters, and how many jobs match each.
#[rustfmt::skip]
fn cases(last: DateTime<Utc>) -> [(JobFilter<'static>, usize); 5] {
    let none = JobFilter::default;
    [
        (JobFilter { kind: Some("crawl"), ..none() }, 1),
        (JobFilter { statuses: &[JobStatus::Pending], ..none() }, 8),
        (JobFilter { statuses: &[JobStatus::Failed], ..none() }, 0),
        (JobFilter { created_from: Some(last), ..none() }, 1),
        (JobFilter { created_before: Some(last), ..none() }, 7),
    ]
}

#[tokio::test]
async fn a_waiting_job_is_cancelled_at_once_and_a_running_one_at_its_next_heartbeat() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let waiting = acme.job("waits").await;
    let cancelled = cancel(&acme, waiting.job_id).await;
    assert_eq!(cancelled.status, JobStatus::Cancelled);
    assert!(cancelled.completed_at.is_some());
    assert_eq!(claim(&agencies, &["waits"], 10).await, []);
    assert_eq!(
        cancel(&acme, waiting.job_id).await,
        cancelled,
        "the job has already ended"
    );

    acme.job("runs").await;
    let job = claim(&agencies, &["runs"], 10).await.remove(0);
    let asked = cancel(&acme, job.job_id).await;
    assert_eq!(asked.status, JobStatus::Running);
    let again = cancel(&acme, job.job_id).await;
    assert_eq!(again.cancel_requested_at, asked.cancel_requested_at);
    let lease = Lease {
        job_id: job.job_id,
        token: job.lease_token.unwrap(),
    };
    let held = agencies
        .system(async |conn| queue::heartbeat(conn, &[lease], LEASE).await)
        .await;
    assert_eq!(held, [(lease, asked.cancel_requested_at)]);
    acme.run(async |conn| queue::end_cancelled(conn, lease).await).await;
    assert_eq!(get(&acme, job.job_id).await.status, JobStatus::Cancelled);
}

#[tokio::test]
async fn a_job_that_ended_without_success_can_be_queued_again() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    acme.job("scan").await;
    let job = claim(&agencies, &["scan"], 1).await.remove(0);
    let retried = async |id| acme.run(async |conn| jobs::retry(conn, id).await).await;
    assert_eq!(retried(job.job_id).await, None, "it runs");
    fail(&acme, &job, None).await.unwrap();
    let failed = get(&acme, job.job_id).await;
    assert_eq!(
        (failed.status, failed.outcome),
        (JobStatus::Failed, Some(Outcome::Timeout))
    );
    assert_eq!(failed.error.as_deref(), Some("too slow"));
    let waiting = retried(job.job_id).await.unwrap();
    assert_eq!((waiting.status, waiting.attempts), (JobStatus::Pending, 0));
    assert_eq!(
        (waiting.error, waiting.outcome, waiting.completed_at),
        (None, None, None)
    );
    let job = claim(&agencies, &["scan"], 1).await.remove(0);
    finish(&acme, &job).await.unwrap();
    assert_eq!(retried(job.job_id).await, None, "it completed");
}

#[tokio::test]
async fn a_retry_next_to_a_newer_job_for_the_same_work_is_refused() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let scan = NewJob {
        dedup_key: Some("acme.test"),
        ..new_job("scan")
    };
    let old = acme.run(async |conn| jobs::enqueue(conn, &scan).await).await.job;
    cancel(&acme, old.job_id).await;
    acme.run(async |conn| jobs::enqueue(conn, &scan).await).await;
    let refused = acme.attempt(async |conn| jobs::retry(conn, old.job_id).await).await;
    assert!(
        matches!(
            refused,
            Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_missing_job_is_not_found() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let nobodys = JobId::from(uuid::Uuid::nil());
    let got = acme.attempt(async |conn| jobs::get(conn, nobodys).await).await;
    assert_eq!(got, Err(Error::NotFound));
    let cancelled = acme.attempt(async |conn| jobs::cancel(conn, nobodys).await).await;
    assert_eq!(cancelled, Err(Error::NotFound));
}

#[tokio::test]
async fn a_failed_attempt_waits_for_its_time() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    acme.job("scan").await;
    let job = claim(&agencies, &["scan"], 1).await.remove(0);
    let later: DateTime<Utc> = Utc::now() + TimeDelta::hours(1);
    fail(&acme, &job, Some(later)).await.unwrap();
    let waiting = get(&acme, job.job_id).await;
    assert_eq!((waiting.status, waiting.completed_at), (JobStatus::Pending, None));
    assert_eq!(waiting.error.as_deref(), Some("too slow"));
    assert_eq!(claim(&agencies, &["scan"], 1).await, []);
    let now = Failure {
        error: "too slow",
        outcome: Outcome::Timeout,
        retry_at: Some(Utc::now() - TimeDelta::hours(1)),
        is_counted: true,
    };
    let again = acme
        .attempt(async |conn| queue::fail(conn, super::queue::lease(&job), &now).await)
        .await;
    assert_eq!(again, Err(Error::NotFound), "the lease is lost");
}

async fn get(agency: &Agency, id: JobId) -> Job {
    agency.run(async |conn| jobs::get(conn, id).await).await
}

async fn cancel(agency: &Agency, id: JobId) -> Job {
    agency.run(async |conn| jobs::cancel(conn, id).await).await
}

async fn list(agency: &Agency, filter: &JobFilter<'_>, limit: i64) -> (Vec<Job>, i64) {
    agency
        .run(async |conn| jobs::list(conn, filter, &Paging::first(limit)).await)
        .await
}
