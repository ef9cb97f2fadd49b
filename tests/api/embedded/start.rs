//! Starting, sharing and stopping a server.

use std::os::unix::fs::PermissionsExt;
use std::process::Child;
use std::{fs, thread};

use nix::sys::signal::kill;
use nix::unistd::Pid;
use postgres::{DATABASE, EmbeddedPostgres, EmbeddedState};

use super::{assert_row, helper, is_zombie, output, query, state, write_row};
use crate::support::cluster;
use crate::support::cluster::{Scratch, throwaway};

#[test]
fn the_shared_cluster_answers() {
    let url = cluster::admin_url();
    assert_eq!(
        query(&url, "SELECT rolcreatedb::text FROM pg_roles WHERE rolname = user"),
        "true"
    );
    assert_eq!(cluster::admin_url(), url);
}

#[test]
fn starts_and_is_adopted() {
    let scratch = Scratch::new();
    let options = throwaway(&scratch.path("pg"));
    assert_eq!(state(&options), EmbeddedState::Absent);
    assert!(EmbeddedPostgres::find(&options).unwrap().is_none());

    let first = EmbeddedPostgres::start(&options).unwrap();
    assert!(!first.is_adopted());
    assert_eq!(query(&first.url(DATABASE), "SELECT current_database()::text"), DATABASE);
    let settings = "SELECT current_setting('listen_addresses') || current_setting('server_encoding') || current_setting('lc_collate')";
    assert_eq!(query(&first.url(DATABASE), settings), "UTF8C");

    let second = EmbeddedPostgres::start(&options).unwrap();
    assert!(second.is_adopted());
    assert_eq!((second.pid(), second.url("x")), (first.pid(), first.url("x")));
    assert_eq!(state(&options), EmbeddedState::Running { pid: first.pid() });
    assert_eq!(EmbeddedPostgres::find(&options).unwrap().unwrap().pid(), first.pid());
}

#[test]
fn only_its_user_can_reach_the_socket() {
    let scratch = Scratch::new();
    let postgres = EmbeddedPostgres::start(&throwaway(&scratch.path("pg"))).unwrap();
    let mode = fs::metadata(postgres.socket_dir()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_stop_and_a_start_keep_the_rows() {
    let scratch = Scratch::new();
    let options = throwaway(&scratch.path("pg"));
    let postgres = EmbeddedPostgres::start(&options).unwrap();
    write_row(&postgres);
    let pid = postgres.pid();
    postgres.stop().unwrap();
    assert_eq!(state(&options), EmbeddedState::Stopped);
    assert!(kill(Pid::from_raw(pid), None).is_err() || is_zombie(pid));

    let postgres = EmbeddedPostgres::start(&options).unwrap();
    assert!(!postgres.is_adopted());
    assert_row(&postgres);
}

#[test]
fn threads_that_start_it_at_once_get_one_server() {
    let scratch = Scratch::new();
    let options = throwaway(&scratch.path("pg"));
    let started: Vec<EmbeddedPostgres> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| EmbeddedPostgres::start(&options).unwrap()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(started.iter().filter(|postgres| !postgres.is_adopted()).count(), 1);
    assert!(started.iter().all(|postgres| postgres.pid() == started[0].pid()));
}

#[test]
fn processes_that_start_it_at_once_get_one_server_that_outlives_them() {
    let scratch = Scratch::new();
    let folder = scratch.path("pg");
    let children: Vec<Child> = (0..2).map(|_| helper(&folder)).collect();
    let said: Vec<String> = children
        .into_iter()
        .map(|child| output(child.wait_with_output().unwrap()))
        .collect();
    assert_eq!(
        said.iter().filter(|line| line.contains("adopted=false")).count(),
        1,
        "{said:?}"
    );

    let found = EmbeddedPostgres::find(&throwaway(&folder))
        .unwrap()
        .expect("the server is still running");
    assert!(
        said.iter().all(|line| line.contains(&format!("pid={} ", found.pid()))),
        "{said:?}"
    );
    query(&found.url(DATABASE), "SELECT 'alive'");
}
