//! Look-up of the names that lists show.

use std::collections::BTreeSet;

use database::repo;
use database::tenant::TenantConnection;
use uuid::Uuid;

use crate::error::ApiResult;
use crate::views::who::Names;

/// Returns the names of the tenant's keys and people with these ids, by one statement.
pub(super) async fn names_of(conn: &mut TenantConnection, ids: impl Iterator<Item = Uuid>) -> ApiResult<Names> {
    let ids: BTreeSet<Uuid> = ids.collect();
    if ids.is_empty() {
        return Ok(Names::default());
    }
    let ids: Vec<Uuid> = ids.into_iter().collect();
    Ok(Names::new(repo::actors::list_names(conn, &ids).await?))
}
