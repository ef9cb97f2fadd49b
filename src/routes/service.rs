//! Whether the program is there, and what it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use database::migrate::{self, SchemaState};
use database::pool::Pool;
use rocket::http::Status;
use rocket::response::content::RawHtml;
use rocket::serde::json::Json;
use rocket::{Route, State, get, head, routes};
use serde_json::{Value, json};

use crate::error::{ApiError, ApiResult};
use crate::guards::Visitor;

/// How long the database may take to answer a program that calls itself ready.
const READY_WITHIN: Duration = Duration::from_millis(300);

/// Whether the program is about to stop, and takes no new work.
#[derive(Clone, Debug, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// Says that it is.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Returns the routes of this file.
#[must_use]
pub fn routes() -> Vec<Route> {
    routes![index, health, health_head, live, ready]
}

/// Names the API, until there is a console.
#[get("/")]
fn index(_visitor: Visitor) -> RawHtml<&'static str> {
    RawHtml(
        "<!doctype html><html lang=\"en\"><title>ScraperSky</title><h1>ScraperSky</h1>\
         <p>The HTTP API that gathers leads about local businesses. See the README for its routes under <code>/api/v1</code>.</p></html>",
    )
}

/// Says that the program runs, as v1 has it.
#[get("/health")]
fn health(_visitor: Visitor) -> Json<Value> {
    Json(json!({ "status": "healthy" }))
}

/// The same without a body.
#[head("/health")]
fn health_head(_visitor: Visitor) -> Status {
    Status::Ok
}

/// Says that the program runs.
#[get("/live")]
fn live(_visitor: Visitor) -> Json<Value> {
    Json(json!({ "status": "live" }))
}

/// Says whether the program can do its work: the database answers in time, its schema is the one
/// this program knows, and the program is not about to stop.
#[get("/ready")]
async fn ready(_visitor: Visitor, pool: &State<Pool>, draining: &State<Draining>) -> ApiResult<Json<Value>> {
    let reason = if draining.has_begun() {
        Some("the program is stopping".to_owned())
    } else {
        match tokio::time::timeout(READY_WITHIN, schema(pool)).await {
            Ok(Ok(state)) => state.objection(),
            Ok(Err(())) => Some("the database does not answer as it should".to_owned()),
            Err(_) => Some(format!(
                "the database did not answer within {} ms",
                READY_WITHIN.as_millis()
            )),
        }
    };
    match reason {
        None => Ok(Json(json!({ "status": "ready" }))),
        Some(reason) => Err(ApiError::NotReady(reason)),
    }
}

async fn schema(pool: &Pool) -> Result<SchemaState, ()> {
    let told = |error: &dyn std::fmt::Display| log::warn!("not ready: {error}");
    let mut conn = pool.get().await.map_err(|error| told(&error))?;
    migrate::check(&mut conn).await.map_err(|error| told(&error))
}
