//! The order of jobs and their distribution to workers.

use std::time::{Duration, Instant};

use database::models::enums::JobStatus;
use jobs::{EnqueueOptions, Submission, Waker};

use crate::support::database::eventually;
use crate::support::workers::{Does, Queue, task};

#[tokio::test]
async fn a_tenant_with_many_jobs_does_not_hold_up_another_with_one() {
    let queue = Queue::new().await;
    let many: Vec<_> = (0..200)
        .map(|number| task(format!("many {number}"), Does::Nothing))
        .collect();
    let mut conn = queue.pool.tenant(queue.tenant).await.unwrap();
    let made = Submission::of_operator(&mut conn)
        .enqueue_many(&many, &EnqueueOptions::default())
        .await
        .unwrap();
    conn.commit().await.unwrap();
    assert_eq!(made.len(), 200);
    let small = queue.tenant("small").await;
    queue
        .add_for(small, &task("one", Does::Nothing), EnqueueOptions::default())
        .await;
    let _worker = queue.worker();
    eventually("it ran", async || queue.probe.runs_of("one") == 1).await;
    let runs = queue.probe.runs();
    let place = runs.iter().position(|(name, _)| name == "one").unwrap();
    assert!(place < 10, "it was number {place}");
}

#[tokio::test]
async fn two_workers_run_two_hundred_jobs_once_each() {
    let queue = Queue::new().await;
    let many: Vec<_> = (0..200)
        .map(|number| task(format!("n{number}.test"), Does::Write))
        .collect();
    let mut conn = queue.pool.tenant(queue.tenant).await.unwrap();
    Submission::of_operator(&mut conn)
        .enqueue_many(&many, &EnqueueOptions::default())
        .await
        .unwrap();
    conn.commit().await.unwrap();
    let (one, other) = (queue.worker(), queue.worker());
    let completed = || one.stats.snapshot().completed + other.stats.snapshot().completed;
    eventually("all completed", async || completed() == 200).await;
    let mut runs = queue.probe.runs();
    runs.sort();
    runs.dedup();
    assert_eq!((runs.len(), queue.probe.runs().len()), (200, 200));
}

#[tokio::test]
async fn jobs_run_by_priority_and_only_when_due() {
    let queue = Queue::new().await;
    let with = |priority, run_at| EnqueueOptions {
        priority,
        run_at,
        ..EnqueueOptions::default()
    };
    let later = chrono::Utc::now() + chrono::Duration::hours(1);
    for (name, options) in [
        ("ordinary", with(None, None)),
        ("urgent", with(Some(5), None)),
        ("later", with(Some(9), Some(later))),
    ] {
        queue.add_for(queue.tenant, &task(name, Does::Nothing), options).await;
    }
    let _worker = queue.worker_with(|config| jobs::JobsConfig { workers: 1, ..config });
    eventually("two ran", async || queue.probe.runs().len() == 2).await;
    let names: Vec<_> = queue.probe.runs().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["urgent", "ordinary"]);
}

#[tokio::test]
async fn unfinished_jobs_are_deduplicated() {
    let queue = Queue::new().await;
    let first = queue.add(task("only:shop", Does::Nothing)).await;
    assert_eq!(queue.add(task("only:shop", Does::Nothing)).await, first);
    let (shop, other) = (task("only:shop", Does::Nothing), task("only:other", Does::Nothing));
    let both = [other.clone(), shop, other];
    let mut conn = queue.pool.tenant(queue.tenant).await.unwrap();
    let queued = Submission::of_operator(&mut conn)
        .enqueue_many(&both, &EnqueueOptions::default())
        .await
        .unwrap();
    conn.commit().await.unwrap();
    let [other, shop, again] = queued.as_slice() else {
        panic!("{queued:?}")
    };
    assert_eq!((shop.job.job_id, shop.is_new), (first, false));
    assert!(other.is_new && other.job.job_id == again.job.job_id);
    let _worker = queue.worker();
    queue.becomes(first, JobStatus::Completed).await;
    assert_ne!(queue.add(task("only:shop", Does::Nothing)).await, first);
}

#[tokio::test]
async fn a_notification_wakes_a_worker_that_polls_rarely() {
    let queue = Queue::new().await;
    let worker = queue.worker_with(|config| jobs::JobsConfig {
        poll: Duration::from_secs(60),
        ..config
    });
    // It polls once more after it has started to listen.
    let client = queue.database.client().await;
    let listens = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    eventually("it listens", async || {
        client.query_opt(listens, &[]).await.unwrap().is_some()
    })
    .await;
    let elsewhere = Waker::new(queue.pool.clone());
    for waker in [elsewhere, worker.waker.clone()] {
        let begun = Instant::now();
        let id = queue.add(task("wake.test", Does::Write)).await;
        waker.wake();
        queue.becomes(id, JobStatus::Completed).await;
        // Long before the next poll.
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    }
}
