//! Staged places and the searches that find them.

use std::time::Instant;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use database::ids::PlaceChangeId;
use database::models::enums::CurationStatus;
use database::models::enums::PlaceAction;
use database::models::place_change::PlaceCuration;
use database::models::place_search::{NewPlaceSearch, PlaceSearchChanges};
use database::models::staged_place::NewStagedPlace;
use database::models::values::{RawJson, TextList};
use database::repo::bulk::Upserted;
use database::repo::paging::Paging;
use database::repo::place_changes::{self, ChangedBy};
use database::repo::places::{CursorKey, Near, PlaceCursor, PlaceFilter, PlaceOrder};
use database::repo::{place_searches, places};
use serde_json::json;
use uuid::Uuid;

use crate::support::tenants::{Agencies, Agency, new_place};

pub const ORDERS: [PlaceOrder; 4] = [
    PlaceOrder::Newest,
    PlaceOrder::Rating,
    PlaceOrder::Priority,
    PlaceOrder::Name,
];

#[tokio::test]
async fn a_new_search_updates_a_place_and_keeps_what_people_set() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let raw = RawJson::from(json!({"rating": 4.5}));
    let found = NewStagedPlace {
        name: "Dr. Who",
        rating: Some(4.5),
        price_level: Some(2),
        raw_data: Some(&raw),
        search_query: Some("dentist"),
        ..new_place("one")
    };
    let written = acme.run(async |conn| places::upsert_many(conn, &[found]).await).await;
    assert_eq!(written, upserted(1, 0));
    let tags = TextList::from_iter(["warm", "north"]);
    let decided = PlaceCuration {
        status: Some(CurationStatus::Selected),
        notes: Some(Some("call them".to_owned())),
        priority: Some(Some(3)),
        tags: Some(Some(tags.0.clone())),
        revisit_date: Some(NaiveDate::from_ymd_opt(2030, 1, 2)),
        ..PlaceCuration::default()
    };
    assert_eq!(change(&acme, &PlaceFilter::default(), &decided).await, 1);
    let before = acme.place("one").await;
    let again = NewStagedPlace {
        name: "Dr. Who & Sons",
        rating: Some(4.1),
        created_by: Uuid::max().into(),
        search_query: Some("orthodontist"),
        ..new_place("one")
    };
    let written = acme
        .run(async |conn| places::upsert_many(conn, &[again, new_place("two")]).await)
        .await;
    assert_eq!(written, upserted(1, 1));

    let after = acme.place("one").await;
    assert_eq!((after.name.as_str(), after.rating), ("Dr. Who & Sons", Some(4.1)));
    assert_eq!(after.search_query.as_deref(), Some("orthodontist"));
    assert!(after.search_time > before.search_time);
    // What the second search says nothing about.
    assert_eq!((after.price_level, after.raw_data.as_ref()), (Some(2), Some(&raw)));
    assert_eq!((after.id, after.created_by), (before.id, before.created_by));
    // What people set.
    assert_eq!(
        (after.status, after.notes, after.priority),
        (before.status, before.notes, before.priority)
    );
    assert_eq!((after.tags, after.revisit_date), (Some(tags), before.revisit_date));
    assert_eq!(after.updated_by.as_deref(), Some("ann"));
}

#[tokio::test]
async fn of_a_place_found_twice_in_one_page_the_last_counts() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let named = |name| NewStagedPlace {
        name,
        ..new_place("one")
    };
    let written = acme
        .run(async |conn| places::upsert_many(conn, &[named("a"), named("b"), named("c")]).await)
        .await;
    assert_eq!(written, upserted(1, 0));
    assert_eq!(acme.place("one").await.name, "c");
    let none = acme.run(async |conn| places::upsert_many(conn, &[]).await).await;
    assert_eq!(none, upserted(0, 0));
}

#[tokio::test]
async fn ten_thousand_places_are_one_statement() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let ids: Vec<String> = (0..10_000).map(|n| format!("place {n}")).collect();
    let raw =
        RawJson::from(json!({"geometry": {"location": {"lat": 29.7, "lng": -95.3}}, "types": ["dentist", "health"]}));
    let new: Vec<_> = ids
        .iter()
        .map(|id| NewStagedPlace {
            formatted_address: Some("1 Main St, Houston, TX 77002, USA"),
            latitude: Some(29.7),
            longitude: Some(-95.3),
            rating: Some(4.5),
            raw_data: Some(&raw),
            ..new_place(id)
        })
        .collect();
    for expected in [upserted(10_000, 0), upserted(0, 10_000)] {
        let begun = Instant::now();
        let written = acme.run(async |conn| places::upsert_many(conn, &new).await).await;
        eprintln!("10,000 places, written in {:?}", begun.elapsed());
        assert_eq!(written, expected);
    }
}

#[tokio::test]
async fn two_searches_at_once_do_not_lock_each_other_out() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let ids: Vec<String> = (0..500).map(|n| format!("place {n}")).collect();
    let forward: Vec<_> = ids.iter().map(|id| new_place(id)).collect();
    let backward: Vec<_> = ids.iter().rev().map(|id| new_place(id)).collect();
    for _ in 0..10 {
        let (one, other) = tokio::join!(
            acme.attempt(async |conn| places::upsert_many(conn, &forward).await),
            acme.attempt(async |conn| places::upsert_many(conn, &backward).await),
        );
        one.unwrap();
        other.unwrap();
    }
}

#[tokio::test]
async fn the_list_is_filtered_by_what_people_look_for() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let job = acme.job("search").await.job_id;
    let dentist = NewStagedPlace {
        name: "Smile 100%",
        business_type: Some("dentist"),
        formatted_address: Some("1 Main St, Houston"),
        rating: Some(4.5),
        search_job_id: Some(job),
        ..new_place("dentist")
    };
    let baker = NewStagedPlace {
        name: "Bread",
        business_type: Some("bakery"),
        search_location: Some("Dallas"),
        rating: Some(3.0),
        ..new_place("baker")
    };
    let kept = PlaceCuration {
        status: Some(CurationStatus::Maybe),
        add_tags: vec!["warm".to_owned()],
        ..PlaceCuration::default()
    };
    acme.run(async |conn| places::upsert_many(conn, &[dentist, baker, new_place("unrated")]).await)
        .await;
    let ids = ["baker".to_owned()];
    let only_baker = PlaceFilter {
        place_ids: Some(&ids),
        ..PlaceFilter::default()
    };
    change(&acme, &only_baker, &kept).await;
    let none = PlaceFilter::default;
    let cases = [
        (none(), vec!["baker", "dentist", "unrated"]),
        (
            PlaceFilter {
                status: Some(CurationStatus::Maybe),
                ..none()
            },
            vec!["baker"],
        ),
        (
            PlaceFilter {
                business_type: Some("dentist"),
                ..none()
            },
            vec!["dentist"],
        ),
        (
            PlaceFilter {
                name: Some("0%"),
                ..none()
            },
            vec!["dentist"],
        ),
        (
            PlaceFilter {
                location: Some("houston"),
                ..none()
            },
            vec!["dentist"],
        ),
        (
            PlaceFilter {
                location: Some("dallas"),
                ..none()
            },
            vec!["baker"],
        ),
        (
            PlaceFilter {
                min_rating: Some(3.0),
                ..none()
            },
            vec!["baker", "dentist"],
        ),
        (
            PlaceFilter {
                min_rating: Some(3.1),
                ..none()
            },
            vec!["dentist"],
        ),
        (
            PlaceFilter {
                tag: Some("warm"),
                ..none()
            },
            vec!["baker"],
        ),
        (
            PlaceFilter {
                tag: Some("war"),
                ..none()
            },
            vec![],
        ),
        (
            PlaceFilter {
                search_job_id: Some(job),
                ..none()
            },
            vec!["dentist"],
        ),
    ];
    for (filter, expected) in cases {
        let (rows, total) = acme
            .run(async |conn| places::list(conn, &filter, PlaceOrder::Newest, Paging::default()).await)
            .await;
        let mut ids: Vec<_> = rows.into_iter().map(|row| row.place_id).collect();
        ids.sort_unstable();
        assert_eq!(ids, expected, "{filter:?}");
        assert_eq!(total, i64::try_from(expected.len()).unwrap());
        assert_eq!(acme.run(async |conn| places::count(conn, &filter).await).await, total);
    }
}

#[tokio::test]
async fn pages_by_cursor_and_by_offset_show_every_place_once_and_undated_ones_last() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let base: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let ids: Vec<String> = (0..20).map(|n| format!("place {n}")).collect();
    // Five at a time have the same time: a page ends in the midst of them.
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
        let mut after = None;
        loop {
            let rows = acme
                .run(async |conn| {
                    let (filter, order) = (PlaceFilter::default(), PlaceOrder::Newest);
                    places::list_after(conn, &filter, order, after.as_ref(), limit).await
                })
                .await;
            let Some(last) = rows.last() else { break };
            after = Some(PlaceCursor {
                key: CursorKey::Newest(last.search_time),
                id: last.id,
            });
            by_cursor.extend(rows.into_iter().map(|row| row.place_id));
        }
        assert_eq!(by_cursor, by_offset, "pages of {limit}");
    }
}

#[tokio::test]
async fn every_order_is_paged_by_cursor_without_gap_or_double() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let ids: Vec<String> = (0..23).map(|n| format!("place {n}")).collect();
    // One has what ends a pattern or a text of bytes, one more characters than are ordered by.
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
            .run(async |conn| places::list(conn, &filter, order, Paging::default()).await)
            .await;
        for limit in [1, 4, 22, 23, 24] {
            let mut by_cursor = Vec::new();
            let mut after = None;
            loop {
                let rows = acme
                    .run(async |conn| places::list_after(conn, &filter, order, after.as_ref(), limit).await)
                    .await;
                let Some(last) = rows.last() else { break };
                after = Some(PlaceCursor::of(last, order));
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
async fn each_page_of_a_filtered_list_knows_how_many_match_in_all() {
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
                let paging = Paging { limit, offset };
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

#[tokio::test]
async fn texts_are_found_in_capitals_or_not_and_each_filter_in_its_own_part() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let houston = NewStagedPlace {
        name: "Dallas_Bread \u{1f} & 5% Sons",
        formatted_address: Some("1 Main St\\A, HOUSTON"),
        search_location: Some("houston"),
        ..new_place("one")
    };
    let near = NewStagedPlace {
        name: "bread",
        vicinity: Some("Houston Heights"),
        search_location: Some("Katy, TX"),
        ..new_place("two")
    };
    acme.run(async |conn| places::upsert_many(conn, &[houston, near]).await)
        .await;
    for (name, location, expected) in [
        (Some("BREAD"), None, vec!["one", "two"]),
        (Some("s_b"), None, vec!["one"]),
        (Some("5%"), None, vec!["one"]),
        (Some("l%s"), None, vec![]),
        (Some("houston"), None, vec![]),
        (None, Some("hOUSTON"), vec!["one", "two"]),
        (None, Some("t\\a,"), vec!["one"]),
        (None, Some("heights"), vec!["two"]),
        (None, Some("katy"), vec!["two"]),
        (None, Some("dallas"), vec![]),
        (Some("bread"), Some("main"), vec!["one"]),
        (None, Some(""), vec!["one", "two"]),
    ] {
        let filter = PlaceFilter {
            name,
            location,
            ..PlaceFilter::default()
        };
        let ids = acme.run(async |conn| places::list_ids(conn, &filter, 100).await).await;
        assert_eq!(ids, expected, "{filter:?}");
    }
}

/// An entry of an index holds 2.7 kB, and a character takes up to four bytes.
#[tokio::test]
async fn the_longest_texts_of_a_place_are_stored() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let mut random = 1_u32;
    let mut text = |length: usize| -> String {
        let next = |_| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from_u32(0x2_0000 + (random >> 16) % 0xa000).unwrap()
        };
        (0..length).map(next).collect()
    };
    let (name, address, kind) = (text(5000), text(5000), text(255));
    let (vicinity, location) = (text(5000), text(5000));
    let long = NewStagedPlace {
        name: &name,
        formatted_address: Some(&address),
        business_type: Some(&kind),
        vicinity: Some(&vicinity),
        search_location: Some(&location),
        rating: Some(4.5),
        ..new_place("long")
    };
    acme.run(async |conn| places::upsert_many(conn, &[long, new_place("short")]).await)
        .await;
    let beginning: String = name.chars().take(120).collect();
    let found = PlaceFilter {
        name: Some(&beginning),
        ..PlaceFilter::default()
    };
    assert_eq!(acme.run(async |conn| places::count(conn, &found).await).await, 1);
    assert_eq!(acme.place("long").await.name, name);
}

#[tokio::test]
async fn places_are_found_by_their_distance_also_across_the_date_line() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let at = |id, latitude, longitude| NewStagedPlace {
        latitude: Some(latitude),
        longitude: Some(longitude),
        ..new_place(id)
    };
    let new = [
        at("houston", 29.7604, -95.3698),
        at("dallas", 32.7767, -96.7970),
        at("suva", -18.1416, 178.4419),
        at("apia", -13.8333, -171.7667),
        new_place("nowhere"),
    ];
    acme.run(async |conn| places::upsert_many(conn, &new).await).await;
    for (latitude, longitude, within_km, expected) in [
        (29.7604, -95.3698, 1.0, vec!["houston"]),
        (29.7604, -95.3698, 361.0, vec!["houston"]),
        (29.7604, -95.3698, 363.0, vec!["dallas", "houston"]),
        (-16.0, -179.9, 1000.0, vec!["apia", "suva"]),
        (0.0, 0.0, 20_100.0, vec!["apia", "dallas", "houston", "suva"]),
    ] {
        let filter = PlaceFilter {
            near: Some(Near {
                latitude,
                longitude,
                within_km,
            }),
            ..PlaceFilter::default()
        };
        let ids = acme.run(async |conn| places::list_ids(conn, &filter, 100).await).await;
        assert_eq!(ids, expected, "{within_km} km around {latitude}, {longitude}");
    }
}

#[tokio::test]
async fn many_places_are_changed_by_their_ids_or_by_a_filter_and_restored_exactly() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let new = ["one", "two", "three"].map(new_place);
    acme.run(async |conn| places::upsert_many(conn, &new).await).await;
    let client = agencies.database.client().await;
    client
        .batch_execute(
            "UPDATE places_staging SET status = 'Not a Fit', notes = '', tags = '{NULL,a,a}', priority = NULL, revisit_date = 'infinity'
             WHERE place_id = 'one'",
        )
        .await
        .unwrap();
    let curated = async || -> Vec<String> {
        let sql = "SELECT (place_id, status, notes, tags, priority, revisit_date)::text FROM places_staging ORDER BY place_id";
        let rows = client.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    let before = curated().await;
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
        curated().await,
        [
            "(one,Archived,\"\",\"{a,old}\",9,)",
            "(three,New,,,0,)",
            "(two,Archived,,\"{old,a}\",9,)"
        ]
    );
    let after_first = curated().await;
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

    // Last in, first out; what was changed once more since stays.
    assert_eq!(undo(&acme).await, (2, 2));
    assert_eq!(curated().await, after_first);
    assert_eq!(undo(&acme).await, (2, 2));
    assert_eq!(curated().await, before);
    let nothing = acme
        .run(async |conn| place_changes::undo_last(conn, PlaceChangeId::from(Uuid::new_v4()), "ann").await)
        .await;
    assert_eq!(nothing.change_id, None);
    change(&acme, &by_id, &noted).await;
    client
        .batch_execute("UPDATE places_staging SET notes = 'by hand' WHERE place_id = 'two'")
        .await
        .unwrap();
    assert_eq!(undo(&acme).await, (2, 1));
    assert_eq!(acme.place("two").await.notes.as_deref(), Some("by hand"));
    let history = acme
        .run(async |conn| place_changes::list(conn, Some("one"), None, 100).await)
        .await;
    let actions: Vec<_> = history.iter().map(|change| change.action).collect();
    use PlaceAction::{Bulk, Undo};
    assert_eq!(actions, [Undo, Bulk, Undo, Undo, Bulk, Bulk]);
    assert!(history.iter().all(|change| change.changed_by == "ann"));
}

async fn change(agency: &Agency, filter: &PlaceFilter<'_>, curation: &PlaceCuration) -> usize {
    let by = ChangedBy {
        change_id: PlaceChangeId::from(Uuid::new_v4()),
        action: PlaceAction::Bulk,
        who: "ann",
    };
    agency
        .run(async |conn| place_changes::change(conn, filter, curation, by).await)
        .await
}

async fn undo(agency: &Agency) -> (i64, i64) {
    let undone = agency
        .run(async |conn| place_changes::undo_last(conn, PlaceChangeId::from(Uuid::new_v4()), "ann").await)
        .await;
    assert!(undone.change_id.is_some());
    (undone.changed, undone.restored)
}

#[tokio::test]
async fn a_search_changes_its_state() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let new = NewPlaceSearch {
        user_id: None,
        location: "Houston",
        business_type: "dentist",
        params: None,
        status: None,
    };
    let houston = acme.run(async |conn| place_searches::insert(conn, &new).await).await;
    assert_eq!(houston.status.as_deref(), Some("pending"));
    let done = PlaceSearchChanges {
        status: Some(Some("completed")),
        ..PlaceSearchChanges::default()
    };
    let changed = acme
        .run(async |conn| place_searches::update(conn, houston.id, &done).await)
        .await;
    assert_eq!((changed.id, changed.status.as_deref()), (houston.id, Some("completed")));
}

async fn list(agency: &Agency, limit: i64, offset: i64) -> Vec<String> {
    let paging = Paging { limit, offset };
    let (rows, _) = agency
        .run(async |conn| places::list(conn, &PlaceFilter::default(), PlaceOrder::Newest, paging).await)
        .await;
    rows.into_iter().map(|row| row.place_id).collect()
}

fn upserted(inserted: i64, updated: i64) -> Upserted {
    Upserted {
        inserted,
        updated,
        unchanged: 0,
    }
}
