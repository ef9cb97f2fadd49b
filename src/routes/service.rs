//! Health, readiness and the start page.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use database::migrate::{self, SchemaState};
use database::pool::{Pool, PoolError};
use database::repo;
use database::repo::tenants::DEFAULT_TENANT;
use postgres::{Disk, Watch};
use rocket::http::Status;
use rocket::response::content::RawHtml;
use rocket::serde::json::Json;
use rocket::{Route, State, get, head, routes};
use serde_json::{Value, json};

use crate::error::{ApiError, ApiResult};
use crate::guards::{Traffic, Visitor};

/// How long the database may take to answer a readiness check.
const READY_WITHIN: Duration = Duration::from_millis(300);

/// How long the roles of requests count as open to this program once they were entered.
const ROLES_FOR: Duration = Duration::from_secs(5);

/// The connection of readiness checks, which requests cannot take.
#[derive(Debug)]
pub struct Probe {
    pool: Pool,
    entered: Mutex<Option<Instant>>,
}

impl Probe {
    /// Prepares the check of the database of `pool`.
    ///
    /// # Errors
    ///
    /// Returns an error if the pool cannot be set up.
    pub fn new(pool: &Pool) -> Result<Self, PoolError> {
        Ok(Self {
            pool: pool.of_one()?,
            entered: Mutex::default(),
        })
    }

    /// Returns why the database does not serve, if it answers.
    async fn objection(&self) -> ApiResult<Option<String>> {
        let mut conn = self.pool.get().await?;
        let state = migrate::check(&mut conn).await;
        drop(conn);
        let state = state.map_err(|error| ApiError::Internal(error.to_string()))?;
        if state == SchemaState::Current && self.entered().is_none_or(|at| at.elapsed() > ROLES_FOR) {
            enter_roles(&self.pool).await?;
            *self.entered() = Some(Instant::now());
        }
        Ok(state.objection())
    }

    fn entered(&self) -> MutexGuard<'_, Option<Instant>> {
        self.entered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the routes of this file.
#[must_use]
pub fn routes() -> Vec<Route> {
    routes![show_index, get_health, head_health, get_live, get_ready]
}

/// Shows a short page that names the API, until there is a console.
#[get("/")]
fn show_index(_visitor: Visitor) -> RawHtml<&'static str> {
    RawHtml(
        "<!doctype html><html lang=\"en\"><title>ScraperSky</title><h1>ScraperSky</h1>\
         <p>The HTTP API that gathers leads about local businesses. See the README for its routes under <code>/api/v1</code>.</p></html>",
    )
}

/// Reports that the program runs (v1 contract).
#[get("/health")]
fn get_health(_visitor: Visitor) -> Json<Value> {
    Json(json!({ "status": "healthy" }))
}

/// Reports the same without a body.
#[head("/health")]
fn head_health(_visitor: Visitor) -> Status {
    Status::Ok
}

/// Reports that the process runs.
#[get("/live")]
fn get_live(_visitor: Visitor) -> Json<Value> {
    Json(json!({ "status": "live" }))
}

/// Reports whether the program is ready: the database answers in time and has room to work, its schema is the expected
/// one, requests may enter its roles, and the program is not shutting down.
#[get("/ready")]
async fn get_ready(
    _visitor: Visitor,
    probe: &State<Probe>,
    traffic: &State<Traffic>,
    watch: &State<Watch>,
    disk: &State<Disk>,
) -> ApiResult<Json<Value>> {
    let shortage = disk.shortage();
    let reason = if traffic.is_draining() {
        Some("the program is shutting down".to_owned())
    } else if let Some(trouble) = watch.trouble() {
        Some(trouble)
    } else if let Some(shortage) = shortage.filter(|shortage| shortage.is_full()) {
        Some(shortage.to_string())
    } else {
        match tokio::time::timeout(READY_WITHIN, probe.objection()).await {
            Ok(Ok(objection)) => objection,
            Ok(Err(error)) => {
                log::warn!("not ready: {error}");
                Some("the database check failed; the server's log has the cause".to_owned())
            }
            Err(_) => Some(format!(
                "the database did not answer within {} ms",
                READY_WITHIN.as_millis()
            )),
        }
    };
    match reason {
        // Reading and deleting still work.
        None => Ok(Json(match shortage {
            Some(shortage) => json!({ "status": "ready", "warning": shortage.to_string() }),
            None => json!({ "status": "ready" }),
        })),
        Some(reason) => Err(ApiError::NotReady(reason)),
    }
}

/// Reads in the roles of requests, which a login may not enter and a restored database may not grant anything.
async fn enter_roles(pool: &Pool) -> ApiResult<()> {
    let mut conn = pool.system().await?;
    let tenant = repo::tenants::find(&mut conn, DEFAULT_TENANT).await?;
    conn.commit().await?;
    if let Some(tenant) = tenant {
        let mut conn = pool.tenant(tenant.id).await?;
        repo::audit_log::list(&mut conn, None, None, 1).await?;
        conn.commit().await?;
    }
    Ok(())
}
