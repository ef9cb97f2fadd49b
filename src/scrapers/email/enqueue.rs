//! Scans on their way into the queue.

use std::collections::HashSet;

use super::{EmailScanJob, TOTAL_PAGES};
use crate::db::tenant::TenantConnection;
use crate::jobs::{self, EnqueueOptions};
use crate::models::domain::{Domain, DomainChanges};
use crate::models::email_scan::EmailScan;
use crate::models::enums::{JobStatus, TaskStatus};
use crate::models::ids::DomainId;
use crate::repo::{self, QueryError, QueryResult};

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
/// `NotFound` when the domain was deleted meanwhile, and those of [`jobs::enqueue`].
pub async fn enqueue(conn: &mut TenantConnection, domain: &Domain, total_pages: i32) -> QueryResult<Queued> {
    repo::domains::lock(conn, domain.id)
        .await?
        .ok_or(QueryError::NotFound)?;
    let job = EmailScanJob {
        domain: domain.domain.clone(),
        domain_id: Some(domain.id),
        total_pages,
    };
    let queued = jobs::enqueue(conn, &job, &EnqueueOptions::default()).await?;
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

/// Queues scans of domains' sites in the caller's transaction, and returns how many. None is made for a domain whose scan has
/// not ended, or that was deleted meanwhile.
///
/// # Errors
///
/// As [`enqueue`].
pub async fn enqueue_many(conn: &mut TenantConnection, domains: &[(DomainId, String)]) -> QueryResult<usize> {
    let ids: Vec<_> = domains.iter().map(|(id, _)| *id).collect();
    let left: HashSet<_> = repo::domains::lock_many(conn, &ids).await?.into_iter().collect();
    let scans: Vec<_> = domains
        .iter()
        .filter(|(id, _)| left.contains(id))
        .map(|(id, name)| EmailScanJob {
            domain: name.clone(),
            domain_id: Some(*id),
            total_pages: TOTAL_PAGES,
        })
        .collect();
    let queued = jobs::enqueue_many(conn, &scans, &EnqueueOptions::default()).await?;
    let begun: Vec<_> = queued
        .iter()
        .filter_map(|job| Some((job.domain_id?, job.job_id)))
        .collect();
    repo::email_scans::begin_many(conn, &begun, TOTAL_PAGES).await?;
    let ids: Vec<_> = begun.iter().map(|(id, _)| *id).collect();
    note_queued(conn, &ids).await?;
    Ok(begun.len())
}

async fn note_queued(conn: &mut TenantConnection, domains: &[DomainId]) -> QueryResult<()> {
    let changes = DomainChanges {
        page_scrape_status: Some(Some(TaskStatus::Queued)),
        ..DomainChanges::default()
    };
    repo::domains::update_many(conn, domains, &changes).await?;
    Ok(())
}
