//! Tables `domain_profiles`, `domain_technologies` and `domain_hosting`: facts about a domain's site, at most one row
//! per domain in each.

use diesel::prelude::{ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use schema::{domain_hosting, domain_profiles, domain_technologies};

use crate::ids::DomainId;
use crate::models::domain_hosting::{DomainHosting, DomainHostingChanges};
use crate::models::domain_profile::{DomainProfile, DomainProfileChanges};
use crate::models::domain_technologies::{DomainTechnologies, DomainTechnologiesChanges};
use crate::tenant::TenantConnection;

/// The changes of one of these tables.
pub trait Facts: Sync {
    /// The table's row.
    type Row;

    /// Writes the changes; see [`upsert`].
    fn write(
        &self,
        conn: &mut TenantConnection,
        domain: DomainId,
    ) -> impl Future<Output = QueryResult<Self::Row>> + Send;
}

/// A macro, since Diesel's bounds for a generic function would be very long.
macro_rules! facts {
    ($table:ident: $row:ident, $changes:ident) => {
        impl Facts for $changes<'_> {
            type Row = $row;

            async fn write(&self, conn: &mut TenantConnection, domain: DomainId) -> QueryResult<$row> {
                let key = (
                    $table::tenant_id.eq(conn.tenant_id()),
                    $table::domain_id.eq(domain),
                );
                diesel::insert_into($table::table)
                    .values((self, key))
                    .on_conflict(($table::tenant_id, $table::domain_id))
                    .do_update()
                    // Sets the id again, since Diesel rejects an empty update.
                    .set((self, $table::domain_id.eq(domain)))
                    .returning($row::as_returning())
                    .get_result(conn)
                    .await
            }
        }
    };
}

facts!(domain_profiles: DomainProfile, DomainProfileChanges);
facts!(domain_technologies: DomainTechnologies, DomainTechnologiesChanges);
facts!(domain_hosting: DomainHosting, DomainHostingChanges);

/// Inserts or updates facts about a domain; `None` leaves a column unchanged.
///
/// # Errors
///
/// A foreign key violation if the tenant has no such domain.
pub async fn upsert<C: Facts>(conn: &mut TenantConnection, domain: DomainId, changes: &C) -> QueryResult<C::Row> {
    changes.write(conn, domain).await
}

/// Finds the hosting facts of a domain.
pub async fn find_hosting(conn: &mut TenantConnection, domain: DomainId) -> QueryResult<Option<DomainHosting>> {
    let tenant = conn.tenant_id();
    DomainHosting::query()
        .filter(domain_hosting::tenant_id.eq(tenant))
        .filter(domain_hosting::domain_id.eq(domain))
        .first(&mut conn.reading())
        .await
        .optional()
}
