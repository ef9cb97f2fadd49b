//! Which places a filter matches.

use database::ids::JobId;
use database::models::enums::CurationStatus;
use database::models::place_change::PlaceCuration;
use database::models::staged_place::NewStagedPlace;
use database::repo::paging::Offset;
use database::repo::places::{self, Near, PlaceFilter, PlaceOrder};

use super::change;
use crate::support::tenants::{Agencies, new_place};

#[tokio::test]
async fn each_filter_matches_its_places() {
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
    for (filter, expected) in cases(job) {
        let (rows, total) = acme
            .run(async |conn| places::list(conn, &filter, PlaceOrder::Newest, Offset::first(100)).await)
            .await;
        let mut ids: Vec<_> = rows.into_iter().map(|row| row.place_id).collect();
        ids.sort_unstable();
        assert_eq!(ids, expected, "{filter:?}");
        assert_eq!(total, i64::try_from(expected.len()).unwrap());
        assert_eq!(acme.run(async |conn| places::count(conn, &filter).await).await, total);
    }
}

/// Filters, and which places match each.
#[rustfmt::skip]
fn cases(job: JobId) -> [(PlaceFilter<'static>, Vec<&'static str>); 11] {
    let none = PlaceFilter::default;
    [
        (none(), vec!["baker", "dentist", "unrated"]),
        (PlaceFilter { status: Some(CurationStatus::Maybe), ..none() }, vec!["baker"]),
        (PlaceFilter { business_type: Some("dentist"), ..none() }, vec!["dentist"]),
        (PlaceFilter { name: Some("0%"), ..none() }, vec!["dentist"]),
        (PlaceFilter { location: Some("houston"), ..none() }, vec!["dentist"]),
        (PlaceFilter { location: Some("dallas"), ..none() }, vec!["baker"]),
        (PlaceFilter { min_rating: Some(3.0), ..none() }, vec!["baker", "dentist"]),
        (PlaceFilter { min_rating: Some(3.1), ..none() }, vec!["dentist"]),
        (PlaceFilter { tag: Some("warm"), ..none() }, vec!["baker"]),
        (PlaceFilter { tag: Some("war"), ..none() }, vec![]),
        (PlaceFilter { search_job_id: Some(job), ..none() }, vec!["dentist"]),
    ]
}

#[tokio::test]
async fn text_filters_ignore_case_and_search_their_own_columns() {
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

#[tokio::test]
async fn distances_work_across_the_date_line() {
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
