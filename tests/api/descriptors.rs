//! A process that has as many files and connections open as it may.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::support::database::{TestDatabase, eventually};
use crate::support::program::{Program, Running};
use crate::support::site::{Reply, Site};

/// The limits on open files of a process: the soft and the hard one.
fn limits_of(process: &Running) -> (u64, u64) {
    let limits = fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let mut numbers = line.split_whitespace().filter_map(|word| word.parse().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// Sets the soft limit of a running process.
fn limit(process: &Running, files: u64) {
    let status = Command::new("prlimit")
        .args(["--pid", &process.id().to_string(), &format!("--nofile={files}:")])
        .status()
        .unwrap();
    assert!(status.success());
}

async fn shop() -> Site {
    Site::start(|path| match path {
        "/" => Reply::html("<title>A shop</title>"),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_without_descriptors_fails_no_job() {
    let database = TestDatabase::new().await;
    let site = shop().await;
    let mut program = Program::new(database.url(), &site);
    program.set("SCRAPERSKY_RETRY_CAP_SECONDS", "0.5");
    let key = program.run(&["keys", "create", "--name", "test"]);
    let (_server, api) = program
        .serve(&["--workers", "0"], key.lines().last().unwrap().trim())
        .await;
    let worker = program.start(&["worker", "--workers", "2"]);
    // The first scan opens what is opened once.
    let scan = async |name: &str| {
        let accepted = api.post("/api/v1/scrapersky", &json!({ "base_url": name })).await;
        accepted["status_url"].as_str().unwrap().to_owned()
    };
    let first = scan("first.bench.test").await;
    eventually("a scan completes", async || {
        api.get(&first).await.1["status"] == "completed"
    })
    .await;
    let (soft, hard) = limits_of(&worker);
    assert_eq!(soft, hard, "the soft limit was not raised");

    // Of all open files, one may be closed and opened again.
    limit(&worker, 8);
    let urls = [
        scan("a.bench.test").await,
        scan("b.bench.test").await,
        scan("no.such.name.test").await,
    ];
    eventually("each scan waits for descriptors", async || {
        let mut waiting = 0;
        for url in &urls {
            let job = api.get(url).await.1;
            waiting += usize::from(
                job["error"]
                    .as_str()
                    .is_some_and(|error| error.contains("too many files")),
            );
        }
        waiting == urls.len()
    })
    .await;
    let client = database.client().await;
    let attempts =
        "SELECT max(attempts), count(*) FILTER (WHERE status = 'failed') FROM jobs WHERE completed_at IS NULL";
    let row = client.query_one(attempts, &[]).await.unwrap();
    let (attempts, failed): (i32, i64) = (row.get(0), row.get(1));
    assert!(attempts <= 1, "{attempts} attempts were counted");
    assert_eq!(failed, 0);

    limit(&worker, hard);
    eventually("the scans complete", async || {
        api.get(&urls[0]).await.1["status"] == "completed" && api.get(&urls[1]).await.1["status"] == "completed"
    })
    .await;
    eventually("a name that does not resolve is told as such", async || {
        let job = api.get(&urls[2]).await.1;
        job["error"]
            .as_str()
            .is_some_and(|error| error.contains("does not resolve"))
    })
    .await;
}
