//! Recovery after kills and from leftover files.

use std::process::Command;
use std::{fs, thread};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use postgres::{DATABASE, EmbeddedPostgres, EmbeddedState};

use super::{as_server_account, assert_row, connect, helper, query, runtime, state, wait_until, write_row};
use crate::support::cluster::{Scratch, throwaway};

#[test]
fn a_killed_server_is_recovered_with_its_data() {
    let scratch = Scratch::new();
    let options = throwaway(&scratch.path("pg"));
    let postgres = EmbeddedPostgres::start(&options).unwrap();
    write_row(&postgres);
    // A busy session: its process keeps the shared memory until it notices that its parent is gone.
    let url = postgres.url(DATABASE);
    let busy = thread::spawn(move || {
        let work = "SELECT count(*)::text FROM generate_series(1, 3000000)";
        runtime().block_on(async { connect(&url).await.query_one(work, &[]).await.is_ok() })
    });
    wait_until("a session works", || {
        query(
            &postgres.url("postgres"),
            "SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE '%generate_series%' AND state = 'active' AND pid <> pg_backend_pid()",
        ) == "1"
    });
    kill(Pid::from_raw(postgres.pid()), Signal::SIGKILL).unwrap();

    let again = EmbeddedPostgres::start(&options).unwrap();
    assert!(!again.is_adopted());
    assert_ne!(again.pid(), postgres.pid());
    assert_row(&again);
    busy.join().unwrap();
}

#[test]
fn a_program_killed_during_initdb_does_not_block_the_next() {
    let scratch = Scratch::new();
    let folder = scratch.path("pg");
    let mut program = helper(&folder);
    wait_until("initdb works", || folder.join("data.partial/PG_VERSION").exists());
    program.kill().unwrap();
    program.wait().unwrap();
    assert!(!folder.join("data").exists());

    let postgres = EmbeddedPostgres::start(&throwaway(&folder)).unwrap();
    assert_eq!(query(&postgres.url(DATABASE), "SELECT 'alive'"), "alive");
    assert!(!folder.join("data.partial").exists());
}

#[test]
fn the_server_of_a_killed_program_is_adopted() {
    let scratch = Scratch::new();
    let folder = scratch.path("pg");
    let mut program = helper(&folder);
    wait_until("the server starts", || folder.join("data/postmaster.pid").exists());
    program.kill().unwrap();
    program.wait().unwrap();

    let postgres = EmbeddedPostgres::start(&throwaway(&folder)).unwrap();
    assert!(postgres.is_adopted());
    assert_eq!(
        query(&postgres.url(DATABASE), "SELECT current_database()::text"),
        DATABASE
    );
}

#[test]
fn a_stale_pid_file_naming_another_process_is_ignored() {
    let scratch = Scratch::new();
    let options = throwaway(&scratch.path("pg"));
    EmbeddedPostgres::start(&options).unwrap().stop().unwrap();
    let mut stranger = as_server_account(Command::new("sleep").arg("60"));
    let stale = format!(
        "{}\n{}\n1\n5432\n{}\n\n 1 1\nready   \n",
        stranger.id(),
        scratch.path("pg/data").display(),
        scratch.path("pg/run").display()
    );
    fs::create_dir(scratch.path("pg/run")).unwrap();
    fs::write(scratch.path("pg/run/.s.PGSQL.5432.lock"), &stale).unwrap();
    fs::write(scratch.path("pg/data/postmaster.pid"), stale).unwrap();
    assert_eq!(state(&options), EmbeddedState::Stale);
    assert!(EmbeddedPostgres::find(&options).unwrap().is_none());

    let postgres = EmbeddedPostgres::start(&options).unwrap();
    assert!(!postgres.is_adopted());
    postgres.stop().unwrap();
    assert_eq!(stranger.try_wait().unwrap(), None, "the stranger was harmed");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn a_server_without_its_socket_is_restarted() {
    let scratch = Scratch::new();
    let options = throwaway(&scratch.path("pg"));
    let postgres = EmbeddedPostgres::start(&options).unwrap();
    write_row(&postgres);
    fs::remove_file(postgres.socket_dir().join(".s.PGSQL.5432")).unwrap();

    let again = EmbeddedPostgres::start(&options).unwrap();
    assert_ne!(again.pid(), postgres.pid());
    assert_row(&again);
}
