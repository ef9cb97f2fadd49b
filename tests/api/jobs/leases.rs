//! Leases of workers that die, pause or stop.

use std::time::{Duration, Instant};

use database::models::domain::NewDomain;
use database::models::enums::{JobStatus, Outcome};
use database::repo;
use jobs::{EnqueueOptions, Submission};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::cluster::Scratch;
use crate::support::database::eventually;
use crate::support::workers::{Does, Queue, exit_of, task, worker_command};

#[tokio::test]
async fn deleting_a_domain_cancels_its_jobs_for_good() {
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
    // While it waits, and when it is retried.
    let (domain, waiting) = add("waiting.test").await;
    delete(domain).await;
    assert_eq!(queue.job(waiting).await.status, JobStatus::Cancelled);
    let mut conn = queue.pool.tenant(queue.tenant).await.unwrap();
    repo::jobs::retry(&mut conn, waiting).await.unwrap().unwrap();
    conn.commit().await.unwrap();
    let (running_domain, running) = add("running.test").await;
    let worker = queue.worker();
    eventually("both run", async || queue.probe.runs().len() == 2).await;
    // While it runs, before a heartbeat informs its worker.
    delete(running_domain).await;
    for (name, job) in [("waiting.test", waiting), ("running.test", running)] {
        queue.probe.open(name);
        let job = queue.becomes(job, JobStatus::Cancelled).await;
        assert!(job.completed_at.is_some() && job.lease_token.is_none());
        assert!(!queue.has_domain(name).await, "{name} is back");
    }
    // A job whose domain exists completes.
    let (_, kept) = add("kept.test").await;
    queue.probe.open("kept.test");
    queue.becomes(kept, JobStatus::Completed).await;
    worker.end().await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_writes_nothing() {
    let queue = Queue::new().await;
    let id = queue.add(task("stolen.test", Does::WriteAtGate)).await;
    // Its heartbeats are too rare to notice the lost lease before the job ends.
    let worker = queue.worker_with(|config| jobs::JobsConfig {
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
    // Past the end of two leases: without heartbeats the sweep would have taken the job.
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
            // After it has failed, no more workers are killed.
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
async fn a_worker_paused_past_its_lease_writes_nothing() {
    let queue = Queue::new().await;
    let folder = Scratch::new();
    let go = folder.path("go");
    let id = queue.add(task("late.test", Does::WriteOnce(go.clone()))).await;
    let mut child = worker_command(queue.database.url()).spawn().unwrap();
    let pid = Pid::from_raw(child.id().try_into().unwrap());
    queue.becomes(id, JobStatus::Running).await;
    stop_outside_transactions(&queue, pid).await;
    let other = queue.worker();
    eventually("another took over", async || queue.probe.runs_of("late.test") == 1).await;
    // Both would write now, if nothing stopped the late one.
    std::fs::write(&go, "").unwrap();
    kill(pid, Signal::SIGCONT).unwrap();
    assert!(exit_of(&mut child).await.success());
    let said = std::io::read_to_string(child.stdout.take().unwrap()).unwrap();
    assert!(said.contains("lost=1 completed=0"), "{said}");
    let job = queue.becomes(id, JobStatus::Completed).await;
    assert_eq!((job.attempts, job.worker.as_deref()), (2, Some(other.name.as_str())));
}

/// Pauses the process outside transactions: paused within one, it would keep its job locked until PostgreSQL ends the
/// session (`idle_in_transaction_session_timeout`).
async fn stop_outside_transactions(queue: &Queue, pid: Pid) {
    eventually("it is paused outside a transaction", async || {
        kill(pid, Signal::SIGSTOP).unwrap();
        let open = "SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                    AND backend_type = 'client backend' AND state <> 'idle'";
        let client = queue.database.client().await;
        // A running statement completes first.
        let mut left = 1;
        for _ in 0..20 {
            left = client.query_one(open, &[]).await.unwrap().get::<_, i64>(0);
            if left == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if left > 0 {
            kill(pid, Signal::SIGCONT).unwrap();
        }
        left == 0
    })
    .await;
}

#[tokio::test]
async fn a_stopping_worker_hands_its_jobs_back_at_once() {
    let queue = Queue::new().await;
    let id = queue.add(task("handed.test", Does::WriteAtGate)).await;
    let patient = |config| jobs::JobsConfig {
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
    // Long before the next poll and the end of the lease.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    queue.probe.open("handed.test");
    let job = queue.becomes(id, JobStatus::Completed).await;
    assert_eq!(job.attempts, 1, "an attempt that was handed back does not count");
}

#[tokio::test]
async fn running_jobs_may_end_within_the_grace() {
    let queue = Queue::new().await;
    let id = queue.add(task("grace.test", Does::WriteAtGate)).await;
    let worker = queue.worker_with(|config| jobs::JobsConfig {
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
async fn jobs_outlive_a_database_that_closes_every_connection() {
    let queue = Queue::new().await;
    let held = queue.add(task("held.test", Does::WriteAtGate)).await;
    // Long enough to survive the interruption.
    let worker = queue.worker_with(|config| jobs::JobsConfig {
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
            // The test's own pool was disconnected too.
            let mut conn = queue.pool.tenant(queue.tenant).await.unwrap();
            let next = task(format!("r{round}.test"), Does::Write);
            let mut submission = Submission::of_operator(&mut conn);
            if let Ok(queued) = submission.enqueue(&next, &EnqueueOptions::default()).await {
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
