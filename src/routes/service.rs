//! Health, readiness and the start page.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use database::migrate;
use database::pool::{Pool, PoolError};
use database::repo::paging::Paging;
use database::repo::tenants::DEFAULT_TENANT;
use database::repo::{self, diagnostics};
use postgres::{Disk, Watch};
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{State, get, head};
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use crate::error::{ApiError, ApiResult};
use crate::guards::{Traffic, Visitor};

/// How long a readiness check waits for the database, and the first one, which opens the connection.
const READY_WITHIN: Duration = Duration::from_millis(300);
const FIRST_WITHIN: Duration = Duration::from_secs(2);

/// How long the roles of requests count as open to this program once they were entered.
const ROLES_FOR: Duration = Duration::from_secs(5);
/// How long a database that is slow is believed to serve: a busy machine must not take every server out of a balancer.
const SLOW_FOR: Duration = Duration::from_secs(3);
/// How long a check may take, whoever still waits for it.
const CHECK_WITHIN: Duration = Duration::from_secs(5);

/// The connection of readiness checks, which requests cannot take, and what the last check found.
#[derive(Clone, Debug)]
pub struct Probe(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: Pool,
    is_checking: AtomicBool,
    found: watch::Sender<Found>,
}

/// What a check found.
#[derive(Clone, Debug, Default)]
struct Found {
    objection: Option<String>,
    at: Option<Instant>,
    roles_at: Option<Instant>,
}

impl Probe {
    /// Prepares the check of the database of `pool`.
    ///
    /// # Errors
    ///
    /// When the pool cannot be set up.
    pub fn new(pool: &Pool) -> Result<Self, PoolError> {
        Ok(Self(Arc::new(Inner {
            pool: pool.of_one()?,
            is_checking: AtomicBool::new(false),
            found: watch::Sender::default(),
        })))
    }

    /// Returns why the database does not serve. Checks run one at a time, and to their end: a check that is dropped would
    /// cost a new connection.
    async fn objection(&self) -> Option<String> {
        let mut found = self.0.found.subscribe();
        if !self.0.is_checking.swap(true, Ordering::AcqRel) {
            let probe = self.clone();
            tokio::spawn(async move { probe.check().await });
        }
        let is_first = found.borrow().at.is_none();
        let time = if is_first { FIRST_WITHIN } else { READY_WITHIN };
        let is_late = tokio::time::timeout(time, found.changed()).await.is_err();
        let Found { objection, at, .. } = found.borrow().clone();
        if is_late && at.is_none_or(|at| at.elapsed() > SLOW_FOR) {
            return Some(format!("the database did not answer within {} ms", time.as_millis()));
        }
        objection
    }

    async fn check(&self) {
        let roles_at = self.0.found.borrow().roles_at;
        let found = tokio::time::timeout(CHECK_WITHIN, examine(&self.0.pool, roles_at)).await;
        let late = |_| Err(ApiError::Unavailable("the database check took too long".to_owned()));
        let found = found.unwrap_or_else(late).unwrap_or_else(|error| {
            log::warn!("not ready: {error}");
            Found {
                objection: Some("the database check failed; the server's log has the cause".to_owned()),
                at: Some(Instant::now()),
                roles_at: None,
            }
        });
        self.0.is_checking.store(false, Ordering::Release);
        self.0.found.send_replace(found);
    }
}

async fn examine(pool: &Pool, roles_at: Option<Instant>) -> ApiResult<Found> {
    let mut conn = match pool.get().await {
        Ok(conn) => conn,
        Err(error) if error.is_read_only() => {
            log::warn!("not ready: {error}");
            return Ok(Found {
                objection: Some("no server of the database accepts writes".to_owned()),
                at: Some(Instant::now()),
                roles_at: None,
            });
        }
        Err(error) => return Err(error.into()),
    };
    let read_only = diagnostics::read_only(&mut conn).await?;
    let state = migrate::check(&mut conn).await;
    drop(conn);
    let state = state.map_err(|error| ApiError::Internal(error.to_string()))?;
    let objection = state.objection().or(read_only.map(|reason| reason.to_string()));
    let is_due = objection.is_none() && roles_at.is_none_or(|at| at.elapsed() > ROLES_FOR);
    if is_due {
        enter_roles(pool).await?;
    }
    let now = Some(Instant::now());
    Ok(Found {
        objection,
        at: now,
        roles_at: if is_due { now } else { roles_at },
    })
}

handlers![get_health, head_health, get_live, get_ready];

/// How the program is, in one word.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum HealthStatus {
    /// It runs, in the word of v1.
    Healthy,
    /// Its process runs.
    Live,
    /// It can work.
    Ready,
}

/// How the program is.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// How it is.
    status: HealthStatus,
    /// What will soon keep it from working; missing if nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    warning: Option<String>,
}

impl Health {
    const fn of(status: HealthStatus) -> Self {
        Self { status, warning: None }
    }
}

/// Reports that the program runs (v1 contract).
#[utoipa::path(tags = ["Service", "v1"], responses((status = 200, body = Health)))]
#[get("/health")]
fn get_health(_visitor: Visitor) -> Json<Health> {
    Json(Health::of(HealthStatus::Healthy))
}

/// Reports the same without a body.
#[utoipa::path(tags = ["Service", "v1"], responses((status = 200)))]
#[head("/health")]
fn head_health(_visitor: Visitor) -> Status {
    Status::Ok
}

/// Reports that the process runs.
#[utoipa::path(tag = "Service", responses((status = 200, body = Health)))]
#[get("/live")]
fn get_live(_visitor: Visitor) -> Json<Health> {
    Json(Health::of(HealthStatus::Live))
}

/// Reports whether the program is ready: the database answers in time, accepts writes and has room to work, its schema
/// is the expected one, requests may enter its roles, and the program is not shutting down.
#[utoipa::path(
    tag = "Service",
    responses((status = 200, body = Health), (status = 503, description = "Not ready; `detail` says why."))
)]
#[get("/ready")]
async fn get_ready(
    _visitor: Visitor,
    probe: &State<Probe>,
    traffic: &State<Traffic>,
    watch: &State<Watch>,
    disk: &State<Disk>,
) -> ApiResult<Json<Health>> {
    let shortage = disk.shortage();
    let reason = if traffic.is_draining() {
        Some("the program is shutting down".to_owned())
    } else if let Some(trouble) = watch.trouble() {
        Some(trouble)
    } else if let Some(shortage) = shortage.filter(|shortage| shortage.is_full()) {
        Some(shortage.to_string())
    } else {
        probe.objection().await
    };
    match reason {
        // Reading and deleting still work.
        None => Ok(Json(Health {
            warning: shortage.map(|shortage| shortage.to_string()),
            ..Health::of(HealthStatus::Ready)
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
        repo::audit_log::list(&mut conn, None, &Paging::first(1)).await?;
        conn.commit().await?;
    }
    Ok(())
}
