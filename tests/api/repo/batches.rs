//! Batches of jobs.

use database::ids::BatchId;
use database::models::batch_job::{BatchJobChanges, NewBatchJob};
use database::models::enums::{BatchStatus, JobStatus, Outcome};
use database::models::job::NewJob;
use database::repo::batches::JobCount;
use database::repo::jobs::JobFilter;
use database::repo::paging::Paging;
use database::repo::{batches, jobs};

use super::queue::{claim, finish};
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
