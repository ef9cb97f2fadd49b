//! What a scan of several pages costs the process that runs it.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tokio::sync::watch;

use super::{at_once, scan};
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, eventually};
use crate::support::program::Program;
use crate::support::site::{Reply, Site};

/// What a site of six pages is asked for, in order.
const ASKED: [&str; 8] = [
    "/robots.txt",
    "/",
    "/sitemap.xml",
    "/kontakt",
    "/impressum",
    "/ueber-uns",
    "/datenschutz",
    "/agb",
];

const LINKS: &str = "<a href='/kontakt'>Kontakt</a><a href='/impressum'>Impressum</a><a href='/ueber-uns'>Über uns</a>\
    <a href='/datenschutz'>Datenschutz</a><a href='/agb'>AGB</a>";

/// The most memory that a scan may add to its process, in kilobytes.
const MAX_MEMORY: u64 = 64 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_of_six_pages_holds_no_connection_while_it_fetches() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let gates: BTreeMap<&str, watch::Sender<bool>> = ASKED.map(|path| (path, watch::Sender::new(false))).into();
    let doors: BTreeMap<&str, watch::Receiver<bool>> =
        gates.iter().map(|(path, gate)| (*path, gate.subscribe())).collect();
    let site = Site::start(move |path| {
        let reply = match path {
            "/robots.txt" | "/sitemap.xml" => Reply::new("404 Not Found", &[], ""),
            "/" => Reply::html(format!("<title>Home</title>{LINKS}")),
            _ => Reply::html("<title>Inner</title>text"),
        };
        match doors.get(path) {
            Some(door) => Reply::Held(door.clone(), reply.into_bytes()),
            None => reply,
        }
    })
    .await;
    let _work = app.work_with(&site, at_once);
    let (site, app) = (&site, &app);
    let fetches = async {
        for path in ASKED {
            eventually("the page is asked for", || async move {
                site.paths().iter().any(|asked| asked == path)
            })
            .await;
            // Claims, heartbeats and this test's own requests use one now and then.
            eventually(
                "no connection is in use",
                || async move { app.pool().status().in_use == 0 },
            )
            .await;
            gates[path].send_replace(true);
        }
    };
    let (domain, ()) = tokio::join!(scan(&acme, "acme.bench.test"), fetches);
    assert_eq!(domain["profile"]["title"], "Home");
    let asked = site.paths();
    for path in ASKED {
        assert!(asked.iter().any(|other| other == path), "{path}: {asked:?}");
    }
}

/// A page of this many bytes: paragraphs, links, and addresses.
fn page(bytes: usize) -> String {
    let mut page = format!("<!doctype html><html lang=de><title>Groß</title><body>{LINKS}");
    let mut number = 0;
    while page.len() < bytes {
        number += 1;
        page += &format!(
            "<div class='row item-{number}'><h2>Angebot {number}</h2><p>Brot und Brötchen, jeden Morgen frisch aus dem Ofen. \
             <a href='/produkt/{number}'>mehr</a> <img src='/bild/{number}.jpg' alt='Bild {number}'></p></div>\n"
        );
    }
    page
}

/// Returns what the kernel says of a process, in kilobytes.
fn memory(process: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_of_six_large_pages_stays_below_64_mib() {
    let db = TestDatabase::new().await;
    let (small, large) = (page(1), page(2 << 20));
    let is_large = Arc::new(AtomicBool::new(false));
    let grown = Arc::clone(&is_large);
    let site = Site::start(move |path| match path {
        "/robots.txt" | "/sitemap.xml" => Reply::new("404 Not Found", &[], ""),
        _ if grown.load(Ordering::SeqCst) => Reply::html(&large),
        _ => Reply::html(&small),
    })
    .await;
    let mut program = Program::new(db.url(), &site);
    program.set("SCRAPERSKY_FETCH_PACE_SECONDS", "0");
    let key = program.run(&["keys", "create", "--name", "memory"]);
    let (server, api) = program.serve(&["--workers", "1"], &key).await;
    let scan = async |host: &str| {
        let accepted = api.post("/api/v1/scrapersky", &json!({ "base_url": host })).await;
        let path = accepted["status_url"].as_str().unwrap().to_owned();
        let api = &api;
        eventually("the scan has ended", || async {
            api.get(&path).await.1["status"] == "completed"
        })
        .await;
    };
    // Rules and tables are read by the first one.
    scan("first.bench.test").await;
    is_large.store(true, Ordering::SeqCst);
    let before = memory(server.id(), "VmRSS:");
    fs::write(format!("/proc/{}/clear_refs", server.id()), "5").unwrap();
    scan("second.bench.test").await;
    let most = memory(server.id(), "VmHWM:");
    println!("{} kB before, {most} kB at most", before);
    assert!(most - before < MAX_MEMORY, "{before} kB before, {most} kB at most");
}
