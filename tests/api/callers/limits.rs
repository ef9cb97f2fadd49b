//! Rate limits and quotas.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method as HttpMethod;
use rocket::http::{Header, Method};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::support::app::TestApp;
use crate::support::database::eventually;
use crate::support::extent;
use crate::support::program::{Api, Program, Running};
use crate::support::site::Site;
use crate::support::tenants::Agencies;

#[tokio::test]
async fn a_caller_and_a_tenant_have_a_limit_per_minute() {
    let settings = [("reads_per_minute", "5"), ("tenant_reads_per_minute", "8")];
    let app = TestApp::with(&settings).await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    let second = app.key(&acme.agency, database::models::enums::Scope::ALL).await;
    let get = async |key: &str| app.send(Method::Get, "/api/v1/domains", Some(key), None).await;
    for left in (0..5).rev() {
        let answer = get(&acme.key).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("ratelimit-policy"), Some("\"reads\";q=5;w=60"));
        let stands = answer.header("ratelimit").unwrap();
        assert!(stands.starts_with(&format!("\"reads\";r={left};t=")), "{stands}");
    }
    for _ in 0..3 {
        let refused = get(&acme.key).await;
        assert_eq!(
            (refused.status, refused.body["code"].as_str()),
            (429, Some("too_many_requests"))
        );
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert!(refused.header("ratelimit").unwrap().starts_with("\"reads\";r=0;t="));
    }
    // Another key has its own limit within the tenant's; refused requests did not count.
    for _ in 0..3 {
        assert_eq!(get(&second).await.status, 200);
    }
    let refused = get(&second).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("ratelimit-policy"), Some("\"reads\";q=8;w=60"));
    assert_eq!(get(&bolt.key).await.status, 200, "another tenant");

    // A minute later on the database's clock. Only this process remembers full windows.
    app.sql("UPDATE rate_windows SET started_at = started_at - interval '61 s'")
        .await;
    let later = TestApp::on(
        Agencies {
            pool: app.pool().clone(),
            database: crate::support::database::TestDatabase::empty().await,
        },
        &settings,
    )
    .await;
    let answer = later.send(Method::Get, "/api/v1/domains", Some(&acme.key), None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn batches_and_tenants_have_separate_limits() {
    let app = TestApp::with(&[("batches_per_minute", "2")]).await;
    let acme = app.agency("acme").await;
    let batch = json!({ "domains": ["a.bench.test"] });
    for _ in 0..2 {
        assert_eq!(acme.post("/api/v1/batch", batch.clone()).await.status, 200);
    }
    let refused = acme.post("/api/v1/batch", batch.clone()).await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(refused.body["detail"].as_str().unwrap().contains("batches"));
    assert_eq!(
        acme.get("/api/v1/domains").await.status,
        200,
        "other requests are accepted"
    );

    let bolt = app.agency("bolt").await;
    app.sql(&format!(
        "INSERT INTO tenant_limits (tenant_id, caller_batches_per_minute) VALUES ('{}', 3)",
        bolt.agency.id
    ))
    .await;
    for _ in 0..3 {
        assert_eq!(bolt.post("/api/v1/batch", batch.clone()).await.status, 200);
    }
    assert_eq!(bolt.post("/api/v1/batch", batch).await.status, 429);
}

#[tokio::test]
async fn a_tenant_has_a_daily_quota_of_scans() {
    let app = TestApp::with(&[("scans_per_day", "4")]).await;
    let acme = app.agency("acme").await;
    let scan = json!({ "base_url": "a.bench.test" });
    assert_eq!(acme.post("/api/v1/scrapersky", scan.clone()).await.status, 200);
    let batch = |count: usize| {
        let domains: Vec<_> = (0..count).map(|number| format!("s{number}.bench.test")).collect();
        json!({ "domains": domains })
    };
    let refused = acme.post("/api/v1/batch", batch(4)).await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(
        refused.body["detail"].as_str().unwrap().contains("3 left"),
        "{refused:?}"
    );
    assert_eq!(acme.get("/api/v1/jobs").await.body["total"], 1, "none of it was queued");
    assert_eq!(acme.post("/api/v1/batch", batch(3)).await.status, 200);
    assert_eq!(
        acme.post("/api/v1/scrapersky", scan).await.status,
        200,
        "the scan that has not ended is not counted again"
    );
    let scan = json!({ "base_url": "b.bench.test" });
    let refused = acme.post("/api/v1/scrapersky", scan.clone()).await;
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=86_400).contains(&wait));
    app.sql("UPDATE scan_days SET day = day - 1").await;
    assert_eq!(acme.post("/api/v1/scrapersky", scan).await.status, 200, "the next day");
}

#[tokio::test]
async fn a_raised_limit_takes_effect_while_the_window_is_full() {
    let app = TestApp::with(&[("requests_per_minute", "2")]).await;
    let acme = app.agency("acme").await;
    let post = || acme.post("/api/v1/scrapersky", json!({ "base_url": "a.bench.test" }));
    for status in [200, 200, 429] {
        assert_eq!(post().await.status, status);
    }
    app.sql(&format!(
        "INSERT INTO tenant_limits (tenant_id, caller_requests_per_minute) VALUES ('{}', 4)",
        acme.agency.id
    ))
    .await;
    // Identities and their limits are cached for 2.5 s.
    eventually("the new limit applies", async || post().await.status == 200).await;
}

#[tokio::test]
async fn asking_counts_apart_from_starting_work() {
    let app = TestApp::with(&[("requests_per_minute", "3"), ("tenant_reads_per_minute", "40")]).await;
    let acme = app.agency("acme").await;
    let post = || acme.post("/api/v1/scrapersky", json!({ "base_url": "a.bench.test" }));
    for number in 0..4 {
        assert_eq!(post().await.status, if number < 3 { 200 } else { 429 });
    }
    for _ in 0..40 {
        assert_eq!(acme.get("/api/v1/jobs").await.status, 200);
    }
    assert_eq!(acme.get("/api/v1/jobs").await.status, 429);
}

/// The page posts its domains one by one, and asks 40 times for the status of each.
#[tokio::test]
async fn the_batch_page_of_the_old_front_end_works_at_the_default_limits() {
    let app = TestApp::with(&[
        ("requests_per_minute", "60"),
        ("tenant_requests_per_minute", "60"),
        ("reads_per_minute", "1800"),
        ("tenant_reads_per_minute", "1800"),
    ])
    .await;
    app.sql(
        "CREATE TABLE taken ();
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
             INSERT INTO taken DEFAULT VALUES;
             RETURN NULL;
         END $$;
         CREATE TRIGGER note AFTER UPDATE ON rate_windows FOR EACH ROW WHEN (NEW.used > OLD.used) EXECUTE FUNCTION note()",
    )
    .await;
    let acme = app.agency("acme").await;
    let mut paths = Vec::new();
    for number in 0..40 {
        let body = json!({ "base_url": format!("s{number}.bench.test") });
        let answer = acme.post("/api/v1/scrapersky", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        paths.push(format!("/api/v1/status/{}", answer.body["job_id"].as_str().unwrap()));
    }
    for path in paths.iter().cycle().take(40 * 40) {
        assert_eq!(acme.get(path).await.status, 200);
    }
    let written = app.count("SELECT count(*) FROM taken").await;
    println!("{written} writes for 1640 requests");
    assert!(written < 1640 / 4, "{written}");
}

#[tokio::test]
async fn an_address_has_a_limit_per_minute_on_public_routes() {
    let app = TestApp::with(&[("public_requests_per_minute", "3")]).await;
    let get = async |path: &str, address: &str| {
        let request = app
            .client()
            .get(path.to_owned())
            .header(Header::new("Host", "a"))
            .remote(format!("{address}:4000").parse().unwrap());
        request.dispatch().await.status().code
    };
    for path in ["/health", "/live", "/sign-in"] {
        assert_eq!(get(path, "192.0.2.1").await, 200);
    }
    assert_eq!(get("/health", "192.0.2.1").await, 429);
    assert_eq!(get("/health", "192.0.2.2").await, 200);
}

/// Sends a request with a key from an address.
async fn ask_from(app: &TestApp, address: &str, key: &str) -> u16 {
    let request = app
        .client()
        .get("/api/v1/domains")
        .header(Header::new("Host", "a"))
        .header(Header::new("Authorization", format!("Bearer {key}")))
        .remote(address.parse().unwrap());
    request.dispatch().await.status().code
}

#[tokio::test]
async fn unknown_keys_are_refused_by_address_without_a_query() {
    let app = TestApp::with(&[("public_requests_per_minute", "20")]).await;
    let acme = app.agency("acme").await;
    let other = app.key(&acme.agency, database::models::enums::Scope::ALL).await;
    assert_eq!(ask_from(&app, "[2001:db8::1]:1", &acme.key).await, 200);
    let mut counts = std::collections::BTreeMap::new();
    for number in 0..400 {
        let address = format!("[2001:db8::{number:x}]:1");
        let status = ask_from(&app, &address, &format!("sky_{number:032}")).await;
        *counts.entry(status).or_insert(0) += 1;
    }
    assert_eq!(counts, [(401, 20), (429, 380)].into());
    // Nothing is looked up for the rest, and who was known before goes on.
    app.sql("ALTER TABLE api_keys RENAME TO hidden").await;
    assert_eq!(ask_from(&app, "[2001:db8::1]:1", &other).await, 429);
    app.sql("ALTER TABLE hidden RENAME TO api_keys").await;
    assert_eq!(ask_from(&app, "[2001:db8::1]:1", &acme.key).await, 200);
    assert_eq!(ask_from(&app, "[2001:db8:0:1::1]:1", &other).await, 200);
}

#[tokio::test]
async fn a_request_names_one_host() {
    let app = TestApp::new().await;
    for (hosts, status) in [(0, 400), (1, 200), (2, 400)] {
        let mut request = app.client().get("/live").remote("192.0.2.1:4000".parse().unwrap());
        for _ in 0..hosts {
            request.add_header(Header::new("Host", "a"));
        }
        let response = request.dispatch().await;
        assert_eq!(response.status().code, status, "{hosts}");
        let text = response.into_string().await.unwrap();
        assert!(status == 200 || text.contains("send exactly one"), "{text}");
    }
}

/// Returns the median time of 50 requests.
async fn median_of(api: &Api) -> Duration {
    let mut took = Vec::new();
    for _ in 0..50 {
        let begun = Instant::now();
        assert_eq!(api.get("/api/v1/domains").await.0, 200);
        took.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    took.sort();
    took[25]
}

/// Sends a request every `pause`, `times` times or until `end`, and returns how many were accepted and refused.
async fn ask_on(api: Api, pause: Duration, times: i32, end: Arc<AtomicBool>) -> (i32, i32) {
    let (mut accepted, mut refused) = (0, 0);
    let mut turns = tokio::time::interval(pause);
    while accepted + refused < times && !end.load(Ordering::Relaxed) {
        turns.tick().await;
        match api.try_send(HttpMethod::GET, "/api/v1/domains", None).await.unwrap().0 {
            200 => accepted += 1,
            429 => refused += 1,
            other => panic!("{other}"),
        }
    }
    (accepted, refused)
}

/// Four processes; one tenant sends at ten times its limit, another at its own pace.
#[tokio::test]
async fn processes_share_limits_and_a_busy_tenant_slows_nobody() {
    let quota = i32::try_from(extent::of(300, 160)).unwrap();
    let agencies = Agencies::new().await;
    let site = Site::canary().await;
    let mut program = Program::new(agencies.database.url(), &site);
    let calm_tenant = agencies.tenant("calm").await.id.to_string();
    let hot = program.run(&["keys", "create", "--name", "hot"]);
    let calm = program.run(&["keys", "create", "--name", "calm", "--tenant", &calm_tenant]);
    program.set("SCRAPERSKY_READS_PER_MINUTE", &quota.to_string());
    program.set("SCRAPERSKY_TENANT_READS_PER_MINUTE", &quota.to_string());
    let mut servers = Vec::new();
    for _ in 0..4 {
        servers.push(program.serve(&["--workers", "0"], &hot).await);
    }
    let neighbour = servers[0].1.by(&calm);
    let median = async || median_of(&neighbour).await;
    // Eight clients at a time.
    let rush = |pause: Duration, times: i32, end: &Arc<AtomicBool>| -> Vec<_> {
        let clients = servers.iter().flat_map(|(_, api)| [api.clone(), api.clone()]);
        let clients = clients.map(|api| tokio::spawn(ask_on(api, pause, times, Arc::clone(end))));
        clients.collect()
    };
    let counts = Cell::new((0, 0));
    let add = async |clients: Vec<JoinHandle<(i32, i32)>>| {
        for client in clients {
            let ((accepted, refused), (more, less)) = (counts.get(), client.await.unwrap());
            counts.set((accepted + more, refused + less));
        }
    };
    // Ten times its rate is 50 requests a second: 8 clients, each every 160 ms.
    let ten_times = Duration::from_secs(60) * 8 / (10 * quota.unsigned_abs());
    let alone = median().await;
    let end = Arc::new(AtomicBool::new(false));
    let clients = rush(ten_times, i32::MAX, &end);
    let beside_accepted = median().await;
    end.store(true, Ordering::Relaxed);
    add(clients).await;
    // The rest of the minute's requests, as fast as possible: most must be refused.
    let rest = (quota * 10 - counts.get().0) / 8;
    add(rush(Duration::from_micros(1), rest, &Arc::default())).await;
    let end = Arc::new(AtomicBool::new(false));
    let clients = rush(ten_times, i32::MAX, &end);
    let beside_refused = median().await;
    end.store(true, Ordering::Relaxed);
    add(clients).await;
    let (accepted, refused) = counts.get();
    println!(
        "{accepted} of {} accepted, {refused} refused, the quota is {quota}; another tenant's median: {alone:?} alone, \
         {beside_accepted:?} beside ten times the rate, {beside_refused:?} while that is refused",
        accepted + refused
    );
    assert!((accepted - quota).abs() <= quota / 20, "{accepted} of {quota}");
    // A busy machine slows everybody a little; waiting for the other tenant would take longer.
    for beside in [beside_accepted, beside_refused] {
        assert!(
            beside < alone * 2 + Duration::from_millis(300),
            "{beside:?} beside it, {alone:?} alone"
        );
    }
}

#[tokio::test]
async fn a_process_that_dies_costs_at_most_its_lease() {
    let quota = 400;
    let agencies = Agencies::new().await;
    let site = Site::canary().await;
    let mut program = Program::new(agencies.database.url(), &site);
    let key = program.run(&["keys", "create", "--name", "hot"]);
    program.set("SCRAPERSKY_READS_PER_MINUTE", &quota.to_string());
    program.set("SCRAPERSKY_TENANT_READS_PER_MINUTE", &quota.to_string());
    let mut servers = Vec::new();
    for _ in 0..4 {
        servers.push(program.serve(&["--workers", "0"], &key).await);
    }
    let (mut accepted, begun) = (0, Instant::now());
    let mut rush = async |servers: &[(Running, Api)], times: i32| {
        let clients: Vec<_> = servers
            .iter()
            .map(|(_, api)| tokio::spawn(ask_on(api.clone(), Duration::from_micros(1), times, Arc::default())))
            .collect();
        for client in clients {
            accepted += client.await.unwrap().0;
        }
    };
    rush(&servers, quota / 8).await;
    servers.pop().unwrap().0.kill();
    rush(&servers, quota).await;
    // Whoever stopped asking gives back what it took, and others find that a second later.
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(1100)).await;
        rush(&servers, quota / 8).await;
    }
    println!("{accepted} accepted of {quota}, one of four processes killed in between");
    // A machine that is busy with other things may take longer than the minute of the quota.
    let minutes = 1 + i32::try_from(begun.elapsed().as_secs() / 60).unwrap();
    assert!(
        accepted <= quota * minutes && quota - accepted <= quota / 10,
        "{accepted} of {quota} in each of {minutes} minutes"
    );
}
