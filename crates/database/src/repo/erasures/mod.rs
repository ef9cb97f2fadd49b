//! Erases an address, or all addresses of a domain, from a tenant's data.

use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, IntoSql, PgAnyJsonExpressionMethods, QueryDsl, QueryResult,
    QueryableByName, TextExpressionMethods,
};
use diesel::sql_types::{Array, BigInt, Text, Uuid};
use diesel_async::RunQueryDsl;
use schema::{contacts, domain_evidence, domain_profiles, jobs, mail_domains};

use super::functions::{erase_text, hide_text, jsonb_set, lower, right, split_part};
use super::paging::containing;
use crate::ids::DomainId;
use crate::models::domain_evidence::EvidenceColumn;
use crate::models::enums::SuppressionKind;
use crate::models::values::{RawJson, TextList};
use crate::tenant::TenantConnection;

/// What an erasure removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Contacts, with the pages they were found on.
    pub contacts: i64,
    /// Other rows whose texts mentioned it: pages, profiles of domains, results of jobs, notes.
    pub other_rows: i64,
}

/// Returns whether a name is a domain or a subdomain of it. A macro, since the type of the expression is very long.
macro_rules! is_below {
    ($name:expr, $domain:expr) => {
        right(
            ".".into_sql::<Text>().concat($name),
            i32::try_from($domain.chars().count() + 1).unwrap_or(i32::MAX),
        )
        .eq(format!(".{}", $domain))
    };
}

/// Tables that repeat addresses which scans found, next to the contacts.
const FOUND: [&str; 8] = [
    "domain_changes",
    "domain_evidence",
    "domain_hosting",
    "domain_profiles",
    "domain_technologies",
    "idempotency_keys",
    "jobs",
    "pages",
];

/// What a suppression or an erasure means: an address or a domain, in lower case.
pub type Meant<'a> = (SuppressionKind, &'a str);

/// Hides addresses, and the addresses of domains, that are suppressed; returns how many rows changed. Each table is read
/// once, however many there are.
///
/// They are removed from the context snippets of other contacts, and from what scans stored next to contacts. Their evidence
/// is deleted.
pub async fn hide(conn: &mut TenantConnection, meant: &[Meant<'_>]) -> QueryResult<usize> {
    let Hidden { rows, sites } = hide_contexts(conn, meant).await?;
    clear_sites(conn, &sites).await?;
    let values: Vec<&str> = meant.iter().map(|(_, value)| *value).collect();
    let patterns: Vec<String> = meant.iter().map(|(kind, value)| pattern(*kind, value).0).collect();
    let cleared: i64 = diesel::select(hide_text(conn.tenant_id(), values, patterns, FOUND.to_vec()))
        .get_result(conn)
        .await?;
    Ok(usize::try_from(rows + cleared).unwrap_or(usize::MAX))
}

/// What [`hide_contexts`] did and found.
#[derive(QueryableByName)]
struct Hidden {
    /// The number of cleared contexts.
    #[diesel(sql_type = BigInt)]
    rows: i64,
    /// The tenant's domains that are meant, or below one that is.
    #[diesel(sql_type = Array<Uuid>)]
    sites: Vec<DomainId>,
}

/// Clears the contexts that mention one of these on the pages that show it.
async fn hide_contexts(conn: &mut TenantConnection, meant: &[Meant<'_>]) -> QueryResult<Hidden> {
    let of = |wanted: SuppressionKind| -> Vec<&str> {
        let some = meant.iter().filter(|(kind, _)| *kind == wanted);
        some.map(|(_, value)| *value).collect()
    };
    // Diesel has no UPDATE ... FROM. A neighbouring context may spell the address with `[at]`, so its local part is
    // searched for.
    diesel::sql_query(include_str!("hide_contexts.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Array<Text>, _>(of(SuppressionKind::Address))
        .bind::<Array<Text>, _>(of(SuppressionKind::Domain))
        .get_result(conn)
        .await
}

/// Erases an address or a domain (in lower case), in the caller's transaction.
///
/// Contacts are deleted with all their data, and evidence that mentions the address. The address is removed from everything
/// else that mentions it: contexts of other addresses, pages, profiles of domains, jobs and their results, stored responses,
/// notes.
pub async fn erase(conn: &mut TenantConnection, kind: SuppressionKind, value: &str) -> QueryResult<Erased> {
    let Hidden { sites, .. } = hide_contexts(conn, &[(kind, value)]).await?;
    let contacts = match kind {
        SuppressionKind::Address => delete_address(conn, value).await?,
        SuppressionKind::Domain => delete_domain(conn, value, &sites).await?,
    };
    let (pattern, hint) = pattern(kind, value);
    let other_rows = diesel::select(erase_text(conn.tenant_id(), pattern, hint))
        .get_result(conn)
        .await?;
    Ok(Erased {
        contacts: i64::try_from(contacts).unwrap_or(i64::MAX),
        other_rows,
    })
}

/// Deletes the contacts with an address.
async fn delete_address(conn: &mut TenantConnection, address: &str) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    diesel::delete(
        contacts::table
            .filter(contacts::tenant_id.eq(tenant))
            .filter(lower(contacts::email).eq(address)),
    )
    .execute(conn)
    .await
}

/// Deletes the contacts with addresses at a domain or found on its site, and what scans stored about the site.
async fn delete_domain(conn: &mut TenantConnection, domain: &str, sites: &[DomainId]) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    clear_sites(conn, sites).await?;
    let host = split_part(lower(contacts::email), "@", 2);
    let deleted = diesel::delete(
        contacts::table
            .filter(contacts::tenant_id.eq(tenant))
            .filter(is_below!(host, domain).or(contacts::domain_id.eq_any(sites))),
    )
    .execute(conn)
    .await?;
    diesel::delete(
        mail_domains::table
            .filter(mail_domains::tenant_id.eq(tenant))
            .filter(is_below!(mail_domains::domain, domain)),
    )
    .execute(conn)
    .await?;
    Ok(deleted)
}

/// Clears the addresses that scans found on these sites, and deletes their evidence.
async fn clear_sites(conn: &mut TenantConnection, sites: &[DomainId]) -> QueryResult<()> {
    if sites.is_empty() {
        return Ok(());
    }
    let tenant = conn.tenant_id();
    diesel::delete(
        domain_evidence::table
            .filter(domain_evidence::tenant_id.eq(tenant))
            .filter(domain_evidence::domain_id.eq_any(sites))
            .filter(domain_evidence::column_name.eq(EvidenceColumn::EmailAddresses)),
    )
    .execute(conn)
    .await?;
    let none = || (vec!["contact_info", "email"], RawJson::from(serde_json::json!([])));
    let (path, empty) = none();
    diesel::update(
        domain_profiles::table
            .filter(domain_profiles::tenant_id.eq(tenant))
            .filter(domain_profiles::domain_id.eq_any(sites)),
    )
    .set((
        domain_profiles::email_addresses.eq(TextList::default()),
        domain_profiles::meta_json.eq(jsonb_set(domain_profiles::meta_json, path, empty, false)),
    ))
    .execute(conn)
    .await?;
    let (path, empty) = none();
    diesel::update(
        jobs::table
            .filter(jobs::tenant_id.eq(tenant))
            .filter(jobs::domain_id.eq_any(sites))
            .filter(jobs::result.retrieve_by_path_as_object(path.clone()).is_not_null()),
    )
    .set(jobs::result.eq(jsonb_set(jobs::result, path, empty, false)))
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the PostgreSQL regular expression that finds an address or a domain's addresses in a text, and a LIKE
/// pattern that matches at least the same texts.
fn pattern(kind: SuppressionKind, value: &str) -> (String, String) {
    const LOCAL: &str = "a-z0-9._%+'&-";
    let literal = |text: &str| -> String {
        text.chars()
            .flat_map(|c| {
                let escape = (!c.is_alphanumeric()).then_some('\\');
                escape.into_iter().chain(std::iter::once(c))
            })
            .collect()
    };
    let end = "(?![a-z0-9-]|\\.[a-z0-9])";
    match (kind, value.split_once('@')) {
        (SuppressionKind::Address, Some((local, domain))) => (
            format!("(?<![{LOCAL}]){}(@|%40){}{end}", literal(local), literal(domain)),
            containing(domain),
        ),
        _ => (
            format!("[{LOCAL}]+(@|%40)([a-z0-9-]+\\.)*{}{end}", literal(value)),
            containing(value),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pattern_holds_is_taken_literally() {
        let (pattern, hint) = pattern(SuppressionKind::Address, "j.d+x@a-b.de");
        assert!(pattern.contains(r"j\.d\+x(@|%40)a\-b\.de"), "{pattern}");
        assert_eq!(hint, "%a-b.de%");
    }
}
