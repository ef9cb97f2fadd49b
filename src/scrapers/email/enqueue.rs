//! Scans on their way into the queue.

use super::EmailScanJob;
use crate::db::tenant::TenantConnection;
use crate::jobs::{self, EnqueueOptions};
use crate::models::domain::{Domain, DomainChanges};
use crate::models::email_scan::EmailScan;
use crate::models::enums::{JobStatus, TaskStatus};
use crate::models::ids::DomainId;
use crate::repo::{self, QueryResult};

/// A scan that was asked for.
#[derive(Clone, Debug)]
pub struct Queued {
    /// The scan.
    pub scan: EmailScan,
    /// How far its job is.
    pub status: JobStatus,
    /// Whether it was made now; otherwise one of the domain has not ended.
    pub is_new: bool,
}

/// Queues a scan of a domain's site in the caller's transaction, or returns the one that has not ended.
///
/// # Errors
///
/// Those of [`jobs::enqueue`].
pub async fn enqueue(conn: &mut TenantConnection, domain: &Domain, total_pages: i32) -> QueryResult<Queued> {
    let job = EmailScanJob {
        domain: domain.domain.clone(),
        total_pages,
    };
    let options = EnqueueOptions {
        domain_id: Some(domain.id),
        ..EnqueueOptions::default()
    };
    let queued = jobs::enqueue(conn, &job, &options).await?;
    let scan = repo::email_scans::begin(conn, domain.id, queued.job.job_id, total_pages).await?;
    if queued.is_new {
        note_queued(conn, &[domain.id]).await?;
    }
    Ok(Queued {
        scan,
        status: queued.job.status,
        is_new: queued.is_new,
    })
}

/// Queues scans of domains' sites in the caller's transaction, and returns how many. Where one has not ended none is made.
///
/// # Errors
///
/// As [`enqueue`].
pub async fn enqueue_many(conn: &mut TenantConnection, domains: &[(DomainId, String)]) -> QueryResult<usize> {
    let mut count = 0;
    for (id, name) in domains {
        let job = EmailScanJob {
            domain: name.clone(),
            total_pages: super::TOTAL_PAGES,
        };
        let options = EnqueueOptions {
            domain_id: Some(*id),
            ..EnqueueOptions::default()
        };
        // One by one: each has a row of its own for the domain, and a hand-over is of some hundred at most.
        let queued = jobs::enqueue(conn, &job, &options).await?;
        if queued.is_new {
            repo::email_scans::begin(conn, *id, queued.job.job_id, super::TOTAL_PAGES).await?;
            note_queued(conn, &[*id]).await?;
            count += 1;
        }
    }
    Ok(count)
}

async fn note_queued(conn: &mut TenantConnection, domains: &[DomainId]) -> QueryResult<()> {
    let changes = DomainChanges {
        page_scrape_status: Some(Some(TaskStatus::Queued)),
        ..DomainChanges::default()
    };
    repo::domains::update_many(conn, domains, &changes).await?;
    Ok(())
}
