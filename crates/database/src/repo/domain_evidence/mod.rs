//! Table `domain_evidence`: what the values of domains are told by.

use chrono::{DateTime, Utc};
use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult};
use diesel::sql_types::{Array, Nullable, SmallInt, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use schema::domain_evidence;

use super::bulk::column;
use super::paging::Paging;
use crate::ids::{DomainEvidenceId, DomainId};
use crate::models::domain_evidence::{DomainEvidence, EvidenceColumn, NewDomainEvidence};
use crate::tenant::TenantConnection;

/// Writes what the values of these columns are told by. A value that is still there keeps when it was first seen; the
/// evidence of values that are gone is deleted. Rows of other columns stay as they are.
///
/// # Errors
///
/// A foreign key violation if the tenant has no such domain.
pub async fn replace(
    conn: &mut TenantConnection,
    domain: DomainId,
    columns: &[EvidenceColumn],
    at: DateTime<Utc>,
    new: &[NewDomainEvidence],
) -> QueryResult<usize> {
    // Diesel has no statement that deletes some rows and upserts others.
    diesel::sql_query(include_str!("replace.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Uuid, _>(domain)
        .bind::<Array<Text>, _>(columns)
        .bind::<Timestamptz, _>(at)
        .bind::<Array<Text>, _>(column(new, |row| row.column))
        .bind::<Array<Text>, _>(column(new, |row| row.value.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.url.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.rule.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.snippet.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.claim.as_deref()))
        .bind::<Array<SmallInt>, _>(column(new, |row| row.confidence))
        .execute(conn)
        .await
}

/// Lists what the values of a domain are told by, those that were seen first before others.
pub async fn list(
    conn: &mut TenantConnection,
    domain: DomainId,
    only: Option<EvidenceColumn>,
    paging: &Paging<DomainEvidenceId>,
) -> QueryResult<Vec<DomainEvidence>> {
    let tenant = conn.tenant_id();
    let mut query = DomainEvidence::query()
        .filter(domain_evidence::tenant_id.eq(tenant))
        .filter(domain_evidence::domain_id.eq(domain))
        .into_boxed();
    if let Some(only) = only {
        query = query.filter(domain_evidence::column_name.eq(only));
    }
    if let Some(after) = paging.after {
        query = query.filter(domain_evidence::id.gt(after));
    }
    query
        .order(domain_evidence::id)
        .limit(paging.limit)
        .load(&mut conn.reading())
        .await
}
