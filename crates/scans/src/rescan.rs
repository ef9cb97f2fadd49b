//! Scans of domains that are known already, as one batch.

use database::ids::{BatchId, DomainId};
use database::models::batch_job::{BatchJobChanges, NewBatchJob};
use database::models::values::RawJson;
use database::repo::domains::DomainFilter;
use database::repo::{self, QueryError};
use jobs::{BackgroundJob, EnqueueOptions, Submission, SubmitError};
use web::names::DomainName;

use crate::domain::{self, BatchEntry, BatchMetadata, DomainScan};
use crate::email::{self, EmailScanJob};

/// The kind of such a batch.
pub const KIND: &str = "rescan";
/// Maximum number of domains per batch.
pub const MAX_DOMAINS: usize = 10_000;

/// What to scan of each domain.
#[derive(Clone, Copy, Debug)]
pub struct Rescan {
    /// At most how many pages a domain scan counts; `None` for no such scan.
    max_pages: Option<i64>,
    emails: bool,
}

/// A submitted batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The batch.
    pub batch_id: BatchId,
    /// How many domains match.
    pub domains: usize,
    /// How many scans the batch has, with those that were open already.
    pub scans: usize,
}

impl Rescan {
    /// Reads what to scan: at most how many pages to count, and whether to scan for email addresses as well.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Invalid`] for an invalid number of pages.
    pub fn read(max_pages: i64, emails: bool) -> Result<Self, SubmitError> {
        let max_pages = Some(domain::read_pages(max_pages)?);
        Ok(Self { max_pages, emails })
    }

    /// Scans for email addresses only.
    #[must_use]
    pub const fn for_emails() -> Self {
        let (max_pages, emails) = (None, true);
        Self { max_pages, emails }
    }

    /// Returns the kind of the jobs that it is mainly about.
    #[must_use]
    pub const fn job_kind(self) -> &'static str {
        match self.max_pages {
            Some(_) => DomainScan::KIND,
            None => EmailScanJob::KIND,
        }
    }

    /// Submits the scans of all matching domains as one batch. A domain that is suppressed is not scanned for addresses;
    /// one whose scan is open points to that scan.
    ///
    /// # Errors
    ///
    /// `NotFound` if no domain matches, [`SubmitError::Invalid`] if too many do, and the errors of the database.
    pub async fn submit(
        self,
        submission: &mut Submission<'_>,
        filter: &DomainFilter<'_>,
    ) -> Result<Submitted, SubmitError> {
        let most = i64::try_from(MAX_DOMAINS).unwrap_or(i64::MAX);
        let domains = repo::domains::lock_matching(submission.conn(), filter, most + 1).await?;
        if domains.is_empty() {
            return Err(QueryError::NotFound.into());
        }
        if domains.len() > MAX_DOMAINS {
            let detail = format!("more than {MAX_DOMAINS} domains match: a request scans no more");
            return Err(SubmitError::invalid("filter", detail));
        }
        let new = NewBatchJob {
            processor_type: KIND,
            created_by: submission.created_by(),
            total_domains: None,
            failed_domains: None,
            metadata: None,
            options: None,
        };
        let batch_id = repo::batches::insert(submission.conn(), &new).await?.batch_id;
        let options = EnqueueOptions {
            batch_id: Some(batch_id),
            ..EnqueueOptions::default()
        };
        let (scans, mut failed) = match self.max_pages {
            Some(max_pages) => scans_of(&domains, max_pages),
            None => (Vec::new(), Vec::new()),
        };
        let mut count = domain::submit(submission, scans, &options).await?.len();
        if self.emails {
            let submitted = email::submit_many(submission, &domains, &options).await?;
            count += submitted.new + submitted.joined;
            let suppressed = submitted.suppressed.iter();
            failed.extend(suppressed.map(|name| failure(name, email::SUPPRESSED.to_owned())));
        }
        note(submission, batch_id, count, failed).await?;
        Ok(Submitted {
            batch_id,
            domains: domains.len(),
            scans: count,
        })
    }
}

/// Returns the scans of domains, and those that cannot be scanned.
fn scans_of(domains: &[(DomainId, String)], max_pages: i64) -> (Vec<DomainScan>, Vec<BatchEntry>) {
    let mut failed = Vec::new();
    let mut scans = Vec::with_capacity(domains.len());
    for (_, name) in domains {
        match DomainName::parse(name) {
            Ok(name) => scans.push(DomainScan::new(&name, max_pages)),
            Err(error) => failed.push(failure(name, error.to_string())),
        }
    }
    (scans, failed)
}

fn failure(domain: &str, error: String) -> BatchEntry {
    BatchEntry {
        domain: domain.to_owned(),
        job_id: None,
        error: Some(error),
    }
}

/// Stores how many scans a batch has, and what could not be queued.
async fn note(
    submission: &mut Submission<'_>,
    batch: BatchId,
    scans: usize,
    failed: Vec<BatchEntry>,
) -> Result<(), SubmitError> {
    let count = |count: usize| Some(i32::try_from(count).ok());
    let (total_domains, failed_domains) = (count(scans + failed.len()), count(failed.len()));
    let metadata = RawJson::from_value(&BatchMetadata { entries: failed })
        .map_err(|error| QueryError::SerializationError(error.into()))?;
    let changes = BatchJobChanges {
        total_domains,
        failed_domains,
        metadata: Some(Some(&metadata)),
        ..BatchJobChanges::default()
    };
    repo::batches::update(submission.conn(), batch, &changes).await?;
    Ok(())
}
