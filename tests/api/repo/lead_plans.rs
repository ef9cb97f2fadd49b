//! How PostgreSQL executes the lists of leads, with the repositories' filters and row level security together.

use chrono::Utc;
use database::models::enums::{ContactMark, CurationStatus};
use database::repo::leads::{self, LeadFilter, LeadKey, LeadOrder, LeadPosition};
use database::repo::paging::Paging;
use uuid::Uuid;

use super::plans::{PLACES, explain_with, first_sent, record, vacuum};
use crate::support::tenants::Agencies;

/// Filters, their binds, and the index each should use.
#[rustfmt::skip]
fn filters() -> [(LeadFilter<'static>, &'static str, &'static str); 11] {
    let none = LeadFilter::default;
    let covering = "leads_tenant_id_created_at_idx";
    [
        (LeadFilter { status: Some(CurationStatus::Selected), ..none() }, "'Selected'", "leads_tenant_id_status_idx"),
        (LeadFilter { business_type: Some("bakery"), ..none() }, "'bakery'", "leads_tenant_id_business_type_idx"),
        (LeadFilter { changed_since: Some(Utc::now()), ..none() }, "now()", "leads_tenant_id_updated_at_idx"),
        (LeadFilter { text: Some("ness 77"), ..none() }, "'%ness 77%'", "leads_tenant_id_search_name_idx"),
        (LeadFilter { location: Some("77 Main"), ..none() }, "'%77 Main%'", covering),
        (LeadFilter { technology: Some("WordPress"), ..none() }, "'%wordpress%'", covering),
        (LeadFilter { has_email: Some(true), text: Some("ness 77"), ..none() }, "'%ness 77%', true", covering),
        (LeadFilter { has_phone: Some(true), has_ssl: Some(false), ..none() }, "true, false", covering),
        (LeadFilter { mark: Some(ContactMark::Bounced), min_priority: Some(3), ..none() }, "3", covering),
        (LeadFilter { min_score: Some(50), ..none() }, "50", "leads_tenant_id_score_idx"),
        (LeadFilter { certificate_expires_before: Some(Utc::now()), ..none() }, "now()", covering),
    ]
}

#[tokio::test]
async fn lead_lists_are_decided_on_an_index_alone() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    let client = agencies.database.client().await;
    client.batch_execute(PLACES).await.unwrap();
    vacuum(&client, "leads").await;
    let tenant = format!("'{}'", acme.id);
    let mut conn = acme.open().await;
    let sent = record(&mut conn);
    for (filter, binds, index) in filters() {
        leads::count(&mut conn, &filter).await.unwrap();
        let sql = first_sent(&sent);
        let plan = explain_with(&mut conn, &sql, &format!("{tenant}, {binds}")).await;
        assert!(
            plan.contains(&format!("Index Only Scan using {index} ")),
            "{sql}\n{plan}"
        );
    }
    // A page and the number of all matches in one pass.
    let search = LeadFilter {
        text: Some("ness 77"),
        ..LeadFilter::default()
    };
    leads::list(&mut conn, &search, LeadOrder::Newest, 20).await.unwrap();
    let sql = first_sent(&sent);
    let plan = explain_with(&mut conn, &sql, &format!("{tenant}, '%ness 77%', 1, 20")).await;
    assert_eq!(plan.matches("Index Only Scan").count(), 1, "{sql}\n{plan}");
}

#[tokio::test]
async fn each_order_of_leads_reads_its_index() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    let client = agencies.database.client().await;
    client.batch_execute(PLACES).await.unwrap();
    vacuum(&client, "leads").await;
    let tenant = format!("'{}'", acme.id);
    let mut conn = acme.open().await;
    let sent = record(&mut conn);
    let now = Utc::now();
    for (order, key, bind, index) in [
        (LeadOrder::Newest, LeadKey::Newest(now), "now()", "created_at"),
        (LeadOrder::Changed, LeadKey::Changed(now), "now()", "updated_at"),
        (
            LeadOrder::Name,
            LeadKey::Name("business 3".into()),
            "'business 3'",
            "search_name",
        ),
        (LeadOrder::Priority, LeadKey::Priority(Some(3)), "3", "priority"),
        (LeadOrder::Rating, LeadKey::Rating(Some(3.0)), "3", "rating"),
        (LeadOrder::Score, LeadKey::Score(Some(3)), "3", "score"),
        (
            LeadOrder::LastScan,
            LeadKey::LastScan(Some(now)),
            "now()",
            "last_scan_at",
        ),
    ] {
        let position = LeadPosition {
            key,
            id: Uuid::nil().into(),
        };
        for (after, binds) in [
            (None, "20".to_owned()),
            (Some(position), format!("{bind}, '{}', 20", Uuid::nil())),
        ] {
            let paging = Paging { limit: 20, after };
            leads::list_after(&mut conn, &LeadFilter::default(), order, &paging)
                .await
                .unwrap();
            let sql = first_sent(&sent);
            let plan = explain_with(&mut conn, &sql, &format!("{tenant}, {binds}")).await;
            assert!(plan.contains(&format!("leads_tenant_id_{index}_idx ")), "{sql}\n{plan}");
            assert!(!plan.contains("Sort"), "{sql}\n{plan}");
            assert_eq!(plan.contains("(ROW("), paging.after.is_some(), "{sql}\n{plan}");
        }
    }
}
