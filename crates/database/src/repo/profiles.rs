//! Table `profiles`: the people who may act for a tenant. The sign-in service writes it.

use diesel::prelude::{ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult};
use diesel_async::RunQueryDsl;
use schema::profiles;

use crate::ids::UserId;
use crate::models::profile::Profile;
use crate::tenant::{SystemConnection, TenantConnection};

/// Looks up whose tenant a person who signed in acts for.
///
/// # Errors
///
/// Those of the database.
pub async fn find(conn: &mut SystemConnection, id: UserId) -> QueryResult<Option<Profile>> {
    Profile::query()
        .filter(profiles::id.eq(id))
        .first(conn)
        .await
        .optional()
}

/// Lists the people of the tenant.
///
/// # Errors
///
/// Those of the database.
pub async fn list(conn: &mut TenantConnection) -> QueryResult<Vec<Profile>> {
    let tenant = conn.tenant_id();
    Profile::query()
        .filter(profiles::tenant_id.eq(tenant))
        .order(profiles::id)
        .load(conn)
        .await
}
