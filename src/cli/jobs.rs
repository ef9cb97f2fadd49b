//! `scrapersky jobs`: lists, shows, cancels and retries jobs.

use ::jobs::{Submission, Waker};
use anyhow::{anyhow, ensure};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use database::ids::{BatchId, DomainId, JobId};
use database::models::audit_entry::NewAuditEntry;
use database::models::enums::{JobStatus, Outcome};
use database::models::job::Job;
use database::models::values::RawJson;
use database::repo::jobs::{JobFilter, bulk};
use database::repo::paging::{Newest, Paging};
use database::repo::tenants::DEFAULT_TENANT;
use database::repo::{self, QueryError};
use database::tenant::TenantConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::listing::{ListForm, Listed, Source, facts};
use crate::config::Config;
use crate::routes::names::{view_job, view_jobs};
use crate::views::job::JobView;

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// Prints jobs as a table, newest first
    List {
        /// The jobs to list
        #[command(flatten)]
        which: JobChoice,
        /// How they are shown
        #[command(flatten)]
        form: ListForm,
    },
    /// Prints a job, and why it has not ended
    Show {
        /// Id of the job
        #[arg(value_parser = parse_job)]
        id: JobId,
        /// Prints JSON instead of a table
        #[arg(long)]
        json: bool,
        /// Tenant that owns the job
        #[arg(long, default_value_t = DEFAULT_TENANT)]
        tenant: Uuid,
    },
    /// Cancels unfinished jobs: pending ones at once, running ones at their worker's next heartbeat
    Cancel(ChangeOptions),
    /// Queues failed and cancelled jobs again
    Retry(ChangeOptions),
}

/// Jobs to change.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("selection").required(true).multiple(true))]
pub struct ChangeOptions {
    /// Ids of the jobs
    #[arg(value_name = "ID", value_parser = parse_job, group = "selection", conflicts_with = "filter")]
    ids: Vec<JobId>,
    /// All jobs that the filter selects, at most 10,000
    #[arg(long, group = "selection")]
    filter: bool,
    /// The filter, which `--filter` applies
    #[command(flatten)]
    which: JobChoice,
    /// Only prints how many jobs would be changed
    #[arg(long)]
    preview: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    /// Tenant that owns the jobs
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
}

/// A filter, as the API has it.
#[derive(Debug, Default, PartialEq, Args)]
pub struct JobChoice {
    /// Only jobs with one of these statuses, separated by commas: pending, running, completed, failed, cancelled
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    status: Vec<JobStatus>,
    /// Only jobs of this kind
    #[arg(long)]
    kind: Option<String>,
    /// Only jobs that ended for this reason, such as timeout
    #[arg(long)]
    outcome: Option<Outcome>,
    /// Only jobs about the domain with this id
    #[arg(long, value_name = "UUID")]
    domain_id: Option<Uuid>,
    /// Only jobs of the batch with this id, and those that do work of it
    #[arg(long, value_name = "ID", value_parser = parse_batch)]
    batch_id: Option<BatchId>,
    /// Only jobs that the job with this id queued
    #[arg(long, value_name = "ID", value_parser = parse_job)]
    parent_id: Option<JobId>,
    /// Only jobs created then or later, such as 2026-11-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    created_from: Option<DateTime<Utc>>,
    /// Only jobs created earlier
    #[arg(long, value_name = "TIME")]
    created_before: Option<DateTime<Utc>>,
}

/// Reads the id of a job: a UUID, or `scan_` and 32 hex digits, as v1 spells it.
fn parse_job(text: &str) -> Result<JobId, uuid::Error> {
    Uuid::parse_str(text.strip_prefix("scan_").unwrap_or(text)).map(JobId::from)
}

/// Reads the id of a batch: a UUID, or `batch_` and 32 hex digits.
fn parse_batch(text: &str) -> Result<BatchId, uuid::Error> {
    Uuid::parse_str(text.strip_prefix("batch_").unwrap_or(text)).map(BatchId::from)
}

/// Runs the command.
///
/// # Errors
///
/// When a job is unknown, or the database, the schema or a setting does not allow it.
pub fn run(command: &JobsCommand, config: &Config) -> anyhow::Result<()> {
    match command {
        JobsCommand::List { which, form } => form.print(
            config,
            async |source, paging| which.read(source, paging).await,
            |job| Newest::new(job.created_at, job.job_id),
            async |source, rows| Ok(view_jobs(&mut source.pool.tenant(source.tenant).await?, rows).await?),
        ),
        JobsCommand::Show { id, json, tenant } => Source::with(config, *tenant, async |source| {
            let mut conn = source.pool.tenant(source.tenant).await?;
            let job = match repo::jobs::get(&mut conn, *id).await {
                Err(QueryError::NotFound) => Err(unknown(*id)),
                job => Ok(job?),
            }?;
            let view = view_job(&mut conn, job).await?;
            drop(conn);
            if *json {
                say!("{}", serde_json::to_string_pretty(&view)?);
            } else {
                say!("{}", facts(&view)?);
            }
            Ok(())
        }),
        JobsCommand::Cancel(options) => options.run(config, async |source, filter| {
            let mut conn = source.pool.tenant(source.tenant).await?;
            let matched = bulk::count_cancellable(&mut conn, filter).await?;
            if options.preview {
                return Ok(json!({ "matched": matched }));
            }
            let done = bulk::cancel_many(&mut conn, filter).await?;
            let details = json!({ "cancelled": done.ended, "requested": done.asked });
            note(&mut conn, "jobs.cancel", &details).await?;
            conn.commit().await?;
            Ok(json!({ "matched": matched, "cancelled": done.ended, "requested": done.asked }))
        }),
        JobsCommand::Retry(options) => options.run(config, async |source, filter| {
            let mut conn = source.pool.tenant(source.tenant).await?;
            let matched = bulk::count_retriable(&mut conn, filter).await?;
            if options.preview {
                return Ok(json!({ "matched": matched }));
            }
            let changed = Submission::of_operator(&mut conn).retry_many(filter).await?;
            note(&mut conn, "jobs.retry", &json!({ "retried": changed })).await?;
            conn.commit().await?;
            Waker::new(source.pool.clone()).wake();
            Ok(json!({ "matched": matched, "retried": changed }))
        }),
    }
}

fn unknown(id: JobId) -> anyhow::Error {
    anyhow!("the tenant has no job {id}; `scrapersky jobs list` shows its jobs")
}

impl JobChoice {
    /// Returns the filter, with the jobs of others that do work of the batch.
    fn filter<'a>(&'a self, others: &'a [JobId]) -> JobFilter<'a> {
        JobFilter {
            ids: None,
            statuses: &self.status,
            kind: self.kind.as_deref(),
            outcome: self.outcome,
            created_from: self.created_from,
            created_before: self.created_before,
            batch_id: self.batch_id,
            others,
            parent_id: self.parent_id,
            domain_id: self.domain_id.map(DomainId::from),
        }
    }

    async fn joined(&self, conn: &mut TenantConnection) -> anyhow::Result<Vec<JobId>> {
        match self.batch_id {
            Some(batch) => Ok(repo::batches::list_joined(conn, batch).await?),
            None => Ok(Vec::new()),
        }
    }

    async fn read(&self, source: &Source, paging: &Paging<Newest<JobId>>) -> anyhow::Result<Vec<Job>> {
        let mut conn = source.pool.tenant(source.tenant).await?;
        let others = self.joined(&mut conn).await?;
        Ok(repo::jobs::list_after(&mut conn, &self.filter(&others), paging).await?)
    }
}

impl ChangeOptions {
    /// Changes the selected jobs, and prints the counts that `change` returns.
    fn run(
        &self,
        config: &Config,
        change: impl AsyncFnOnce(&Source, &JobFilter<'_>) -> anyhow::Result<Value>,
    ) -> anyhow::Result<()> {
        ensure!(
            self.ids.len() <= bulk::MAX_JOBS,
            "{} ids are given: at most {} jobs can be changed at a time",
            self.ids.len(),
            bulk::MAX_JOBS
        );
        ensure!(
            self.filter || self.which == JobChoice::default(),
            "ids and a filter are given: give ids alone, or `--filter` with a filter"
        );
        Source::with(config, self.tenant, async |source| {
            let mut conn = source.pool.tenant(source.tenant).await?;
            let others = self.which.joined(&mut conn).await?;
            let by_ids = JobFilter {
                ids: Some(&self.ids),
                ..JobFilter::default()
            };
            let filter = if self.filter {
                self.which.filter(&others)
            } else {
                by_ids
            };
            if let [id] = self.ids[..] {
                match repo::jobs::get(&mut conn, id).await {
                    Err(QueryError::NotFound) => return Err(unknown(id)),
                    job => drop(job?),
                }
            }
            drop(conn);
            let counts = change(source, &filter).await?;
            if self.json {
                say!("{counts:#}");
            } else {
                for (name, count) in counts.as_object().into_iter().flatten() {
                    say!("{name}: {count}");
                }
            }
            Ok(())
        })
    }
}

/// Records a change of jobs in the audit log.
async fn note(conn: &mut TenantConnection, action: &str, details: &Value) -> anyhow::Result<()> {
    let entry = NewAuditEntry {
        actor: "command line",
        action,
        subject: None,
        details: Some(&RawJson::from(details.clone())),
        request_id: None,
    };
    repo::audit_log::insert(conn, &entry).await?;
    Ok(())
}

impl Listed for JobView {
    const TABLE: &'static [&'static str] = &["id", "kind", "status", "outcome", "created", "ended", "error"];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.kind.clone(),
            self.status.to_owned(),
            self.outcome.unwrap_or_default().to_owned(),
            self.created_at.format("%F %R").to_string(),
            self.completed_at
                .map(|at| at.format("%F %R").to_string())
                .unwrap_or_default(),
            self.error.clone().unwrap_or_default(),
        ]
    }
}
