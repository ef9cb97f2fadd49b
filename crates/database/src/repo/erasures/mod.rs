//! Erases an address, or all addresses of a domain, from a tenant's data.

use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, IntoSql, PgAnyJsonExpressionMethods, QueryDsl, QueryResult,
    TextExpressionMethods,
};
use diesel::sql_types::{Bool, Text, Uuid};
use diesel_async::RunQueryDsl;
use schema::{contacts, domain_profiles, domains, jobs, mail_domains};

use super::functions::{erase_text, jsonb_set, lower, right, split_part};
use super::paging::containing;
use crate::ids::DomainId;
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
const FOUND: [&str; 4] = ["domain_profiles", "idempotency_keys", "jobs", "pages"];

/// Hides an address, or the addresses of a domain (in lower case), that is suppressed; returns how many rows changed.
///
/// It is removed from the context snippets of other contacts, and from what scans stored next to contacts.
pub async fn hide(conn: &mut TenantConnection, kind: SuppressionKind, value: &str) -> QueryResult<usize> {
    let hidden = hide_contexts(conn, kind, value).await?;
    if kind == SuppressionKind::Domain {
        clear_sites(conn, value).await?;
    }
    let (pattern, hint) = pattern(kind, value);
    let cleared: i64 = diesel::select(erase_text(conn.tenant_id(), pattern, hint, Some(FOUND.to_vec())))
        .get_result(conn)
        .await?;
    Ok(hidden + usize::try_from(cleared).unwrap_or(usize::MAX))
}

async fn hide_contexts(conn: &mut TenantConnection, kind: SuppressionKind, value: &str) -> QueryResult<usize> {
    let mut hidden = 0;
    // Diesel has no UPDATE ... FROM. A neighbouring context may spell the address with `[at]`, so its local part is
    // searched for.
    for statement in [include_str!("hide_sources.sql"), include_str!("hide_contacts.sql")] {
        hidden += diesel::sql_query(statement)
            .bind::<Uuid, _>(conn.tenant_id())
            .bind::<Text, _>(value)
            .bind::<Bool, _>(kind == SuppressionKind::Domain)
            .execute(conn)
            .await?;
    }
    Ok(hidden)
}

/// Erases an address or a domain (in lower case), in the caller's transaction.
///
/// Contacts are deleted with all their data. The address is removed from everything else that mentions it: contexts of
/// other addresses, pages, profiles of domains, jobs and their results, stored responses, notes.
pub async fn erase(conn: &mut TenantConnection, kind: SuppressionKind, value: &str) -> QueryResult<Erased> {
    hide_contexts(conn, kind, value).await?;
    let contacts = match kind {
        SuppressionKind::Address => delete_address(conn, value).await?,
        SuppressionKind::Domain => delete_domain(conn, value).await?,
    };
    let (pattern, hint) = pattern(kind, value);
    let other_rows = diesel::select(erase_text(conn.tenant_id(), pattern, hint, None::<Vec<&str>>))
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
async fn delete_domain(conn: &mut TenantConnection, domain: &str) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    let sites = clear_sites(conn, domain).await?;
    let host = split_part(lower(contacts::email), "@", 2);
    let deleted = diesel::delete(
        contacts::table
            .filter(contacts::tenant_id.eq(tenant))
            .filter(is_below!(host, domain).or(contacts::domain_id.eq_any(&sites))),
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

/// Clears the addresses that scans found on the sites of a domain and its subdomains, and returns these sites.
async fn clear_sites(conn: &mut TenantConnection, domain: &str) -> QueryResult<Vec<DomainId>> {
    let tenant = conn.tenant_id();
    let sites: Vec<DomainId> = domains::table
        .filter(domains::tenant_id.eq(tenant))
        .filter(is_below!(domains::domain, domain))
        .select(domains::id)
        .load(&mut conn.reading())
        .await?;
    let none = || (vec!["contact_info", "email"], RawJson::from(serde_json::json!([])));
    let (path, empty) = none();
    diesel::update(
        domain_profiles::table
            .filter(domain_profiles::tenant_id.eq(tenant))
            .filter(domain_profiles::domain_id.eq_any(&sites)),
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
            .filter(jobs::domain_id.eq_any(&sites))
            .filter(jobs::result.retrieve_by_path_as_object(path.clone()).is_not_null()),
    )
    .set(jobs::result.eq(jsonb_set(jobs::result, path, empty, false)))
    .execute(conn)
    .await?;
    Ok(sites)
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
