//! Staged places and the searches that find them.

mod changes;
mod filters;
mod paging;

use std::time::{Duration, Instant};

use chrono::NaiveDate;
use database::ids::PlaceChangeId;
use database::models::enums::{CurationStatus, Outcome, PlaceAction};
use database::models::job::NewJob;
use database::models::place_change::PlaceCuration;
use database::models::place_search::NewPlaceSearch;
use database::models::staged_place::NewStagedPlace;
use database::models::values::{RawJson, TextList};
use database::repo::bulk::Upserted;
use database::repo::jobs::{self, queue};
use database::repo::paging::Paging;
use database::repo::place_changes::{self, ChangedBy};
use database::repo::place_searches::SearchFilter;
use database::repo::places::{PlaceFilter, PlaceOrder};
use database::repo::{place_searches, places};
use serde_json::json;
use uuid::Uuid;

use crate::support::tenants::{Agencies, Agency, new_job, new_place};

pub const ORDERS: [PlaceOrder; 4] = [
    PlaceOrder::Newest,
    PlaceOrder::Rating,
    PlaceOrder::Priority,
    PlaceOrder::Name,
];

#[tokio::test]
async fn a_new_search_updates_a_place_and_keeps_decisions() {
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
    // Values that the second search did not return.
    assert_eq!((after.price_level, after.raw_data.as_ref()), (Some(2), Some(&raw)));
    assert_eq!((after.id, after.created_by), (before.id, before.created_by));
    // People's decisions.
    assert_eq!(
        (after.status, after.notes, after.priority),
        (before.status, before.notes, before.priority)
    );
    assert_eq!((after.tags, after.revisit_date), (Some(tags), before.revisit_date));
    assert_eq!(after.updated_by.as_deref(), Some("ann"));
}

#[tokio::test]
async fn a_place_found_twice_in_one_page_has_the_last_values() {
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
async fn concurrent_searches_do_not_deadlock() {
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

/// An index entry holds up to 2.7 kB, and a character takes up to four bytes.
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

#[tokio::test]
async fn a_search_follows_its_job_and_outlives_it() {
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
    // The job of the search says how it is from here on.
    let payload = RawJson::from(json!({ "search_id": houston.id.get() }));
    let job = NewJob {
        payload: Some(&payload),
        ..new_job("place_search")
    };
    let job = acme.run(async |conn| jobs::enqueue(conn, &job).await).await.job.job_id;
    let shown = async || {
        let all = acme
            .run(async |conn| place_searches::list(conn, &SearchFilter::default(), &Paging::default()).await)
            .await;
        let search = all.0.into_iter().next().unwrap();
        (search.job_id, search.status.unwrap(), search.outcome)
    };
    assert_eq!(shown().await, (Some(job), "pending".to_owned(), None));
    let claimed = agencies
        .system(async |conn| queue::claim(conn, "test", &["place_search"], 1, Duration::from_secs(60)).await)
        .await;
    assert_eq!(shown().await.1, "running");
    let lease = queue::Lease {
        job_id: job,
        token: claimed[0].lease_token.unwrap(),
    };
    let result = RawJson::from(json!({}));
    acme.run(async |conn| queue::finish(conn, lease, Outcome::Partial, "done", &result).await)
        .await;
    let ended = (Some(job), "completed".to_owned(), Some(Outcome::Partial));
    assert_eq!(shown().await, ended);
    // Jobs are deleted, the list of searches stays.
    let client = agencies.database.client().await;
    client.batch_execute("DELETE FROM jobs").await.unwrap();
    assert_eq!(shown().await, ended);
}

fn upserted(inserted: i64, updated: i64) -> Upserted {
    Upserted {
        inserted,
        updated,
        unchanged: 0,
    }
}
