//! Batches of jobs.

use chrono::{DateTime, TimeDelta, Utc};
use database::ids::BatchId;
use database::models::batch_job::{BatchJobChanges, NewBatchJob};
use database::models::enums::{BatchStatus, JobStatus, Outcome};
use database::models::job::NewJob;
use database::models::values::RawJson;
use database::repo::batches::{BatchFilter, JobCount};
use database::repo::jobs::JobFilter;
use database::repo::jobs::queue;
use database::repo::paging::Paging;
use database::repo::{batches, jobs};
use diesel::result::Error;
use serde_json::json;

use super::queue::{claim, finish, lease};
use crate::support::tenants::{Agencies, new_job};

#[tokio::test]
async fn a_batch_counts_its_jobs_by_status() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let new = NewBatchJob {
        processor_type: "scan",
        created_by: None,
        total_domains: Some(3),
        failed_domains: None,
        metadata: None,
        options: None,
    };
    let other = acme.run(async |conn| batches::insert(conn, &new).await).await;
    let batch = acme.run(async |conn| batches::insert(conn, &new).await).await;
    assert_eq!((batch.status, batch.total_domains), (BatchStatus::Pending, Some(3)));
    let job = NewJob {
        batch_id: Some(batch.batch_id),
        ..new_job("scan")
    };
    acme.run(async |conn| jobs::enqueue_many(conn, &[job.clone(), job.clone(), job]).await)
        .await;
    let done = claim(&agencies, &["scan"], 1).await.remove(0);
    finish(&acme, &done).await.unwrap();

    let both = [batch.batch_id, other.batch_id];
    let counted = || async { acme.run(async |conn| batches::count_jobs(conn, &both).await).await };
    let (pending, completed) = (
        (JobStatus::Pending, None, 2),
        (JobStatus::Completed, Some(Outcome::Ok), 1),
    );
    assert_eq!(of(&counted().await, batch.batch_id), [pending, completed]);
    assert_eq!(of(&counted().await, other.batch_id), []);
    let joined = [done.job_id];
    acme.run(async |conn| batches::join(conn, other.batch_id, &joined).await)
        .await;
    assert_eq!(of(&counted().await, batch.batch_id), [pending, completed]);
    assert_eq!(of(&counted().await, other.batch_id), [completed]);
    assert_eq!(
        acme.run(async |conn| batches::list_joined(conn, other.batch_id).await)
            .await,
        joined
    );
    let of_batch = JobFilter {
        batch_id: Some(batch.batch_id),
        ..JobFilter::default()
    };
    let (_, total) = acme
        .run(async |conn| jobs::list(conn, &of_batch, &Paging::first(1)).await)
        .await;
    assert_eq!(total, 3);

    let partial = BatchJobChanges {
        status: Some(BatchStatus::Partial),
        error: Some(Some("one failed")),
        ..BatchJobChanges::default()
    };
    let changed = acme
        .run(async |conn| batches::update(conn, batch.batch_id, &partial).await)
        .await;
    assert_eq!(
        acme.run(async |conn| batches::get(conn, batch.batch_id).await).await,
        changed
    );
    assert_eq!(changed.error.as_deref(), Some("one failed"));
}

/// Otherwise a completed batch would report deleted scans as failed.
#[tokio::test]
async fn a_batch_and_its_jobs_are_deleted_together() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let batch = acme
        .run(async |conn| {
            let new = NewBatchJob {
                processor_type: "scan",
                created_by: None,
                total_domains: Some(2),
                failed_domains: None,
                metadata: None,
                options: None,
            };
            let batch = batches::insert(conn, &new).await?;
            for kind in ["first", "second"] {
                let job = NewJob {
                    batch_id: Some(batch.batch_id),
                    ..new_job(kind)
                };
                jobs::enqueue(conn, &job).await?;
            }
            Ok(batch)
        })
        .await;
    let tomorrow = Utc::now() + TimeDelta::days(1);
    let delete = async || {
        agencies
            .system(async |conn| queue::delete_ended(conn, tomorrow, 10).await)
            .await
    };
    let first = claim(&agencies, &["first"], 1).await;
    finish(&acme, &first[0]).await.unwrap();
    assert_eq!(delete().await, 0, "another job of the batch is pending");
    let second = claim(&agencies, &["second"], 1).await;
    let done = agencies
        .system(async |conn| {
            let end = (lease(&second[0]), Outcome::Ok, RawJson::from(json!({})));
            queue::finish_many(conn, &[end]).await
        })
        .await;
    assert_eq!(done, [second[0].job_id]);
    assert_eq!(delete().await, 2);
    let gone = acme
        .attempt(async |conn| batches::get(conn, batch.batch_id).await)
        .await;
    assert_eq!(gone.unwrap_err(), Error::NotFound);
}

/// It has no job of its own with which it would go.
#[tokio::test]
async fn a_batch_of_others_jobs_is_deleted_after_them() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let open = acme.job("scan").await;
    let (joined, bare, busy) = acme
        .run(async |conn| {
            let new = NewBatchJob {
                processor_type: "scan",
                created_by: None,
                total_domains: Some(1),
                failed_domains: None,
                metadata: None,
                options: None,
            };
            let joined = batches::insert(conn, &new).await?.batch_id;
            batches::join(conn, joined, &[open.job_id]).await?;
            let bare = batches::insert(conn, &new).await?.batch_id;
            let busy = batches::insert(conn, &new).await?.batch_id;
            let job = NewJob {
                batch_id: Some(busy),
                ..new_job("waits")
            };
            jobs::enqueue(conn, &job).await?;
            Ok((joined, bare, busy))
        })
        .await;
    let delete = async |cutoff: DateTime<Utc>| {
        agencies
            .system(async |conn| {
                let jobs = queue::delete_ended(conn, cutoff, 10).await?;
                Ok((jobs, batches::delete_ended(conn, cutoff, 10).await?))
            })
            .await
    };
    let left = async || {
        let (batches, _) = acme
            .run(async |conn| batches::list(conn, &BatchFilter::default(), &Paging::first(10)).await)
            .await;
        batches.into_iter().map(|batch| batch.batch_id).collect::<Vec<_>>()
    };
    assert_eq!(delete(Utc::now() - TimeDelta::days(1)).await, (0, 0));
    let tomorrow = Utc::now() + TimeDelta::days(1);
    assert_eq!(delete(tomorrow).await, (0, 1), "none of its entries was queued");
    assert!(!left().await.contains(&bare));
    finish(&acme, &claim(&agencies, &["scan"], 1).await[0]).await.unwrap();
    assert_eq!(delete(tomorrow).await, (1, 1));
    assert_eq!(left().await, [busy], "{joined} has gone with the job that it joined");
}

/// Returns the counts of a batch in the order of statuses.
fn of(counted: &[JobCount], batch: BatchId) -> Vec<(JobStatus, Option<Outcome>, i64)> {
    let mut counts: Vec<_> = counted
        .iter()
        .filter(|count| count.batch_id == batch)
        .map(|count| (count.status, count.outcome, count.jobs))
        .collect();
    counts.sort_unstable();
    counts
}
