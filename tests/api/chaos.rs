//! Everything that dies, at once: workers, servers and what holds the data, while there is work.
//!
//! `SCRAPERSKY_CHAOS_SCANS` and `SCRAPERSKY_CHAOS_ROUNDS` make it longer (for example 1000 and 10), and
//! `SCRAPERSKY_TEST_BIN` names another binary to run, such as the release build.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use postgres::{EmbeddedPostgres, EmbeddedState};
use serde_json::json;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::failover::{Pair, delayed_site};
use crate::program::{AUDIT, PAGE, count, post_scans, setting};
use crate::storage::{SmallDisk, options};
use crate::support::cluster::Scratch;
use crate::support::database::{connect, eventually};
use crate::support::extent;
use crate::support::program::{Api, Program, Running};

/// Longer than the leases of [`Program::new`].
const PAST_THE_LEASE: Duration = Duration::from_secs(4);

/// Two servers and two workers of one database.
struct Fleet<'a> {
    program: &'a Program,
    key: String,
    servers: Vec<(Running, Api)>,
    workers: Vec<Running>,
    killed: usize,
}

impl<'a> Fleet<'a> {
    async fn start(program: &'a Program) -> Self {
        let key = program.run(&["keys", "create", "--name", "chaos"]);
        let mut fleet = Self {
            program,
            key,
            servers: Vec::new(),
            workers: Vec::new(),
            killed: 0,
        };
        for _ in 0..2 {
            fleet.servers.push(fleet.server().await);
            fleet.workers.push(fleet.worker());
        }
        fleet
    }

    async fn server(&self) -> (Running, Api) {
        self.program.serve(&["--workers", "0"], &self.key).await
    }

    fn worker(&self) -> Running {
        self.program.start(&["worker", "--workers", "4"])
    }

    /// Kills the process that has lived longest, of workers and servers in turn, and starts another one.
    async fn kill_one(&mut self) {
        self.killed += 1;
        if self.killed % 2 == 1 {
            self.workers.remove(0).kill();
            self.workers.push(self.worker());
        } else {
            self.servers.remove(0).0.kill();
            self.servers.push(self.server().await);
        }
    }

    /// Returns the number of jobs with a status; `None` while no server can tell.
    async fn count(&self, status: &str) -> Option<u64> {
        for (_, api) in &self.servers {
            if let Some(number) = api.count(status).await {
                return Some(number);
            }
        }
        None
    }

    /// Kills processes and calls `strike` in each of `rounds`, spread over the work, and returns the number of scans when
    /// all have ended.
    ///
    /// On a slow machine, where the work ends while a process starts, more is posted.
    async fn work_through(&mut self, mut scans: usize, rounds: usize, mut strike: impl AsyncFnMut(usize)) -> usize {
        let blows = 3 * rounds;
        let step = (scans / (blows + 2)).max(1);
        let (mut blow, mut last) = (0, 0);
        let mut deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let counts = (self.count("completed").await, self.count("failed").await);
            if let (Some(completed), Some(failed)) = counts {
                let ended = usize::try_from(completed + failed).unwrap();
                if ended == scans {
                    if blow == blows {
                        return scans;
                    }
                    self.post_more(scans, step).await;
                    scans += step;
                }
                if ended > last {
                    deadline = Instant::now() + Duration::from_secs(120);
                    last = ended;
                }
                if blow < blows && ended >= step * (blow + 1) {
                    match blow % 3 {
                        2 => strike(blow / 3).await,
                        _ => self.kill_one().await,
                    }
                    blow += 1;
                }
            }
            assert!(
                Instant::now() < deadline,
                "nothing has ended for two minutes; ended: {last} of {scans}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Posts scans of `count` further sites, once, through whichever server accepts them.
    async fn post_more(&self, before: usize, count: usize) {
        let names: Vec<_> = (before..before + count).map(|i| format!("s{i}.bench.test")).collect();
        let (body, key) = (json!({ "domains": names }), Uuid::new_v4().to_string());
        eventually("a server accepts more scans", async || {
            for (_, api) in &self.servers {
                let answer = api.try_post_once("/api/v1/batch", &body, &key).await;
                if answer.is_ok_and(|(status, _)| (200..300).contains(&status)) {
                    return true;
                }
            }
            false
        })
        .await;
    }

    /// Asserts that no process has ended by itself, and that the servers are ready.
    async fn all_live(&mut self) {
        for worker in self
            .workers
            .iter_mut()
            .chain(self.servers.iter_mut().map(|(server, _)| server))
        {
            assert!(worker.is_alive(), "a process has ended by itself");
        }
        for (_, api) in &self.servers {
            eventually("a server is ready", async || api.get("/ready").await.0 == 200).await;
        }
    }
}

/// Asserts that each scan ended exactly once, and returns how many ended with each outcome.
async fn outcomes(client: &Client, scans: usize) -> String {
    let all = i64::try_from(scans).unwrap();
    assert_eq!(count(client, "SELECT count(*) FROM jobs").await, all, "lost or doubled");
    let open = "SELECT count(*) FROM jobs WHERE status IN ('pending', 'running')";
    assert_eq!(count(client, open).await, 0, "stuck");
    let twice = "SELECT count(*) FROM (SELECT FROM audit WHERE new NOT IN ('pending', 'running') GROUP BY job_id HAVING count(*) > 1) t";
    assert_eq!(count(client, twice).await, 0, "a job ended twice");
    let ends = "SELECT count(DISTINCT job_id) FROM audit WHERE new NOT IN ('pending', 'running')";
    assert_eq!(count(client, ends).await, all);
    let rows =
        "SELECT count(*) FROM jobs j JOIN domain_profiles p ON p.tenant_id = j.tenant_id AND p.domain_id = j.domain_id
        WHERE j.outcome = 'ok' AND p.title = 'A shop'";
    let succeeded = count(
        client,
        "SELECT count(*) FROM jobs WHERE status = 'completed' AND outcome = 'ok'",
    )
    .await;
    assert_eq!(count(client, rows).await, succeeded, "completed without rows");
    let sql = "SELECT string_agg(line, ', ') FROM (SELECT count(*) || ' ' || status || ' ' || outcome AS line FROM jobs GROUP BY status, outcome ORDER BY 1) t";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_private_postgresql_and_its_disk_may_fail_while_there_is_work() {
    let scans = setting("SCRAPERSKY_CHAOS_SCANS", extent::of(60, 30));
    let rounds = setting("SCRAPERSKY_CHAOS_ROUNDS", 2);
    let scratch = Scratch::new();
    let Some(disk) = SmallDisk::mount(scratch.path("disk"), 1_000) else {
        return;
    };
    let folder = disk.folder().join("pg");
    let site = delayed_site(PAGE).await;
    let mut program = Program::private(&folder, &site);
    program.set("SCRAPERSKY_MIN_FREE_DISK_BYTES", "20000000");
    program.run(&["migrate", "up"]);
    let url = program.run(&["db", "url"]);
    connect(&url).await.batch_execute(AUDIT).await.unwrap();
    let mut fleet = Fleet::start(&program).await;
    post_scans(&fleet.servers[0].1, scans).await;

    let options = options(&folder);
    let mut deaths = 0;
    let begun = Instant::now();
    let scans = fleet
        .work_through(scans, rounds, async |round| {
            if round == rounds / 2 {
                disk.fill(0);
                tokio::time::sleep(PAST_THE_LEASE).await;
                disk.clear();
            } else if let EmbeddedState::Running { pid } = EmbeddedPostgres::status(&options).unwrap().state {
                kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
                deaths += 1;
            }
        })
        .await;
    fleet.all_live().await;
    let ended = outcomes(&connect(&url).await, scans).await;
    println!(
        "{scans} scans in {:?}: {ended}; {} processes and {deaths} postmasters killed, the disk full once",
        begun.elapsed(),
        fleet.killed
    );
    assert_eq!(deaths, rounds - 1);
    assert!(!ended.contains("failed"), "{ended}");
    drop(fleet);
    EmbeddedPostgres::find(&options).unwrap().unwrap().stop().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_database_servers_may_freeze_and_fail_over_while_there_is_work() {
    let scans = setting("SCRAPERSKY_CHAOS_SCANS", extent::of(60, 30));
    let rounds = setting("SCRAPERSKY_CHAOS_ROUNDS", 2);
    let mut pair = Pair::start().await;
    let primary = pair.primary.tcp_url("127.0.0.1");
    connect(&primary).await.batch_execute(AUDIT).await.unwrap();
    let program = pair.program.clone();
    let mut fleet = Fleet::start(&program).await;
    post_scans(&fleet.servers[0].1, scans).await;

    let mut freezes = 0;
    let begun = Instant::now();
    let scans = fleet
        .work_through(scans, rounds, async |round| {
            if round == rounds / 2 {
                pair.primary.kill();
                pair.standby.promote();
                return;
            }
            let current = if round < rounds / 2 {
                &pair.primary
            } else {
                &pair.standby
            };
            current.freeze();
            tokio::time::sleep(PAST_THE_LEASE).await;
            current.thaw();
            freezes += 1;
        })
        .await;
    fleet.all_live().await;
    let ended = outcomes(&connect(&pair.standby.tcp_url("127.0.0.1")).await, scans).await;
    println!(
        "{scans} scans in {:?}: {ended}; {} processes killed, {freezes} freezes of {PAST_THE_LEASE:?}, one promotion",
        begun.elapsed(),
        fleet.killed
    );
    assert_eq!(freezes, rounds - 1);
    assert!(!ended.contains("failed"), "{ended}");
}
