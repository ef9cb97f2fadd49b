//! Ctrl-C: what happens to the work, and what is left behind.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};

use nix::sys::signal::Signal;
use tokio::sync::watch;

use super::PAGE;
use crate::support::database::{TestDatabase, eventually};
use crate::support::program::Program;
use crate::support::site::{Reply, Site};

/// Returns a site whose home page waits until `true` is sent.
async fn gated_site() -> (watch::Sender<bool>, Site) {
    let (gate, opened) = watch::channel(false);
    let site = Site::start(move |path| match path {
        "/" => Reply::Held(opened.clone(), Reply::html(PAGE).into_bytes()),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    (gate, site)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_command_says_what_happens_to_the_work() {
    let database = TestDatabase::new().await;
    let (gate, site) = gated_site().await;
    let mut program = Program::new(database.url(), &site);
    // Not what the log says.
    program.set("SCRAPERSKY_LOG", "off");
    for (arguments, follow) in [
        (&["scan", "shop.bench.test"][..], "jobs list --batch-id "),
        (&["emails", "other.bench.test"], "jobs show "),
    ] {
        let seen = site.paths().iter().filter(|path| *path == "/").count();
        let (child, _out, errors) = program.watched(arguments);
        eventually("the home page is requested", async || {
            site.paths().iter().filter(|path| *path == "/").count() > seen
        })
        .await;
        child.signal(Signal::SIGINT);
        let mut lines = BufReader::new(errors).lines();
        let first = lines.next().unwrap().unwrap();
        assert!(
            first.starts_with("scrapersky: interrupted: ") && first.contains(follow),
            "{first}"
        );
        assert!(first.contains("when a worker runs (`scrapersky worker`)"), "{first}");
        let second = lines.next().unwrap().unwrap();
        assert!(second.contains("Ctrl-C once more ends at once"), "{second}");
        child.signal(Signal::SIGINT);
        // Without the second one, it waits for its job, whose site does not answer.
        let code = tokio::task::spawn_blocking(move || child.code()).await.unwrap();
        assert_eq!(code, Some(130), "{arguments:?}");
    }
    gate.send_replace(true);
    let _worker = program.start(&["worker"]);
    let client = database.client().await;
    eventually("the work goes on", async || {
        let sql = "SELECT count(*) FROM jobs WHERE status = 'completed'";
        client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 2
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_demo_leaves_nothing_behind() {
    // While PostgreSQL is created, and while the demo is shown.
    for line in ["Starting a PostgreSQL", "Opening the sample sites"] {
        let mut program = Program::bare();
        program.set("SCRAPERSKY_LOG", "off");
        let (child, out, mut errors) = program.watched(&["demo"]);
        let pid = child.id();
        let mut lines = BufReader::new(out).lines();
        while !lines.next().unwrap().unwrap().starts_with(line) {}
        child.signal(Signal::SIGINT);
        let rest: Vec<String> = lines.map_while(Result::ok).collect();
        let mut said = String::new();
        errors.read_to_string(&mut said).unwrap();
        assert_eq!(child.code(), Some(130), "{rest:?} {said}");
        assert_eq!(said, "");
        let folder = std::env::temp_dir().join(format!("scrapersky-demo-{pid}"));
        assert!(!folder.exists(), "{} is left behind", folder.display());
        assert_eq!(processes_in(&format!("scrapersky-demo-{pid}")), [""; 0]);
    }
}

/// Returns the command lines of processes that name a folder.
fn processes_in(folder: &str) -> Vec<String> {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(folder))
        .collect()
}

#[test]
fn a_demo_that_cannot_start_leaves_nothing_behind() {
    let mut program = Program::bare();
    let folder = tempfile::tempdir().unwrap();
    // There are no programs of PostgreSQL.
    program.set("SCRAPERSKY_PG_BIN", folder.path().to_str().unwrap());
    let (child, _out, mut errors) = program.watched(&["demo"]);
    let pid = child.id();
    let mut said = String::new();
    errors.read_to_string(&mut said).unwrap();
    assert!(!child.wait());
    assert!(said.starts_with("scrapersky: "), "{said}");
    assert!(!std::env::temp_dir().join(format!("scrapersky-demo-{pid}")).exists());
}
