//! Pages of sites.

use database::ids::{DomainId, SitemapFileId};
use database::models::enums::{PageCurationStatus, PageProcessingStatus};
use database::models::page::NewPage;
use database::models::values::{RawJson, TextList};
use database::repo::pages::{self, PageFilter};
use database::repo::paging::Paging;
use serde_json::json;

use crate::support::tenants::{Agencies, new_page};

#[tokio::test]
async fn updating_a_page_keeps_missing_values_and_decisions() {
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
    let client = agencies.database.client().await;
    client
        .batch_execute("UPDATE pages SET page_curation_status = 'Skipped'")
        .await
        .unwrap();
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

    assert_eq!(
        (one.schema_types.as_ref(), one.additional_json.as_ref()),
        (Some(&types), Some(&meta))
    );
}

#[tokio::test]
async fn a_url_longer_than_an_index_entry_is_stored_once() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let domain = acme.domain("acme.test").await;
    let url: String = (0..4_000).map(|n| format!("{n}/")).collect();
    let page = acme.page(&domain, &url).await;
    assert_eq!(acme.page(&domain, &url).await.id, page.id);
    assert_eq!(page.url, url);
}

#[tokio::test]
async fn pages_are_filtered_by_their_facts() {
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
    for (filter, expected) in cases(domain.id, file.id) {
        let (rows, total) = acme
            .run(async |conn| pages::list(conn, &filter, &Paging::default()).await)
            .await;
        assert_eq!(
            (i64::try_from(rows.len()).unwrap(), total),
            (expected, expected),
            "{filter:?}"
        );
    }
    let (rows, _) = acme
        .run(async |conn| pages::list(conn, &none(), &Paging::first(1)).await)
        .await;
    assert_eq!(rows, [newest]);
}

/// Filters, and how many pages match each.
#[rustfmt::skip]
fn cases(domain: DomainId, file: SitemapFileId) -> [(PageFilter<'static>, i64); 8] {
    let none = PageFilter::default;
    [
        (none(), 3),
        (PageFilter { domain_id: Some(domain), ..none() }, 2),
        (PageFilter { sitemap_file_id: Some(file), ..none() }, 1),
        (PageFilter { curation_status: Some(PageCurationStatus::New), ..none() }, 3),
        (PageFilter { processing_status: Some(PageProcessingStatus::Error), ..none() }, 1),
        (PageFilter { page_type: Some("contact"), ..none() }, 1),
        (PageFilter { text: Some("WRITE"), ..none() }, 1),
        (PageFilter { text: Some("acme.test/c"), ..none() }, 1),
    ]
}
