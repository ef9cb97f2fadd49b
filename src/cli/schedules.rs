//! `scrapersky schedules`: work that starts by itself, again and again.

use ::jobs::{Submission, Waker};
use anyhow::{Context, anyhow};
use chrono::Utc;
use clap::{Args, Subcommand};
use database::ids::ScheduleId;
use database::models::audit_entry::NewAuditEntry;
use database::models::enums::{MissedRuns, PausedBecause};
use database::models::schedule::{NewSchedule, Schedule};
use database::models::values::RawJson;
use database::repo::paging::{Newest, Paging};
use database::repo::tenants::DEFAULT_TENANT;
use database::repo::{self, QueryError, QueryResult};
use database::tenant::TenantConnection;
use scans::schedules::{When, run_now};
use serde_json::json;
use uuid::Uuid;

use super::listing::{ListForm, Listed, Source, show};
use crate::config::Config;
use crate::routes::schedule_work::{WorkBody, start};
use crate::routes::schedules::{read_name, view_schedule, view_schedules};
use crate::views::fields::Fields;
use crate::views::schedule::{RunAccepted, ScheduleView};

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum SchedulesCommand {
    /// Prints schedules as a table, newest first
    List {
        /// How they are shown
        #[command(flatten)]
        form: ListForm,
    },
    /// Makes a schedule, whose runs count against the tenant's quotas
    Create(CreateOptions),
    /// Starts a run now, whether the schedule is paused or not
    Run(OneOptions),
    /// Pauses a schedule
    Pause(OneOptions),
    /// Lets a paused schedule run again, at the next time that comes
    Resume(OneOptions),
    /// Deletes a schedule; jobs that it started go on
    Delete(OneOptions),
}

/// A new schedule.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("when").required(true))]
pub struct CreateOptions {
    /// Name that tells its purpose
    #[arg(long)]
    name: String,
    /// Cron text: minute, hour, day of the month, month, day of the week
    #[arg(long, group = "when")]
    cron: Option<String>,
    /// Time zone of the cron text, such as Europe/Berlin; UTC by default
    #[arg(long, value_name = "ZONE", requires = "cron")]
    time_zone: Option<String>,
    /// Duration after which it runs again, such as PT6H (ISO 8601)
    #[arg(long, value_name = "DURATION", group = "when")]
    every: Option<String>,
    /// What becomes of runs that no worker started in time: once, skip
    #[arg(long, default_value_t = MissedRuns::Once)]
    missed: MissedRuns,
    /// What it starts, as the API has it
    #[arg(long, value_name = "JSON")]
    work: String,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    /// Tenant that owns the schedule
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
}

/// A schedule.
#[derive(Clone, Copy, Debug, Args)]
pub struct OneOptions {
    /// Id of the schedule
    id: Uuid,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    /// Tenant that owns the schedule
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
}

/// Runs the command.
///
/// # Errors
///
/// When a schedule is unknown or a value of it wrong, or the database, the schema or a setting does not allow it.
pub fn run(command: &SchedulesCommand, config: &Config) -> anyhow::Result<()> {
    match command {
        SchedulesCommand::List { form } => form.print(
            config,
            async |source, paging| read(source, paging).await,
            |schedule| Newest::new(schedule.created_at, schedule.id),
            async |source, rows| Ok(view_schedules(&mut source.pool.tenant(source.tenant).await?, rows).await?),
        ),
        SchedulesCommand::Create(options) => options.run(config),
        SchedulesCommand::Run(options) => options.start(config),
        SchedulesCommand::Pause(options) => options.change(config, "schedule.pause", async |conn, schedule| {
            repo::schedules::pause(conn, schedule.id, PausedBecause::Request).await?;
            Ok(())
        }),
        SchedulesCommand::Resume(options) => options.change(config, "schedule.resume", async |conn, schedule| {
            let next = When::of(schedule)?.first(Utc::now())?;
            repo::schedules::resume(conn, schedule.id, next).await?;
            Ok(())
        }),
        SchedulesCommand::Delete(options) => options.delete(config),
    }
}

async fn read(source: &Source, paging: &Paging<Newest<ScheduleId>>) -> anyhow::Result<Vec<Schedule>> {
    let mut conn = source.pool.tenant(source.tenant).await?;
    Ok(repo::schedules::list(&mut conn, paging).await?.0)
}

impl CreateOptions {
    fn run(&self, config: &Config) -> anyhow::Result<()> {
        let when = When::read(self.cron.as_deref(), self.time_zone.as_deref(), self.every.as_deref())?;
        let Fields(work): Fields<WorkBody> =
            serde_json::from_str(&self.work).context("--work is not what a schedule starts")?;
        work.read(&config.bounds(), None)?;
        let work = work.stored()?;
        let new = NewSchedule {
            name: read_name(&self.name)?,
            work: &work,
            cron: when.cron(),
            time_zone: when.time_zone(),
            every: when.every(),
            missed: self.missed,
            run_by: None,
            next_run_at: when.first(Utc::now())?,
        };
        Source::with(config, self.tenant, async |source| {
            let mut conn = source.pool.tenant(source.tenant).await?;
            let schedule = repo::schedules::insert(&mut conn, &new).await?;
            note(&mut conn, "schedule.create", &schedule).await?;
            let view = view_schedule(&mut conn, schedule).await?;
            conn.commit().await?;
            show(&view, self.json)
        })
    }
}

impl OneOptions {
    /// Returns the schedule, locked.
    async fn lock(&self, conn: &mut TenantConnection) -> anyhow::Result<Schedule> {
        match repo::schedules::lock(conn, self.id.into()).await {
            Err(QueryError::NotFound) => Err(anyhow!(
                "the tenant has no schedule {}; `scrapersky schedules list` shows its schedules",
                self.id
            )),
            schedule => Ok(schedule?),
        }
    }

    fn start(&self, config: &Config) -> anyhow::Result<()> {
        Source::with(config, self.tenant, async |source| {
            let mut conn = source.pool.tenant(source.tenant).await?;
            let schedule = self.lock(&mut conn).await?;
            let mut submission = Submission::of_operator(&mut conn);
            let run = match run_now(&mut submission, &schedule, &config.bounds(), start).await {
                Err(error) if error.is_not_found() => {
                    return Err(anyhow!(
                        "no domain matches what the schedule selects: there is nothing to do"
                    ));
                }
                run => run?,
            };
            note(&mut conn, "schedule.run", &schedule).await?;
            conn.commit().await?;
            Waker::new(source.pool.clone()).wake();
            show(&RunAccepted::from(run), self.json)
        })
    }

    /// Changes the schedule by `change`, and prints it.
    fn change(
        &self,
        config: &Config,
        action: &str,
        change: impl AsyncFnOnce(&mut TenantConnection, &Schedule) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        Source::with(config, self.tenant, async |source| {
            let mut conn = source.pool.tenant(source.tenant).await?;
            let schedule = self.lock(&mut conn).await?;
            change(&mut conn, &schedule).await?;
            let schedule = repo::schedules::get(&mut conn, schedule.id).await?;
            note(&mut conn, action, &schedule).await?;
            let view = view_schedule(&mut conn, schedule).await?;
            conn.commit().await?;
            show(&view, self.json)
        })
    }

    fn delete(&self, config: &Config) -> anyhow::Result<()> {
        Source::with(config, self.tenant, async |source| {
            let mut conn = source.pool.tenant(source.tenant).await?;
            let schedule = self.lock(&mut conn).await?;
            repo::schedules::delete(&mut conn, schedule.id).await?;
            note(&mut conn, "schedule.delete", &schedule).await?;
            conn.commit().await?;
            show(&json!({ "deleted": schedule.id.get() }), self.json)
        })
    }
}

/// Records a change of a schedule in the audit log.
async fn note(conn: &mut TenantConnection, action: &str, schedule: &Schedule) -> QueryResult<()> {
    let details = RawJson::from(json!({ "name": schedule.name }));
    let entry = NewAuditEntry {
        actor: "command line",
        action,
        subject: Some(&schedule.id.to_string()),
        details: Some(&details),
        request_id: None,
    };
    repo::audit_log::insert(conn, &entry).await.map(drop)
}

impl Listed for ScheduleView {
    const TABLE: &'static [&'static str] = &["id", "name", "when", "next run", "last run", "outcome"];

    fn row(&self) -> Vec<String> {
        let next = self.next_run_at.map(|at| at.format("%F %R").to_string());
        let last = self.last_run.as_ref();
        vec![
            self.id.to_string(),
            self.name.clone(),
            self.in_words.clone().unwrap_or_default(),
            next.unwrap_or_else(|| "paused".to_owned()),
            last.map(|run| run.started_at.format("%F %R").to_string())
                .unwrap_or_default(),
            last.map(|run| run.outcome.to_owned()).unwrap_or_default(),
        ]
    }
}
