//! Table `batch_jobs`.

use diesel::dsl::now;
use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use schema::batch_jobs;

use crate::ids::BatchId;
use crate::models::batch_job::{BatchJob, BatchJobChanges, NewBatchJob};
use crate::tenant::TenantConnection;

/// Returns a batch.
pub async fn get(conn: &mut TenantConnection, id: BatchId) -> QueryResult<BatchJob> {
    let tenant = conn.tenant_id();
    BatchJob::query()
        .filter(batch_jobs::tenant_id.eq(tenant))
        .filter(batch_jobs::batch_id.eq(id))
        .first(&mut conn.reading())
        .await
}

/// Inserts a batch.
pub async fn insert(conn: &mut TenantConnection, new: &NewBatchJob<'_>) -> QueryResult<BatchJob> {
    let tenant = conn.tenant_id();
    diesel::insert_into(batch_jobs::table)
        .values((new, batch_jobs::tenant_id.eq(tenant)))
        .returning(BatchJob::as_returning())
        .get_result(conn)
        .await
}

/// Updates a batch.
///
/// # Errors
///
/// `NotFound`.
pub async fn update(conn: &mut TenantConnection, id: BatchId, changes: &BatchJobChanges<'_>) -> QueryResult<BatchJob> {
    let tenant = conn.tenant_id();
    diesel::update(
        batch_jobs::table
            .filter(batch_jobs::tenant_id.eq(tenant))
            .filter(batch_jobs::batch_id.eq(id)),
    )
    .set((changes, batch_jobs::updated_at.eq(now)))
    .returning(BatchJob::as_returning())
    .get_result(conn)
    .await
}
