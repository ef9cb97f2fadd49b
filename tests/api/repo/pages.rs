//! Pages of sites.

use database::models::enums::{PageCurationStatus, PageProcessingStatus};
use database::models::page::{NewPage, PageChanges};
use database::models::values::{RawJson, TextList};
use database::repo::pages::{self, PageFilter};
use database::repo::paging::Paging;
use serde_json::json;

use crate::support::tenants::{Agencies, new_page};

#[tokio::test]
async fn a_page_is_updated_where_something_is_said_and_keeps_what_was_decided() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let domain = acme.domain("acme.test").await;
    let url = "https://acme.test/";
    let types = TextList::from_iter(["Dentist", "a \"quoted\", {odd} one"]);
    let meta = RawJson::from(json!({"a": 1}));
    let first = NewPage {
        title: Some("Home"),
        word_count: Some(120),
        schema_types: Some(&types),
        additional_json: Some(&meta),
        page_processing_status: Some(PageProcessingStatus::Queued),
        ..new_page(&domain, url)
    };
    let page = acme.run(async |conn| pages::upsert(conn, &first).await).await;
    assert_eq!(page.has_contact_form, Some(false), "the column's default");
    let decided = PageChanges {
        page_curation_status: Some(PageCurationStatus::Skipped),
        ..PageChanges::default()
    };
    acme.run(async |conn| pages::update(conn, page.id, &decided).await)
        .await;
    let second = NewPage {
        title: Some("Welcome"),
        ..new_page(&domain, url)
    };
    let one = acme.run(async |conn| pages::upsert(conn, &second).await).await;
    assert_eq!(
        (one.id, one.title.as_deref(), one.word_count),
        (page.id, Some("Welcome"), Some(120))
    );
    assert_eq!(one.page_curation_status, PageCurationStatus::Skipped);

    // In bulk it means the same.
    let third = NewPage {
        title: Some("Hello"),
        has_contact_form: Some(true),
        ..new_page(&domain, url)
    };
    let other = NewPage {
        url: "https://acme.test/about",
        ..first
    };
    let written = acme
        .run(async |conn| pages::upsert_many(conn, &[second, other.clone(), third, other]).await)
        .await;
    assert_eq!((written.inserted, written.updated), (1, 1));
    let many = acme
        .run(async |conn| pages::find_by_url(conn, domain.id, url).await)
        .await
        .unwrap();
    assert_eq!(
        (many.id, many.title.as_deref(), many.word_count),
        (page.id, Some("Hello"), Some(120))
    );
    assert_eq!(
        (many.schema_types.as_ref(), many.additional_json.as_ref()),
        (Some(&types), Some(&meta))
    );
    assert_eq!(
        (many.has_contact_form, many.page_curation_status),
        (Some(true), PageCurationStatus::Skipped)
    );
    let about = "https://acme.test/about";
    let about = acme
        .run(async |conn| pages::find_by_url(conn, domain.id, about).await)
        .await
        .unwrap();
    assert_eq!((about.schema_types, about.additional_json), (Some(types), Some(meta)));
    assert_eq!(about.page_processing_status, Some(PageProcessingStatus::Queued));
    assert_eq!(
        (about.has_contact_form, about.inbound_links),
        (None, None),
        "nobody has looked"
    );
}

#[tokio::test]
async fn a_url_longer_than_an_index_entry_is_stored_and_found() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let domain = acme.domain("acme.test").await;
    let url: String = (0..4_000).map(|n| format!("{n}/")).collect();
    let page = acme.page(&domain, &url).await;
    assert_eq!(acme.page(&domain, &url).await.id, page.id);
    let found = acme
        .run(async |conn| pages::find_by_url(conn, domain.id, &url).await)
        .await;
    assert_eq!(found.unwrap().id, page.id);
}

#[tokio::test]
async fn pages_are_listed_by_what_is_known_of_them() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let domain = acme.domain("acme.test").await;
    let other = acme.domain("other.test").await;
    let file = acme.sitemap(&domain, "https://acme.test/sitemap.xml").await;
    let listed = NewPage {
        sitemap_file_id: Some(file.id),
        page_type: Some("contact"),
        title: Some("Write to us"),
        page_processing_status: Some(PageProcessingStatus::Error),
        ..new_page(&domain, "https://acme.test/contact")
    };
    acme.run(async |conn| pages::upsert(conn, &listed).await).await;
    acme.page(&domain, "https://acme.test/").await;
    let newest = acme.page(&other, "https://other.test/").await;
    let none = PageFilter::default;
    let cases = [
        (none(), 3),
        (
            PageFilter {
                domain_id: Some(domain.id),
                ..none()
            },
            2,
        ),
        (
            PageFilter {
                sitemap_file_id: Some(file.id),
                ..none()
            },
            1,
        ),
        (
            PageFilter {
                curation_status: Some(PageCurationStatus::New),
                ..none()
            },
            3,
        ),
        (
            PageFilter {
                processing_status: Some(PageProcessingStatus::Error),
                ..none()
            },
            1,
        ),
        (
            PageFilter {
                page_type: Some("contact"),
                ..none()
            },
            1,
        ),
        (
            PageFilter {
                text: Some("WRITE"),
                ..none()
            },
            1,
        ),
        (
            PageFilter {
                text: Some("acme.test/c"),
                ..none()
            },
            1,
        ),
    ];
    for (filter, expected) in cases {
        let (rows, total) = acme
            .run(async |conn| pages::list(conn, &filter, Paging::default()).await)
            .await;
        assert_eq!(
            (i64::try_from(rows.len()).unwrap(), total),
            (expected, expected),
            "{filter:?}"
        );
        assert_eq!(acme.run(async |conn| pages::count(conn, &filter).await).await, expected);
    }
    let (rows, _) = acme
        .run(async |conn| pages::list(conn, &none(), Paging::first(1)).await)
        .await;
    assert_eq!(rows, [acme.run(async |conn| pages::get(conn, newest.id).await).await]);
}
