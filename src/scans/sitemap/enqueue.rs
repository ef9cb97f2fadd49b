//! Analyses on their way into the queue.

use database::ids::DomainId;
use database::models::domain::{DomainChanges, NewDomain};
use database::models::enums::ProcessingStatus;
use database::repo::jobs::Enqueued;
use database::repo::{self, QueryResult};
use database::tenant::TenantConnection;

use super::SitemapScan;
use crate::jobs::{self, EnqueueOptions};

/// Queues an analysis in the caller's transaction, with a row for its domain that shows that it waits. One of the
/// domain that has not ended is returned instead.
///
/// # Errors
///
/// Those of [`jobs::enqueue`].
pub async fn enqueue(conn: &mut TenantConnection, scan: &SitemapScan) -> QueryResult<(DomainId, Enqueued)> {
    let new = NewDomain {
        domain: &scan.domain,
        lead_source: None,
        created_by: None,
    };
    let domain = repo::domains::upsert(conn, &new).await?.id;
    let options = EnqueueOptions {
        domain_id: Some(domain),
        ..EnqueueOptions::default()
    };
    let queued = jobs::enqueue(conn, scan, &options).await?;
    if queued.is_new {
        let changes = DomainChanges {
            sitemap_analysis_status: Some(Some(ProcessingStatus::Queued)),
            ..DomainChanges::default()
        };
        repo::domains::update(conn, domain, &changes).await?;
    }
    Ok((domain, queued))
}
