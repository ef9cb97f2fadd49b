//! Table `domain_profiles`.

use diesel::prelude::{ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use schema::domain_profiles;

use crate::ids::DomainId;
use crate::models::domain_profile::{DomainProfile, DomainProfileChanges};
use crate::tenant::TenantConnection;

/// Looks up what is known about a domain.
///
/// # Errors
///
/// Those of the database.
pub async fn find(conn: &mut TenantConnection, domain: DomainId) -> QueryResult<Option<DomainProfile>> {
    let tenant = conn.tenant_id();
    DomainProfile::query()
        .filter(domain_profiles::tenant_id.eq(tenant))
        .filter(domain_profiles::domain_id.eq(domain))
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
    changes: &DomainProfileChanges<'_>,
) -> QueryResult<DomainProfile> {
    let tenant = conn.tenant_id();
    diesel::insert_into(domain_profiles::table)
        .values((
            changes,
            domain_profiles::tenant_id.eq(tenant),
            domain_profiles::domain_id.eq(domain),
        ))
        .on_conflict((domain_profiles::tenant_id, domain_profiles::domain_id))
        .do_update()
        // Set once more, so that no changes at all are no error.
        .set((changes, domain_profiles::domain_id.eq(domain)))
        .returning(DomainProfile::as_returning())
        .get_result(conn)
        .await
}
