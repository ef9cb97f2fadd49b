//! Table `contacts`: the email addresses found on sites.

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::pg::Pg;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, HasQuery, PgTextExpressionMethods, QueryDsl, QueryResult,
    SelectableHelper,
};
use diesel::sql_types::{Array, Bool, Nullable, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use super::bulk::{Upserted, column};
use super::paging::{Paging, before, containing};
use crate::db::connection::Connection;
use crate::db::tenant::TenantConnection;
use crate::models::contact::{Contact, ContactChanges, NewContact};
use crate::models::enums::EmailType;
use crate::models::ids::{ContactId, DomainId, TenantId};
use crate::schema::contacts;

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
}

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

/// Adds the addresses that a crawl found, or notes where they were seen last, in one statement.
///
/// An address is there once a domain; given more than once, the last one counts. A type that is
/// known stays: it may be a person's correction.
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
        .get_result(conn)
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
        query = query.filter(contacts::updated_at.ge(since));
    }
    query
}
