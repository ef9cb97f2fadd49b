//! Changes of many places, and undoing them.

use database::ids::PlaceChangeId;
use database::models::enums::{CurationStatus, PlaceAction};
use database::models::place_change::PlaceCuration;
use database::repo::paging::Paging;
use database::repo::place_changes;
use database::repo::places::{self, PlaceFilter};
use tokio_postgres::Client;
use uuid::Uuid;

use super::change;
use crate::support::tenants::{Agencies, Agency, new_place};

/// Values only the old system wrote, which must be restored.
const ODD_VALUES: &str =
    "UPDATE places_staging SET status = 'Not a Fit', notes = '', tags = '{NULL,a,a}', priority = NULL, revisit_date = 'infinity'
    WHERE place_id = 'one'";

#[tokio::test]
async fn many_places_are_changed_by_their_ids_or_by_a_filter_and_restored_exactly() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let new = ["one", "two", "three"].map(new_place);
    acme.run(async |conn| places::upsert_many(conn, &new).await).await;
    let client = agencies.database.client().await;
    client.batch_execute(ODD_VALUES).await.unwrap();
    let before = curated(&client).await;
    let ids = ["one", "two", "of nobody"].map(str::to_owned);
    let by_id = PlaceFilter {
        place_ids: Some(&ids),
        ..PlaceFilter::default()
    };
    let archived = PlaceCuration {
        status: Some(CurationStatus::Archived),
        add_tags: vec!["old".to_owned(), "a".to_owned()],
        remove_tags: vec!["x".to_owned()],
        priority: Some(Some(9)),
        revisit_date: Some(None),
        ..PlaceCuration::default()
    };
    assert_eq!(change(&acme, &by_id, &archived).await, 2);
    assert_eq!(
        curated(&client).await,
        [
            "(one,Archived,\"\",\"{a,old}\",9,)",
            "(three,New,,,0,)",
            "(two,Archived,,\"{old,a}\",9,)"
        ]
    );
    let after_first = curated(&client).await;
    let filter = PlaceFilter {
        status: Some(CurationStatus::Archived),
        ..PlaceFilter::default()
    };
    let noted = PlaceCuration {
        notes: Some(Some("no".to_owned())),
        ..PlaceCuration::default()
    };
    let preview = acme.run(async |conn| places::count(conn, &filter).await).await;
    assert_eq!((preview, change(&acme, &filter, &noted).await), (2, 2));
    assert_eq!(acme.place("three").await.notes, None);
    assert_eq!(acme.place("two").await.notes.as_deref(), Some("no"));

    // Undone in reverse order; places changed again since stay unchanged.
    assert_eq!(undo(&acme).await, (2, 2));
    assert_eq!(curated(&client).await, after_first);
    assert_eq!(undo(&acme).await, (2, 2));
    assert_eq!(curated(&client).await, before);
    assert_nothing_to_undo(&acme).await;
    change(&acme, &by_id, &noted).await;
    client
        .batch_execute("UPDATE places_staging SET notes = 'by hand' WHERE place_id = 'two'")
        .await
        .unwrap();
    assert_eq!(undo(&acme).await, (2, 1));
    assert_eq!(acme.place("two").await.notes.as_deref(), Some("by hand"));
    assert_history(&acme).await;
}

/// Returns people's decisions about each place.
async fn curated(client: &Client) -> Vec<String> {
    let sql =
        "SELECT (place_id, status, notes, tags, priority, revisit_date)::text FROM places_staging ORDER BY place_id";
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn assert_nothing_to_undo(acme: &Agency) {
    let nothing = acme
        .run(async |conn| place_changes::undo_last(conn, PlaceChangeId::from(Uuid::new_v4()), "ann").await)
        .await;
    assert_eq!(nothing, None);
}

async fn assert_history(acme: &Agency) {
    let history = acme
        .run(async |conn| place_changes::list(conn, Some("one"), &Paging::default()).await)
        .await;
    let actions: Vec<_> = history.iter().map(|change| change.action).collect();
    use PlaceAction::{Bulk, Undo};
    assert_eq!(actions, [Undo, Bulk, Undo, Undo, Bulk, Bulk]);
    assert!(history.iter().all(|change| change.changed_by == "ann"));
}

async fn undo(agency: &Agency) -> (i64, i64) {
    let undone = agency
        .run(async |conn| place_changes::undo_last(conn, PlaceChangeId::from(Uuid::new_v4()), "ann").await)
        .await;
    let undone = undone.unwrap();
    (undone.changed, undone.restored)
}
