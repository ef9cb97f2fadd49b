//! Table `domain_technologies`.

use diesel::prelude::{ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use schema::domain_technologies;

use crate::ids::DomainId;
use crate::models::domain_technologies::{DomainTechnologies, DomainTechnologiesChanges};
use crate::tenant::TenantConnection;

/// Looks up what is known about a domain.
///
/// # Errors
///
/// Those of the database.
pub async fn find(conn: &mut TenantConnection, domain: DomainId) -> QueryResult<Option<DomainTechnologies>> {
    let tenant = conn.tenant_id();
    DomainTechnologies::query()
        .filter(domain_technologies::tenant_id.eq(tenant))
        .filter(domain_technologies::domain_id.eq(domain))
        .first(&mut conn.reading())
        .await
        .optional()
}

/// Writes what is known about a domain, over what was known before where `changes` says so.
///
/// # Errors
///
/// A foreign key violation when the tenant has no such domain, and those of the database.
pub async fn upsert(
    conn: &mut TenantConnection,
    domain: DomainId,
    changes: &DomainTechnologiesChanges<'_>,
) -> QueryResult<DomainTechnologies> {
    let tenant = conn.tenant_id();
    diesel::insert_into(domain_technologies::table)
        .values((
            changes,
            domain_technologies::tenant_id.eq(tenant),
            domain_technologies::domain_id.eq(domain),
        ))
        .on_conflict((domain_technologies::tenant_id, domain_technologies::domain_id))
        .do_update()
        // Set once more, so that no changes at all are no error.
        .set((changes, domain_technologies::domain_id.eq(domain)))
        .returning(DomainTechnologies::as_returning())
        .get_result(conn)
        .await
}
