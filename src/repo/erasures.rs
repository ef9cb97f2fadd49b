//! The erasure of an address, or of all of a domain, from everything that a tenant has.

use diesel::prelude::QueryResult;
use diesel::sql_types::{Array, BigInt, Bool, Text, Uuid};
use diesel_async::RunQueryDsl;

use crate::db::tenant::TenantConnection;
use crate::models::enums::SuppressionKind;
use crate::models::ids::DomainId;
use crate::repo::paging::containing;

/// What an erasure took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Contacts, with the pages that had them.
    pub contacts: i64,
    /// Rows in whose texts it stood as well: pages, profiles of domains, results of jobs, notes.
    pub other_rows: i64,
}

/// The contacts that are meant: `$1` the tenant, `$2` the address or domain, `$3` whether it is a domain. Of a domain
/// those are meant that have addresses there, and those that were found on its site.
macro_rules! meant {
    ($rest:literal) => {
        concat!(
            "WITH meant AS MATERIALIZED (
                 SELECT c.id, c.email FROM contacts c JOIN domains d ON d.tenant_id = c.tenant_id AND d.id = c.domain_id
                 WHERE c.tenant_id = $1 AND CASE WHEN $3
                     THEN right('.' || split_part(lower(c.email), '@', 2), length($2) + 1) = '.' || $2
                       OR right('.' || d.domain, length($2) + 1) = '.' || $2
                     ELSE lower(c.email) = $2 END) ",
            $rest
        )
    };
}

/// Takes the texts around other addresses away that hold an address, or one of a domain, given in lower case, and
/// returns how many.
///
/// # Errors
///
/// Those of the database.
pub async fn hide(conn: &mut TenantConnection, kind: SuppressionKind, value: &str) -> QueryResult<usize> {
    let mut hidden = 0;
    let tenant = conn.tenant_id();
    let is_domain = kind == SuppressionKind::Domain;
    // The address may be spelled with `[at]` in the text around a neighbour: its name is told all the same.
    for statement in [
        meant!(
            "UPDATE contact_sources s SET context = NULL
             FROM meant m JOIN contact_sources o ON o.tenant_id = $1 AND o.contact_id = m.id
             WHERE s.tenant_id = $1 AND s.page_id = o.page_id
               AND position(lower(split_part(m.email, '@', 1)) IN lower(s.context)) > 0"
        ),
        meant!(
            "UPDATE contacts c SET context = NULL
             FROM meant m JOIN contact_sources o ON o.tenant_id = $1 AND o.contact_id = m.id
             WHERE c.tenant_id = $1 AND c.page_id = o.page_id
               AND position(lower(split_part(m.email, '@', 1)) IN lower(c.context)) > 0"
        ),
    ] {
        hidden += diesel::sql_query(statement)
            .bind::<Uuid, _>(tenant)
            .bind::<Text, _>(value)
            .bind::<Bool, _>(is_domain)
            .execute(conn)
            .await?;
    }
    Ok(hidden)
}

/// Erases an address or a domain, given in lower case, in the caller's transaction.
///
/// Contacts go with all that is known of them. What else says the address loses it: the texts around other addresses of
/// the same pages, pages, profiles of domains, jobs with their results, kept answers, notes.
///
/// # Errors
///
/// A domain whose jobs are erased too.
#[derive(diesel::QueryableByName)]
struct DomainRow {
    #[diesel(sql_type = Uuid)]
    id: DomainId,
}

/// Those of the database.
pub async fn erase(conn: &mut TenantConnection, kind: SuppressionKind, value: &str) -> QueryResult<Erased> {
    hide(conn, kind, value).await?;
    let tenant = conn.tenant_id();
    let is_domain = kind == SuppressionKind::Domain;
    let contacts = diesel::sql_query(meant!(
        "DELETE FROM contacts WHERE tenant_id = $1 AND id IN (SELECT id FROM meant)"
    ))
    .bind::<Uuid, _>(tenant)
    .bind::<Text, _>(value)
    .bind::<Bool, _>(is_domain)
    .execute(conn)
    .await?;
    if is_domain {
        for statement in [
            "UPDATE domain_profiles p SET email_addresses = '{}',
                 meta_json = jsonb_set(p.meta_json, '{contact_info,email}', '[]', false)
             FROM domains d
             WHERE p.tenant_id = $1 AND d.tenant_id = $1 AND d.id = p.domain_id
               AND right('.' || d.domain, length($2) + 1) = '.' || $2",
            "DELETE FROM mail_domains
             WHERE tenant_id = $1 AND right('.' || domain, length($2) + 1) = '.' || $2",
        ] {
            diesel::sql_query(statement)
                .bind::<Uuid, _>(tenant)
                .bind::<Text, _>(value)
                .execute(conn)
                .await?;
        }
        let domains: Vec<DomainRow> = diesel::sql_query(
            "SELECT id FROM domains WHERE tenant_id = $1 AND right('.' || domain, length($2) + 1) = '.' || $2",
        )
        .bind::<Uuid, _>(tenant)
        .bind::<Text, _>(value)
        .load(conn)
        .await?;
        diesel::sql_query(
            "UPDATE jobs SET result = jsonb_set(result, '{contact_info,email}', '[]', false)
             WHERE tenant_id = $1 AND domain_id = ANY ($2) AND result #> '{contact_info,email}' IS NOT NULL",
        )
        .bind::<Uuid, _>(tenant)
        .bind::<Array<Uuid>, _>(domains.into_iter().map(|row| row.id).collect::<Vec<_>>())
        .execute(conn)
        .await?;
    }
    let (pattern, hint) = pattern(kind, value);
    let changed: Changed = diesel::sql_query("SELECT erase_text($1, $2, $3) AS count")
        .bind::<Uuid, _>(tenant)
        .bind::<Text, _>(pattern)
        .bind::<Text, _>(hint)
        .get_result(conn)
        .await?;
    Ok(Erased {
        contacts: i64::try_from(contacts).unwrap_or(i64::MAX),
        other_rows: changed.count,
    })
}

#[derive(diesel::QueryableByName)]
struct Changed {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Writes the regular expression, as PostgreSQL has them, by which an address or the addresses of a domain are found
/// in a text, and a LIKE pattern that no less matches.
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
