//! Events: what is written, and that readers miss none.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use database::ids::{BatchId, JobId};
use database::models::enums::{EventKind, Outcome};
use database::models::event::{Event, EventPosition};
use database::models::job::NewJob;
use database::models::values::RawJson;
use database::repo::events::{self, EventFilter};
use database::repo::jobs::queue;
use database::repo::paging::Paging;
use database::repo::{batches, jobs};
use serde_json::{Value, json};

use super::probes::new::new_batch;
use super::queue::{LEASE, claim, lease};
use crate::support::tenants::{Agencies, Agency, new_job};

/// Returns the events that match, once there are `count`: transactions of other tests on the same server hold them back.
async fn read(agency: &Agency, filter: &EventFilter, count: usize) -> Vec<Event> {
    loop {
        let found = agency
            .run(async |conn| events::list(conn, filter, &Paging::default()).await)
            .await;
        if found.len() >= count {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn of_job(id: JobId) -> EventFilter {
    EventFilter {
        job: Some(id),
        ..EventFilter::default()
    }
}

fn of_batch(id: BatchId, kind: EventKind) -> EventFilter {
    EventFilter {
        kinds: vec![kind],
        batch: Some(id),
        ..EventFilter::default()
    }
}

fn data(event: &Event) -> Value {
    event.data.parse().unwrap()
}

#[tokio::test]
async fn each_step_of_a_job_is_an_event() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let job = acme.job("scan").await;
    let first = lease(&claim(&agencies, &["scan"], 1).await[0]);
    agencies.system(async |conn| queue::release(conn, &[first]).await).await;
    let second = lease(&claim(&agencies, &["scan"], 1).await[0]);
    let client = agencies.database.client().await;
    // The second report is made in a second that was told of.
    for (done, last) in [(0.1, "-10 s"), (0.2, "10 s")] {
        let told = format!("UPDATE jobs SET updated_at = now() + interval '{last}'");
        client.batch_execute(&told).await.unwrap();
        acme.run(async |conn| queue::report(conn, second, done, "fetch", "page 1").await)
            .await;
    }
    let result = RawJson::from(json!({}));
    acme.run(async |conn| queue::finish(conn, second, Outcome::OkEmpty, "done", &result).await)
        .await;

    let found = read(&acme, &of_job(job.job_id), 6).await;
    let kinds: Vec<_> = found.iter().map(|event| event.kind.label()).collect();
    let expected = [
        "job.queued",
        "job.begun",
        "job.queued",
        "job.begun",
        "job.progressed",
        "job.ended",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(data(&found[1]), json!({ "job_kind": "scan", "attempt": 1 }));
    let progress = json!({ "job_kind": "scan", "progress": 0.1, "step": "fetch", "message": "page 1" });
    assert_eq!(data(&found[4]), progress);
    assert_eq!(
        data(&found[5]),
        json!({ "job_kind": "scan", "status": "completed", "outcome": "ok_empty" })
    );
    assert!(found.is_sorted_by_key(Event::position));
}

#[tokio::test]
async fn an_event_that_is_committed_late_is_not_missed() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let mut late = acme.open().await;
    let first = jobs::enqueue(&mut late, &new_job("late")).await.unwrap().job;
    let second = acme.job("early").await;
    let seen = acme
        .run(async |conn| events::list(conn, &EventFilter::default(), &Paging::default()).await)
        .await;
    assert_eq!(seen, [], "a reader would resume behind it");
    late.commit().await.unwrap();
    let found = read(&acme, &EventFilter::default(), 2).await;
    let ids: Vec<_> = found.iter().filter_map(|event| event.job_id).collect();
    assert_eq!(ids, [first.job_id, second.job_id]);
}

#[tokio::test]
async fn a_batch_is_done_when_its_last_job_has_ended_and_once_more_after_a_retry() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let batch = acme
        .run(async |conn| batches::insert(conn, &new_batch("scan")).await)
        .await
        .batch_id;
    let joined = acme.job("other").await;
    let of_batch_job = NewJob {
        batch_id: Some(batch),
        ..new_job("scan")
    };
    let own = acme
        .run(async |conn| jobs::enqueue(conn, &of_batch_job).await)
        .await
        .job;
    acme.run(async |conn| batches::join(conn, batch, &[joined.job_id]).await)
        .await;
    let note = async || agencies.system(async |conn| batches::note_done(conn, 10).await).await;
    for id in [own.job_id, joined.job_id] {
        assert_eq!(note().await, 0);
        acme.run(async |conn| jobs::cancel(conn, id).await).await;
    }
    assert_eq!((note().await, note().await), (1, 0));

    acme.run(async |conn| jobs::retry(conn, own.job_id).await).await;
    assert_eq!(note().await, 0);
    acme.run(async |conn| jobs::cancel(conn, own.job_id).await).await;
    assert_eq!((note().await, note().await), (1, 0));
    assert_eq!(read(&acme, &of_batch(batch, EventKind::BatchDone), 2).await.len(), 2);
}

#[tokio::test]
async fn all_jobs_of_a_statement_have_their_events() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let many: Vec<_> = (0..100).map(|_| new_job("scan")).collect();
    acme.run(async |conn| jobs::enqueue_many(conn, &many).await).await;
    let claimed = agencies
        .system(async |conn| queue::claim(conn, "worker", &["scan"], 100, LEASE).await)
        .await;
    let ends: Vec<_> = claimed
        .iter()
        .map(|job| (lease(job), Outcome::Ok, RawJson::from(json!({}))))
        .collect();
    agencies
        .system(async |conn| queue::finish_many(conn, &ends).await)
        .await;
    for kind in [EventKind::JobQueued, EventKind::JobBegun, EventKind::JobEnded] {
        let filter = EventFilter {
            kinds: vec![kind],
            ..EventFilter::default()
        };
        assert_eq!(read(&acme, &filter, 100).await.len(), 100, "{kind:?}");
    }
}

#[tokio::test]
async fn old_events_are_deleted() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    for _ in 0..3 {
        acme.job("scan").await;
    }
    let old = "UPDATE events SET happened_at = happened_at - interval '2 days' WHERE id < (SELECT max(id) FROM events)";
    agencies.database.client().await.batch_execute(old).await.unwrap();
    let cutoff = Utc::now() - TimeDelta::days(1);
    for expected in [1, 1, 0] {
        let deleted = agencies
            .system(async |conn| events::delete_old(conn, cutoff, 1).await)
            .await;
        assert_eq!(deleted, expected);
    }
    assert_eq!(read(&acme, &EventFilter::default(), 1).await.len(), 1);
}

/// A dump that is restored on another server meets a lower counter of transactions there.
#[tokio::test]
async fn new_events_come_after_restored_ones() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    acme.job("before").await;
    let client = agencies.database.client().await;
    let restored = "UPDATE events SET clock = clock + 1000000; SELECT scrapersky_internal.secure()";
    client.batch_execute(restored).await.unwrap();
    let last = read(&acme, &EventFilter::default(), 1).await[0].position();
    let job = acme.job("after").await;
    let found = read(&acme, &of_job(job.job_id), 1).await;
    assert!(found[0].position() > last, "{:?} {last:?}", found[0]);
    let paging = Paging {
        limit: 10,
        after: Some(EventPosition::before(last.clock + 1)),
    };
    let behind = acme
        .run(async |conn| events::list(conn, &EventFilter::default(), &paging).await)
        .await;
    assert_eq!(behind, found);
}
