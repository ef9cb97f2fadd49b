//! `scrapersky scan`: runs the same jobs as the API's domain scans.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use comfy_table::{Cell, ContentArrangement, Table, presets};
use database::ids::{BatchId, DomainId, TenantId};
use database::migrate;
use database::models::enums::JobStatus;
use database::models::job::Job;
use database::pool::Pool;
use database::repo;
use database::repo::jobs::JobFilter;
use database::repo::paging::{Newest, Paging};
use database::repo::tenants::DEFAULT_TENANT;
use database::tenant::TenantConnection;
use indicatif::{ProgressBar, ProgressStyle};
use jobs::Submission;
use scans::domain::{self, DomainScan, SubmittedBatch};
use serde_json::{Value, json};
use uuid::Uuid;
use web::names::DomainName;

use super::bring_up::Database;
use super::run::{block_on, require_schema};
use super::work::{self, Workers};
use super::{keys, list};
use crate::config::Config;
use crate::views::csv::{BYTE_ORDER_MARK, LIST_SEPARATOR, cell};
use crate::views::lead::ScoreReasonView;

/// Number of jobs read at a time.
const AT_ONCE: i64 = 1000;

/// Number of sites that the progress bar names.
const SITES_NAMED: i64 = 2;

/// Domains to scan, and the format of the results.
#[derive(Debug, Args)]
pub struct ScanOptions {
    /// The domains
    #[arg(required_unless_present = "file", value_name = "DOMAIN")]
    domains: Vec<String>,
    /// Reads domains from a file, one per line, or from the column `domain` or `website` of a CSV file, or from the column
    /// with the most domains; `-` is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Prints all results as JSON
    #[arg(long)]
    json: bool,
    /// Prints one CSV line per domain, for a spreadsheet
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Writes the CSV without a byte order mark
    #[arg(long, requires = "csv")]
    no_bom: bool,
    /// Tenant that owns the results
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
}

/// A requested domain and the result of its scan.
pub(super) struct Scanned {
    pub(super) domain: String,
    pub(super) status: String,
    pub(super) outcome: Option<String>,
    pub(super) error: Option<String>,
    pub(super) metadata: Option<Value>,
    /// The score, and why, where the scan gave one.
    pub(super) score: Option<(i16, Vec<String>)>,
}

/// Scans domains and prints the results. The exit code is 0 if all scans completed.
///
/// # Errors
///
/// When the file cannot be read, or the database, the schema or a setting does not allow it.
pub fn run(options: &ScanOptions, config: &Config) -> anyhow::Result<ExitCode> {
    let mut asked = options.domains.clone();
    if let Some(file) = &options.file {
        asked.extend(list::read(file)?);
    }
    let (mut scanned, mut names) = (Vec::new(), BTreeSet::new());
    let mut is_interrupted = false;
    for domain in asked {
        match DomainName::parse(&domain) {
            Ok(name) => drop(names.insert(name.as_str().to_owned())),
            Err(error) => scanned.push(Scanned {
                domain,
                status: JobStatus::Failed.label().to_owned(),
                outcome: None,
                error: Some(error.to_string()),
                metadata: None,
                score: None,
            }),
        }
    }
    if !names.is_empty() {
        let names: Vec<String> = names.into_iter().collect();
        let database = Database::bring_up(config)?;
        let (found, all_ended) = block_on(scan(&names, options.tenant, config, &database))?;
        scanned.extend(found);
        is_interrupted = !all_ended;
    }
    if options.json {
        let all: Vec<_> = scanned
            .iter()
            .map(|one| json!({ "domain": one.domain, "status": one.status, "outcome": one.outcome, "error": one.error, "metadata": one.metadata,
                "score": one.score.as_ref().map(|(score, _)| score), "score_reasons": one.score.as_ref().map(|(_, why)| why) }))
            .collect();
        say!("{:#}", Value::from(all));
    } else if options.csv {
        let mark = if options.no_bom { "" } else { BYTE_ORDER_MARK };
        say!("{mark}{}", csv_of(&scanned)?);
    } else {
        say!("{}", table(&scanned));
    }
    if is_interrupted {
        return Ok(work::interrupted());
    }
    let all_completed = scanned.iter().all(|one| one.status == JobStatus::Completed.label());
    Ok(if all_completed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Scans domains. Returns what was found, and whether all scans have ended: not if the command was interrupted.
async fn scan(
    names: &[String],
    tenant: Uuid,
    config: &Config,
    database: &Database,
) -> anyhow::Result<(Vec<Scanned>, bool)> {
    migrate::up(&database.direct).await?;
    require_schema(database).await?;
    let pool = Pool::new(&database.url, &config.pool)?;
    let tenant = keys::tenant(&pool, tenant).await?;
    // First, so that nothing is queued if they cannot start.
    let workers = Workers::start(config, database, &pool)?;
    let batch = submit(&pool, tenant, names).await?;

    let bar = ProgressBar::new(u64::try_from(names.len()).unwrap_or(u64::MAX));
    bar.set_style(ProgressStyle::with_template(
        "{bar:30} {pos}/{len} domains, {elapsed}{msg}",
    )?);
    let all_ended = work::until(async || {
        let mut conn = pool.tenant(tenant).await?;
        let counts = repo::batches::count_jobs(&mut conn, &[batch.id]).await?;
        let ended: i64 = counts
            .iter()
            .filter(|count| count.status.is_final())
            .map(|count| count.jobs)
            .sum();
        bar.set_position(u64::try_from(ended).unwrap_or_default());
        if !bar.is_hidden() {
            bar.set_message(awaited_sites(&mut conn, batch.id).await?);
        }
        Ok(usize::try_from(ended)
            .is_ok_and(|ended| ended >= names.len())
            .then_some(()))
    })
    .await;
    bar.finish_and_clear();
    if matches!(all_ended, Ok(None)) {
        work::leave(&format!(
            "the unfinished scans go on when a worker runs (`scrapersky worker`); follow them with `scrapersky jobs list \
             --batch-id {}`",
            batch.id
        ))?;
    }
    workers.end().await?;
    let all_ended = all_ended?.is_some();
    Ok((results(&pool, tenant, &batch).await?, all_ended))
}

/// Returns which sites the scans of a batch wait for, in words.
async fn awaited_sites(conn: &mut TenantConnection, batch: BatchId) -> anyhow::Result<String> {
    let joined = repo::batches::list_joined(conn, batch).await?;
    let filter = JobFilter {
        statuses: &[JobStatus::Running],
        batch_id: Some(batch),
        others: &joined,
        ..JobFilter::default()
    };
    let (running, count) = repo::jobs::list(conn, &filter, &Paging::first(SITES_NAMED)).await?;
    let sites: Vec<String> = running
        .into_iter()
        .filter_map(|job| Some(job.payload.parse::<DomainScan>().ok()?.domain))
        .collect();
    Ok(waiting_for(&sites, count))
}

/// Names sites, out of `count`, in words that follow others; an empty text if there are none.
fn waiting_for(sites: &[String], count: i64) -> String {
    let named = i64::try_from(sites.len()).unwrap_or(i64::MAX);
    match (sites, count.saturating_sub(named)) {
        ([], _) => String::new(),
        (sites, 0) => format!(", waiting for {}", sites.join(", ")),
        (sites, more) => format!(", waiting for {} and {more} more", sites.join(", ")),
    }
}

/// Queues the scans as one batch.
async fn submit(pool: &Pool, tenant: TenantId, domains: &[String]) -> anyhow::Result<SubmittedBatch> {
    let mut conn = pool.tenant(tenant).await?;
    let batch = domain::submit_batch(&mut Submission::of_operator(&mut conn), domains).await?;
    conn.commit().await?;
    Ok(batch)
}

/// Reads the results of the scans of a batch, by domain.
async fn results(pool: &Pool, tenant: TenantId, batch: &SubmittedBatch) -> anyhow::Result<Vec<Scanned>> {
    let mut conn = pool.tenant(tenant).await?;
    let joined = repo::batches::list_joined(&mut conn, batch.id).await?;
    drop(conn);
    let filter = JobFilter {
        batch_id: Some(batch.id),
        others: &joined,
        ..JobFilter::default()
    };
    let (mut scanned, mut paging) = (Vec::new(), Paging::first(AT_ONCE));
    loop {
        let mut conn = pool.tenant(tenant).await?;
        let (page, _) = repo::jobs::list(&mut conn, &filter, &paging).await?;
        let Some(last) = page.last() else { break };
        let ids: Vec<DomainId> = page.iter().filter_map(|job| job.domain_id).collect();
        let scores = scores(&mut conn, &ids).await?;
        paging.after = Some(Newest::new(last.created_at, last.job_id));
        for Job {
            domain_id,
            status,
            outcome,
            payload,
            result,
            error,
            ..
        } in page
        {
            let DomainScan { domain, .. } = payload.parse()?;
            let metadata = result.map(|json| json.parse()).transpose()?;
            let error = error.filter(|_| status != JobStatus::Completed);
            scanned.push(Scanned {
                domain,
                status: status.label().to_owned(),
                outcome: outcome.map(|outcome| outcome.label().to_owned()),
                error,
                metadata,
                score: domain_id.and_then(|id| scores.get(&id).cloned()),
            });
        }
    }
    scanned.sort_by(|one, other| one.domain.cmp(&other.domain));
    Ok(scanned)
}

/// Returns the scores of domains, and why. Branches share what their site says: the first of them stands for all.
async fn scores(
    conn: &mut TenantConnection,
    domains: &[DomainId],
) -> anyhow::Result<HashMap<DomainId, (i16, Vec<String>)>> {
    let mut scores = HashMap::new();
    for lead in repo::leads::list_of_domains(conn, domains, AT_ONCE).await? {
        if let (Some(domain), Some(score)) = (lead.domain_id, lead.score) {
            let reasons: Vec<ScoreReasonView> = lead.score_reasons.map_or(Ok(Vec::new()), |reasons| reasons.parse())?;
            let why = reasons.into_iter().map(|reason| reason.because).collect();
            scores.entry(domain).or_insert((score, why));
        }
    }
    Ok(scores)
}

/// The CSV's columns after the domain and the outcome, as JSON pointers into the metadata.
const CSV_COLUMNS: &[(&str, &str)] = &[
    ("title", "/title"),
    ("description", "/description"),
    ("language", "/language"),
    ("cms", "/tech_stack/cms"),
    ("is_wordpress", "/is_wordpress"),
    ("wordpress_version", "/wordpress_version"),
    ("emails", "/contact_info/email"),
    ("phones", "/contact_info/phone"),
    ("facebook", "/social_links/facebook"),
    ("instagram", "/social_links/instagram"),
    ("linkedin", "/social_links/linkedin"),
    ("twitter", "/social_links/twitter"),
    ("youtube", "/social_links/youtube"),
];

/// Writes the results as CSV with a header; several values in a cell are separated by `; `.
fn csv_of(scanned: &[Scanned]) -> anyhow::Result<String> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let fixed = ["domain", "status", "outcome", "error"];
    csv.write_record(fixed.into_iter().chain(CSV_COLUMNS.iter().map(|(name, _)| *name)))?;
    for one in scanned {
        let fixed = [
            cell(Some(&one.domain)),
            cell(Some(&one.status)),
            cell(one.outcome.as_deref()),
            cell(one.error.as_deref()),
        ];
        let found = CSV_COLUMNS.iter().map(|(_, pointer)| one.text(pointer));
        let found = found.map(|text| cell(Some(text.as_str()).filter(|text| !text.is_empty())));
        csv.write_record(fixed.into_iter().chain(found))?;
    }
    csv.flush()?;
    let text = String::from_utf8(csv.into_inner()?)?;
    Ok(text.trim_end().to_owned())
}

impl Scanned {
    /// Returns the metadata's value at a JSON pointer, as text.
    fn text(&self, pointer: &str) -> String {
        match self.metadata.as_ref().and_then(|metadata| metadata.pointer(pointer)) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(texts)) => texts
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(LIST_SEPARATOR),
            Some(Value::Bool(flag)) => flag.to_string(),
            _ => String::new(),
        }
    }
}

/// Prints the results as a table.
pub(super) fn table(scanned: &[Scanned]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header([
            "domain", "status", "outcome", "title", "runs on", "email", "phone", "score", "why",
        ]);
    for one in scanned {
        let title = one.error.clone().unwrap_or_else(|| one.text("/title"));
        let columns = [
            title,
            one.text("/tech_stack/cms"),
            one.text("/contact_info/email"),
            one.text("/contact_info/phone"),
            one.score
                .as_ref()
                .map(|(score, _)| score.to_string())
                .unwrap_or_default(),
            one.score
                .as_ref()
                .map(|(_, why)| why.join(LIST_SEPARATOR))
                .unwrap_or_default(),
        ];
        table.add_row(
            [
                one.domain.clone(),
                one.status.clone(),
                one.outcome.clone().unwrap_or_default(),
            ]
            .into_iter()
            .chain(columns)
            .map(Cell::new),
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_progress_bar_names_the_sites_it_waits_for() {
        let sites = ["a.test".to_owned(), "b.test".to_owned()];
        assert_eq!(waiting_for(&[], 0), "");
        assert_eq!(waiting_for(&sites, 2), ", waiting for a.test, b.test");
        assert_eq!(waiting_for(&sites, 9), ", waiting for a.test, b.test and 7 more");
    }

    #[test]
    fn lists_are_plain_text_and_telephone_numbers_have_no_apostrophe() {
        let scanned = Scanned {
            domain: "a.test".to_owned(),
            status: "completed".to_owned(),
            outcome: Some("ok".to_owned()),
            error: None,
            metadata: Some(json!({
                "title": "=1+1",
                "contact_info": { "email": ["a@a.test", "b@a.test"], "phone": ["+49 30 1", "+49 30 2"] },
            })),
            score: Some((5, vec!["an email address is known".to_owned()])),
        };
        let csv = csv_of(&[scanned]).unwrap();
        let line = csv.lines().nth(1).unwrap();
        assert_eq!(
            line,
            "a.test,completed,ok,,'=1+1,,,,,,a@a.test; b@a.test,+49 30 1; +49 30 2,,,,,"
        );
    }
}
