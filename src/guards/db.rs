//! The database guard, which opens connections lazily.

use std::convert::Infallible;
use std::sync::OnceLock;

use database::ids::{TenantId, UserId};
use database::pool::Pool;
use database::replica::Reads;
use database::tenant::{SystemConnection, TenantConnection};
use jobs::{self, RequestKey, StoredRowCounts, Submission, Waker};
use postgres::Disk;
use rocket::http::{Method, Status};
use rocket::request::{FromRequest, Outcome, Request};
use serde::Serialize;

use super::caller::{Caller, Permission, Scan};
use super::once;
use super::super_admin::SuperAdmin;
use crate::error::{ApiError, ApiResult, trace_of};
use crate::views::answer::Answer;

/// Access to the database.
///
/// It holds no connection: guards run before the body is read, and a client that stalls its upload would occupy one.
pub struct Db<'r> {
    pool: &'r Pool,
    reads: &'r Reads,
    waker: &'r Waker,
    disk: &'r Disk,
    stored: &'r StoredRowCounts,
    request: &'r Request<'r>,
    /// The tenant whose rows the request may have changed.
    changed: OnceLock<TenantId>,
}

/// Once the handler has ended, and its transaction with it, what the tenant reads includes what it wrote.
impl Drop for Db<'_> {
    fn drop(&mut self) {
        if let Some(tenant) = self.changed.get() {
            self.reads.note_write(*tenant);
        }
    }
}

impl<'r> Db<'r> {
    /// Returns the pool, for [`Caller::acting_for`].
    #[must_use]
    pub fn pool(&self) -> &'r Pool {
        self.pool
    }

    /// Returns the disk of the database.
    #[must_use]
    pub fn disk(&self) -> &'r Disk {
        self.disk
    }

    /// Opens a transaction of the caller's tenant.
    ///
    /// # Errors
    ///
    /// [`ApiError::Unavailable`] if no connection is available, [`ApiError::BadRequest`] for a POST with an
    /// `Idempotency-Key` that its handler does not support.
    pub async fn tenant<P: Permission>(&self, caller: &Caller<P>) -> ApiResult<TenantConnection> {
        self.check_once()?;
        if self.request.method() != Method::Get {
            self.changed.get_or_init(|| caller.tenant());
        }
        self.pool.tenant(caller.tenant()).await.map_err(ApiError::from)
    }

    /// Opens a transaction that only reads the tenant's rows, on a standby if there is one that has what the tenant wrote.
    ///
    /// # Errors
    ///
    /// As [`tenant`](Self::tenant).
    pub async fn reading<P: Permission>(&self, caller: &Caller<P>) -> ApiResult<TenantConnection> {
        self.reads.tenant(caller.tenant()).await.map_err(ApiError::from)
    }

    /// Opens a transaction across tenants, for what super administrators do to tenants.
    ///
    /// # Errors
    ///
    /// As [`tenant`](Self::tenant).
    pub async fn system(&self, _admin: &SuperAdmin) -> ApiResult<SystemConnection> {
        self.check_once()?;
        self.pool.system().await.map_err(ApiError::from)
    }

    /// Refuses a POST with an `Idempotency-Key` that its handler does not support.
    fn check_once(&self) -> ApiResult<()> {
        if self.request.method() == Method::Post && once::is_ignored(self.request) {
            return Err(ApiError::bad_request(
                "Idempotency-Key",
                "this route does not support Idempotency-Key: send the request without it",
            ));
        }
        Ok(())
    }

    /// Runs `work` and commits; for a request that repeats `key`, returns the first response instead.
    ///
    /// # Errors
    ///
    /// As [`tenant`](Self::tenant), those of `work`, and [`ApiError::Unprocessable`] if `key` was used for another
    /// request.
    pub async fn once<P: Permission, V: Serialize>(
        &self,
        caller: &Caller<P>,
        key: Option<RequestKey>,
        work: impl AsyncFnOnce(&mut TenantConnection) -> ApiResult<(Status, V)>,
    ) -> ApiResult<Answer> {
        let conn = self.tenant(caller).await?;
        let reply = jobs::once(key.as_ref(), conn, async |conn: &mut TenantConnection| {
            let (status, view) = work(conn).await?;
            Ok::<_, ApiError>((status.code, view))
        })
        .await?;
        Ok(Answer {
            status: Status::new(reply.status),
            body: reply.body,
        })
    }

    /// Queues work as [`once`](Self::once) does, counts it against the tenant's quotas and wakes the workers.
    ///
    /// # Errors
    ///
    /// As [`once`](Self::once), [`ApiError::TooMany`] when a quota is used up, and [`ApiError::NotReady`] when the disk
    /// of the database is short of room.
    pub async fn submit<V: Serialize>(
        &self,
        caller: &Caller<Scan>,
        key: Option<RequestKey>,
        work: impl AsyncFnOnce(&mut Submission<'_>) -> ApiResult<(Status, V)>,
    ) -> ApiResult<Answer> {
        if let Some(shortage) = self.disk.shortage() {
            return Err(ApiError::NotReady(shortage.to_string()));
        }
        let created_by = UserId::from(caller.actor().id());
        let quotas = caller.quotas();
        let trace = trace_of(self.request);
        let answer = self
            .once(caller, key, async |conn: &mut TenantConnection| {
                let work = async |submission: &mut Submission<'_>| {
                    submission.set_trace(trace);
                    work(submission).await
                };
                Submission::of_caller(conn, created_by, quotas, self.stored, work).await
            })
            .await?;
        self.waker.wake();
        Ok(answer)
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Db<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        let rocket = request.rocket();
        let (disk, stored) = (rocket.state(), rocket.state());
        match (rocket.state(), rocket.state(), rocket.state(), disk, stored) {
            (Some(pool), Some(reads), Some(waker), Some(disk), Some(stored)) => Outcome::Success(Self {
                pool,
                reads,
                waker,
                disk,
                stored,
                request,
                changed: OnceLock::new(),
            }),
            _ => {
                let status = ApiError::Internal("a part of the program that requests need is not managed".to_owned())
                    .keep(request);
                Outcome::Forward(status)
            }
        }
    }
}
