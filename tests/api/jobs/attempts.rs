//! Attempts at a job and their outcomes.

use std::collections::HashSet;
use std::time::Duration;

use database::models::enums::{JobStatus, Outcome};
use jobs::{BackgroundJob, EnqueueOptions, Finished, JobContext, JobError};
use serde::{Deserialize, Serialize};

use crate::support::database::eventually;
use crate::support::workers::{Does, Probe, Queue, task};

#[tokio::test]
async fn a_job_completes_with_its_rows() {
    let queue = Queue::new().await;
    let id = queue.add(task("shop.test", Does::Write)).await;
    let worker = queue.worker();
    let job = queue.becomes(id, JobStatus::Completed).await;
    assert_eq!(job.outcome, Some(Outcome::Ok));
    assert_eq!(job.result.unwrap().as_str(), r#"["shop.test"]"#);
    assert_eq!((job.attempts, job.progress), (1, Some(1.0)));
    assert_eq!(job.worker.as_deref(), Some(worker.name.as_str()));
    assert!(job.lease_token.is_none() && job.completed_at.is_some() && job.error.is_none());
    assert!(queue.has_domain("shop.test").await);
    let stats = worker.end().await.snapshot();
    assert_eq!((stats.claimed, stats.completed, stats.running), (1, 1, 0));
}

#[tokio::test]
async fn the_error_of_the_last_attempt_stays() {
    let queue = Queue::new().await;
    let id = queue.add(task("fails", Does::Fail)).await;
    let worker = queue.worker();
    let job = queue.becomes(id, JobStatus::Failed).await;
    assert_eq!(job.error.as_deref(), Some("attempt 3 failed at http://shop.test/"));
    assert_eq!((job.outcome, job.attempts), (Some(Outcome::Timeout), 3));
    assert_eq!(queue.probe.runs_of("fails"), 3);
    let stats = worker.end().await.snapshot();
    assert_eq!((stats.retried, stats.failed), (2, 1));
}

#[tokio::test]
async fn only_transient_failures_are_retried() {
    let queue = Queue::new().await;
    let slow = queue.add(task("slow", Does::FailUntil(3))).await;
    let hopeless = queue.add(task("hopeless", Does::FailForGood)).await;
    let _worker = queue.worker();
    let job = queue.becomes(slow, JobStatus::Completed).await;
    assert_eq!((job.attempts, job.error, job.outcome), (3, None, Some(Outcome::Ok)));
    let job = queue.becomes(hopeless, JobStatus::Failed).await;
    assert_eq!((job.attempts, job.outcome), (1, Some(Outcome::RefusedAddress)));
    assert_eq!(job.error.as_deref(), Some("it is no public address"));
}

#[tokio::test]
async fn a_lock_that_another_transaction_holds_costs_no_attempt() {
    let queue = Queue::new().await;
    let (holder, watcher) = (queue.database.client().await, queue.database.client().await);
    let brief = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = 50', current_database()); END $$";
    watcher.batch_execute(brief).await.unwrap();
    let tenant = queue.tenant;
    holder
        .batch_execute(&format!(
            "BEGIN; INSERT INTO domains (tenant_id, domain) VALUES ('{tenant}', 'shop.test')"
        ))
        .await
        .unwrap();
    let id = queue.add(task("shop.test", Does::Write)).await;
    let _worker = queue.worker();
    let waits = "SELECT query_start::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let mut seen = HashSet::new();
    // More often than the job has attempts.
    while seen.len() < 5 {
        let rows = watcher.query(waits, &[]).await.unwrap();
        seen.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    }
    holder.batch_execute("ROLLBACK").await.unwrap();
    let job = queue.becomes(id, JobStatus::Completed).await;
    assert_eq!((job.attempts, job.outcome), (1, Some(Outcome::Ok)));
}

#[tokio::test]
async fn retries_wait_for_their_time() {
    let queue = Queue::new().await;
    let id = queue.add(task("waits", Does::Fail)).await;
    let _worker = queue.worker_with(|config| jobs::JobsConfig {
        retry_base: Duration::from_secs(3600),
        retry_cap: Duration::from_secs(3600),
        ..config
    });
    eventually("an attempt failed", async || queue.job(id).await.outcome.is_some()).await;
    let job = queue.job(id).await;
    assert_eq!((job.status, job.attempts), (JobStatus::Pending, 1));
    let wait = job.run_at - job.updated_at;
    assert!((0..=3600).contains(&wait.num_seconds()), "{wait}");
}

#[tokio::test]
async fn a_panic_fails_its_attempt_only() {
    let queue = Queue::new().await;
    let panics = queue.add(task("panics", Does::Panic)).await;
    let blocking = queue.add(task("blocking", Does::PanicBlocking)).await;
    let _worker = queue.worker();
    for id in [panics, blocking] {
        let job = queue.becomes(id, JobStatus::Failed).await;
        assert_eq!((job.attempts, job.outcome), (3, Some(Outcome::Internal)));
        assert!(!job.error.unwrap().contains("as asked"));
    }
    let after = queue.add(task("after.test", Does::Write)).await;
    queue.becomes(after, JobStatus::Completed).await;
}

#[tokio::test]
async fn a_job_is_cancelled_while_it_waits_and_while_it_runs() {
    let queue = Queue::new().await;
    let waiting = queue.add(task("waiting", Does::Write)).await;
    assert_eq!(queue.cancel(waiting).await.status, JobStatus::Cancelled);
    let worker = queue.worker();
    let running = queue.add(task("running.test", Does::HoldTransaction)).await;
    eventually("it runs", async || queue.probe.runs_of("running.test") == 1).await;
    assert_eq!(queue.cancel(running).await.status, JobStatus::Running);
    let job = queue.becomes(running, JobStatus::Cancelled).await;
    assert!(job.completed_at.is_some() && job.lease_token.is_none());
    assert!(!queue.has_domain("running.test").await);
    assert_eq!(queue.probe.runs_of("waiting"), 0);
    assert_eq!(worker.end().await.snapshot().cancelled, 1);
}

/// A kind that no worker of the test knows.
#[derive(Serialize, Deserialize)]
struct Stranger;

impl BackgroundJob for Stranger {
    type Services = Probe;
    const KIND: &'static str = "stranger";

    async fn run(&self, ctx: JobContext<Probe>) -> Result<Finished, JobError> {
        ctx.finish(ctx.tenant().await?, Outcome::Ok, "done", "").await
    }
}

#[tokio::test]
async fn unknown_kinds_are_left_alone_and_unreadable_payloads_fail() {
    let queue = Queue::new().await;
    let options = EnqueueOptions::default();
    let stranger = queue.add_for(queue.tenant, &Stranger, options).await;
    let unreadable = queue.add(task("x", Does::Nothing)).await;
    queue
        .sql("UPDATE jobs SET payload = '{\"does\": \"Nothing\"}' WHERE kind = 'task'")
        .await;
    let _worker = queue.worker();
    let job = queue.becomes(unreadable, JobStatus::Failed).await;
    assert_eq!((job.attempts, job.outcome), (1, Some(Outcome::Internal)));
    let error = job.error.unwrap();
    assert!(
        error.contains("\"task\"") && error.contains("missing field `name`"),
        "{error}"
    );
    let stranger = queue.job(stranger).await;
    assert_eq!((stranger.status, stranger.attempts), (JobStatus::Pending, 0));
}

#[tokio::test]
async fn progress_is_written_at_every_step() {
    let queue = Queue::new().await;
    let id = queue.add(task("reports.test", Does::Report)).await;
    let _worker = queue.worker();
    eventually("the second step", async || {
        queue.job(id).await.progress_step.as_deref() == Some("second")
    })
    .await;
    let job = queue.job(id).await;
    // Steps that follow too quickly are skipped.
    assert_eq!(
        (job.progress_message.as_deref(), job.progress),
        (Some("begins"), Some(0.5))
    );
    queue.probe.open("reports.test");
    queue.becomes(id, JobStatus::Completed).await;
}

#[tokio::test]
async fn no_connection_is_held_while_jobs_work() {
    let queue = Queue::new().await;
    let _worker = queue.worker_with(|config| jobs::JobsConfig { workers: 20, ..config });
    for _ in 0..20 {
        queue.add(task("slow.test", Does::WriteAtGate)).await;
    }
    eventually("all run", async || queue.probe.runs_of("slow.test") == 20).await;
    let in_transaction = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
    let client = queue.database.client().await;
    eventually("no transaction is open", async || {
        client.query(in_transaction, &[]).await.unwrap().is_empty()
    })
    .await;
    queue.probe.open("slow.test");
}
