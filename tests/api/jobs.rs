//! The runner: an accepted job ends, completed means results, and nobody else's claim is written under.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use scrapersky::jobs::{BackgroundJob, EnqueueOptions, Finished, JobContext, JobError, Waker, enqueue_many};
use scrapersky::models::domain::NewDomain;
use scrapersky::models::enums::{JobStatus, Outcome};
use scrapersky::repo;
use serde::{Deserialize, Serialize};

use crate::support::cluster::Scratch;
use crate::support::database::eventually;
use crate::support::workers::{Does, Probe, Queue, exit_of, task, worker_command};

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
async fn a_failed_attempt_is_retried_until_the_last_and_its_error_stays() {
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
async fn what_fails_at_first_completes_in_the_end_and_what_cannot_is_not_tried_again() {
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
async fn the_wait_for_a_retry_is_kept() {
    let queue = Queue::new().await;
    let id = queue.add(task("waits", Does::Fail)).await;
    let _worker = queue.worker_with(|config| scrapersky::config::JobsConfig {
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
async fn a_panic_is_a_failed_attempt_and_others_go_on() {
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

#[tokio::test]
async fn a_job_whose_domain_was_deleted_is_cancelled_and_does_not_bring_it_back() {
    let queue = Queue::new().await;
    let delete = async |domain| {
        let mut conn = queue.pool.tenant(queue.tenant).await.unwrap();
        repo::domains::delete(&mut conn, domain).await.unwrap();
        conn.commit().await.unwrap();
    };
    let add = async |name: &str| {
        let mut conn = queue.pool.tenant(queue.tenant).await.unwrap();
        let new = NewDomain {
            domain: name,
            lead_source: None,
            created_by: None,
        };
        let domain = repo::domains::upsert(&mut conn, &new).await.unwrap().id;
        conn.commit().await.unwrap();
        let options = EnqueueOptions {
            domain_id: Some(domain),
            ..EnqueueOptions::default()
        };
        (
            domain,
            queue
                .add_for(queue.tenant, &task(name, Does::WriteToItsDomain), options)
                .await,
        )
    };
    // While it waits, and when it is tried once more.
    let (domain, waiting) = add("waiting.test").await;
    delete(domain).await;
    assert_eq!(queue.job(waiting).await.status, JobStatus::Cancelled);
    let mut conn = queue.pool.tenant(queue.tenant).await.unwrap();
    repo::jobs::retry(&mut conn, waiting).await.unwrap().unwrap();
    conn.commit().await.unwrap();
    let (running_domain, running) = add("running.test").await;
    let worker = queue.worker();
    eventually("both run", async || queue.probe.runs().len() == 2).await;
    // While it runs, and its worker has not heard of it: no heartbeat came between.
    delete(running_domain).await;
    for (name, job) in [("waiting.test", waiting), ("running.test", running)] {
        queue.probe.open(name);
        let job = queue.becomes(job, JobStatus::Cancelled).await;
        assert!(job.completed_at.is_some() && job.lease_token.is_none());
        assert!(!queue.has_domain(name).await, "{name} is back");
    }
    // One whose domain is there completes.
    let (_, kept) = add("kept.test").await;
    queue.probe.open("kept.test");
    queue.becomes(kept, JobStatus::Completed).await;
    worker.end().await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_writes_nothing() {
    let queue = Queue::new().await;
    let id = queue.add(task("stolen.test", Does::WriteAtGate)).await;
    // Beats too rarely to hear of the theft before the job ends.
    let worker = queue.worker_with(|config| scrapersky::config::JobsConfig {
        lease: Duration::from_secs(60),
        heartbeat: Duration::from_secs(20),
        workers: 1,
        ..config
    });
    queue.becomes(id, JobStatus::Running).await;
    queue
        .sql("UPDATE jobs SET lease_token = gen_random_uuid(), worker = 'thief'")
        .await;
    queue.probe.open("stolen.test");
    eventually("it noticed", async || worker.stats.snapshot().lost == 1).await;
    let job = queue.job(id).await;
    assert_eq!((job.status, job.worker.as_deref()), (JobStatus::Running, Some("thief")));
    assert!(!queue.has_domain("stolen.test").await);
}

#[tokio::test]
async fn a_lost_lease_stops_the_job_at_the_next_heartbeat() {
    let queue = Queue::new().await;
    let id = queue.add(task("stopped.test", Does::HoldTransaction)).await;
    let worker = queue.worker();
    queue.becomes(id, JobStatus::Running).await;
    queue
        .sql("UPDATE jobs SET lease_token = gen_random_uuid(), lease_expires_at = now() + interval '1 h'")
        .await;
    eventually("it stopped", async || {
        let stats = worker.stats.snapshot();
        (stats.lost, stats.running) == (1, 0)
    })
    .await;
    assert_eq!(queue.job(id).await.status, JobStatus::Running);
}

#[tokio::test]
async fn heartbeats_keep_a_job_that_takes_longer_than_its_lease() {
    let queue = Queue::new().await;
    let id = queue.add(task("long.test", Does::WriteAtGate)).await;
    let _worker = queue.worker();
    let _other = queue.worker();
    let first = queue.becomes(id, JobStatus::Running).await.lease_expires_at.unwrap();
    // Past the end of the first lease and one more: without beats the sweep had come by.
    eventually("it was extended", async || {
        queue.job(id).await.lease_expires_at.unwrap() > first + Duration::from_millis(1100)
    })
    .await;
    queue.probe.open("long.test");
    assert_eq!(queue.becomes(id, JobStatus::Completed).await.attempts, 1);
}

#[tokio::test]
async fn the_job_of_a_dead_worker_is_taken_over() {
    let queue = Queue::new().await;
    let id = queue.add(task("dead.test", Does::WriteAtGate)).await;
    let worker = queue.worker();
    queue.becomes(id, JobStatus::Running).await;
    drop(worker);
    let _other = queue.worker();
    eventually("it runs again", async || queue.probe.runs_of("dead.test") == 2).await;
    queue.probe.open("dead.test");
    assert_eq!(queue.becomes(id, JobStatus::Completed).await.attempts, 2);
    assert!(queue.has_domain("dead.test").await);
}

#[tokio::test]
async fn a_job_that_kills_its_worker_fails_after_exactly_its_attempts() {
    let queue = Queue::new().await;
    let id = queue.add(task("deadly", Does::Kill)).await;
    let mut deaths = 0;
    while queue.job(id).await.status != JobStatus::Failed {
        let mut child = worker_command(queue.database.url()).spawn().unwrap();
        loop {
            // Once it has failed nothing kills the process any more.
            if queue.job(id).await.status == JobStatus::Failed {
                child.kill().unwrap();
                child.wait().unwrap();
                break;
            }
            if let Some(status) = child.try_wait().unwrap() {
                assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
                deaths += 1;
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
    let job = queue.job(id).await;
    assert_eq!((deaths, job.attempts, job.outcome), (3, 3, Some(Outcome::Internal)));
    assert!(job.error.unwrap().contains("attempt 3 of 3"));
}

#[tokio::test]
async fn a_worker_that_was_stopped_past_its_lease_writes_nothing_later() {
    let queue = Queue::new().await;
    let folder = Scratch::new();
    let go = folder.path("go");
    let id = queue.add(task("late.test", Does::WriteOnce(go.clone()))).await;
    let mut child = worker_command(queue.database.url()).spawn().unwrap();
    let pid = Pid::from_raw(child.id().try_into().unwrap());
    queue.becomes(id, JobStatus::Running).await;
    kill(pid, Signal::SIGSTOP).unwrap();
    let other = queue.worker();
    eventually("another took over", async || queue.probe.runs_of("late.test") == 1).await;
    // Both may write now, if nothing keeps the late one from it.
    std::fs::write(&go, "").unwrap();
    kill(pid, Signal::SIGCONT).unwrap();
    assert!(exit_of(&mut child).await.success());
    let said = std::io::read_to_string(child.stdout.take().unwrap()).unwrap();
    assert!(said.contains("lost=1 completed=0"), "{said}");
    let job = queue.becomes(id, JobStatus::Completed).await;
    assert_eq!((job.attempts, job.worker.as_deref()), (2, Some(other.name.as_str())));
}

#[tokio::test]
async fn a_worker_that_ends_hands_its_jobs_back_at_once() {
    let queue = Queue::new().await;
    let id = queue.add(task("handed.test", Does::WriteAtGate)).await;
    let patient = |config| scrapersky::config::JobsConfig {
        lease: Duration::from_secs(60),
        poll: Duration::from_secs(60),
        ..config
    };
    let worker = queue.worker_with(patient);
    queue.becomes(id, JobStatus::Running).await;
    let _other = queue.worker_with(patient);
    let begun = Instant::now();
    let stats = worker.end().await.snapshot();
    assert_eq!((stats.released, stats.running), (1, 0));
    eventually("it runs elsewhere", async || queue.probe.runs_of("handed.test") == 2).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    queue.probe.open("handed.test");
    let job = queue.becomes(id, JobStatus::Completed).await;
    assert_eq!(job.attempts, 1, "an attempt that was handed back does not count");
}

#[tokio::test]
async fn running_jobs_may_end_within_the_grace() {
    let queue = Queue::new().await;
    let id = queue.add(task("grace.test", Does::WriteAtGate)).await;
    let worker = queue.worker_with(|config| scrapersky::config::JobsConfig {
        grace: Duration::from_secs(30),
        ..config
    });
    queue.becomes(id, JobStatus::Running).await;
    let (stats, ()) = tokio::join!(worker.end(), async {
        tokio::task::yield_now().await;
        queue.probe.open("grace.test");
    });
    assert_eq!(stats.snapshot().completed, 1);
    assert_eq!(queue.job(id).await.status, JobStatus::Completed);
}

#[tokio::test]
async fn a_tenant_with_many_jobs_does_not_hold_up_another_with_one() {
    let queue = Queue::new().await;
    let many: Vec<_> = (0..200)
        .map(|number| task(format!("many {number}"), Does::Nothing))
        .collect();
    let mut conn = queue.pool.tenant(queue.tenant).await.unwrap();
    let made = enqueue_many(&mut conn, &many, &EnqueueOptions::default())
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
    assert!(place < 10, "it came as number {place}");
}

#[tokio::test]
async fn two_workers_run_two_hundred_jobs_once_each() {
    let queue = Queue::new().await;
    let many: Vec<_> = (0..200)
        .map(|number| task(format!("n{number}.test"), Does::Write))
        .collect();
    let mut conn = queue.pool.tenant(queue.tenant).await.unwrap();
    enqueue_many(&mut conn, &many, &EnqueueOptions::default())
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
async fn higher_priority_comes_first_and_what_is_not_due_waits() {
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
    let _worker = queue.worker_with(|config| scrapersky::config::JobsConfig { workers: 1, ..config });
    eventually("two ran", async || queue.probe.runs().len() == 2).await;
    let names: Vec<_> = queue.probe.runs().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["urgent", "ordinary"]);
}

#[tokio::test]
async fn one_unfinished_job_does_the_same_work() {
    let queue = Queue::new().await;
    let first = queue.add(task("only:shop", Does::Nothing)).await;
    assert_eq!(queue.add(task("only:shop", Does::Nothing)).await, first);
    let both = [task("only:shop", Does::Nothing), task("only:other", Does::Nothing)];
    let mut conn = queue.pool.tenant(queue.tenant).await.unwrap();
    let made = enqueue_many(&mut conn, &both, &EnqueueOptions::default())
        .await
        .unwrap();
    conn.commit().await.unwrap();
    assert_eq!(made.len(), 1);
    let _worker = queue.worker();
    queue.becomes(first, JobStatus::Completed).await;
    assert_ne!(queue.add(task("only:shop", Does::Nothing)).await, first);
}

/// A kind that no worker here knows.
#[derive(Serialize, Deserialize)]
struct Stranger;

impl BackgroundJob for Stranger {
    type Services = Probe;
    const KIND: &'static str = "stranger";

    async fn run(&self, ctx: JobContext<Probe>) -> Result<Finished, JobError> {
        ctx.finish(ctx.tenant().await?, Outcome::Ok, "").await
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
async fn jobs_outlive_a_database_that_closes_every_connection() {
    let queue = Queue::new().await;
    let held = queue.add(task("held.test", Does::WriteAtGate)).await;
    // Long enough not to be lost by the interruption.
    let worker = queue.worker_with(|config| scrapersky::config::JobsConfig {
        lease: Duration::from_secs(30),
        ..config
    });
    queue.becomes(held, JobStatus::Running).await;
    for round in 0..3 {
        queue
            .sql(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await;
        let next = loop {
            // The test's own pool was cut off as well.
            let mut conn = queue.pool.tenant(queue.tenant).await.unwrap();
            let next = task(format!("r{round}.test"), Does::Write);
            if let Ok(queued) = scrapersky::jobs::enqueue(&mut conn, &next, &EnqueueOptions::default()).await {
                conn.commit().await.unwrap();
                break queued.job.job_id;
            }
        };
        queue.becomes(next, JobStatus::Completed).await;
    }
    queue.probe.open("held.test");
    assert_eq!(queue.becomes(held, JobStatus::Completed).await.attempts, 1);
    assert_eq!(worker.stats.snapshot().lost, 0);
}

#[tokio::test]
async fn a_notification_wakes_a_worker_that_polls_rarely() {
    let queue = Queue::new().await;
    let worker = queue.worker_with(|config| scrapersky::config::JobsConfig {
        poll: Duration::from_secs(60),
        ..config
    });
    // It looks once more when it has begun to listen.
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
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
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
    // What follows at once within a step is left out.
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
    let _worker = queue.worker_with(|config| scrapersky::config::JobsConfig { workers: 20, ..config });
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
