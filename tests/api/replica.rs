//! Reads on a standby: which of them go there, and that tenants see what they wrote.

use std::time::SystemTime;

use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::program::PAGE;
use crate::support::database::{connect, eventually};
use crate::support::program::{Api, Program, Running};
use crate::support::server::Server;
use crate::support::site::{Reply, Site};

const LIST: &str = "/api/v1/domains";

/// Adds a domain to the primary as another process would.
async fn add(primary: &Client, name: &str) {
    let sql = "INSERT INTO domains (tenant_id, domain) SELECT tenant_id, $1 FROM api_keys LIMIT 1";
    primary.execute(sql, &[&name]).await.unwrap();
}

async fn names(api: &Api) -> Vec<String> {
    let (status, list) = api.get(LIST).await;
    assert_eq!(status, 200, "{list}");
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["domain"].as_str().unwrap().to_owned())
        .collect()
}

/// Waits until the standby answers a list that is asked for from now on.
async fn standby_is_read(api: &Api, standby: &Client) {
    let now = standby.query_one("SELECT clock_timestamp()", &[]).await.unwrap();
    let now: SystemTime = now.get(0);
    let sql = r#"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%FROM "domains"%' AND query_start > $1 AND pid <> pg_backend_pid()"#;
    eventually("a list is read from the standby", async || {
        names(api).await;
        standby.query_one(sql, &[&now]).await.unwrap().get::<_, i64>(0) > 0
    })
    .await;
}

/// A server on a primary, with a standby to read from.
struct Setting {
    _primary: Server,
    standby: Server,
    _site: Site,
    _server: Running,
    api: Api,
    /// A connection to the primary.
    writer: Client,
    /// A connection to the standby.
    reader: Client,
}

impl Setting {
    async fn start() -> Self {
        let primary = Server::start(&[]);
        let standby = primary.start_standby().await;
        let site = Site::start(|_| Reply::html(PAGE)).await;
        let (url, read_url) = (primary.tcp_url("127.0.0.1"), standby.tcp_url("127.0.0.1"));
        let mut program = Program::new(&url, &site);
        program.run(&["migrate", "up"]);
        let key = program.run(&["keys", "create", "--name", "reads"]);
        program.set("DATABASE_READ_URL", &read_url);
        let (server, api) = program.serve(&["--workers", "0"], &key).await;
        Self {
            writer: connect(&url).await,
            reader: connect(&read_url).await,
            _primary: primary,
            standby,
            _site: site,
            _server: server,
            api,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_answers_reads_while_it_is_recent() {
    let mut both = Setting::start().await;
    let (api, writer, reader) = (&both.api, &both.writer, &both.reader);
    // The standby will stop, and nobody is to wait for it then.
    let alone = "ALTER SYSTEM SET synchronous_standby_names = ''";
    writer.batch_execute(alone).await.unwrap();
    writer.batch_execute("SELECT pg_reload_conf()").await.unwrap();

    add(writer, "first.test").await;
    standby_is_read(api, reader).await;
    // One that is behind answers for two seconds at most, and one's own writes are seen at once.
    reader.batch_execute("SELECT pg_wal_replay_pause()").await.unwrap();
    add(writer, "second.test").await;
    assert_eq!(names(api).await, ["first.test"], "it is read from the standby");
    let body = json!({ "base_url": "own.test" });
    api.post("/api/v1/scrapersky", &body).await;
    assert_eq!(names(api).await, ["own.test", "second.test", "first.test"]);
    reader.batch_execute("SELECT pg_wal_replay_resume()").await.unwrap();

    standby_is_read(api, reader).await;
    reader.batch_execute("SELECT pg_wal_replay_pause()").await.unwrap();
    add(writer, "third.test").await;
    eventually("the primary answers where the standby is behind", async || {
        names(api).await.len() == 4
    })
    .await;
    reader.batch_execute("SELECT pg_wal_replay_resume()").await.unwrap();

    standby_is_read(api, reader).await;
    both.standby.kill();
    add(writer, "fourth.test").await;
    // A list that was under way on the standby when it died fails.
    eventually("the primary answers where the standby is down", async || {
        api.get(LIST).await.0 == 200
    })
    .await;
    for _ in 0..20 {
        assert_eq!(
            names(api).await.len(),
            5,
            "the primary answers where the standby is down"
        );
    }
}

/// Ensures that no route that reads from the standby writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_that_reads_can_be_answered_by_a_standby() {
    let both = Setting::start().await;
    let (api, writer, reader) = (&both.api, &both.writer, &both.reader);
    add(writer, "first.test").await;
    standby_is_read(api, reader).await;
    let (_, document) = api.get("/openapi.json").await;
    let id = first_id(api).await;
    let mut asked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        if operations.get("get").is_none() || !path.starts_with("/api/v1") {
            continue;
        }
        let (status, answer) = api.get(&path.replace("{id}", &id).replace("{place_id}", "p1")).await;
        assert!(status < 500, "{path}: {status} {answer}");
        asked += 1;
    }
    assert!(asked > 30, "{asked}");
}

async fn first_id(api: &Api) -> String {
    let (_, list) = api.get(LIST).await;
    let id: &Value = &list["items"][0]["id"];
    id.as_str().unwrap().to_owned()
}
