//! Look-up of the names that lists show.

use std::collections::BTreeSet;

use database::models::job::Job;
use database::repo;
use database::tenant::TenantConnection;
use uuid::Uuid;

use crate::error::ApiResult;
use crate::views::job::JobView;
use crate::views::who::Names;

/// Returns the names of the tenant's keys and people with these ids, by one statement.
///
/// # Errors
///
/// Those of the database.
pub async fn names_of(conn: &mut TenantConnection, ids: impl Iterator<Item = Uuid>) -> ApiResult<Names> {
    let ids: BTreeSet<Uuid> = ids.collect();
    if ids.is_empty() {
        return Ok(Names::default());
    }
    let ids: Vec<Uuid> = ids.into_iter().collect();
    Ok(Names::new(repo::actors::list_names(conn, &ids).await?))
}

/// Returns the views of jobs, with the names of who requested them.
///
/// # Errors
///
/// Those of the database.
pub async fn view_jobs(conn: &mut TenantConnection, jobs: Vec<Job>) -> ApiResult<Vec<JobView>> {
    let names = names_of(conn, jobs.iter().filter_map(|job| job.created_by).map(|id| id.get())).await?;
    Ok(jobs.into_iter().map(|job| JobView::new(job, &names)).collect())
}

/// Returns the view of a job, with the name of who requested it.
///
/// # Errors
///
/// Those of the database.
pub async fn view_job(conn: &mut TenantConnection, job: Job) -> ApiResult<JobView> {
    let names = names_of(conn, job.created_by.iter().map(|id| id.get())).await?;
    Ok(JobView::new(job, &names))
}
