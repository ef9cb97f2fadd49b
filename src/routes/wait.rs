//! Requests that wait for the end of work: `wait=<seconds>`.

use std::time::Duration;

use database::ids::JobId;
use database::models::job::Job;
use database::repo;
use jobs::{Awaited, Waiters};
use rocket::Shutdown;
use rocket::request::{FromRequest, Outcome, Request};
use utoipa::IntoParams;

use super::query::{parsed, query_value};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Caller, Db, Permission};

/// The longest time that a request may wait, in seconds.
const MAX_SECONDS: u64 = 30;

/// How long a request waits, and the right to, which ends with the server. A guard, so that each status takes and describes
/// the same parameter.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Patience<'r> {
    /// Seconds to wait for the end; without it the answer comes at once.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 30)]
    wait: Option<&'r str>,
    #[param(ignore)]
    waiters: &'r Waiters,
    #[param(ignore)]
    shutdown: Shutdown,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Patience<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.rocket().state() {
            Some(waiters) => Outcome::Success(Self {
                wait: query_value(request, "wait"),
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
    /// Reads how long the request waits; `None` if it does not.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`] if the time is out of range.
    pub(super) fn time(&self) -> ApiResult<Option<Duration>> {
        let Some(seconds) = parsed::<u64>("wait", self.wait)? else {
            return Ok(None);
        };
        if !(1..=MAX_SECONDS).contains(&seconds) {
            let detail = format!("wait is {seconds}: it must be from 1 to {MAX_SECONDS} seconds");
            return Err(ApiError::bad_request("wait", detail));
        }
        Ok(Some(Duration::from_secs(seconds)))
    }

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

/// Returns a job, as soon as it has ended or after the time to wait.
pub(super) async fn get_job<P: Permission>(
    caller: &Caller<P>,
    db: &Db<'_>,
    patience: Patience<'_>,
    id: JobId,
) -> ApiResult<Job> {
    let time = patience.time()?;
    let read = async || {
        let mut conn = db.tenant(caller).await?.ending_after(1);
        ApiResult::Ok(repo::jobs::get(&mut conn, id).await?)
    };
    let job = read().await?;
    match time {
        Some(time) if !job.status.is_final() => {
            patience.wait(caller, Awaited::Job(id), time).await?;
            read().await
        }
        _ => Ok(job),
    }
}
