//! Contacts.

use chrono::{DateTime, Utc};
use database::ids::DomainId;
use database::models::contact::{Contact, ContactChanges, NewContact};
use database::models::enums::EmailType;
use database::models::page::Page;
use database::repo::bulk::Upserted;
use database::repo::contacts::{self, ContactFilter};
use database::repo::paging::{Newest, Paging};
use diesel::result::Error;

use crate::support::tenants::{Agencies, Agency};

#[tokio::test]
async fn an_address_is_stored_once_per_domain_with_its_last_page() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let domain = acme.domain("acme.test").await;
    let home = acme.page(&domain, "https://acme.test/").await;
    let about = acme.page(&domain, "https://acme.test/about").await;
    let info = found(&home, "info@acme.test", Some(EmailType::Unknown));
    let ann = found(&home, "ann@acme.test", Some(EmailType::Corporate));
    let written = upsert(&acme, &[info.clone(), ann.clone(), info.clone()]).await;
    assert_eq!((written.inserted, written.updated), (2, 0));
    let first = by_email(&acme, "info@").await;

    let again = NewContact {
        context: Some("write to"),
        ..found(&about, "info@acme.test", Some(EmailType::Service))
    };
    let ann = found(&about, "ann@acme.test", Some(EmailType::Free));
    let written = upsert(&acme, &[again, ann]).await;
    assert_eq!((written.inserted, written.updated), (0, 2));
    let info = by_email(&acme, "info@").await;
    assert_eq!((info.id, info.created_at), (first.id, first.created_at));
    assert!(info.updated_at > first.updated_at);
    assert_eq!((info.page_id, info.context.as_deref()), (about.id, Some("write to")));
    assert_eq!(info.email_type, Some(EmailType::Service));
    let ann = by_email(&acme, "ann@").await;
    assert_eq!(ann.email_type, Some(EmailType::Corporate), "a known type stays");
    assert_eq!(upsert(&acme, &[]).await, Upserted::default());
}

#[tokio::test]
async fn contacts_are_filtered_and_paged_by_cursor() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let one = acme.domain("one.test").await;
    let two = acme.domain("two.test").await;
    let page_of_one = acme.page(&one, "https://one.test/").await;
    let page_of_two = acme.page(&two, "https://two.test/").await;
    let names: Vec<String> = (0..9).map(|n| format!("{n}@one.test")).collect();
    let many: Vec<_> = names.iter().map(|email| found(&page_of_one, email, None)).collect();
    upsert(&acme, &many).await;
    upsert(&acme, &[found(&page_of_two, "x_y@two.test", Some(EmailType::Free))]).await;
    let last = by_email(&acme, "x_y").await;

    let none = ContactFilter::default;
    for (filter, expected) in cases(two.id, last.updated_at) {
        let rows = list(&acme, &filter).await;
        assert_eq!(i64::try_from(rows.len()).unwrap(), expected, "{filter:?}");
        assert_eq!(
            acme.run(async |conn| contacts::count(conn, &filter).await).await,
            expected
        );
    }
    let all = list(&acme, &none()).await;
    assert_eq!(all[0], last, "newest first");
    let mut by_cursor = Vec::new();
    let mut paging = Paging::first(4);
    loop {
        let rows = acme
            .run(async |conn| contacts::list(conn, &none(), &paging).await)
            .await;
        let Some(last) = rows.last() else { break };
        paging.after = Some(Newest::new(last.created_at, last.id));
        by_cursor.extend(rows);
    }
    assert_eq!(by_cursor, all);
}

/// Filters, and how many contacts match each.
#[rustfmt::skip]
fn cases(domain: DomainId, last: DateTime<Utc>) -> [(ContactFilter<'static>, i64); 6] {
    let none = ContactFilter::default;
    [
        (none(), 10),
        (ContactFilter { domain_id: Some(domain), ..none() }, 1),
        (ContactFilter { email_type: Some(EmailType::Free), ..none() }, 1),
        (ContactFilter { text: Some("X_Y"), ..none() }, 1),
        (ContactFilter { text: Some("x_"), ..none() }, 1),
        (ContactFilter { seen_since: Some(last), ..none() }, 1),
    ]
}

#[tokio::test]
async fn a_contact_is_changed_and_deleted() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let domain = acme.domain("acme.test").await;
    let page = acme.page(&domain, "https://acme.test/").await;
    upsert(&acme, &[found(&page, "ann@acme.test", None)]).await;
    let ann = by_email(&acme, "ann").await;
    let changes = ContactChanges {
        email_type: Some(Some(EmailType::Service)),
        ..ContactChanges::default()
    };
    let changed = acme
        .run(async |conn| contacts::update(conn, ann.id, &changes).await)
        .await;
    assert_eq!(acme.run(async |conn| contacts::get(conn, ann.id).await).await, changed);
    acme.run(async |conn| contacts::delete(conn, ann.id).await).await;
    let gone = acme.attempt(async |conn| contacts::get(conn, ann.id).await).await;
    assert_eq!(gone, Err(Error::NotFound));
    let again = acme.attempt(async |conn| contacts::delete(conn, ann.id).await).await;
    assert_eq!(again, Err(Error::NotFound));
}

fn found<'a>(page: &Page, email: &'a str, email_type: Option<EmailType>) -> NewContact<'a> {
    NewContact {
        domain_id: page.domain_id,
        page_id: page.id,
        email,
        email_type,
        has_gmail: Some(false),
        context: None,
        source_url: None,
        source_job_id: None,
        name: None,
        role: None,
        confidence: None,
        spelling: "text",
    }
}

async fn upsert(agency: &Agency, new: &[NewContact<'_>]) -> Upserted {
    agency.run(async |conn| contacts::upsert_many(conn, new).await).await
}

async fn list(agency: &Agency, filter: &ContactFilter<'_>) -> Vec<Contact> {
    agency
        .run(async |conn| contacts::list(conn, filter, &Paging::default()).await)
        .await
}

async fn by_email(agency: &Agency, text: &str) -> Contact {
    let filter = ContactFilter {
        text: Some(text),
        ..ContactFilter::default()
    };
    let mut rows = list(agency, &filter).await;
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}
