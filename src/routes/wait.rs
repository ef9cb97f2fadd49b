//! Requests that wait for the end of work: `wait=<seconds>`.

use std::time::Duration;

use database::ids::JobId;
use database::models::job::Job;
use database::repo;
use jobs::{Awaited, Waiters};
use rocket::Shutdown;
use rocket::request::{FromRequest, Outcome, Request};

use super::query::parsed;
use crate::error::{ApiError, ApiResult};
use crate::guards::{Caller, Db, Permission};

/// The longest time that a request may wait, in seconds.
const MAX_SECONDS: u64 = 30;

/// The right to wait, which ends with the server.
pub(super) struct Patience<'r> {
    waiters: &'r Waiters,
    shutdown: Shutdown,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Patience<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.rocket().state() {
            Some(waiters) => Outcome::Success(Self {
                waiters,
                shutdown: request.rocket().shutdown(),
            }),
            None => {
                let error = ApiError::Internal("the waiters are not managed".to_owned());
                Outcome::Error((error.keep(request), ()))
            }
        }
    }
}

impl Patience<'_> {
    /// Waits until work of the caller's tenant has ended, the time is over or the server stops. No connection must be held
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// [`ApiError::NotReady`] if too many wait.
    pub(super) async fn wait<P: Permission>(
        self,
        caller: &Caller<P>,
        awaited: Awaited,
        time: Duration,
    ) -> ApiResult<()> {
        tokio::select! {
            waited = self.waiters.wait(caller.tenant(), awaited, time) => {
                waited.map_err(|full| ApiError::NotReady(full.to_string()))?;
            }
            () = self.shutdown => {}
        }
        Ok(())
    }
}

/// Reads how long a request waits; `None` if it does not.
pub(super) fn read_wait(wait: Option<&str>) -> ApiResult<Option<Duration>> {
    let Some(seconds) = parsed::<u64>("wait", wait)? else {
        return Ok(None);
    };
    if !(1..=MAX_SECONDS).contains(&seconds) {
        let detail = format!("wait is {seconds}: it must be from 1 to {MAX_SECONDS} seconds");
        return Err(ApiError::bad_request("wait", detail));
    }
    Ok(Some(Duration::from_secs(seconds)))
}

/// Returns a job, as soon as it has ended or after the time to wait.
pub(super) async fn get_job<P: Permission>(
    caller: &Caller<P>,
    db: &Db<'_>,
    patience: Patience<'_>,
    id: JobId,
    wait: Option<&str>,
) -> ApiResult<Job> {
    let wait = read_wait(wait)?;
    let read = async || {
        let mut conn = db.tenant(caller).await?;
        ApiResult::Ok(repo::jobs::get(&mut conn, id).await?)
    };
    let job = read().await?;
    match wait {
        Some(time) if !job.status.is_final() => {
            patience.wait(caller, Awaited::Job(id), time).await?;
            read().await
        }
        _ => Ok(job),
    }
}
