//! `scrapersky leads`: lists and exports leads.

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand, ValueEnum};
use database::models::enums::{ContactMark, CurationStatus};
use database::models::lead::Lead;
use database::repo;
use database::repo::leads::{LeadFilter, LeadOrder, LeadPosition};
use database::repo::paging::Paging;
use uuid::Uuid;

use super::listing::{ExportForm, Format, ListForm, Listed, Source, csv_lines, json_lines};
use crate::config::Config;
use crate::views::lead::LeadView;
use crate::views::lead::columns::{COLUMNS, Column, Preset, choose};
use crate::views::words::Words;

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum LeadsCommand {
    /// Prints leads as a table, newest first
    List {
        /// The leads to list
        #[command(flatten)]
        which: LeadChoice,
        /// How they are shown
        #[command(flatten)]
        form: ListForm,
    },
    /// Writes leads as CSV or JSON lines
    Export {
        /// The leads to export
        #[command(flatten)]
        which: LeadChoice,
        /// The columns of the CSV
        #[command(flatten)]
        columns: ColumnChoice,
        /// How they are written
        #[command(flatten)]
        form: ExportForm,
    },
}

/// The order of leads.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Sort {
    /// Newest first
    #[default]
    Newest,
    /// Last changed first
    Changed,
    /// By name
    Name,
    /// Highest priority first
    Priority,
    /// Best rated first
    Rating,
    /// Last scanned first
    LastScan,
    /// Highest score first
    Score,
}

impl Sort {
    const fn order(self) -> LeadOrder {
        match self {
            Self::Newest => LeadOrder::Newest,
            Self::Changed => LeadOrder::Changed,
            Self::Name => LeadOrder::Name,
            Self::Priority => LeadOrder::Priority,
            Self::Rating => LeadOrder::Rating,
            Self::LastScan => LeadOrder::LastScan,
            Self::Score => LeadOrder::Score,
        }
    }
}

/// A filter, as the API has it. Suppressed addresses are left out.
#[derive(Debug, Args)]
pub struct LeadChoice {
    /// Only leads with this status: new, selected, maybe, not-a-fit, archived
    #[arg(long, value_parser = parse_status)]
    status: Option<CurationStatus>,
    /// Only leads with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Only leads with this score or a higher one
    #[arg(long, value_name = "POINTS", value_parser = clap::value_parser!(i16).range(0..=100))]
    min_score: Option<i16>,
    /// Only leads whose name or domain contains this text
    #[arg(long, short, value_name = "TEXT")]
    q: Option<String>,
    /// Only leads whose place has this text in its address
    #[arg(long, value_name = "TEXT")]
    location: Option<String>,
    /// Only leads whose place was found as this type of business
    #[arg(long, value_name = "TYPE")]
    business_type: Option<String>,
    /// Only leads with an address to write to, or without one
    #[arg(long, value_name = "BOOL")]
    has_email: Option<bool>,
    /// Only leads with a telephone number, or without one
    #[arg(long, value_name = "BOOL")]
    has_phone: Option<bool>,
    /// Only leads with a contact that has this mark: contacted, bounced, wrong
    #[arg(long, value_parser = parse_mark)]
    mark: Option<ContactMark>,
    /// Only leads whose site uses this technology, such as WordPress
    #[arg(long, value_name = "NAME")]
    technology: Option<String>,
    /// Only leads whose site is served over TLS, or is known not to be
    #[arg(long, value_name = "BOOL")]
    has_ssl: Option<bool>,
    /// Only leads whose certificate expires within this many days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(..=36_500))]
    certificate_days: Option<u32>,
    /// Only leads of the domain with this id
    #[arg(long, value_name = "UUID")]
    domain_id: Option<Uuid>,
    /// Only leads that changed then or later, such as 2026-11-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    changed_since: Option<DateTime<Utc>>,
    /// Order of the leads
    #[arg(long, value_enum, default_value_t)]
    sort: Sort,
}

/// The columns of a file.
#[derive(Debug, Args)]
pub struct ColumnChoice {
    /// Names of columns, separated by commas; all by default
    #[arg(long, value_name = "NAMES", conflicts_with = "preset")]
    columns: Option<String>,
    /// Columns that another program imports: hubspot, pipedrive, brevo
    #[arg(long, value_parser = parse_preset)]
    preset: Option<Preset>,
}

fn parse_status(word: &str) -> Result<CurationStatus, String> {
    CurationStatus::read(word).ok_or_else(|| format!("expected one of {}", CurationStatus::listed()))
}

fn parse_mark(word: &str) -> Result<ContactMark, String> {
    ContactMark::read(word).ok_or_else(|| format!("expected one of {}", ContactMark::listed()))
}

fn parse_preset(word: &str) -> Result<Preset, String> {
    Preset::read(word).ok_or_else(|| format!("expected one of {}", Preset::listed()))
}

/// Runs the command.
///
/// # Errors
///
/// When the database, the schema or a setting does not allow it, or a column does not exist.
pub fn run(command: &LeadsCommand, config: &Config) -> anyhow::Result<()> {
    match command {
        LeadsCommand::List { which, form } => form.print(
            config,
            async |source, paging| which.read(source, paging).await,
            |lead| which.position(lead),
            shown,
        ),
        LeadsCommand::Export { which, columns, form } => {
            let columns = columns.read()?;
            let head = csv_lines([columns.iter().map(|column| column.name.to_owned()).collect()])?;
            form.write_parts(
                config,
                head,
                async |source, paging| which.read(source, paging).await,
                |lead| which.position(lead),
                async |source, format, rows| {
                    let leads = shown(source, rows).await?;
                    match format {
                        Format::Csv => csv_lines(leads.iter().map(|lead| cells(lead, &columns))),
                        Format::Jsonl => json_lines(&leads),
                    }
                },
            )
        }
    }
}

fn cells(lead: &LeadView, columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| (column.cell)(lead).csv()).collect()
}

impl ColumnChoice {
    fn read(&self) -> anyhow::Result<Vec<Column>> {
        if let Some(names) = &self.columns {
            return choose(names).map_err(|name| {
                let known: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
                anyhow::anyhow!("--columns has {name:?}: expected some of {}", known.join(", "))
            });
        }
        Ok(self.preset.map_or(COLUMNS, Preset::columns).to_vec())
    }
}

impl LeadChoice {
    fn position(&self, lead: &Lead) -> LeadPosition {
        LeadPosition::of(lead, self.sort.order())
    }

    async fn read(&self, source: &Source, paging: &Paging<LeadPosition>) -> anyhow::Result<Vec<Lead>> {
        let filter = LeadFilter {
            status: self.status,
            tag: self.tag.as_deref(),
            min_score: self.min_score,
            text: self.q.as_deref(),
            location: self.location.as_deref(),
            business_type: self.business_type.as_deref(),
            has_email: self.has_email,
            has_phone: self.has_phone,
            mark: self.mark,
            technology: self.technology.as_deref(),
            has_ssl: self.has_ssl,
            certificate_expires_before: self
                .certificate_days
                .map(|days| Utc::now() + TimeDelta::days(days.into())),
            domain_id: self.domain_id.map(Into::into),
            changed_since: self.changed_since,
            ..LeadFilter::default()
        };
        let mut conn = source.pool.tenant(source.tenant).await?;
        Ok(repo::leads::list_after(&mut conn, &filter, self.sort.order(), paging).await?)
    }
}

/// Adds what is shown of their places, sites and contacts to leads.
async fn shown(source: &Source, rows: Vec<Lead>) -> anyhow::Result<Vec<LeadView>> {
    let mut conn = source.pool.tenant(source.tenant).await?;
    let shown = repo::leads::show(&mut conn, &rows).await?;
    drop(conn);
    Ok(LeadView::all(rows, &shown))
}

impl Listed for LeadView {
    const TABLE: &'static [&'static str] = &["score", "name", "status", "domain", "email", "phone", "last scan"];

    fn row(&self) -> Vec<String> {
        let email = self.contact.as_ref().map(|contact| contact.email.clone());
        let scanned = self.last_scan_at.map(|at| at.format("%F %R").to_string());
        vec![
            self.score.map(|score| score.to_string()).unwrap_or_default(),
            self.name.clone(),
            self.status.to_owned(),
            self.domain.clone().unwrap_or_default(),
            email.unwrap_or_default(),
            self.phone.clone().unwrap_or_default(),
            scanned.unwrap_or_default(),
        ]
    }
}
