//! Processes that are killed while runs are due.

use jobs::Quotas;
use rand::RngExt;

use super::{daily, runs, scheduler, shown, time};
use crate::support::app::TestApp;
use crate::support::database::eventually;
use crate::support::extent;
use crate::support::program::Program;
use crate::support::site::{Reply, Site};

#[tokio::test]
async fn a_run_that_was_cut_before_its_commit_is_started_by_another() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let schedule = daily(&acme, "a.bench.test").await;
    let due = time(&schedule["next_run_at"]);
    let id = uuid::Uuid::parse_str(schedule["id"].as_str().unwrap()).unwrap().into();
    let mut cut = acme.agency.open().await;
    let locked = database::repo::schedules::due::lock(&mut cut, id, due).await.unwrap();
    assert!(locked.is_some());
    database::repo::schedules::due::advance(&mut cut, id, due + chrono::TimeDelta::days(1))
        .await
        .unwrap();
    // While it lasts, others pass it by.
    let other = scheduler(&app, Quotas::default());
    assert_eq!(other.start_due(due).await.unwrap(), 0);
    drop(cut);
    eventually("another one starts it", async || {
        other.start_due(due).await.unwrap() == 1
    })
    .await;
    assert_eq!(runs(&acme, &schedule).await.len(), 1);
    assert!(time(&shown(&acme, &schedule).await["next_run_at"]) > due);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_workers_cost_no_run_and_repeat_none() {
    let count = extent::of(200, 40);
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|_| Reply::new("404 Not Found", &[], "")).await;
    for number in 0..count {
        daily(&acme, &format!("d{number}.bench.test")).await;
    }
    // Due one after the other within four seconds.
    app.sql(&format!(
        "UPDATE schedules s SET next_run_at = now() + make_interval(secs => 4.0 * n.n / {count})
         FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM schedules) n WHERE n.id = s.id"
    ))
    .await;
    let program = Program::new(app.agencies().database.url(), &site);
    let mut running = [program.start(&["worker"]), program.start(&["worker"])];
    let ended = async || app.count("SELECT count(*) FROM schedule_runs").await;
    for kill in 1..=4 {
        let reached = i64::try_from(count).unwrap() * kill / 5;
        eventually("some are started", async || ended().await >= reached).await;
        let victim = rand::rng().random_range(0..2);
        std::mem::replace(&mut running[victim], program.start(&["worker"])).kill();
    }
    eventually("all are started", async || {
        ended().await >= i64::try_from(count).unwrap()
    })
    .await;
    // The last one may not have begun to look for signals.
    for worker in running {
        worker.kill();
    }
    for (what, sql) in [
        ("runs", "SELECT count(*) FROM schedule_runs WHERE outcome = 'started'"),
        ("schedules", "SELECT count(DISTINCT schedule_id) FROM schedule_runs"),
        (
            "next runs",
            "SELECT count(*) FROM schedules WHERE next_run_at > now() + interval '23 hours'",
        ),
        ("events", "SELECT count(*) FROM events WHERE kind = 'schedule.fired'"),
        ("jobs", "SELECT count(*) FROM jobs WHERE kind = 'sitemap_scan'"),
    ] {
        assert_eq!(app.count(sql).await, i64::try_from(count).unwrap(), "{what}");
    }
}
