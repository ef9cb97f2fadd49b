//! Table `contacts`: the email addresses found on sites.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not, now};
use diesel::pg::Pg;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, HasQuery, JoinOnDsl, PgTextExpressionMethods, QueryDsl, QueryResult,
    SelectableHelper,
};
use diesel::sql_types::{Array, Bool, Nullable, SmallInt, Text, Timestamptz, Uuid};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use schema::{contact_sources, contacts, domains, mail_domains, pages};

use super::bulk::{Upserted, column};
use super::functions::split_part;
use super::paging::{Newest, Paging, before, containing};
use crate::ids::{ContactId, DomainId, JobId, TenantId};
use crate::models::contact::{Contact, ContactChanges, ContactSource, NewContact};
use crate::models::enums::{ContactMark, EmailType, MxStatus};
use crate::tenant::{SystemConnection, TenantConnection};

/// Which contacts to list; `None` matches all.
#[derive(Clone, Debug, Default)]
pub struct ContactFilter<'a> {
    /// Only these contacts.
    pub ids: Option<&'a [ContactId]>,
    /// Only those with this mark.
    pub mark: Option<ContactMark>,
    /// Only those of this domain.
    pub domain_id: Option<DomainId>,
    /// Only those of this type.
    pub email_type: Option<EmailType>,
    /// Only those whose address or context contains this text.
    pub text: Option<&'a str>,
    /// Only those last seen then or later.
    pub seen_since: Option<DateTime<Utc>>,
    /// Only those last seen before then.
    pub last_seen_before: Option<DateTime<Utc>>,
    /// Only those first seen then or later: a contact is created when it is first seen.
    pub first_seen_since: Option<DateTime<Utc>>,
    /// Only those found on the site of the domain with this name.
    pub domain: Option<&'a str>,
    /// Only those seen by this job.
    pub job_id: Option<JobId>,
    /// Only those that are not suppressed.
    pub unsuppressed: bool,
}

/// The condition for a contact to be shown; the same condition decides whether it is stored.
const UNSUPPRESSED: &str = "NOT EXISTS (
    SELECT FROM suppressions s JOIN domains d ON d.tenant_id = s.tenant_id AND d.id = contacts.domain_id
    WHERE s.tenant_id = contacts.tenant_id
      AND s.hash = ANY (suppression_hashes(contacts.email) || suppression_hashes('@' || d.domain)))";

/// Returns a contact that is not suppressed.
pub async fn get(conn: &mut TenantConnection, id: ContactId) -> QueryResult<Contact> {
    let tenant = conn.tenant_id();
    Contact::query()
        .filter(contacts::tenant_id.eq(tenant))
        .filter(contacts::id.eq(id))
        .filter(diesel::dsl::sql::<Bool>(UNSUPPRESSED))
        .first(&mut conn.reading())
        .await
}

/// Lists contacts, newest first.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &ContactFilter<'_>,
    paging: &Paging<Newest<ContactId>>,
) -> QueryResult<Vec<Contact>> {
    let mut query = matching(conn.tenant_id(), filter);
    if let Some(Newest { at, id }) = paging.after {
        query = query.filter(before::<(Timestamptz, Uuid), _, _>(
            (contacts::created_at, contacts::id),
            (at, id),
        ));
    }
    newest_first(query)
        .select(Contact::as_select())
        .limit(paging.limit)
        .load(&mut conn.reading())
        .await
}

/// Counts contacts.
pub async fn count(conn: &mut TenantConnection, filter: &ContactFilter<'_>) -> QueryResult<i64> {
    matching(conn.tenant_id(), filter)
        .count()
        .get_result(&mut conn.reading())
        .await
}

/// Inserts the addresses that a crawl found, with the pages they are on, or updates when they were last seen, in one
/// statement. Suppressed addresses are left out.
///
/// An address is stored once per domain; if it is given more than once, the last one counts. An existing type, name or
/// role is kept, since a person may have set it. Of one job's pages, the first one becomes the contact's own page.
///
/// # Errors
///
/// A foreign key violation if the tenant has no such domain, page or job.
pub async fn upsert_many(conn: &mut TenantConnection, new: &[NewContact<'_>]) -> QueryResult<Upserted> {
    // Thousands of rows as one array per column; two tables in one statement.
    diesel::sql_query(include_str!("upsert.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Array<Uuid>, _>(column(new, |row| row.domain_id))
        .bind::<Array<Uuid>, _>(column(new, |row| row.page_id))
        .bind::<Array<Text>, _>(column(new, |row| row.email))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.email_type.map(EmailType::label)))
        .bind::<Array<Nullable<Bool>>, _>(column(new, |row| row.has_gmail))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.context))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.source_url))
        .bind::<Array<Nullable<Uuid>>, _>(column(new, |row| row.source_job_id))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.name))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.role))
        .bind::<Array<Nullable<SmallInt>>, _>(column(new, |row| row.confidence))
        .bind::<Array<Text>, _>(column(new, |row| row.spelling))
        .get_result(conn)
        .await
}

/// Lists the pages with a contact's address, the first one first.
pub async fn list_sources(conn: &mut TenantConnection, id: ContactId) -> QueryResult<Vec<ContactSource>> {
    let tenant = conn.tenant_id();
    contact_sources::table
        .inner_join(
            pages::table.on(pages::tenant_id
                .eq(contact_sources::tenant_id)
                .and(pages::id.eq(contact_sources::page_id))),
        )
        .filter(contact_sources::tenant_id.eq(tenant))
        .filter(contact_sources::contact_id.eq(id))
        .order((contact_sources::first_seen_at, contact_sources::id))
        .select((
            contact_sources::page_id,
            pages::url,
            contact_sources::context,
            contact_sources::spelling,
            contact_sources::first_seen_at,
            contact_sources::last_seen_at,
        ))
        .load(&mut conn.reading())
        .await
}

/// Copies the DNS results of mail domains to the contacts of a domain; if a mail domain accepts no mail, its addresses
/// lose confidence. Returns the number of contacts with a known mail domain.
pub async fn note_mail_domains(conn: &mut TenantConnection, domain: DomainId) -> QueryResult<usize> {
    // Diesel has no UPDATE ... FROM.
    diesel::sql_query(include_str!("note_mail_domains.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Uuid, _>(domain)
        .execute(conn)
        .await
}

/// Lists the mail domains of a domain's contacts whose DNS was not checked since the given time.
pub async fn list_unknown_mail_domains(
    conn: &mut TenantConnection,
    domain: DomainId,
    since: DateTime<Utc>,
) -> QueryResult<Vec<String>> {
    let tenant = conn.tenant_id();
    let name = || split_part(contacts::email, "@", 2);
    let known = mail_domains::table
        .filter(mail_domains::tenant_id.eq(tenant))
        .filter(mail_domains::domain.eq(name()))
        .filter(mail_domains::checked_at.ge(since))
        .filter(mail_domains::mx_status.ne(MxStatus::Unknown));
    let mut names: Vec<String> = contacts::table
        .filter(contacts::tenant_id.eq(tenant))
        .filter(contacts::domain_id.eq(domain))
        .filter(not(exists(known)))
        .select(name())
        .distinct()
        .load(&mut conn.reading())
        .await?;
    names.sort_unstable();
    Ok(names)
}

/// Stores the DNS results of mail domains.
pub async fn upsert_mail_domains(conn: &mut TenantConnection, found: &[(String, MxStatus)]) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    // Sorted, so that concurrent calls do not deadlock.
    let found: BTreeMap<&str, MxStatus> = found
        .iter()
        .map(|(domain, status)| (domain.as_str(), *status))
        .collect();
    let rows: Vec<_> = found
        .into_iter()
        .map(|(domain, status)| {
            (
                mail_domains::tenant_id.eq(tenant),
                mail_domains::domain.eq(domain),
                mail_domains::mx_status.eq(status),
            )
        })
        .collect();
    diesel::insert_into(mail_domains::table)
        .values(rows)
        .on_conflict((mail_domains::tenant_id, mail_domains::domain))
        .do_update()
        .set((
            mail_domains::mx_status.eq(excluded(mail_domains::mx_status)),
            mail_domains::checked_at.eq(excluded(mail_domains::checked_at)),
        ))
        .execute(conn)
        .await
}

/// Updates a contact.
///
/// # Errors
///
/// `NotFound`.
pub async fn update(conn: &mut TenantConnection, id: ContactId, changes: &ContactChanges<'_>) -> QueryResult<Contact> {
    let tenant = conn.tenant_id();
    diesel::update(
        contacts::table
            .filter(contacts::tenant_id.eq(tenant))
            .filter(contacts::id.eq(id)),
    )
    .set((changes, contacts::updated_at.eq(now)))
    .returning(Contact::as_returning())
    .get_result(conn)
    .await
}

/// Marks all matching contacts, or removes their marks, and returns how many there were.
pub async fn mark_many(
    conn: &mut TenantConnection,
    filter: &ContactFilter<'_>,
    mark: Option<ContactMark>,
) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    let matched: Vec<ContactId> = matching(tenant, filter)
        .select(contacts::id)
        .load(&mut conn.reading())
        .await?;
    // Sorted, so that concurrent calls do not deadlock.
    let ids: Vec<ContactId> = contacts::table
        .filter(contacts::tenant_id.eq(tenant))
        .filter(contacts::id.eq_any(matched))
        .order(contacts::id)
        .select(contacts::id)
        .for_no_key_update()
        .load(conn)
        .await?;
    diesel::update(
        contacts::table
            .filter(contacts::tenant_id.eq(tenant))
            .filter(contacts::id.eq_any(ids)),
    )
    .set((
        contacts::mark.eq(mark),
        contacts::marked_at.eq(mark.map(|_| Utc::now())),
        contacts::updated_at.eq(now),
    ))
    .execute(conn)
    .await
}

/// Deletes a contact.
///
/// # Errors
///
/// `NotFound`.
pub async fn delete(conn: &mut TenantConnection, id: ContactId) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    diesel::delete(
        contacts::table
            .filter(contacts::tenant_id.eq(tenant))
            .filter(contacts::id.eq(id)),
    )
    .returning(contacts::id)
    .get_result::<ContactId>(conn)
    .await
    .map(|_| ())
}

/// Clears references from a tenant's contacts to these jobs; returns the number of contacts.
pub async fn forget_jobs(conn: &mut SystemConnection, tenant: TenantId, jobs: &[JobId]) -> QueryResult<usize> {
    diesel::update(
        contacts::table
            .filter(contacts::tenant_id.eq(tenant))
            .filter(contacts::source_job_id.eq_any(jobs)),
    )
    .set(contacts::source_job_id.eq(None::<JobId>))
    .execute(conn)
    .await
}

fn newest_first(query: contacts::BoxedQuery<'_, Pg>) -> contacts::BoxedQuery<'_, Pg> {
    query.order((contacts::created_at.desc(), contacts::id.desc()))
}

fn matching<'a>(tenant: TenantId, filter: &ContactFilter<'a>) -> contacts::BoxedQuery<'a, Pg> {
    let mut query = contacts::table.filter(contacts::tenant_id.eq(tenant)).into_boxed();
    if let Some(ids) = filter.ids {
        query = query.filter(contacts::id.eq_any(ids));
    }
    if let Some(mark) = filter.mark {
        query = query.filter(contacts::mark.eq(mark));
    }
    if let Some(domain) = filter.domain_id {
        query = query.filter(contacts::domain_id.eq(domain));
    }
    if let Some(email_type) = filter.email_type {
        query = query.filter(contacts::email_type.eq(email_type));
    }
    if let Some(text) = filter.text {
        let pattern = containing(text);
        query = query.filter(
            contacts::email
                .ilike(pattern.clone())
                .or(contacts::context.ilike(pattern)),
        );
    }
    if let Some(since) = filter.seen_since {
        query = query.filter(contacts::last_seen_at.ge(since));
    }
    if let Some(before) = filter.last_seen_before {
        query = query.filter(contacts::last_seen_at.lt(before));
    }
    if let Some(since) = filter.first_seen_since {
        query = query.filter(contacts::created_at.ge(since));
    }
    if let Some(name) = filter.domain {
        let named = domains::table
            .filter(domains::tenant_id.eq(tenant))
            .filter(domains::domain.eq(name))
            .select(domains::id);
        query = query.filter(contacts::domain_id.eq_any(named));
    }
    if let Some(job) = filter.job_id {
        query = query.filter(contacts::source_job_id.eq(job));
    }
    if filter.unsuppressed {
        query = query.filter(diesel::dsl::sql::<Bool>(UNSUPPRESSED));
    }
    query
}
