//! A job queue, its workers, and jobs with the behaviour a test needs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use database::ids::{JobId, TenantId};
use database::models::domain::NewDomain;
use database::models::enums::{JobStatus, Outcome};
use database::models::job::Job;
use database::models::tenant::NewTenant;
use database::pool::Pool;
use database::repo;
use database::settings::PoolConfig;
use database::url::DatabaseUrl;
use jobs::JobsConfig;
use jobs::{
    BackgroundJob, EnqueueOptions, Finished, JobContext, JobError, Registry, Retry, Runner, RunnerStats, Submission,
    Waker,
};
use nix::sys::signal::{Signal, raise};
use serde::{Deserialize, Serialize};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::database::{TestDatabase, eventually};

/// State shared between a test and its jobs.
#[derive(Default)]
pub struct Probe {
    log: Mutex<Vec<(String, i32)>>,
    at_work: Mutex<HashMap<JobId, usize>>,
    gates: Mutex<HashMap<String, watch::Sender<bool>>>,
}

impl Probe {
    /// Returns the names of the jobs started so far, with their attempts.
    pub fn runs(&self) -> Vec<(String, i32)> {
        self.log.lock().unwrap().clone()
    }

    /// Returns how often jobs of this name were started.
    pub fn runs_of(&self, name: &str) -> usize {
        self.runs().iter().filter(|(run, _)| run == name).count()
    }

    /// Opens the gate of the jobs with this name, now and for later ones.
    pub fn open(&self, name: &str) {
        self.gate(name).send_replace(true);
    }

    fn gate(&self, name: &str) -> watch::Sender<bool> {
        let mut gates = self.gates.lock().unwrap();
        gates
            .entry(name.to_owned())
            .or_insert_with(|| watch::Sender::new(false))
            .clone()
    }
}

/// A running job; it fails the test if the same job runs twice at once.
struct AtWork<'a>(&'a Probe, JobId);

impl<'a> AtWork<'a> {
    fn begin(probe: &'a Probe, job: JobId) -> Self {
        let mut at_work = probe.at_work.lock().unwrap();
        let count = at_work.entry(job).or_default();
        *count += 1;
        assert_eq!(*count, 1, "job {job} runs twice at once");
        Self(probe, job)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        if let Some(count) = self.0.at_work.lock().unwrap().get_mut(&self.1) {
            *count -= 1;
        }
    }
}

/// The behaviour of a [`Task`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Does {
    /// Inserts a domain with its name.
    Write,
    /// The same, once the test opens its gate.
    WriteAtGate,
    /// The same, once this file exists.
    WriteOnce(PathBuf),
    /// The same once its gate opens, for the job's domain.
    WriteToItsDomain,
    /// Waits at its gate with a domain inserted but not committed.
    HoldTransaction,
    /// Finishes without rows.
    Nothing,
    /// Reports progress until its gate opens.
    Report,
    /// Panics.
    Panic,
    /// Panics in blocking work.
    PanicBlocking,
    /// Fails with a retry.
    Fail,
    /// Fails with an immediate retry, until this attempt.
    FailUntil(i32),
    /// Fails without a retry.
    FailForGood,
    /// Kills its process.
    Kill,
}

/// A job for tests.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    pub name: String,
    pub does: Does,
}

/// Creates a job.
pub fn task(name: impl Into<String>, does: Does) -> Task {
    Task {
        name: name.into(),
        does,
    }
}

impl BackgroundJob for Task {
    type Services = Probe;

    const KIND: &'static str = "task";

    fn dedup_key(&self) -> Option<String> {
        self.name.strip_prefix("only:").map(str::to_owned)
    }

    async fn run(&self, ctx: JobContext<Probe>) -> Result<Finished, JobError> {
        let probe = ctx.services();
        let _at_work = AtWork::begin(probe, ctx.job_id());
        probe.log.lock().unwrap().push((self.name.clone(), ctx.attempt()));
        let gate = || async {
            let mut gate = probe.gate(&self.name).subscribe();
            gate.wait_for(|is_open| *is_open).await.unwrap();
        };
        match &self.does {
            Does::Write => {}
            Does::WriteAtGate => gate().await,
            Does::WriteOnce(file) => {
                while !file.exists() {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
            Does::WriteToItsDomain => {
                gate().await;
                let mut conn = ctx.tenant().await?;
                ctx.domain(&mut conn, &self.name).await?;
                return ctx.finish(conn, Outcome::Ok, "written", "written").await;
            }
            Does::HoldTransaction => {
                let mut conn = ctx.tenant().await?;
                write(&mut conn, &self.name).await?;
                gate().await;
                return ctx.finish(conn, Outcome::Ok, "held", "held").await;
            }
            Does::Nothing => {
                let conn = ctx.tenant().await?;
                return ctx.finish(conn, Outcome::OkEmpty, "nothing to do", "nothing").await;
            }
            Does::Report => {
                report(&ctx).await;
                gate().await;
            }
            Does::Panic => panic!("as asked"),
            Does::PanicBlocking => ctx.blocking(|| panic!("as asked")).await?,
            Does::Fail => {
                let message = format!("attempt {} failed at http://ann:secret@shop.test/", ctx.attempt());
                return Err(JobError::new(Outcome::Timeout, message));
            }
            Does::FailUntil(attempt) if ctx.attempt() < *attempt => {
                return Err(JobError::new(Outcome::Dns, "not yet").retry(Retry::After(Duration::ZERO)));
            }
            Does::FailUntil(_) => {}
            Does::FailForGood => {
                return Err(JobError::permanent(Outcome::RefusedAddress, "it is no public address"));
            }
            Does::Kill => raise(Signal::SIGKILL).unwrap(),
        }
        let (ctx, name) = (&ctx, self.name.as_str());
        ctx.finish_with(async |mut conn| {
            write(&mut conn, name).await?;
            ctx.finish(conn, Outcome::Ok, "written", &[name]).await
        })
        .await
    }
}

async fn report(ctx: &JobContext<Probe>) {
    for step in ["first", "second"] {
        for message in ["begins", "goes on"] {
            ctx.report(step, message, 0.5).await;
        }
    }
}

async fn write(conn: &mut database::tenant::TenantConnection, name: &str) -> Result<(), JobError> {
    let new = NewDomain {
        domain: name,
        lead_source: None,
        created_by: None,
    };
    repo::domains::upsert(conn, &new).await?;
    Ok(())
}

/// A database with a tenant, for queueing and inspecting jobs.
pub struct Queue {
    pub database: TestDatabase,
    pub pool: Pool,
    pub probe: Arc<Probe>,
    pub tenant: TenantId,
}

impl Queue {
    pub async fn new() -> Self {
        let database = TestDatabase::new().await;
        let pool = pool(&database.database_url());
        let tenant = add_tenant(&pool, "acme").await;
        Self {
            database,
            pool,
            probe: Arc::default(),
            tenant,
        }
    }

    /// Adds another tenant.
    pub async fn tenant(&self, name: &str) -> TenantId {
        add_tenant(&self.pool, name).await
    }

    /// Queues a job of the first tenant.
    pub async fn add(&self, task: Task) -> JobId {
        self.add_for(self.tenant, &task, EnqueueOptions::default()).await
    }

    /// Queues a job.
    pub async fn add_for<J: BackgroundJob>(&self, tenant: TenantId, job: &J, options: EnqueueOptions) -> JobId {
        let mut conn = self.pool.tenant(tenant).await.unwrap();
        let queued = Submission::of_operator(&mut conn).enqueue(job, &options).await.unwrap();
        conn.commit().await.unwrap();
        queued.job.job_id
    }

    /// Returns a job of the first tenant.
    pub async fn job(&self, id: JobId) -> Job {
        let mut conn = self.pool.tenant(self.tenant).await.unwrap();
        repo::jobs::get(&mut conn, id).await.unwrap()
    }

    /// Waits until a job of the first tenant has a status, and returns it.
    pub async fn becomes(&self, id: JobId, status: JobStatus) -> Job {
        let what = format!("the job is {status}");
        eventually(&what, async || self.job(id).await.status == status).await;
        self.job(id).await
    }

    /// Requests a job's cancellation.
    pub async fn cancel(&self, id: JobId) -> Job {
        let mut conn = self.pool.tenant(self.tenant).await.unwrap();
        let job = repo::jobs::cancel(&mut conn, id).await.unwrap();
        conn.commit().await.unwrap();
        job
    }

    /// Returns whether the first tenant has a domain of this name.
    pub async fn has_domain(&self, name: &str) -> bool {
        let mut conn = self.pool.tenant(self.tenant).await.unwrap();
        repo::domains::lock_by_name(&mut conn, name).await.unwrap().is_some()
    }

    /// Runs SQL as the superuser.
    pub async fn sql(&self, sql: &str) {
        self.database.client().await.batch_execute(sql).await.unwrap();
    }

    /// Starts a worker with quick settings and its own pool.
    pub fn worker(&self) -> Worker {
        self.worker_with(|config| config)
    }

    /// Starts a worker with changed settings.
    pub fn worker_with(&self, change: impl FnOnce(JobsConfig) -> JobsConfig) -> Worker {
        let url = self.database.database_url();
        let listen = url.clone();
        let runner = runner(&url, Arc::clone(&self.probe), change(quick())).listening_at(listen);
        let (stats, waker, name) = (runner.stats(), runner.waker(), runner.name().to_owned());
        let (end, ended) = oneshot::channel::<()>();
        let task = tokio::spawn(runner.run(async move {
            // Dropping the sender is not a request to end.
            if ended.await.is_err() {
                std::future::pending::<()>().await;
            }
        }));
        Worker {
            stats,
            waker,
            name,
            end,
            task,
        }
    }
}

/// A running worker. Dropped, it disappears like a killed process.
pub struct Worker {
    pub stats: RunnerStats,
    pub waker: Waker,
    pub name: String,
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Asks it to end, and waits for that.
    pub async fn end(mut self) -> RunnerStats {
        let (nobody, _) = oneshot::channel();
        let _ = std::mem::replace(&mut self.end, nobody).send(());
        (&mut self.task).await.unwrap();
        self.stats.clone()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Settings that detect a dead worker within two seconds.
pub fn quick() -> JobsConfig {
    JobsConfig {
        workers: 4,
        lease: Duration::from_secs(2),
        heartbeat: Duration::from_millis(100),
        sweep: Duration::from_millis(100),
        poll: Duration::from_millis(50),
        grace: Duration::from_millis(50),
        retry_base: Duration::from_millis(10),
        retry_cap: Duration::from_millis(40),
        retention: None,
        events_kept: None,
        changes_kept: None,
    }
}

/// The same for tests without dead workers, where a busy machine must not look like one.
pub fn patient() -> JobsConfig {
    JobsConfig {
        lease: Duration::from_secs(30),
        heartbeat: Duration::from_secs(1),
        sweep: Duration::from_millis(500),
        poll: Duration::from_millis(100),
        ..quick()
    }
}

/// Runs in another process as a worker, until it is killed, loses a job or completes one.
pub fn work_in_another_process(url: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let runner = runner(&url.parse().unwrap(), Arc::default(), quick());
        let stats = runner.stats();
        runner
            .run(eventually("a job ended", async || {
                let seen = stats.snapshot();
                seen.lost + seen.completed > 0
            }))
            .await;
        let seen = stats.snapshot();
        println!("lost={} completed={}", seen.lost, seen.completed);
    });
}

/// Returns the command for [`work_in_another_process`].
pub fn worker_command(url: &str) -> std::process::Command {
    let mut command = super::process::helper_command("work", Path::new(url));
    command.stdout(std::process::Stdio::piped());
    command
}

/// Waits for a process to end, and returns its status.
pub async fn exit_of(child: &mut std::process::Child) -> std::process::ExitStatus {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < deadline, "the other process never ended");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn runner(url: &DatabaseUrl, probe: Arc<Probe>, config: JobsConfig) -> Runner<Probe> {
    let registry = Registry::new().register::<Task>();
    Runner::new(pool(url), registry, probe, config).unwrap()
}

fn pool(url: &DatabaseUrl) -> Pool {
    Pool::new(url, &PoolConfig::default()).unwrap()
}

async fn add_tenant(pool: &Pool, name: &str) -> TenantId {
    let mut conn = pool.system().await.unwrap();
    let new = NewTenant {
        name,
        description: None,
    };
    let tenant = repo::tenants::insert(&mut conn, &new).await.unwrap();
    conn.commit().await.unwrap();
    tenant.id
}
