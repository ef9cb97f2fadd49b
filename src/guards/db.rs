//! The database guard, which opens connections lazily.

use std::convert::Infallible;

use database::ids::UserId;
use database::pool::Pool;
use database::tenant::{SystemConnection, TenantConnection};
use jobs::{self, RequestKey, Submission, Waker};
use postgres::Disk;
use rocket::http::{Method, Status};
use rocket::request::{FromRequest, Outcome, Request};
use serde::Serialize;

use super::caller::{Caller, Permission, Scan};
use super::once;
use super::super_admin::SuperAdmin;
use crate::error::{ApiError, ApiResult};
use crate::views::answer::Answer;

/// Access to the database.
///
/// It holds no connection: guards run before the body is read, and a client that stalls its upload would occupy one.
pub struct Db<'r> {
    pool: &'r Pool,
    waker: &'r Waker,
    disk: &'r Disk,
    request: &'r Request<'r>,
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
        self.pool.tenant(caller.tenant()).await.map_err(ApiError::from)
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
        let answer = self
            .once(caller, key, async |conn: &mut TenantConnection| {
                Submission::of_caller(conn, created_by, quotas, work).await
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
        match (rocket.state(), rocket.state(), rocket.state()) {
            (Some(pool), Some(waker), Some(disk)) => Outcome::Success(Self {
                pool,
                waker,
                disk,
                request,
            }),
            _ => {
                let status =
                    ApiError::Internal("the pool, the waker or the disk is not managed".to_owned()).keep(request);
                Outcome::Forward(status)
            }
        }
    }
}
