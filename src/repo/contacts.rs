//! Table `contacts`: the email addresses found on sites.

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::pg::Pg;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, HasQuery, PgTextExpressionMethods, QueryDsl, QueryResult,
    SelectableHelper,
};
use diesel::sql_types::{Array, Bool, Nullable, SmallInt, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use super::bulk::{Upserted, column};
use super::paging::{Paging, before, containing};
use crate::db::connection::Connection;
use crate::db::tenant::{SystemConnection, TenantConnection};
use crate::models::contact::{Contact, ContactChanges, ContactSource, NewContact};
use crate::models::enums::{EmailType, MxStatus};
use crate::models::ids::{ContactId, DomainId, JobId, TenantId};
use crate::schema::{contacts, domains};

/// Which contacts are wanted; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct ContactFilter<'a> {
    /// Those of this domain.
    pub domain_id: Option<DomainId>,
    /// Those of this type.
    pub email_type: Option<EmailType>,
    /// Those whose address, or the text around it, holds this text.
    pub text: Option<&'a str>,
    /// Those seen then or later.
    pub seen_since: Option<DateTime<Utc>>,
    /// Those found on the site of the domain of this name.
    pub domain: Option<&'a str>,
    /// Those that this job has seen.
    pub job_id: Option<JobId>,
    /// Those that are not suppressed.
    pub unsuppressed: bool,
}

/// What a contact must not meet to be shown: the same that keeps it from being stored.
const UNSUPPRESSED: &str = "NOT EXISTS (
    SELECT FROM suppressions s JOIN domains d ON d.tenant_id = s.tenant_id AND d.id = contacts.domain_id
    WHERE s.tenant_id = contacts.tenant_id
      AND s.hash = ANY (suppression_hashes(contacts.email) || suppression_hashes('@' || d.domain)))";

/// A contact in the list: when it was made, and its row.
pub type ContactCursor = (DateTime<Utc>, ContactId);

/// Returns a contact.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn get(conn: &mut TenantConnection, id: ContactId) -> QueryResult<Contact> {
    let tenant = conn.tenant_id();
    Contact::query()
        .filter(contacts::tenant_id.eq(tenant))
        .filter(contacts::id.eq(id))
        .first(conn)
        .await
}

/// Lists contacts, the newest first, and counts all that match. Both queries travel together.
///
/// # Errors
///
/// Those of the database.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &ContactFilter<'_>,
    paging: Paging,
) -> QueryResult<(Vec<Contact>, i64)> {
    let tenant = conn.tenant_id();
    let rows = newest_first(matching(tenant, filter))
        .limit(paging.limit)
        .offset(paging.offset);
    let conn: &Connection = conn;
    futures_util::try_join!(
        rows.select(Contact::as_select()).load(&mut &*conn),
        matching(tenant, filter).count().get_result(&mut &*conn),
    )
}

/// Lists the contacts behind `after` in the order of [`list`], or the first ones. However deep the
/// list, a page costs the same; rows that are added meanwhile neither double nor hide one.
///
/// # Errors
///
/// Those of the database.
pub async fn list_after(
    conn: &mut TenantConnection,
    filter: &ContactFilter<'_>,
    after: Option<ContactCursor>,
    limit: i64,
) -> QueryResult<Vec<Contact>> {
    let mut query = matching(conn.tenant_id(), filter);
    if let Some(cursor) = after {
        query = query.filter(before::<(Timestamptz, Uuid), _, _>(
            (contacts::created_at, contacts::id),
            cursor,
        ));
    }
    newest_first(query)
        .select(Contact::as_select())
        .limit(limit)
        .load(conn)
        .await
}

/// Counts contacts.
///
/// # Errors
///
/// Those of the database.
pub async fn count(conn: &mut TenantConnection, filter: &ContactFilter<'_>) -> QueryResult<i64> {
    matching(conn.tenant_id(), filter).count().get_result(conn).await
}

/// Adds the addresses that a crawl found and the pages that have them, or notes where they were seen last, in one
/// statement. What is suppressed is left out.
///
/// An address is there once a domain; given more than once, the last one counts. A type, a name and a role that are
/// known stay: they may be a person's correction. Of one job's pages the first one stays the address' own.
///
/// # Errors
///
/// A foreign key violation when the tenant has no such domain, page or job, and those of the database.
pub async fn upsert_many(conn: &mut TenantConnection, new: &[NewContact<'_>]) -> QueryResult<Upserted> {
    diesel::sql_query(include_str!("contacts/upsert.sql"))
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

/// Lists the pages that have a contact's address, the one that had it first in front.
///
/// # Errors
///
/// Those of the database.
pub async fn list_sources(conn: &mut TenantConnection, id: ContactId) -> QueryResult<Vec<ContactSource>> {
    diesel::sql_query(
        "SELECT s.page_id, p.url, s.context, s.spelling, s.first_seen_at, s.last_seen_at
         FROM contact_sources s JOIN pages p ON p.tenant_id = s.tenant_id AND p.id = s.page_id
         WHERE s.tenant_id = $1 AND s.contact_id = $2
         ORDER BY s.first_seen_at, s.id",
    )
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<Uuid, _>(id)
    .load(conn)
    .await
}

/// Notes at a domain's contacts what DNS says of the domains of their addresses: one that takes no mail makes them
/// doubtful. Returns how many it knows something about.
///
/// # Errors
///
/// Those of the database.
pub async fn note_mail_domains(conn: &mut TenantConnection, domain: DomainId) -> QueryResult<usize> {
    diesel::sql_query(
        "UPDATE contacts c SET mx_status = m.mx_status,
             confidence = CASE WHEN m.mx_status = 'none' THEN least(c.confidence, 10) ELSE c.confidence END
         FROM mail_domains m
         WHERE c.tenant_id = $1 AND c.domain_id = $2 AND m.tenant_id = $1 AND m.domain = split_part(c.email, '@', 2)",
    )
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<Uuid, _>(domain)
    .execute(conn)
    .await
}

/// Lists the domains of the addresses of a domain's contacts about which DNS has not been asked since a time.
///
/// # Errors
///
/// Those of the database.
pub async fn list_unknown_mail_domains(
    conn: &mut TenantConnection,
    domain: DomainId,
    since: DateTime<Utc>,
) -> QueryResult<Vec<String>> {
    let rows: Vec<MailDomain> = diesel::sql_query(
        "SELECT DISTINCT split_part(c.email, '@', 2) AS domain FROM contacts c
         WHERE c.tenant_id = $1 AND c.domain_id = $2 AND NOT EXISTS (
             SELECT FROM mail_domains m
             WHERE m.tenant_id = $1 AND m.domain = split_part(c.email, '@', 2) AND m.checked_at >= $3
               AND m.mx_status <> 'unknown')
         ORDER BY 1",
    )
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<Uuid, _>(domain)
    .bind::<Timestamptz, _>(since)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.domain).collect())
}

#[derive(diesel::QueryableByName)]
struct MailDomain {
    #[diesel(sql_type = Text)]
    domain: String,
}

/// Keeps what DNS says of domains.
///
/// # Errors
///
/// Those of the database.
pub async fn upsert_mail_domains(conn: &mut TenantConnection, found: &[(String, MxStatus)]) -> QueryResult<usize> {
    diesel::sql_query(
        "INSERT INTO mail_domains (tenant_id, domain, mx_status)
         SELECT $1, domain, mx_status FROM unnest($2::text[], $3::text[]) AS f (domain, mx_status) ORDER BY domain
         ON CONFLICT (tenant_id, domain) DO UPDATE SET mx_status = EXCLUDED.mx_status, checked_at = EXCLUDED.checked_at",
    )
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<Array<Text>, _>(column(found, |(domain, _)| domain))
    .bind::<Array<Text>, _>(column(found, |(_, status)| status.label()))
    .execute(conn)
    .await
}

/// Changes a contact.
///
/// # Errors
///
/// `NotFound`, and those of the database.
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

/// Deletes a contact.
///
/// # Errors
///
/// `NotFound`, and those of the database.
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

/// Clears the jobs that found contacts of a tenant, where it is one of these; returns at how many contacts.
///
/// # Errors
///
/// Those of the database.
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
