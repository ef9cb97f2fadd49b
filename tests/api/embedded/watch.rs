//! Server and worker start a private PostgreSQL again that has died under them.

use std::io::{BufRead, BufReader};
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use postgres::{Durability, EmbeddedOptions, EmbeddedPostgres, EmbeddedState};

use super::{state, wait_until};
use crate::support::cluster::Scratch;
use crate::support::database::eventually;
use crate::support::program::{Api, Program};

fn options(data_dir: &Path) -> EmbeddedOptions {
    EmbeddedOptions {
        data_dir: data_dir.to_owned(),
        pg_bin: None,
        durability: Durability::Durable,
    }
}

fn pid(options: &EmbeddedOptions) -> Option<i32> {
    match state(options) {
        EmbeddedState::Running { pid } => Some(pid),
        _ => None,
    }
}

/// What `/ready` answers.
async fn ready(api: &Api) -> (u16, String) {
    let (status, body) = api.get("/ready").await;
    (status, body["detail"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postmaster_that_is_killed_is_started_again_once_and_one_that_is_stopped_is_not() {
    let scratch = Scratch::new();
    let folder = scratch.path("pg");
    let options = options(&folder);
    let mut program = Program::bare();
    program.set("SCRAPERSKY_DATA_DIR", folder.to_str().unwrap());
    program.set("SCRAPERSKY_LOG", "error");
    let (_server, api) = program.serve(&[], "none").await;
    program.set("SCRAPERSKY_LOG", "info");
    let (_worker, _output, log) = program.watched(&["worker"]);
    let mut log = BufReader::new(log).lines();
    // A worker that still starts would start the server that is stopped below.
    assert!(log.any(|line| line.unwrap().contains("started: ")), "the worker ended");
    eventually("the server is ready", async || ready(&api).await.0 == 200).await;

    let first = pid(&options).unwrap();
    kill(Pid::from_raw(first), Signal::SIGKILL).unwrap();
    eventually("another PostgreSQL runs, and the server is ready", async || {
        pid(&options).is_some_and(|pid| pid != first) && ready(&api).await.0 == 200
    })
    .await;
    assert!(program.run(&["db", "status"]).contains("running"));

    EmbeddedPostgres::find(&options).unwrap().unwrap().stop().unwrap();
    eventually("/ready says that it was stopped", async || {
        let (status, reason) = ready(&api).await;
        status == 503 && reason.contains("scrapersky db start")
    })
    .await;
    assert_eq!(pid(&options), None, "a server that an operator stopped was started");
    program.run(&["db", "start"]);
    eventually("the server is ready again", async || ready(&api).await.0 == 200).await;
    let last = EmbeddedPostgres::find(&options).unwrap().unwrap();
    last.stop().unwrap();
    wait_until("nothing runs", || pid(&options).is_none());
}
