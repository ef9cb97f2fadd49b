//! Room: on the disk of the database, and in a tenant's quota of stored rows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use database::repo::paging::Offset;
use database::repo::places::{self, PlaceFilter, PlaceOrder};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use postgres::{Durability, EmbeddedOptions, EmbeddedPostgres, EmbeddedState};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::cluster::Scratch;
use crate::support::database::eventually;
use crate::support::program::{Api, Program, Running};
use crate::support::site::{Reply, Site};
use crate::support::tenants::{Agencies, new_domain, new_place};

/// The tables whose rows are counted.
const COUNTED: [&str; 9] = [
    "contact_sources",
    "contacts",
    "domains",
    "email_scan_urls",
    "pages",
    "places_staging",
    "sitemap_files",
    "sitemap_url_changes",
    "sitemap_urls",
];

/// A site whose text sitemap lists this number of URLs.
async fn listing(urls: usize) -> Site {
    let text: String = (0..urls).map(|n| format!("http://shop.bench.test/{n}\n")).collect();
    Site::start(move |path| match path {
        "/robots.txt" => Reply::new("200 OK", &[], "Sitemap: /s.txt"),
        "/s.txt" => Reply::new("200 OK", &[("Content-Type", "text/plain")], &text),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await
}

#[tokio::test]
async fn rows_are_counted_exactly_and_no_writer_waits() {
    let agencies = Agencies::with_connections(5).await;
    let (acme, bolt) = (agencies.tenant("acme").await, agencies.tenant("bolt").await);
    let client = agencies.database.client().await;
    let stored = async || acme.run(async |conn| jobs::count_stored_rows(conn).await).await;
    let domain = acme.domain("acme.test").await;
    acme.sitemap(&domain, "http://acme.test/s.xml").await;
    acme.page(&domain, "http://acme.test/").await;
    bolt.domain("bolt.test").await;
    assert_eq!(stored().await, 3);
    assert_eq!(really(&client, acme.id.get()).await, 3);

    // An open transaction that has written does not keep others from writing.
    let mut open = acme.open().await;
    let new = new_domain("open.test");
    database::repo::domains::upsert(&mut open, &new).await.unwrap();
    for number in 0..250 {
        acme.domain(&format!("s{number}.test")).await;
    }
    assert_eq!(stored().await, 253);
    open.commit().await.unwrap();
    // The count before has put the entries of each of three tables together.
    let entries = format!("SELECT count(*) FROM stored_rows WHERE tenant_id = '{}'", acme.id);
    let entries: i64 = client.query_one(&entries, &[]).await.unwrap().get(0);
    assert!(entries <= 5, "{entries}");
    assert_eq!(stored().await, 254);
    assert_eq!(really(&client, acme.id.get()).await, 254);
    // An upsert of what is there adds nothing.
    acme.domain("s1.test").await;
    assert_eq!(stored().await, 254);
    acme.run(async |conn| database::repo::domains::delete(conn, domain.id).await)
        .await;
    assert_eq!(stored().await, really(&client, acme.id.get()).await);
    assert_eq!(stored().await, 251);

    // The total of the list of all places is that of the entries.
    let (two, other) = ([new_place("one"), new_place("two")], [new_place("three")]);
    acme.run(async |conn| places::upsert_many(conn, &two).await).await;
    bolt.run(async |conn| places::upsert_many(conn, &other).await).await;
    let all = PlaceFilter::default();
    let (rows, total) = acme
        .run(async |conn| places::list(conn, &all, PlaceOrder::Newest, Offset::first(1)).await)
        .await;
    assert_eq!((rows.len(), total), (1, 2));
    assert_eq!(acme.run(async |conn| places::count(conn, &all).await).await, 2);
    assert_eq!(really(&client, acme.id.get()).await, 253);
}

/// Counts a tenant's rows of each table one by one, and checks that the entries say the same.
async fn really(client: &tokio_postgres::Client, tenant: uuid::Uuid) -> i64 {
    let mut all = 0;
    for table in COUNTED {
        let sql = format!(
            "SELECT (SELECT count(*) FROM {table} WHERE tenant_id = '{tenant}'),
                    (SELECT coalesce(sum(rows), 0)::bigint FROM stored_rows WHERE tenant_id = '{tenant}' AND table_name = '{table}')"
        );
        let row = client.query_one(&sql, &[]).await.unwrap();
        let (counted, stored): (i64, i64) = (row.get(0), row.get(1));
        assert_eq!(stored, counted, "{table}");
        all += counted;
    }
    all
}

#[tokio::test]
async fn a_tenant_beyond_its_quota_keeps_its_rows_and_starts_no_work() {
    let app = TestApp::with(&[("rows_per_tenant", "100")]).await;
    let (acme, bolt) = (app.agency("acme").await, app.agency("bolt").await);
    let site = listing(500).await;
    let _work = app.work_with(&site, |scans| scans::ScansConfig {
        rows_per_tenant: 100,
        ..scans
    });
    let analyse = json!({ "domain": "shop.bench.test" });
    let accepted = acme.post("/api/v1/sitemap/scan", analyse.clone()).await;
    let job = acme.ended(accepted.body["status_url"].as_str().unwrap()).await;
    assert_eq!(
        (&job["status"], &job["outcome"]),
        (&json!("completed"), &json!("quota_reached")),
        "{job}"
    );
    let used = acme.get("/api/v1/usage").await.body["stored_rows"].clone();
    assert_eq!(used["limit"], 100);
    assert!((100..=102).contains(&used["used"].as_i64().unwrap()), "{used}");

    let refused = acme
        .post("/api/v1/scrapersky", json!({ "base_url": "other.bench.test" }))
        .await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(
        refused.body["detail"]
            .as_str()
            .unwrap()
            .contains("quota of 100 stored rows used up"),
        "{refused:?}"
    );
    assert!(
        refused.headers.iter().any(|(name, _)| name == "retry-after"),
        "{refused:?}"
    );
    let other = bolt
        .post("/api/v1/scrapersky", json!({ "base_url": "other.bench.test" }))
        .await;
    assert_eq!(other.status, 200, "{other:?}");

    // The operator allows more.
    app.sql(&format!(
        "INSERT INTO tenant_limits (tenant_id, rows_stored) VALUES ('{}', 110) ON CONFLICT (tenant_id) DO UPDATE SET rows_stored = 110",
        acme.agency.id
    ))
    .await;
    let id = acme.get("/api/v1/domains?q=shop").await.body["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(acme.delete(&format!("/api/v1/domains/{id}")).await.status, 204);
    assert_eq!(acme.get("/api/v1/usage").await.body["stored_rows"]["used"], 0);
    let accepted = acme.post("/api/v1/sitemap/scan", analyse).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
}

#[tokio::test]
async fn a_disk_short_of_room_refuses_new_work_and_nothing_else() {
    let folder = std::env::temp_dir();
    let most = (1_u64 << 50).to_string();
    let app = TestApp::with(&[("data_dir", folder.to_str().unwrap()), ("min_free_disk_bytes", &most)]).await;
    let acme = app.agency("acme").await;
    let refused = acme
        .post("/api/v1/scrapersky", json!({ "base_url": "shop.bench.test" }))
        .await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(
        refused.body["detail"].as_str().unwrap().contains("have to stay free"),
        "{refused:?}"
    );
    assert!(
        refused.headers.iter().any(|(name, _)| name == "retry-after"),
        "{refused:?}"
    );
    assert_eq!(acme.get("/api/v1/domains").await.status, 200);
    let ready = app.send(rocket::http::Method::Get, "/ready", None, None).await;
    assert_eq!(ready.status, 200, "{ready:?}");
    assert!(
        ready.body["warning"].as_str().unwrap().contains("have to stay free"),
        "{ready:?}"
    );
}

/// A small file system in memory, unmounted when it is dropped.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it; `None` where that is not permitted.
    pub fn mount(folder: PathBuf, megabytes: u32) -> Option<Self> {
        fs::create_dir_all(&folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m,mode=0755"), "tmpfs"])
            .arg(&folder)
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        println!(
            "skipped: a file system cannot be mounted here; the rest of this module shows what can be shown without"
        );
        None
    }

    /// Where it is mounted.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Fills the disk until this number of bytes is free.
    pub fn fill(&self, left: u64) {
        let filler = fs::File::create(self.0.join("filler")).unwrap();
        loop {
            let stat = nix::sys::statvfs::statvfs(&self.0).unwrap();
            let free = stat.blocks_available() * stat.fragment_size();
            let length = i64::try_from(free.saturating_sub(left).max(1)).unwrap();
            match nix::fcntl::fallocate(&filler, nix::fcntl::FallocateFlags::empty(), 0, length) {
                // PostgreSQL has written meanwhile.
                Err(Errno::ENOSPC) if free > left => {}
                Err(Errno::ENOSPC) => return,
                result => return result.unwrap(),
            }
        }
    }

    /// Gives it back.
    pub fn clear(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: PostgreSQL is about to end.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// The program with a private PostgreSQL on a small disk.
struct Scene {
    api: Api,
    options: EmbeddedOptions,
    _server: Running,
    _site: Site,
    disk: SmallDisk,
    _scratch: Scratch,
}

impl Scene {
    async fn new(megabytes: u32, least: u64, site: Site) -> Option<Self> {
        let scratch = Scratch::new();
        let disk = SmallDisk::mount(scratch.path("disk"), megabytes)?;
        let folder = disk.0.join("pg");
        let mut program = Program::bare();
        for (name, value) in [
            ("SCRAPERSKY_DATA_DIR", folder.to_str().unwrap()),
            ("SCRAPERSKY_MIN_FREE_DISK_BYTES", &least.to_string()),
            ("SCRAPERSKY_CONNECT_TO", &format!("*.bench.test={}", site.addr)),
            ("SCRAPERSKY_LOG", "off"),
            ("SCRAPERSKY_REQUESTS_PER_MINUTE", "0"),
            ("SCRAPERSKY_TENANT_REQUESTS_PER_MINUTE", "0"),
            ("SCRAPERSKY_PUBLIC_REQUESTS_PER_MINUTE", "0"),
        ] {
            program.set(name, value);
        }
        let (server, api) = program.serve(&["--workers", "2"], "none").await;
        let key = fs::read_to_string(folder.join("api-key")).unwrap();
        let api = api.by(key.trim());
        Some(Self {
            api,
            options: options(&folder),
            _server: server,
            _site: site,
            disk,
            _scratch: scratch,
        })
    }

    fn pid(&self) -> Option<i32> {
        match EmbeddedPostgres::status(&self.options).unwrap().state {
            EmbeddedState::Running { pid } => Some(pid),
            _ => None,
        }
    }

    async fn try_post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.api.try_send(Method::POST, path, Some(body)).await.unwrap()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.disk.0.join("filler").exists().then(|| self.disk.clear());
        if let Ok(Some(server)) = EmbeddedPostgres::find(&self.options) {
            let _ = server.stop();
        }
    }
}

pub fn options(data_dir: &Path) -> EmbeddedOptions {
    EmbeddedOptions {
        data_dir: data_dir.to_owned(),
        pg_bin: None,
        durability: Durability::Durable,
    }
}

/// A text sitemap that needs several times the room that the disk has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_would_fill_the_disk_ends_and_the_database_lives() {
    let site = listing(490_000).await;
    let Some(scene) = Scene::new(240, 100_000_000, site).await else {
        return;
    };
    let first = scene.pid().unwrap();
    let body = json!({ "domain": "shop.bench.test", "max_urls": 10_000_000 });
    let accepted = scene.api.post("/api/v1/sitemap/scan", &body).await;
    let status = accepted["status_url"].as_str().unwrap().to_owned();
    let begun = Instant::now();
    let job = loop {
        let job = scene.api.get(&status).await.1;
        if job["status"] == "completed" || job["status"] == "failed" {
            break job;
        }
        assert!(begun.elapsed() < Duration::from_secs(180), "{job}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let end = (&job["status"], &job["outcome"]);
    assert_eq!(end, (&json!("completed"), &json!("storage_full")), "{job}");
    assert!(job["result"]["urls"].as_i64().unwrap() > 0, "{job}");
    assert_eq!(scene.pid(), Some(first), "PostgreSQL did not live through it");
    scene.disk.fill(50_000_000);
    eventually("new work is refused", async || {
        let (code, refused) = scene
            .try_post("/api/v1/scrapersky", &json!({ "base_url": "a.bench.test" }))
            .await;
        code == 503
            && refused["detail"]
                .as_str()
                .is_some_and(|said| said.contains("have to stay free"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_nothing_is_lost() {
    let site = listing(10).await;
    let Some(scene) = Scene::new(200, 17_000_000, site).await else {
        return;
    };
    let suppress = async |number: u32| {
        let reason: String = (0..30).map(|_| uuid::Uuid::new_v4().to_string()).collect();
        let body = json!({ "domain": format!("n{number}.test"), "reason": reason });
        scene.try_post("/api/v1/suppressions", &body).await
    };
    assert_eq!(suppress(0).await.0, 201);
    scene.disk.fill(0);
    // Small writes find room for a while; then there is none.
    let mut stored = 1;
    let refused = loop {
        let (code, answer) = suppress(stored).await;
        if code != 201 {
            break (code, answer);
        }
        stored += 1;
        assert!(stored < 2000, "there was always room");
    };
    assert_eq!(refused.0, 503, "{refused:?}");
    let ready = async || {
        let (status, body) = scene.api.get("/ready").await;
        (status, body["detail"].as_str().unwrap_or_default().to_owned())
    };
    eventually("/ready says how much room there is", async || {
        let (status, why) = ready().await;
        status == 503 && why.contains("have to stay free")
    })
    .await;
    // A log without room ends the server; it cannot start without room either.
    if let Some(pid) = scene.pid() {
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    }
    eventually("/ready says that the server cannot be started", async || {
        let (status, why) = ready().await;
        status == 503 && why.contains("no space is left")
    })
    .await;
    assert_eq!(suppress(stored).await.0, 503);
    scene.disk.clear();
    let begun = Instant::now();
    while scene.api.get("/ready").await.0 != 200 {
        assert!(begun.elapsed() < Duration::from_secs(90), "{:?}", ready().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("well again after {:?}", begun.elapsed());
    assert_eq!(suppress(stored).await.0, 201);
    let kept = scene.api.get("/api/v1/suppressions?limit=1").await.1;
    assert_eq!(kept["total"], stored + 1, "{kept}");
}
