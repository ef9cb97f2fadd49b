//! The command line as people and scripts use it.

mod jobs;
mod lists;
mod output;
mod rules;
mod schedules;
mod starts;
mod waiting;
mod webhooks;

use std::process::Output;

use crate::support::database::TestDatabase;
use crate::support::program::Program;
use crate::support::site::{Reply, Site};

const PAGE: &str = "<!doctype html><html lang=en><title>A shop</title><p>Write to hello@bayou-bikes.com";

/// Returns the program with what it needs while it runs, and with the log level that it has by itself.
async fn program() -> ((TestDatabase, Site), Program) {
    let database = TestDatabase::new().await;
    let site = Site::start(|path| match path {
        "/" => Reply::html(PAGE),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let mut program = Program::new(database.url(), &site);
    program.set("SCRAPERSKY_LOG", "");
    ((database, site), program)
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}
