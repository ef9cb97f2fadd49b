//! The lazy database guard.

use std::convert::Infallible;

use database::pool::Pool;
use database::tenant::TenantConnection;
use rocket::request::{FromRequest, Outcome, Request};

use super::Caller;
use crate::error::{ApiError, ApiResult};

/// The way to the database. It holds no connection: guards run before the body is read, and a
/// client that stalls its upload would keep one from everybody else.
pub struct Db<'r> {
    pool: &'r Pool,
}

impl Db<'_> {
    /// Returns the pool, for guards that look up who may act for whom.
    pub(super) fn pool(&self) -> &Pool {
        self.pool
    }

    /// Opens a transaction of the caller's tenant.
    ///
    /// # Errors
    ///
    /// [`ApiError::Unavailable`] when no connection is to be had.
    pub async fn tenant(&self, caller: &Caller) -> ApiResult<TenantConnection> {
        self.pool.tenant(caller.tenant()).await.map_err(ApiError::from)
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Db<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        match request.rocket().state::<Pool>() {
            Some(pool) => Outcome::Success(Self { pool }),
            None => {
                let status = ApiError::Internal("the pool is not managed".to_owned()).keep(request);
                Outcome::Forward(status)
            }
        }
    }
}
