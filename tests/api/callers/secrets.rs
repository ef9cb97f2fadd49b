//! No secret is written to a log or a response.

use std::fs::File;
use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rocket::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::TestApp;
use crate::support::database::TestDatabase;
use crate::support::extent;
use crate::support::log;
use crate::support::program::{Api, Program};
use crate::support::site::{Reply, Site};
use crate::support::tokens::{Signer, claims};

/// Runs the program at its most verbose log level: a scan, a search, keys, tokens, failures of every kind, a database
/// outage. Its log and every response are searched for twenty secrets.
#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one life of the program, told from its start to its end"
)]
async fn no_secret_is_in_a_log_or_an_answer() {
    let mut database = TestDatabase::new().await;
    let login = database.login("canary", "SUPERUSER").await;
    let site = site_with_a_cookie().await;
    let secret = "canary-of-the-secret-that-signs-the-tokens-of-people";
    let google = "canary-of-the-key-of-google-maps";
    let url = with_password(&login.url, "canary-of-the-password-of-the-database");
    let mut program = Program::new(&url, &site);
    for (name, value) in [
        ("SUPABASE_JWT_SECRET", secret),
        ("SCRAPERSKY_JWT_ISSUER", "https://project.test/auth/v1"),
        ("GOOGLE_MAPS_API_KEY", google),
        ("SUPABASE_DB_PASSWORD", "canary-of-the-password-of-supabase"),
        ("SCRAPERSKY_PLACES_URL", &format!("http://{}", site.addr)),
        ("SCRAPERSKY_LOG", "trace"),
    ] {
        program.set(name, value);
    }
    let key = program.run(&["keys", "create", "--name", "canary"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let file = File::create(&path).unwrap();
    let (server, api) = program.serve_to(&["--workers", "2"], &key, Stdio::from(file)).await;
    let mut secrets: Vec<String> = [
        secret,
        google,
        "canary-of-the-password-of-the-database",
        "canary-of-the-password-of-supabase",
        "canary-of-a-cookie-that-a-site-sets",
    ]
    .map(str::to_owned)
    .into();
    // The visible prefix identifies a key; the rest must not appear.
    secrets.push(key[12..].to_owned());
    let mut answers = String::new();
    let mut tell = |answer: (u16, Value)| answers.push_str(&format!("{} {}\n", answer.0, answer.1));

    let made = api
        .try_send(
            reqwest::Method::POST,
            "/api/v1/keys",
            Some(&json!({ "name": "c", "scopes": ["read"] })),
        )
        .await
        .unwrap();
    assert_eq!(made.0, 201, "{made:?}");
    let second = made.1["key"].as_str().unwrap().to_owned();
    secrets.push(second[12..].to_owned());
    let id = made.1["id"].as_str().unwrap();
    let rotated = api
        .try_send(
            reqwest::Method::POST,
            &format!("/api/v1/keys/{id}/rotate"),
            Some(&json!({})),
        )
        .await
        .unwrap();
    assert_eq!(rotated.0, 201, "{rotated:?}");
    secrets.push(rotated.1["key"].as_str().unwrap()[12..].to_owned());
    tell(api.get("/api/v1/keys").await);
    tell(api.get("/api/v1/audit").await);

    // Valid and invalid credentials of every kind.
    let person = Uuid::new_v4();
    let claims = claims("https://project.test/auth/v1", person).to_string();
    let signer = |secret: &str| Signer::Hmac(secret.as_bytes().to_vec());
    let tokens = [
        signer(secret).token(r#"{"alg":"HS256"}"#, &claims),
        signer("another secret of somebody who should not").token(r#"{"alg":"HS256"}"#, &claims),
        format!("sky_{}", "canary0of0a0key0that0is0not0there".repeat(2)),
        "canary-of-a-credential-of-no-kind".to_owned(),
        format!("{}.{}.canary-of-a-signature", "a".repeat(20), "b".repeat(20)),
    ];
    for token in &tokens {
        let answer = api.by(token).get("/api/v1/domains").await;
        assert!([401, 403].contains(&answer.0), "{answer:?}");
        tell(answer);
        secrets.push(token.clone());
    }
    for (name, value) in [
        ("Authorization", "Basic Y2FuYXJ5LW9mLWJhc2ljLWF1dGhlbnRpY2F0aW9u"),
        ("Authorization", "canary-of-an-authorization-without-a-scheme"),
        ("Cookie", "session=canary-of-a-cookie-of-a-client"),
        ("Proxy-Authorization", "Bearer canary-of-a-proxy"),
        ("X-Api-Key", "canary-of-a-header-that-means-nothing"),
        ("apikey", "canary-of-the-key-of-supabases-gateway"),
        ("X-Forwarded-Access-Token", "canary-of-a-token-of-a-proxy"),
        ("X-Auth-Token", "canary-of-another-header-with-a-token"),
        ("X-Tenant-Id", "not-a-uuid"),
    ] {
        let answer = api.with_header(name, value).await;
        tell(answer);
        if name != "X-Tenant-Id" {
            let text = value.rsplit(['=', ' ']).next().unwrap();
            secrets.push(if text.is_empty() { value } else { text }.to_owned());
        }
    }
    for secret in &secrets {
        log::secret(secret);
    }
    assert!(secrets.len() >= 20, "{}", secrets.len());

    // Work and failures.
    let scan = api
        .post("/api/v1/scrapersky", &json!({ "base_url": "shop.bench.test" }))
        .await;
    let search = api
        .post(
            "/api/v1/places/search",
            &json!({ "location": "Houston", "business_type": "dentist" }),
        )
        .await;
    for status_url in [&scan["status_url"], &search["status_url"]] {
        tell(ended(&api, status_url.as_str().unwrap()).await);
    }
    for path in [
        "/api/v1/domains/x",
        "/api/v1/jobs?limit=x",
        "/api/v1/domains?q=%00",
        "/nothing",
    ] {
        tell(api.get(path).await);
    }
    let client = database.client().await;
    let end = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{}'",
        login.name
    );
    client
        .batch_execute(&format!("ALTER ROLE {} NOLOGIN", login.name))
        .await
        .unwrap();
    client.query(&end, &[]).await.unwrap();
    for _ in 0..3 {
        tell(api.get("/api/v1/domains").await);
    }
    client
        .batch_execute(&format!("ALTER ROLE {} LOGIN", login.name))
        .await
        .unwrap();
    assert!(server.end());

    let mut written = String::new();
    File::open(&path).unwrap().read_to_string(&mut written).unwrap();
    assert!(
        written.lines().count() > 60,
        "the log is too short to tell: {}",
        written.len()
    );
    assert!(answers.contains("503"), "the database never went away: {answers}");
    for secret in &secrets {
        for (place, text) in [("the log", &written), ("an answer", &answers)] {
            let line = text.lines().find(|line| line.contains(secret.as_str()));
            assert_eq!(line, None, "{secret} is in {place}");
        }
    }
    println!(
        "{} secrets, {} lines of log, none of them in it",
        secrets.len(),
        written.lines().count()
    );
}

async fn site_with_a_cookie() -> Site {
    Site::start(|path| match path {
        "/robots.txt" => Reply::new("404 Not Found", &[], ""),
        _ => Reply::new(
            "200 OK",
            &[
                ("Content-Type", "text/html"),
                ("Set-Cookie", "session=canary-of-a-cookie-that-a-site-sets"),
            ],
            "<title>A shop</title>",
        ),
    })
    .await
}

/// Polls until a job has ended, and returns the last response.
async fn ended(api: &Api, path: &str) -> (u16, Value) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = api.get(path).await;
        if ["completed", "failed"].contains(&answer.1["status"].as_str().unwrap()) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn with_password(url: &str, password: &str) -> String {
    // The tests' server trusts everybody, so any password works.
    if url.contains("password=") {
        return url.replace("only-for-this-test", password);
    }
    let mut url = url::Url::parse(url).unwrap();
    if url.host_str().is_some_and(|host| !host.is_empty()) {
        url.set_password(Some(password)).unwrap();
    }
    url.into()
}

/// Refusing a foreign id takes as long as refusing a missing one. A telling difference would show in every round; noise
/// of a busy machine only in some.
#[tokio::test]
async fn foreign_and_missing_ids_take_equally_long() {
    let tries = extent::of(1000, 60);
    let app = TestApp::new().await;
    let (acme, bolt) = (app.agency("acme").await, app.agency("bolt").await);
    for number in 0..50 {
        acme.agency.domain(&format!("d{number}.test")).await;
    }
    let foreign = acme.agency.domain("a.test").await.id.to_string();
    for round in 1..=5 {
        let [anothers, nobodys] = refusals(&app, &bolt.key, &foreign, tries).await;
        println!("round {round}, {tries} tries each, medians: another tenant's {anothers:?}, missing {nobodys:?}");
        if anothers.abs_diff(nobodys) < Duration::from_millis(1) {
            return;
        }
    }
    panic!("another tenant's id differs from a missing one in every round");
}

/// Returns the median time of refusing `foreign` and of refusing a missing id, over `tries` each.
async fn refusals(app: &TestApp, key: &str, foreign: &str, tries: usize) -> [Duration; 2] {
    let mut took = [Vec::new(), Vec::new()];
    for number in 0..tries * 2 {
        // Alternating, so that both see the same load.
        let (times, id) = if number % 2 == 0 {
            (0, foreign.to_owned())
        } else {
            (1, Uuid::new_v4().to_string())
        };
        let begun = Instant::now();
        let answer = app
            .send(Method::Get, &format!("/api/v1/domains/{id}"), Some(key), None)
            .await;
        took[times].push(begun.elapsed());
        assert_eq!(answer.status, 404);
    }
    took.map(|mut times| {
        times.sort();
        times[tries / 2]
    })
}
