//! The private PostgreSQL: whatever happens to it ends in a running server or a one-sentence error.

mod recovery;
mod refusal;
mod start;
mod watch;

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use nix::unistd::{User, geteuid};
use postgres::{DATABASE, EmbeddedOptions, EmbeddedPostgres, EmbeddedState};
use tokio_postgres::{Client, NoTls};

use crate::support::process::helper_command;

fn helper(folder: &Path) -> Child {
    helper_command("start", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn output(output: std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Runs a process under the server's account, so that the server can see it.
fn as_server_account(command: &mut Command) -> Child {
    if geteuid().is_root() {
        let user = ["postgres", "nobody"]
            .iter()
            .find_map(|name| User::from_name(name).unwrap())
            .unwrap();
        command.gid(user.gid.as_raw()).uid(user.uid.as_raw());
    }
    command.spawn().unwrap()
}

fn state(options: &EmbeddedOptions) -> EmbeddedState {
    EmbeddedPostgres::status(options).unwrap().state
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn is_zombie(pid: i32) -> bool {
    let stat = PathBuf::from(format!("/proc/{pid}/stat"));
    fs::read_to_string(stat).is_ok_and(|stat| stat.contains(") Z "))
}

fn write_row(postgres: &EmbeddedPostgres) {
    let url = postgres.url(DATABASE);
    runtime().block_on(async {
        // Throw-away servers answer before writing: without this setting a crash may lose the row.
        let write = "SET synchronous_commit = on; CREATE TABLE kept (word text); INSERT INTO kept VALUES ('kept')";
        connect(&url).await.batch_execute(write).await.unwrap();
    });
}

fn assert_row(postgres: &EmbeddedPostgres) {
    assert_eq!(query(&postgres.url(DATABASE), "SELECT word FROM kept"), "kept");
}

fn query(url: &str, sql: &str) -> String {
    runtime().block_on(async { connect(url).await.query_one(sql, &[]).await.unwrap().get(0) })
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "timed out waiting until {what}"
        );
        thread::sleep(Duration::from_millis(2));
    }
}
