//! Scans on their way into the queue.

use std::collections::BTreeMap;

use database::ids::{DomainId, JobId};
use database::models::domain::{DomainChanges, NewDomain};
use database::models::enums::TaskStatus;
use database::repo::{self, QueryResult};
use database::tenant::TenantConnection;

use super::DomainScan;
use crate::jobs::{EnqueueOptions, enqueue_many};

/// A statement takes at most 65,535 binds.
const AT_ONCE: usize = 10_000;

/// Queues scans in the caller's transaction, each with a row for its domain that shows that it waits. Returns the jobs
/// by the names of their domains.
///
/// # Errors
///
/// Those of [`enqueue_many`].
pub async fn enqueue(
    conn: &mut TenantConnection,
    mut scans: Vec<DomainScan>,
    options: &EnqueueOptions,
) -> QueryResult<BTreeMap<String, JobId>> {
    if scans.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut rows = Vec::with_capacity(scans.len());
    for scans in scans.chunks(AT_ONCE) {
        let new: Vec<_> = scans
            .iter()
            .map(|scan| NewDomain {
                domain: &scan.domain,
                lead_source: None,
                created_by: None,
            })
            .collect();
        rows.extend(repo::domains::upsert_many(conn, &new).await?);
    }
    let ids: Vec<DomainId> = rows.iter().map(|(id, _)| *id).collect();
    let queued = DomainChanges {
        content_scrape_status: Some(Some(TaskStatus::Queued)),
        ..DomainChanges::default()
    };
    repo::domains::update_many(conn, &ids, &queued).await?;
    let by_name: BTreeMap<&str, DomainId> = rows.iter().map(|(id, name)| (name.as_str(), *id)).collect();
    for scan in &mut scans {
        scan.domain_id = by_name.get(scan.domain.as_str()).copied();
    }
    let jobs: BTreeMap<DomainId, JobId> = enqueue_many(conn, &scans, options)
        .await?
        .into_iter()
        .filter_map(|job| Some((job.domain_id?, job.job_id)))
        .collect();
    Ok(rows
        .into_iter()
        .filter_map(|(id, name)| Some((name, *jobs.get(&id)?)))
        .collect())
}
