//! Table `suppressions`: addresses and domains that a tenant must not store.

use diesel::dsl::case_when;
use diesel::prelude::{ExpressionMethods, HasQuery, IntoSql, QueryDsl, QueryResult, SelectableHelper};
use diesel::sql_types::{Array, Bool, Nullable, Text, Timestamptz, Uuid};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use schema::suppressions;
use sha2::{Digest, Sha256};

use super::bulk::column;
use super::functions::coalesce;
use super::locks;
use super::paging::{Newest, Paging, before, page};
use crate::ids::SuppressionId;
use crate::models::suppression::{NewSuppression, Suppression};
use crate::tenant::TenantConnection;

/// Shared by transactions that store addresses, exclusive for suppressing: otherwise an address could be stored by a
/// transaction that does not see its suppression yet.
const LOCK: &str = "suppressions";

/// Inserts a suppression, or returns the existing one, after waiting for transactions that store addresses. A value
/// that is once stored as a hash only stays so.
pub async fn upsert(conn: &mut TenantConnection, new: NewSuppression<'_>) -> QueryResult<Suppression> {
    let tenant = conn.tenant_id();
    locks::exclusive(conn, LOCK).await?;
    let keeps_value = new.keeps_value.into_sql::<Bool>();
    diesel::insert_into(suppressions::table)
        .values((
            suppressions::tenant_id.eq(tenant),
            suppressions::kind.eq(new.kind),
            suppressions::hash.eq(Sha256::digest(new.value).to_vec()),
            suppressions::value.eq(new.keeps_value.then_some(new.value)),
            suppressions::reason.eq(new.reason),
        ))
        .on_conflict((suppressions::tenant_id, suppressions::hash))
        .do_update()
        .set((
            suppressions::value.eq(case_when(keeps_value, suppressions::value)),
            suppressions::reason.eq(coalesce(excluded(suppressions::reason), suppressions::reason)),
        ))
        .returning(Suppression::as_returning())
        .get_result(conn)
        .await
}

/// Inserts suppressions of different values, which are kept readable, after waiting for transactions that store addresses,
/// and returns those that are new. Existing suppressions stay as they are.
pub async fn insert_many(conn: &mut TenantConnection, new: &[NewSuppression<'_>]) -> QueryResult<Vec<Suppression>> {
    locks::exclusive(conn, LOCK).await?;
    // Thousands of rows as one array per column.
    diesel::sql_query(include_str!("insert_many.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Array<Text>, _>(column(new, |row| row.kind.label()))
        .bind::<Array<Text>, _>(column(new, |row| row.value))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.reason))
        .load(conn)
        .await
}

/// Returns a suppression.
pub async fn get(conn: &mut TenantConnection, id: SuppressionId) -> QueryResult<Suppression> {
    let tenant = conn.tenant_id();
    Suppression::query()
        .filter(suppressions::tenant_id.eq(tenant))
        .filter(suppressions::id.eq(id))
        .first(&mut conn.reading())
        .await
}

/// Lists suppressions, newest first, and counts them; both queries are sent together.
pub async fn list(
    conn: &mut TenantConnection,
    paging: &Paging<Newest<SuppressionId>>,
) -> QueryResult<(Vec<Suppression>, i64)> {
    let tenant = conn.tenant_id();
    let own = || suppressions::table.filter(suppressions::tenant_id.eq(tenant));
    let mut rows = own().select(Suppression::as_select()).into_boxed();
    if let Some(Newest { at, id }) = paging.after {
        rows = rows.filter(before::<(Timestamptz, Uuid), _, _>(
            (suppressions::created_at, suppressions::id),
            (at, id),
        ));
    }
    let rows = rows.order((suppressions::created_at.desc(), suppressions::id.desc()));
    page!(conn, rows, own(), paging.limit)
}

/// Deletes a suppression.
///
/// # Errors
///
/// `NotFound`.
pub async fn delete(conn: &mut TenantConnection, id: SuppressionId) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    diesel::delete(
        suppressions::table
            .filter(suppressions::tenant_id.eq(tenant))
            .filter(suppressions::id.eq(id)),
    )
    .returning(suppressions::id)
    .get_result::<SuppressionId>(conn)
    .await
    .map(|_| ())
}

/// Returns which of the addresses are suppressed, themselves or by their domain. `@` and a domain stand for the domain
/// itself. No further suppression can be added until the transaction ends.
pub async fn list_covered(conn: &mut TenantConnection, addresses: &[&str]) -> QueryResult<Vec<String>> {
    locks::shared(conn, LOCK).await?;
    // Diesel cannot select from an array.
    let rows: Vec<Covered> = diesel::sql_query(include_str!("list_covered.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Array<Text>, _>(addresses)
        .load(&mut conn.reading())
        .await?;
    Ok(rows.into_iter().map(|row| row.address).collect())
}

#[derive(diesel::QueryableByName)]
struct Covered {
    #[diesel(sql_type = Text)]
    address: String,
}
