//! What a crawl fetches, stores and counts, including interrupted ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use scans::{EmailConfig, ScansConfig};
use serde_json::{Value, json};
use tokio_postgres::Client;
use web::fetch::FetchConfig;

use super::{at_once, contacts, domain, ended, pages_asked, scan, start};
use crate::support::app::{Answer, TestApp};
use crate::support::database::{TestDatabase, eventually};
use crate::support::extent;
use crate::support::planted::{HOST, Plan};
use crate::support::program::{Api, Program};
use crate::support::site::{Reply, Site};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_sites_planted_addresses_are_found_without_decoys() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let plan = Plan::new();
    assert_eq!((plan.count(), plan.planted.len()), (300, 100));
    let site = plan.start().await;
    let _work = app.work_with(&site, at_once);
    let id = domain(&acme, HOST).await;
    let status = scan(&acme, &id).await;
    assert_eq!(status["status"], "completed", "{status}");

    assert_asked(&site, &status);
    assert_found(&contacts(&acme).await, &plan);
    assert_eq!(status["contacts_found"], 100);

    let pages = acme.get(&format!("/api/v1/domains/{id}/pages?limit=1000")).await.body;
    let pages: BTreeMap<&str, &Value> = pages["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|page| (page["url"].as_str().unwrap(), page))
        .collect();
    for page in pages.values() {
        assert!(page["disposition"].is_string(), "{page}");
        assert!(
            page["disposition"] == "ok" || page["disposition_reason"].is_string(),
            "{page}"
        );
    }
    let disposition = |path: &str| {
        pages[format!("http://{HOST}{path}").as_str()]["disposition"]
            .as_str()
            .unwrap()
    };
    assert_eq!(disposition("/contact"), "ok");
    assert_eq!(disposition("/twin"), "duplicate");
    assert_eq!(disposition("/leave"), "off_site");
    assert_eq!(disposition("/broken"), "status");
    assert_eq!(disposition("/data"), "no_page");
    assert!(
        pages[format!("http://{HOST}/contact").as_str()]["inbound_links"]
            .as_array()
            .unwrap()
            .len()
            > 10
    );
}

/// Asserts that pages with addresses were requested first, none twice, and traps rarely.
fn assert_asked(site: &Site, status: &Value) {
    let asked = pages_asked(site);
    assert!(asked.len() <= 100, "{} pages were requested", asked.len());
    assert_eq!(
        asked.iter().collect::<BTreeSet<_>>().len(),
        asked.len(),
        "a page was requested twice: {asked:?}"
    );
    assert!(!asked.iter().any(|path| path.starts_with("/private")), "{asked:?}");
    assert!(
        !asked
            .iter()
            .any(|path| path.contains(".pdf") || path.contains("replytocom")),
        "{asked:?}"
    );
    let first: BTreeSet<&str> = asked[1..6].iter().map(String::as_str).collect();
    assert_eq!(asked[0], "/");
    assert_eq!(
        first,
        BTreeSet::from(["/contact", "/impressum", "/about-us", "/team", "/privacy"])
    );
    assert!(asked.iter().filter(|path| path.starts_with("/calendar")).count() <= 3);
    assert!(asked.iter().filter(|path| path.starts_with("/list")).count() <= 5);
    assert_eq!(status["pages_scanned"], asked.len(), "{status}");
    assert!(
        site.requests()
            .iter()
            .all(|head| head.to_lowercase().contains("host: acme.bench.test"))
    );
}

/// Asserts that each planted address was found on its page, and nothing else.
fn assert_found(found: &BTreeMap<String, Value>, plan: &Plan) {
    let planted: BTreeSet<&str> = plan.planted.iter().map(|planted| planted.email.as_str()).collect();
    let stored: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(
        stored.difference(&planted).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "decoys"
    );
    assert_eq!(
        planted.difference(&stored).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "missed"
    );
    for planted in &plan.planted {
        let contact = &found[&planted.email];
        assert_eq!(contact["email_type"], planted.kind, "{contact}");
        assert_eq!(
            contact["source_url"],
            format!("http://{HOST}{}", planted.path),
            "{contact}"
        );
        assert_eq!(contact["has_gmail"], planted.email.ends_with("@gmail.com"), "{contact}");
        let context = contact["context"].as_str().unwrap();
        // Addresses in the head's structured data only appear in the text of the script.
        assert!(
            context.contains(&planted.before) || context.contains("mark"),
            "{planted:?}: {context}"
        );
        assert!(context.chars().count() <= 260, "{context}");
    }
}

/// A site of 12 pages, each with a link to the next.
async fn slow_chain() -> Site {
    let page = |n: usize| {
        Reply::Late(
            Duration::from_millis(40),
            Reply::html(format!(
                "<p>person{n}@acme.bench.test<a href=/p/{}>next</a><a href=/q/{n}>other</a>",
                n + 1
            ))
            .into_bytes(),
        )
    };
    Site::start(move |path| match path.rsplit('/').next().unwrap().parse() {
        Ok(number) if number < 12 => page(number),
        _ if path == "/" => page(0),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_scan_is_returned_with_rising_counts() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = slow_chain().await;
    let id = domain(&acme, HOST).await;
    assert_eq!(acme.get(&format!("/email-scanner/scan/{id}/status")).await.status, 404);
    // The old front end's sequence.
    let list = acme.get("/email-scanner/domains").await.body;
    assert_eq!(
        list,
        json!([{ "id": id, "domain": HOST, "pages": [], "pages_count": 0 }])
    );
    assert_eq!(acme.get("/email-scanner/websites").await.body, list);
    let begun = start(&acme, &id).await;
    assert_begun(&begun, &id);
    let _work = app.work_with(&site, |scans| ScansConfig {
        email: EmailConfig {
            max_depth: 20,
            ..scans.email.clone()
        },
        ..at_once(scans)
    });
    let mut seen = BTreeSet::new();
    let last = loop {
        let status = acme.get(&format!("/email-scanner/scan/{id}/status")).await.body;
        seen.insert((
            status["pages_scanned"].as_i64().unwrap(),
            status["contacts_found"].as_i64().unwrap(),
        ));
        // Far from complete.
        if status["status"] == "scanning" && status["pages_scanned"].as_i64() < Some(8) {
            let again = start(&acme, &id).await;
            assert_eq!(
                (&again.body["job_id"], &again.body["scan_timestamp"]),
                (&begun.body["job_id"], &begun.body["scan_timestamp"]),
                "{again:?}"
            );
        }
        if status["status"] == "completed" {
            break status;
        }
        assert_ne!(status["status"], "failed", "{status}");
        tokio::time::sleep(Duration::from_millis(15)).await;
    };
    assert!(seen.len() >= 5, "the counts did not move: {seen:?}");
    assert_eq!(last["contacts_found"], 12, "{last}");
    let list = acme.get("/api/v1/email-scanner/domains").await.body;
    assert_eq!(list[0]["pages_count"], last["pages_scanned"]);
    let again = start(&acme, &id).await.body;
    assert_ne!(again["job_id"], begun.body["job_id"], "an ended scan can be repeated");
    assert_eq!(ended(&acme, &id).await["status"], "completed");
    let v1 = acme.get(&format!("/api/v1/email-scanner/scan/{id}/status")).await;
    assert_eq!(v1.body["status"], "completed");
}

/// Fails unless the response is that of a scan that has only been queued.
fn assert_begun(begun: &Answer, id: &str) {
    assert_eq!(begun.status, 200, "{begun:?}");
    for (field, value) in [
        ("domain_id", json!(id)),
        ("domain", json!(HOST)),
        ("total_pages", json!(100)),
        ("pages_scanned", json!(0)),
        ("contacts_found", json!(0)),
        ("status", json!("pending")),
    ] {
        assert_eq!(begun.body[field], value, "{begun:?}");
    }
    chrono::DateTime::parse_from_rfc3339(begun.body["scan_timestamp"].as_str().unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_scan_stops_within_a_page() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|path| {
        let number: usize = path.rsplit('/').next().unwrap().parse().unwrap_or(0);
        let page = format!("<p>Page {number}<a href=/p/{}>next</a>", number + 1);
        Reply::Late(Duration::from_millis(100), Reply::html(page).into_bytes())
    })
    .await;
    let _work = app.work_with(&site, |scans| ScansConfig {
        email: EmailConfig {
            max_depth: 900,
            ..scans.email.clone()
        },
        ..at_once(scans)
    });
    let id = domain(&acme, HOST).await;
    let job = start(&acme, &id).await.body["job_id"].as_str().unwrap().to_owned();
    eventually("some pages are fetched", async || pages_asked(&site).len() > 4).await;
    acme.post(&format!("/api/v1/jobs/{job}/cancel"), json!({})).await;
    let asked = pages_asked(&site).len();
    assert_eq!(ended(&acme, &id).await["status"], "failed");
    assert_eq!(
        acme.get(&format!("/api/v1/jobs/{job}")).await.body["status"],
        "cancelled"
    );
    assert!(
        pages_asked(&site).len() <= asked + 1,
        "{asked}, then {}",
        pages_asked(&site).len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_cannot_be_scanned_says_why() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|path| match path {
        "/robots.txt" => Reply::new("200 OK", &[], "User-agent: *\nDisallow: /"),
        _ => Reply::html("secret"),
    })
    .await;
    let _work = app.work_with(&site, at_once);
    let id = domain(&acme, HOST).await;
    let job = start(&acme, &id).await.body["job_id"].as_str().unwrap().to_owned();
    assert_eq!(ended(&acme, &id).await["status"], "failed");
    let job = acme.get(&format!("/api/v1/jobs/{job}")).await.body;
    assert_eq!(job["outcome"], "blocked_robots", "{job}");
    assert!(pages_asked(&site).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_keep_the_pace_of_a_host_together() {
    const PACE: Duration = Duration::from_millis(60);
    let app = TestApp::new().await;
    let (acme, bolt) = (app.agency("acme").await, app.agency("bolt").await);
    let times = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&times);
    let site = Site::start(move |path| {
        kept.lock().unwrap().push(Instant::now());
        let number: usize = path.rsplit('/').next().unwrap().parse().unwrap_or(0);
        if number >= 12 {
            return Reply::html(format!("<p>Page {number}"));
        }
        Reply::html(format!("<p>Page {number}<a href=/p/{}>next</a>", number + 1))
    })
    .await;
    let slowly = |scans: ScansConfig| ScansConfig {
        fetch: FetchConfig {
            pace: PACE,
            ..scans.fetch
        },
        email: EmailConfig {
            max_depth: 50,
            ..scans.email
        },
        ..scans
    };
    // Each has its own fetcher, as two processes would.
    let _work = (app.work_with(&site, slowly), app.work_with(&site, slowly));
    let (one, other) = (domain(&acme, HOST).await, domain(&bolt, HOST).await);
    let began = Instant::now();
    start(&acme, &one).await;
    start(&bolt, &other).await;
    assert_eq!(ended(&acme, &one).await["status"], "completed");
    assert_eq!(ended(&bolt, &other).await["status"], "completed");
    let requests = times.lock().unwrap().len();
    assert!(requests >= 24, "{requests}");
    // Apart from the initial burst, every request waited for its turn, whichever worker sent it.
    let least = PACE * u32::try_from(requests - 4).unwrap();
    println!("{requests} requests in {:?}, at least {least:?}", began.elapsed());
    assert!(began.elapsed() >= least, "{requests} requests in {:?}", began.elapsed());
}

/// Kills and restarts the worker `kills` times at random moments, until the scan has completed.
async fn kill_until_completed(program: &Program, api: &Api, id: &str, kills: usize) {
    let path = format!("/email-scanner/scan/{id}/status");
    let mut worker = program.start(&["worker"]);
    let (mut killed, mut last) = (0, 0);
    let deadline = Instant::now() + Duration::from_secs(180);
    loop {
        assert!(Instant::now() < deadline, "the scan never ended");
        let status = api.get(&path).await.1;
        if status["status"] == "completed" {
            break;
        }
        assert_ne!(status["status"], "failed", "{status}");
        let pages = status["pages_scanned"].as_i64().unwrap();
        // At a random moment, but not twice during one page.
        if killed < kills && pages > last + rand_below(6) {
            tokio::time::sleep(Duration::from_micros(u64::try_from(rand_below(60_000)).unwrap())).await;
            worker.kill();
            killed += 1;
            last = pages + 1;
            worker = program.start(&["worker"]);
        }
        let pause = if killed < kills { 15 } else { 60 };
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    assert_eq!(killed, kills, "the scan ended before all kills");
    assert!(worker.end());
}

/// Scans a site with workers that are killed `kills` times, and returns the contacts and pages.
async fn rows_after(plan: &Plan, kills: usize) -> (Vec<String>, Vec<String>) {
    let db = TestDatabase::new().await;
    let site = plan.start().await;
    let mut program = Program::new(db.url(), &site);
    for (name, value) in [
        ("SCRAPERSKY_FETCH_PACE_SECONDS", "0.03"),
        ("SCRAPERSKY_EMAIL_MX_CHECK", "no"),
        ("SCRAPERSKY_LEASE_SECONDS", "2"),
        ("SCRAPERSKY_HEARTBEAT_SECONDS", "0.4"),
        ("SCRAPERSKY_SWEEP_SECONDS", "0.2"),
    ] {
        program.set(name, value);
    }
    let key = program.run(&["keys", "create", "--name", "kills"]);
    let (_server, api) = program.serve(&["--workers", "0"], &key).await;
    let client = db.client().await;
    let sql = "INSERT INTO domains (id, tenant_id, domain) SELECT gen_random_uuid(), tenant_id, $1 FROM api_keys RETURNING id::text";
    let id: String = client.query_one(sql, &[&HOST]).await.unwrap().get(0);
    api.post(&format!("/email-scanner/scan/{id}"), &json!({})).await;
    kill_until_completed(&program, &api, &id, kills).await;
    let mut often: BTreeMap<String, usize> = BTreeMap::new();
    for path in pages_asked(&site) {
        *often.entry(path).or_default() += 1;
    }
    assert!(often.len() <= 100, "{} pages", often.len());
    let twice = often.values().filter(|count| **count > 1).count();
    assert!(often.values().all(|count| *count <= 2), "{often:?}");
    println!("{kills} kills: {} pages, {twice} of them fetched twice", often.len());
    (
        lines(
            &client,
            "SELECT concat_ws('|', c.email, c.email_type, c.context, c.source_url, c.name, c.role, c.confidence,
                 (SELECT string_agg(p.url || s.spelling, ',' ORDER BY p.url) FROM contact_sources s JOIN pages p ON p.id = s.page_id WHERE s.contact_id = c.id))
             FROM contacts c ORDER BY 1",
        )
        .await,
        lines(
            &client,
            "SELECT concat_ws('|', url, title, h1, status_code, disposition, disposition_reason, content_hash, word_count, inbound_links, outbound_links)
             FROM pages ORDER BY 1",
        )
        .await,
    )
}

async fn lines(client: &Client, sql: &str) -> Vec<String> {
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_that_is_killed_again_and_again_ends_with_the_same_rows() {
    let plan = Plan::new();
    let (contacts, pages) = rows_after(&plan, 0).await;
    assert_eq!(contacts.len(), 100);
    let (again, pages_again) = rows_after(&plan, extent::of(10, 2)).await;
    assert_eq!(contacts, again);
    assert_eq!(pages, pages_again);
}

fn rand_below(most: u32) -> i64 {
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .subsec_nanos();
    i64::from((nanos / 7) % most)
}
