//! What the program looks at before it starts: names of settings, the port, and all that `doctor` examines.

use std::io::{BufRead as _, BufReader, Read as _};

use serde_json::Value;

use super::{printed, program, said};
use crate::support::cluster::Scratch;
use crate::support::port;
use crate::support::program::{Api, Program};

#[test]
fn a_mistyped_setting_is_refused_with_the_nearest_name() {
    let mut program = Program::bare();
    program.set("SCRAPERSKY_POOLSIZE", "5");
    for arguments in [&["serve"][..], &["domains", "list"], &["migrate", "up"]] {
        let output = program.output(arguments);
        assert!(!output.status.success());
        assert_eq!(
            said(&output),
            "scrapersky: unknown setting `SCRAPERSKY_POOLSIZE`: did you mean `SCRAPERSKY_POOL_SIZE`?\n"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Rocket.toml");
    std::fs::write(&file, "[default.scrapersky]\npool_siez = 5\n").unwrap();
    let mut program = Program::bare();
    program.set("ROCKET_CONFIG", file.to_str().unwrap());
    let output = program.output(&["serve"]);
    assert!(
        !output.status.success() && said(&output).contains("`pool_siez`"),
        "{output:?}"
    );
    assert!(said(&output).contains("did you mean `pool_size`?"), "{output:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_listens_where_the_option_says_and_says_so_when_it_does() {
    let (_scene, program) = program().await;
    let port = port::free().port();
    let (server, out, mut errors) = program.watched(&["serve", "--workers", "0", "--port", &port.to_string()]);
    let mut out = BufReader::new(out).lines();
    let first = out.next().unwrap().unwrap();
    assert!(
        first.contains(&format!("listens on http://127.0.0.1:{port}.")),
        "{first}"
    );
    let api = Api::new(format!("http://127.0.0.1:{port}"), "");
    assert_eq!(api.get("/live").await.0, 200);

    // A second one says nothing about listening, but which port is in use.
    let output = program.output(&["serve", "--port", &port.to_string()]);
    assert!(!output.status.success());
    assert_eq!(printed(&output), "");
    let said = said(&output);
    assert!(said.contains(&format!("port {port} of 127.0.0.1 is in use")), "{said}");
    assert!(said.contains("--port") && said.contains("ROCKET_PORT"), "{said}");

    assert!(server.end());
    let mut log = String::new();
    errors.read_to_string(&mut log).unwrap();
    assert!(log.contains("started"), "{log}");
    // Neither colours for a terminal, nor those of Rocket as text.
    assert!(!log.contains('\u{1b}') && !log.contains("\\u{1b}"), "{log}");
}

#[test]
fn the_doctor_creates_no_database_and_looks_at_the_surroundings() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let taken = port::free();
    let mut program = Program::bare();
    program.set("SCRAPERSKY_DATA_DIR", data.to_str().unwrap());
    program.set("SCRAPERSKY_POOLSIZE", "5");
    program.set("GOOGLE_MAPS_API_KEY", "not-a-key-of-google");
    program.set("ROCKET_PORT", &taken.port().to_string());
    let report = program.output(&["doctor", "--json"]);
    assert!(!report.status.success(), "a mistyped setting is a failure");
    assert!(!data.exists(), "the doctor created {}", data.display());
    let report: Value = serde_json::from_str(&printed(&report)).unwrap();
    let found = |level: &str, text: &str| {
        let checks = report["checks"].as_array().unwrap();
        checks
            .iter()
            .any(|check| check["level"] == level && check["text"].as_str().unwrap().contains(text))
    };
    assert!(found("failure", "`SCRAPERSKY_POOLSIZE`: did you mean"), "{report:#}");
    assert!(
        found("note", "GOOGLE_MAPS_API_KEY does not have the form"),
        "{report:#}"
    );
    assert!(found("note", "there is no database yet"), "{report:#}");
    assert!(
        found("ok", &format!("can listen on 127.0.0.1:{}", taken.port())),
        "{report:#}"
    );
    assert!(
        found("ok", "names are resolved") || found("note", "can be scanned"),
        "{report:#}"
    );
    assert!(!report.to_string().contains("not-a-key-of-google"), "{report:#}");

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut program = Program::bare();
    program.set("SCRAPERSKY_DATA_DIR", data.to_str().unwrap());
    program.set("ROCKET_PORT", &listener.local_addr().unwrap().port().to_string());
    let report = program.run(&["doctor"]);
    assert!(
        report.contains("is in use") && report.contains("GOOGLE_MAPS_API_KEY is not set"),
        "{report}"
    );
}

/// A machine may be examined without starting what somebody stopped.
#[test]
fn the_doctor_says_that_the_private_database_is_stopped() {
    let scratch = Scratch::new();
    let mut program = Program::bare();
    program.set("SCRAPERSKY_DATA_DIR", scratch.path("pg").to_str().unwrap());
    program.run(&["migrate", "up"]);
    assert!(
        program
            .run(&["doctor"])
            .contains("ok    the database is a private PostgreSQL")
    );
    program.run(&["db", "stop"]);
    let report = program.run(&["doctor"]);
    let said = report.lines().find(|line| line.contains("private PostgreSQL")).unwrap();
    assert!(
        said.starts_with("note  ") && said.contains("is stopped: `scrapersky db start` starts it"),
        "{report}"
    );
    assert!(
        program.run(&["db", "status"]).contains("state    stopped"),
        "the doctor started it"
    );
}
