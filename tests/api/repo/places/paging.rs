//! Pages of places, by cursor and by offset.

use chrono::{DateTime, TimeDelta, Utc};
use database::models::staged_place::NewStagedPlace;
use database::repo::paging::{Offset, Paging};
use database::repo::places::{self, PlaceFilter, PlaceKey, PlaceOrder, PlacePosition};

use super::ORDERS;
use crate::support::tenants::{Agencies, Agency, new_place};

#[tokio::test]
async fn cursor_and_offset_pages_show_every_place_once() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let base: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let ids: Vec<String> = (0..20).map(|n| format!("place {n}")).collect();
    // Five at a time have the same time, so that a page ends among equals.
    let new: Vec<_> = (0..)
        .zip(&ids)
        .map(|(n, id)| NewStagedPlace {
            search_time: Some(base + TimeDelta::hours(n / 5)),
            ..new_place(id)
        })
        .collect();
    acme.run(async |conn| places::upsert_many(conn, &new).await).await;
    let client = agencies.database.client().await;
    let undate = "UPDATE places_staging SET search_time = NULL WHERE place_id IN ('place 3', 'place 9', 'place 17')";
    client.batch_execute(undate).await.unwrap();

    let by_offset = list(&acme, 100, 0).await;
    assert_eq!(by_offset.len(), 20);
    assert_eq!(by_offset[0], "place 19");
    assert_eq!(by_offset[17..], ["place 9", "place 3", "place 17"]);
    assert_eq!(list(&acme, 7, 7).await, by_offset[7..14]);
    for limit in [1, 3, 7, 19, 20, 21] {
        let mut by_cursor = Vec::new();
        let mut paging = Paging::first(limit);
        loop {
            let rows = acme
                .run(async |conn| {
                    let (filter, order) = (PlaceFilter::default(), PlaceOrder::Newest);
                    places::list_after(conn, &filter, order, &paging).await
                })
                .await;
            let Some(last) = rows.last() else { break };
            paging.after = Some(PlacePosition {
                key: PlaceKey::Newest(last.search_time),
                id: last.id,
            });
            by_cursor.extend(rows.into_iter().map(|row| row.place_id));
        }
        assert_eq!(by_cursor, by_offset, "pages of {limit}");
    }
}

#[tokio::test]
async fn cursors_page_every_order_without_gaps_or_duplicates() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let ids: Vec<String> = (0..23).map(|n| format!("place {n}")).collect();
    // One contains characters that end a pattern or a byte string, one is longer than the sorted part.
    let long = "c".repeat(130);
    let names = ["b", "a", &long, "B", r"ä\%_'"];
    let new: Vec<_> = (0..)
        .zip(&ids)
        .map(|(n, id)| NewStagedPlace {
            name: names[n % 5],
            rating: (n % 4 > 0).then_some(f64::from(u8::try_from(n % 3).unwrap())),
            ..new_place(id)
        })
        .collect();
    acme.run(async |conn| places::upsert_many(conn, &new).await).await;
    let client = agencies.database.client().await;
    let prioritise = "UPDATE places_staging SET priority = CASE WHEN id % 4 > 0 THEN id % 3 END";
    client.batch_execute(prioritise).await.unwrap();
    let filter = PlaceFilter::default();
    for order in ORDERS {
        let (all, _) = acme
            .run(async |conn| places::list(conn, &filter, order, Offset::first(100)).await)
            .await;
        for limit in [1, 4, 22, 23, 24] {
            let mut by_cursor = Vec::new();
            let mut paging = Paging::first(limit);
            loop {
                let rows = acme
                    .run(async |conn| places::list_after(conn, &filter, order, &paging).await)
                    .await;
                let Some(last) = rows.last() else { break };
                paging.after = Some(PlacePosition::of(last, order));
                by_cursor.extend(rows);
            }
            assert_eq!(by_cursor, all, "{order:?} by {limit}");
        }
        if order == PlaceOrder::Name {
            let names: String = all.iter().map(|row| row.name.chars().next().unwrap()).collect();
            let folded: String = names.to_lowercase().chars().filter(char::is_ascii).collect();
            assert_eq!(folded, "aaaaabbbbbbbbbccccc");
        }
    }
}

#[tokio::test]
async fn each_page_of_a_filtered_list_has_the_total() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let ids: Vec<String> = (0..30).map(|n| format!("place {n}")).collect();
    let new: Vec<_> = (0..)
        .zip(&ids)
        .map(|(n, id)| NewStagedPlace {
            name: if n % 3 == 0 { "Bakery" } else { "Dentist" },
            rating: (n % 4 > 0).then_some(f64::from(n % 5)),
            ..new_place(id)
        })
        .collect();
    acme.run(async |conn| places::upsert_many(conn, &new).await).await;
    let client = agencies.database.client().await;
    let undate = "UPDATE places_staging SET search_time = NULL, priority = NULLIF(id % 3, 0) WHERE id % 4 = 0";
    client.batch_execute(undate).await.unwrap();
    let some = |name| PlaceFilter {
        name: Some(name),
        ..PlaceFilter::default()
    };
    let rated = PlaceFilter {
        min_rating: Some(0.0),
        ..PlaceFilter::default()
    };
    for (filter, expected) in [
        (some("bake"), 10),
        (some("dent"), 20),
        (some("florist"), 0),
        (rated, 22),
    ] {
        for order in ORDERS {
            for (limit, offset) in [
                (1, 0),
                (3, 2),
                (9, 0),
                (10, 0),
                (11, 0),
                (10, 10),
                (20, 0),
                (5, 25),
                (0, 0),
            ] {
                let paging = Offset { limit, offset };
                let (rows, total) = acme
                    .run(async |conn| places::list(conn, &filter, order, paging).await)
                    .await;
                assert_eq!(total, expected, "{filter:?} by {order:?}, {paging:?}");
                let shown = usize::try_from((expected - offset).clamp(0, limit)).unwrap();
                assert_eq!(rows.len(), shown, "{filter:?} by {order:?}, {paging:?}");
            }
        }
    }
}

async fn list(agency: &Agency, limit: i64, offset: i64) -> Vec<String> {
    let paging = Offset { limit, offset };
    let (rows, _) = agency
        .run(async |conn| places::list(conn, &PlaceFilter::default(), PlaceOrder::Newest, paging).await)
        .await;
    rows.into_iter().map(|row| row.place_id).collect()
}
