//! How much more a tenant may store, and when that is refused.

use database::models::enums::Outcome;
use database::repo;
use jobs::{JobContext, JobError, count_stored_rows};

use crate::Services;

/// Returns how many more rows the job's tenant may store; `None` means no limit.
pub(crate) async fn rows_left(ctx: &JobContext<Services>) -> Result<Option<u64>, JobError> {
    let mut conn = ctx.tenant().await?;
    let own = repo::tenant_limits::find(&mut conn).await?;
    let default = Some(ctx.services().rows_per_tenant).filter(|rows| *rows > 0);
    let Some(limit) = own.and_then(|limits| limits.rows_stored).or(default) else {
        return Ok(None);
    };
    let stored = count_stored_rows(&mut conn).await?;
    // The count may have put entries together.
    conn.commit().await?;
    Ok(Some(u64::try_from(limit - stored).unwrap_or(0)))
}

/// Fails if the job's tenant has used up its quota of stored rows.
pub(crate) async fn require_room(ctx: &JobContext<Services>) -> Result<(), JobError> {
    match rows_left(ctx).await? {
        Some(0) => Err(JobError::permanent(Outcome::QuotaReached, USED_UP)),
        _ => Ok(()),
    }
}

/// The reason why a job stores nothing more.
pub(crate) const USED_UP: &str = "the quota of stored rows is used up: delete what is no longer needed";
