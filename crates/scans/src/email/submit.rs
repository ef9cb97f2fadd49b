//! Submission of email scans.

use std::collections::HashSet;

use database::ids::DomainId;
use database::models::domain::{Domain, DomainChanges};
use database::models::email_scan::EmailScan;
use database::models::enums::TaskStatus;
use database::models::job::Job;
use database::repo::{self, QueryError};
use jobs::{EnqueueOptions, Submission, SubmitError};

use super::EmailScanJob;

/// How many pages a scan fetches by default, which clients of the v1 contract see as the total.
pub const DEFAULT_PAGES: i32 = 100;

/// Why a suppressed domain is not scanned.
pub(crate) const SUPPRESSED: &str = "this domain is suppressed: nothing that is found on its site may be kept";

/// A submitted scan.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The domain whose site is scanned.
    pub domain: Domain,
    /// The scan.
    pub scan: EmailScan,
    /// The scan's job.
    pub job: Job,
    /// Whether the scan is new; otherwise it is the domain's unfinished one.
    pub is_new: bool,
}

/// Submits a scan of a domain's site, or returns the unfinished one.
///
/// # Errors
///
/// [`SubmitError::Conflict`] if the domain is suppressed, and the errors of the database.
pub async fn submit(
    submission: &mut Submission<'_>,
    domain_id: DomainId,
    max_pages: i32,
) -> Result<Submitted, SubmitError> {
    // Locked, so that the domain is not deleted before its scan is queued.
    let domain = repo::domains::lock(submission.conn(), domain_id)
        .await?
        .ok_or(QueryError::NotFound)?;
    let own = format!("@{}", domain.domain);
    if !repo::suppressions::list_covered(submission.conn(), &[&own])
        .await?
        .is_empty()
    {
        return Err(SubmitError::Conflict(SUPPRESSED.to_owned()));
    }
    let job = EmailScanJob {
        domain: domain.domain.clone(),
        domain_id: Some(domain_id),
        total_pages: max_pages,
    };
    let queued = submission.enqueue(&job, &EnqueueOptions::default()).await?;
    let scan = repo::email_scans::begin(submission.conn(), domain_id, queued.job.job_id, max_pages).await?;
    if queued.is_new {
        note_waiting(submission, &[domain_id]).await?;
    }
    Ok(Submitted {
        domain,
        scan,
        job: queued.job,
        is_new: queued.is_new,
    })
}

/// Submitted scans of several domains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubmittedMany {
    /// The number of new scans.
    pub new: usize,
    /// The number of domains whose scan was unfinished already.
    pub joined: usize,
    /// The names of suppressed domains, which are not scanned.
    pub suppressed: Vec<String>,
}

/// Submits scans of domains' sites. Skips domains that are suppressed or were deleted meanwhile; for those with an
/// unfinished scan that one counts.
///
/// # Errors
///
/// The errors of the database.
pub async fn submit_many(
    submission: &mut Submission<'_>,
    domains: &[(DomainId, String)],
    options: &EnqueueOptions,
) -> Result<SubmittedMany, SubmitError> {
    let ids: Vec<_> = domains.iter().map(|(id, _)| *id).collect();
    let left: HashSet<_> = repo::domains::lock_many(submission.conn(), &ids)
        .await?
        .into_iter()
        .collect();
    let names: Vec<String> = domains.iter().map(|(_, name)| format!("@{name}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let covered = repo::suppressions::list_covered(submission.conn(), &names).await?;
    let suppressed: HashSet<&str> = covered.iter().filter_map(|name| name.strip_prefix('@')).collect();
    let domains: Vec<_> = domains
        .iter()
        .filter(|(id, name)| left.contains(id) && !suppressed.contains(name.as_str()))
        .collect();
    let scans: Vec<_> = domains
        .iter()
        .map(|(id, name)| EmailScanJob {
            domain: name.clone(),
            domain_id: Some(*id),
            total_pages: DEFAULT_PAGES,
        })
        .collect();
    let queued = submission.enqueue_many(&scans, options).await?;
    let begun: Vec<_> = domains
        .iter()
        .zip(&queued)
        .filter(|(_, queued)| queued.is_new)
        .map(|((id, _), queued)| (*id, queued.job.job_id))
        .collect();
    repo::email_scans::begin_many(submission.conn(), &begun, DEFAULT_PAGES).await?;
    let ids: Vec<_> = begun.iter().map(|(id, _)| *id).collect();
    note_waiting(submission, &ids).await?;
    Ok(SubmittedMany {
        new: begun.len(),
        joined: domains.len() - begun.len(),
        suppressed: suppressed.into_iter().map(str::to_owned).collect(),
    })
}

async fn note_waiting(submission: &mut Submission<'_>, domains: &[DomainId]) -> Result<(), SubmitError> {
    let waits = DomainChanges {
        page_scrape_status: Some(Some(TaskStatus::Queued)),
        page_scrape_error: Some(None),
        ..DomainChanges::default()
    };
    repo::domains::update_many(submission.conn(), domains, &waits).await?;
    Ok(())
}
