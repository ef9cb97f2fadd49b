//! Submission of domain scans.

use std::collections::BTreeMap;

use database::ids::{BatchId, DomainId, JobId};
use database::models::batch_job::{BatchJobChanges, NewBatchJob};
use database::models::domain::NewDomain;
use database::models::values::RawJson;
use database::repo::{self, QueryError};
use jobs::{BackgroundJob, EnqueueOptions, Submission, SubmitError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use web::names::DomainName;

use super::DomainScan;

/// How many pages of a site a scan counts by default.
pub const DEFAULT_PAGES: i64 = 1000;
/// The maximum for the number of pages to count.
const MAX_PAGES: i64 = 1_000_000;
/// Maximum number of domains per statement, which takes at most 65,535 binds.
const MAX_ROWS: usize = 10_000;

/// A submitted scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The domain's standard name.
    pub domain: String,
    /// The job that scans it.
    pub job_id: JobId,
    /// Whether the job is new; otherwise it is the domain's unfinished one.
    pub is_new: bool,
}

/// An entry of a batch, stored with the batch in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchEntry {
    /// The domain as the client wrote it.
    pub domain: String,
    /// The job that scans it, which another batch may share; `None` if the entry cannot be scanned.
    pub job_id: Option<Uuid>,
    /// Why the entry cannot be scanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The metadata stored with a batch.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct BatchMetadata {
    /// Its entries.
    #[serde(default)]
    pub entries: Vec<BatchEntry>,
}

/// A submitted batch.
#[derive(Debug)]
pub struct SubmittedBatch {
    /// The batch.
    pub id: BatchId,
    /// Its entries, in order.
    pub entries: Vec<BatchEntry>,
}

impl DomainScan {
    /// Reads a request for a scan.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Invalid`] for an invalid domain or number of pages.
    pub fn read(base_url: &str, max_pages: i64) -> Result<Self, SubmitError> {
        let name = DomainName::parse(base_url).map_err(|error| SubmitError::invalid("base_url", error.to_string()))?;
        Ok(Self::new(&name, read_pages(max_pages)?).spelled(base_url))
    }
}

/// Checks how many pages of a site a scan is to count.
pub(crate) fn read_pages(max_pages: i64) -> Result<i64, SubmitError> {
    if (1..=MAX_PAGES).contains(&max_pages) {
        return Ok(max_pages);
    }
    let detail = format!("max_pages is {max_pages}: it must be from 1 to {MAX_PAGES}");
    Err(SubmitError::invalid("max_pages", detail))
}

/// Submits scans, creates the rows of their domains, marked as queued, and returns one scan per domain in order of
/// names. For a domain with an unfinished scan, returns that scan.
///
/// # Errors
///
/// The errors of the database.
pub async fn submit(
    submission: &mut Submission<'_>,
    mut scans: Vec<DomainScan>,
    options: &EnqueueOptions,
) -> Result<Vec<Submitted>, SubmitError> {
    scans.sort_by(|one, other| one.domain.cmp(&other.domain));
    scans.dedup_by(|one, other| one.domain == other.domain);
    if scans.is_empty() {
        return Ok(Vec::new());
    }
    let created_by = submission.created_by();
    let mut ids: BTreeMap<String, DomainId> = BTreeMap::new();
    for some in scans.chunks(MAX_ROWS) {
        let new: Vec<_> = some
            .iter()
            .map(|scan| NewDomain {
                domain: &scan.domain,
                lead_source: None,
                created_by,
            })
            .collect();
        let rows = repo::domains::queued::upsert(submission.conn(), &new).await?;
        ids.extend(rows.into_iter().map(|row| (row.domain, row.id)));
    }
    for scan in &mut scans {
        scan.domain_id = ids.get(&scan.domain).copied();
    }
    let queued = submission.enqueue_many(&scans, options).await?;
    let submitted = scans.into_iter().zip(queued).map(|(scan, queued)| Submitted {
        domain: scan.domain,
        job_id: queued.job.job_id,
        is_new: queued.is_new,
    });
    Ok(submitted.collect())
}

/// Submits a scan of each domain as one batch. An entry that is not a domain, or is a duplicate, fails without failing
/// the batch; an entry whose domain has an unfinished scan points to that scan.
///
/// # Errors
///
/// As [`submit`].
pub async fn submit_batch(submission: &mut Submission<'_>, domains: &[String]) -> Result<SubmittedBatch, SubmitError> {
    let (mut entries, scans) = read_entries(domains);
    let new = NewBatchJob {
        processor_type: DomainScan::KIND,
        created_by: submission.created_by(),
        total_domains: i32::try_from(entries.len()).ok(),
        failed_domains: i32::try_from(entries.len() - scans.len()).ok(),
        metadata: None,
        options: None,
    };
    let id = repo::batches::insert(submission.conn(), &new).await?.batch_id;
    let options = EnqueueOptions {
        batch_id: Some(id),
        ..EnqueueOptions::default()
    };
    let submitted = submit(submission, scans, &options).await?;
    let jobs: BTreeMap<&str, JobId> = submitted
        .iter()
        .map(|scan| (scan.domain.as_str(), scan.job_id))
        .collect();
    for entry in entries.iter_mut().filter(|entry| entry.error.is_none()) {
        let name = DomainName::parse(&entry.domain).ok();
        entry.job_id = name.and_then(|name| jobs.get(name.as_str()).copied()).map(JobId::get);
    }
    let kept = BatchMetadata { entries };
    let metadata = RawJson::from_value(&kept).map_err(|error| QueryError::SerializationError(error.into()))?;
    let changes = BatchJobChanges {
        metadata: Some(Some(&metadata)),
        ..BatchJobChanges::default()
    };
    repo::batches::update(submission.conn(), id, &changes).await?;
    Ok(SubmittedBatch {
        id,
        entries: kept.entries,
    })
}

/// Separates valid entries from invalid ones, which get the reason.
fn read_entries(domains: &[String]) -> (Vec<BatchEntry>, Vec<DomainScan>) {
    let mut scans: BTreeMap<String, DomainScan> = BTreeMap::new();
    let entries = domains
        .iter()
        .map(|domain| {
            let error = match DomainName::parse(domain) {
                Err(error) => Some(error.to_string()),
                Ok(name) if scans.contains_key(name.as_str()) => {
                    Some(format!("{} is in the batch twice: it is scanned once", name.as_str()))
                }
                Ok(name) => {
                    let scan = DomainScan::new(&name, DEFAULT_PAGES).spelled(domain);
                    scans.insert(name.as_str().to_owned(), scan);
                    None
                }
            };
            BatchEntry {
                // PostgreSQL's JSON cannot store NUL characters.
                domain: domain.replace('\0', "\u{fffd}"),
                job_id: None,
                error,
            }
        })
        .collect();
    (entries, scans.into_values().collect())
}
