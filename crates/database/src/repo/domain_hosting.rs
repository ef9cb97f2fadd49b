//! Table `domain_hosting`.

use diesel::prelude::{ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use schema::domain_hosting;

use crate::ids::DomainId;
use crate::models::domain_hosting::{DomainHosting, DomainHostingChanges};
use crate::tenant::TenantConnection;

/// Looks up what is known about a domain.
///
/// # Errors
///
/// Those of the database.
pub async fn find(conn: &mut TenantConnection, domain: DomainId) -> QueryResult<Option<DomainHosting>> {
    let tenant = conn.tenant_id();
    DomainHosting::query()
        .filter(domain_hosting::tenant_id.eq(tenant))
        .filter(domain_hosting::domain_id.eq(domain))
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
    changes: &DomainHostingChanges<'_>,
) -> QueryResult<DomainHosting> {
    let tenant = conn.tenant_id();
    diesel::insert_into(domain_hosting::table)
        .values((
            changes,
            domain_hosting::tenant_id.eq(tenant),
            domain_hosting::domain_id.eq(domain),
        ))
        .on_conflict((domain_hosting::tenant_id, domain_hosting::domain_id))
        .do_update()
        // Set once more, so that no changes at all are no error.
        .set((changes, domain_hosting::domain_id.eq(domain)))
        .returning(DomainHosting::as_returning())
        .get_result(conn)
        .await
}
