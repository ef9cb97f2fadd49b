//! Events over HTTP, as a list and as a stream.

use std::collections::HashMap;
use std::time::Duration;

use database::models::enums::EventKind;
use database::models::event::EventPosition;
use database::repo::jobs;
use database::repo::paging::Position;
use rand::RngExt;
use rocket::http::Header;
use rocket::local::asynchronous::LocalResponse;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;

use super::{batch, scan};
use crate::support::app::{Holder, TestApp};
use crate::support::database::TestDatabase;
use crate::support::program::Program;
use crate::support::site::Site;
use crate::support::tenants::{Agency, new_job, pool_at};

/// An open stream of events.
struct Stream<'a>(Lines<BufReader<LocalResponse<'a>>>);

impl<'a> Stream<'a> {
    /// Opens a stream behind an event; without one, it begins with what happens from now on.
    async fn open(app: &'a TestApp, holder: &Holder<'_>, path: &str, last: Option<&str>) -> Self {
        let mut request = app.client().get(path.to_owned());
        request.add_header(Header::new("Accept", "text/event-stream"));
        request.add_header(Header::new("Authorization", format!("Bearer {}", holder.key)));
        if let Some(last) = last {
            request.add_header(Header::new("Last-Event-ID", last.to_owned()));
        }
        let response = request.dispatch().await;
        assert_eq!(response.status().code, 200);
        assert_eq!(response.content_type().unwrap().to_string(), "text/event-stream");
        Self(BufReader::new(response).lines())
    }

    /// Returns the next event; `None` at the end.
    async fn next(&mut self) -> Option<Value> {
        let mut fields = HashMap::new();
        while let Some(line) = self.0.next_line().await.unwrap() {
            if let Some((name, value)) = line.split_once(':') {
                fields.insert(name.to_owned(), value.trim_start().to_owned());
            } else if let Some(data) = fields.get("data") {
                let event: Value = serde_json::from_str(data).unwrap();
                assert_eq!(event["id"], fields["id"]);
                assert_eq!(event["kind"], fields["event"]);
                return Some(event);
            } else {
                fields.clear();
            }
        }
        None
    }
}

/// The id of an event in front of all others.
fn start() -> String {
    EventPosition::before(0).cursor().unwrap()
}

/// How much a proof does: less unless it goes all the way.
struct Extent {
    cuts: usize,
    events: usize,
    writers: usize,
}

fn extent() -> Extent {
    if crate::support::extent::is_full() {
        Extent {
            cuts: 200,
            events: 5000,
            writers: 8,
        }
    } else {
        Extent {
            cuts: 20,
            events: 400,
            writers: 4,
        }
    }
}

/// Writes events in transactions that last for different times, so that they are committed in another order than they began.
async fn write(agency: &Agency, count: usize) {
    for _ in 0..count {
        let mut conn = agency.open().await;
        jobs::enqueue(&mut conn, &new_job("written")).await.unwrap();
        let pause = Duration::from_millis(rand::rng().random_range(0..8));
        tokio::time::sleep(pause).await;
        conn.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_misses_no_event_and_doubles_none() {
    let Extent { cuts, events, writers } = extent();
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let pool = pool_at(app.agencies().database.url(), writers);
    let writing = (0..writers).map(|_| {
        let agency = Agency {
            pool: pool.clone(),
            id: acme.agency.id,
        };
        tokio::spawn(async move { write(&agency, events / writers).await })
    });
    let writing: Vec<_> = writing.collect();

    let (mut seen, mut last, mut made) = (Vec::new(), start(), 0);
    while seen.len() < events {
        let mut stream = Stream::open(&app, &acme, "/api/v1/events?kind=job.queued", Some(&last)).await;
        let most = rand::rng().random_range(1..=2 * events / cuts);
        for _ in 0..most.min(events - seen.len()) {
            let event = stream.next().await.expect("the server cuts no stream");
            last = event["id"].as_str().unwrap().to_owned();
            seen.push(event["job_id"].as_str().unwrap().replace("scan_", ""));
        }
        made += 1;
    }
    for writer in writing {
        writer.await.unwrap();
    }
    let client = app.agencies().database.client().await;
    let stored = "SELECT replace(job_id::text, '-', '') FROM events WHERE kind = 'job.queued' ORDER BY clock, id";
    let stored: Vec<String> = client
        .query(stored, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(made > cuts / 2, "{made} streams");
    assert_eq!(seen.len(), stored.len());
    assert_eq!(seen, stored);
}

#[tokio::test]
async fn a_stream_shows_what_happens_to_its_tenant_from_now_on() {
    let app = TestApp::new().await;
    let (acme, bolt) = (app.agency("acme").await, app.agency("bolt").await);
    scan(&acme, "before.test").await;
    // Once it is read, it is past.
    while events(&acme, "").await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut stream = Stream::open(&app, &acme, "/api/v1/events", None).await;
    let first = stream.0.next_line().await.unwrap();
    assert_eq!(first.as_deref(), Some("retry:2000"));
    // The stream has begun when it shows an event; until then scans may come before its beginning.
    let mut scans = Vec::new();
    let event = loop {
        scan(&bolt, &format!("bolt{}.test", scans.len())).await;
        scans.push(scan(&acme, &format!("acme{}.test", scans.len())).await);
        if let Ok(event) = tokio::time::timeout(Duration::from_secs(2), stream.next()).await {
            break event.unwrap();
        }
    };
    assert_eq!(event["kind"], "job.queued");
    assert!(scans.iter().any(|scan| event["job_id"] == *scan), "{event}");
}

/// Returns whether a stream over a connection of its own shows an event before it ends.
async fn shows_an_event(address: &str, key: &str, last: &str) -> bool {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\nAuthorization: Bearer {key}\r\nLast-Event-ID: {last}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while stream.read_buf(&mut answer).await.unwrap() > 0 {
        let text = String::from_utf8_lossy(&answer);
        if text.contains("event:job.queued") {
            return true;
        }
        if text.ends_with("0\r\n\r\n") {
            return false;
        }
    }
    false
}

#[tokio::test]
async fn more_streams_than_may_wait_for_a_connection_begin_at_once() {
    let db = TestDatabase::new().await;
    let program = Program::new(db.url(), &Site::canary().await);
    let key = program.run(&["keys", "create", "--name", "follower"]);
    let (_server, api) = program.serve(&["--workers", "0"], &key).await;
    api.post("/api/v1/scrapersky", &json!({ "base_url": "a.test" })).await;
    let begin = start();
    let shown = (0..200).map(|_| shows_an_event(api.address(), &key, &begin));
    let shown = futures_util::future::join_all(shown).await;
    assert_eq!(shown.iter().filter(|shown| **shown).count(), 200);
}

#[tokio::test]
async fn a_jobs_stream_begins_with_its_first_event() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let (other, id) = (scan(&acme, "a.test").await, scan(&acme, "b.test").await);
    let path = format!("/api/v1/jobs/{id}/events");
    let mut stream = Stream::open(&app, &acme, &path, None).await;
    assert_eq!(stream.next().await.unwrap()["job_id"], *id);
    for id in [&other, &id] {
        let answer = acme.post(&format!("/api/v1/jobs/{id}/cancel"), json!({})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let event = stream.next().await.unwrap();
    assert_eq!((&event["kind"], &event["job_id"]), (&json!("job.ended"), &json!(id)));
    assert_eq!(event["data"]["status"], "cancelled");
}

/// Returns the events with this query.
async fn events(holder: &Holder<'_>, query: &str) -> Vec<Value> {
    let answer = holder.get(&format!("/api/v1/events?{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn events_are_read_behind_the_last_one_and_by_batch() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    scan(&acme, "single.test").await;
    let batch = batch(&acme, &["a.test", "b.test"]).await;
    let all = loop {
        let all = events(&acme, "").await;
        if all.len() == 3 {
            break all;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let first = all[0]["id"].as_str().unwrap();
    assert_eq!(events(&acme, &format!("cursor={first}")).await, all[1..]);
    assert_eq!(events(&acme, &format!("batch_id={batch}")).await, all[1..]);
    assert!(events(&acme, "kind=job.ended,batch.done").await.is_empty());
    assert_eq!(events(&acme, "limit=1").await, all[..1]);
}

#[tokio::test]
async fn what_is_no_place_of_an_event_is_refused() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let answer = acme.get("/api/v1/events?kind=job.lost").await;
    let detail = answer.body["detail"].as_str().unwrap();
    assert_eq!(answer.status, 400);
    assert!(detail.ends_with(&EventKind::LABELS.join(", ")), "{detail}");
    let mut request = app.client().get("/api/v1/events");
    request.add_header(Header::new("Accept", "text/event-stream"));
    request.add_header(Header::new("Authorization", format!("Bearer {}", acme.key)));
    request.add_header(Header::new("Last-Event-ID", "7"));
    assert_eq!(request.dispatch().await.status().code, 400);
}

#[tokio::test]
async fn a_stream_ends_when_its_key_is_revoked() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let mut stream = Stream::open(&app, &acme, "/api/v1/events", None).await;
    app.sql("UPDATE api_keys SET revoked_at = now()").await;
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_stream_ends_with_the_server() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let mut stream = Stream::open(&app, &acme, "/api/v1/events", None).await;
    app.client().rocket().shutdown().notify();
    assert_eq!(stream.next().await, None);
}
