//! Table `suppressions`: addresses and domains that a tenant must not keep.

use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult};
use diesel::sql_types::{Array, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use schema::suppressions;
use uuid::Uuid;

use super::paging::Paging;
use crate::models::suppression::{NewSuppression, Suppression};
use crate::tenant::TenantConnection;

/// Keeps who stores addresses (`_shared`) and who suppresses them apart, until the transaction ends: an address whose
/// suppression is not seen yet would be stored behind its back.
macro_rules! lock {
    ($function:literal) => {
        concat!(
            "SELECT ",
            $function,
            "(hashtextextended('suppressions ' || $1::text, 0))"
        )
    };
}

/// Adds a suppression, or returns the one there is. It waits for transactions that store addresses. Once its value is to be forgotten it is.
///
/// # Errors
///
/// Those of the database.
pub async fn upsert(conn: &mut TenantConnection, new: NewSuppression<'_>) -> QueryResult<Suppression> {
    let tenant = conn.tenant_id();
    diesel::sql_query(lock!("pg_advisory_xact_lock"))
        .bind::<SqlUuid, _>(tenant)
        .execute(conn)
        .await?;
    diesel::sql_query(
        "INSERT INTO suppressions AS s (tenant_id, kind, hash, value, reason)
         VALUES ($1, $2, sha256(convert_to($3, 'UTF8')), CASE WHEN $4 THEN $3 END, $5)
         ON CONFLICT (tenant_id, hash) DO UPDATE SET
             value = CASE WHEN $4 THEN s.value END, reason = coalesce(EXCLUDED.reason, s.reason)",
    )
    .bind::<SqlUuid, _>(tenant)
    .bind::<Text, _>(new.kind.label())
    .bind::<Text, _>(new.value)
    .bind::<Bool, _>(new.keeps_value)
    .bind::<Nullable<Text>, _>(new.reason)
    .execute(conn)
    .await?;
    Suppression::query()
        .filter(suppressions::tenant_id.eq(tenant))
        .filter(
            suppressions::hash.eq(diesel::dsl::sql::<diesel::sql_types::Binary>("sha256(convert_to(")
                .bind::<Text, _>(new.value)
                .sql(", 'UTF8'))")),
        )
        .first(&mut conn.reading())
        .await
}

/// Lists suppressions, the newest first, and counts them. Both queries travel together.
///
/// # Errors
///
/// Those of the database.
pub async fn list(conn: &mut TenantConnection, paging: Paging) -> QueryResult<(Vec<Suppression>, i64)> {
    let tenant = conn.tenant_id();
    let rows = Suppression::query()
        .filter(suppressions::tenant_id.eq(tenant))
        .order((suppressions::created_at.desc(), suppressions::id.desc()))
        .limit(paging.limit)
        .offset(paging.offset);
    let count = suppressions::table.filter(suppressions::tenant_id.eq(tenant)).count();
    futures_util::try_join!(rows.load(&mut conn.reading()), count.get_result(&mut conn.reading()))
}

/// Deletes a suppression.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn delete(conn: &mut TenantConnection, id: Uuid) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    diesel::delete(
        suppressions::table
            .filter(suppressions::tenant_id.eq(tenant))
            .filter(suppressions::id.eq(id)),
    )
    .returning(suppressions::id)
    .get_result::<Uuid>(conn)
    .await
    .map(|_| ())
}

/// Returns those of the addresses that are suppressed, themselves or by their domains. `@` and a domain stand for the
/// domain itself. No other is suppressed before the transaction ends.
///
/// # Errors
///
/// Those of the database.
pub async fn list_covered(conn: &mut TenantConnection, addresses: &[&str]) -> QueryResult<Vec<String>> {
    diesel::sql_query(lock!("pg_advisory_xact_lock_shared"))
        .bind::<SqlUuid, _>(conn.tenant_id())
        .execute(conn)
        .await?;
    let rows: Vec<Covered> = diesel::sql_query(
        "SELECT address FROM unnest($2) AS address
         WHERE EXISTS (SELECT FROM suppressions s WHERE s.tenant_id = $1 AND s.hash = ANY (suppression_hashes(address)))",
    )
    .bind::<SqlUuid, _>(conn.tenant_id())
    .bind::<Array<Text>, _>(addresses)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.address).collect())
}

#[derive(diesel::QueryableByName)]
struct Covered {
    #[diesel(sql_type = Text)]
    address: String,
}
