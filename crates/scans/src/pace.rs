//! The pace of requests per host, shared by all processes of a database.

use std::time::Duration;

use database::pool::Pool;
use database::repo;
use futures_core::future::BoxFuture;
use web::fetch::SharedPace;

/// One turn in this number deletes the turns of inactive hosts.
const TURNS_PER_CLEANUP: u32 = 500;

/// A pace whose turns are rows of the database.
pub(super) struct DatabasePace(pub(super) Pool);

impl DatabasePace {
    async fn turn(&self, host: &str, interval: Duration, burst: u32) -> anyhow::Result<Duration> {
        let mut conn = self.0.system().await?;
        let wait = repo::host_turns::take(&mut conn, host, interval, burst).await?;
        if rand::random_range(0..TURNS_PER_CLEANUP) == 0 {
            repo::host_turns::delete_rested(&mut conn).await?;
        }
        conn.commit().await?;
        Ok(wait)
    }
}

impl SharedPace for DatabasePace {
    fn take<'a>(&'a self, host: &'a str, interval: Duration, burst: u32) -> BoxFuture<'a, Option<Duration>> {
        Box::pin(async move {
            self.turn(host, interval, burst)
                .await
                .inspect_err(|error| log::debug!("host {host}: keeping this process's own pace: {error:#}"))
                .ok()
        })
    }
}
