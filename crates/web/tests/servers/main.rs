//! What comes of how servers behave: one table, from real servers on loopback to the outcome and its message.
//!
//! Each module lists the behaviours of one topic. `shop.test` is the site, other names are said where they matter.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking, also within its helpers"
)]

mod case;
mod certificates;
mod codings;
mod cookies;
mod home;
mod http1;
mod http2;
mod pages;
mod redirects;
mod server;
mod tls;

use std::sync::Arc;

use case::Case;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The fewest behaviours that the table has.
const MIN_BEHAVIOURS: usize = 120;

/// Behaviours that are tried at once.
const AT_ONCE: usize = 12;

#[tokio::test]
async fn every_behaviour_of_a_server_has_its_outcome_and_message() {
    let topics: [(&str, Vec<Case>); 8] = [
        ("TLS", tls::cases()),
        ("HTTP/1", http1::cases()),
        ("HTTP/2", http2::cases()),
        ("pages", pages::cases()),
        ("redirects", redirects::cases()),
        ("cookies", cookies::cases()),
        ("codings", codings::cases()),
        ("names and home pages", home::cases()),
    ];
    // Those that hang do so together.
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for (topic, cases) in topics {
        println!("{topic}: {}", cases.len());
        for case in cases {
            let permits = Arc::clone(&permits);
            running.spawn(async move {
                let _permit = permits.acquire().await;
                let result = case.run().await;
                result.map_err(|difference| format!("{topic}: {difference}"))
            });
        }
    }
    let tried = running.len();
    let wrong: Vec<String> = running.join_all().await.into_iter().filter_map(Result::err).collect();
    println!("{tried} behaviours of servers were tried");
    assert!(
        wrong.is_empty(),
        "{} of {tried} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(tried >= MIN_BEHAVIOURS, "{tried}");
}
