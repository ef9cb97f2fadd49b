//! Batches of jobs.

use database::models::batch_job::{BatchJobChanges, NewBatchJob};
use database::models::enums::{BatchStatus, JobStatus};
use database::models::job::NewJob;
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

    let mut counts = acme
        .run(async |conn| jobs::count_of_batch(conn, batch.batch_id, &[]).await)
        .await;
    counts.sort_unstable();
    assert_eq!(counts, [(JobStatus::Pending, 2), (JobStatus::Completed, 1)]);
    assert_eq!(
        acme.run(async |conn| jobs::count_of_batch(conn, other.batch_id, &[]).await)
            .await,
        []
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
