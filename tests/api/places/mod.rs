//! Places from search to hand-over, against a stand-in for Google, over real HTTP.

mod curation;
mod files;
mod hand_over;
mod old_front_end;
mod search;
mod searches;
mod tenants;

use std::sync::Arc;
use std::time::Duration;

use jobs::Runner;
use rocket::figment::Figment;
use scans::{PlacesConfig, PlacesProtocol, ScansConfig};
use scans::{Services, registry};
use scrapersky::config::Config;
use scrapersky::demo::places_api::{PlacesApi, World};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use web::fetch::FetchConfig;

use crate::support::app::{Holder, TestApp};
use crate::support::rules::RULES;
use crate::support::workers::patient;

const BOTH: [PlacesProtocol; 2] = [PlacesProtocol::Legacy, PlacesProtocol::New];

fn world(businesses: usize) -> World {
    World {
        businesses,
        token_delay: Duration::from_millis(60),
        ..World::default()
    }
}

pub async fn google(businesses: usize) -> PlacesApi {
    PlacesApi::start(world(businesses)).await.unwrap()
}

pub fn config(google: &PlacesApi, protocol: PlacesProtocol) -> PlacesConfig {
    PlacesConfig {
        protocol,
        url: google.url().parse().unwrap(),
        key: Some(SecretString::from("a-secret-key")),
        timeout: Duration::from_secs(5),
        token_delay: Duration::from_millis(20),
        ..Config::read(&Figment::new(), &|_| None, true).unwrap().places
    }
}

/// Runs jobs until it is dropped.
pub fn work(app: &TestApp, config: &PlacesConfig) -> oneshot::Sender<()> {
    let fetch = FetchConfig::default();
    let services = Services::new(&ScansConfig::default(), RULES.clone())
        .unwrap()
        .with_places(&fetch, config)
        .unwrap();
    let mut jobs = patient();
    jobs.retry_base = Duration::from_millis(20);
    jobs.retry_cap = Duration::from_millis(40);
    let runner = Runner::new(app.pool().clone(), registry(), Arc::new(services), jobs).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(runner.run(async move {
        let _ = stopped.await;
    }));
    stop
}

async fn search(holder: &Holder<'_>, more: Value) -> Value {
    let mut body = json!({ "location": "Houston, TX", "business_type": "dentist" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let accepted = holder.post("/api/v1/places/search", body).await;
    assert_eq!(accepted.status, 200, "{accepted:?}");
    assert_eq!(accepted.body["status"], "started");
    let id = accepted.body["job_id"].as_str().unwrap();
    let path = accepted.body["status_url"].as_str().unwrap();
    assert_eq!(path, format!("/api/v1/places/status/{id}"));
    holder.ended(path).await
}

async fn staged(holder: &Holder<'_>) -> Vec<Value> {
    let answer = holder.get("/api/v1/places/staging?limit=1000").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let places = answer.body["places"].as_array().unwrap().clone();
    assert_eq!(answer.body["total"], places.len());
    places
}
