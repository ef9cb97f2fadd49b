//! Retention of Google's content, which may be kept for a limited time; place ids may be kept permanently.

use std::time::Duration;

use chrono::{DateTime, Utc};
use database::models::enums::Outcome;
use database::pool::Pool;
use database::repo;
use jobs::{BackgroundJob, EnqueueOptions, Finished, JobContext, JobError, Submission};
use serde::{Deserialize, Serialize};

use super::details::look_up;
use crate::Services;
use crate::settings::{ExpiredPlaces, PlacesConfig};

/// How often expired content is looked for.
const INTERVAL: Duration = Duration::from_secs(60 * 60);
/// How many places a statement clears, so that none holds locks for long.
const CLEARED_AT_ONCE: i64 = 1000;
/// Maximum number of places that a job looks up again.
const REFRESHED_AT_MOST: i64 = 1000;

/// Clears or refreshes a tenant's expired content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacesRetention {
    /// The time before which content has expired.
    pub cutoff: DateTime<Utc>,
    /// Whether to fetch the content again instead of removing it.
    pub refresh: bool,
}

#[derive(Serialize)]
struct Cleared {
    cleared: usize,
}

impl BackgroundJob for PlacesRetention {
    type Services = Services;

    const KIND: &'static str = "place_retention";

    fn dedup_key(&self) -> Option<String> {
        Some("retention".to_owned())
    }

    async fn run(&self, ctx: JobContext<Services>) -> Result<Finished, JobError> {
        if self.refresh {
            let mut conn = ctx.tenant().await?;
            let old = repo::place_details::list_expired(&mut conn, self.cutoff, REFRESHED_AT_MOST).await?;
            drop(conn);
            let refreshed = look_up(&ctx, &old).await?;
            let (outcome, summary) = (refreshed.outcome(), refreshed.summary(old.len()));
            return ctx
                .finish_with(async |conn| ctx.finish(conn, outcome, &summary, &refreshed).await)
                .await;
        }
        let mut cleared = 0;
        loop {
            let mut conn = ctx.tenant().await?;
            let some = repo::place_details::clear_expired(&mut conn, self.cutoff, CLEARED_AT_ONCE).await?;
            conn.commit().await?;
            cleared += some;
            if some == 0 {
                break;
            }
            ctx.report("clearing", &format!("{cleared} places are cleared"), 0.5)
                .await;
        }
        let outcome = if cleared == 0 { Outcome::OkEmpty } else { Outcome::Ok };
        let summary = format!("{cleared} places are cleared");
        ctx.finish_with(async |conn| ctx.finish(conn, outcome, &summary, &Cleared { cleared }).await)
            .await
    }
}

/// Queues a job for every tenant with expired content, and returns the number of these tenants. A tenant with an
/// unfinished job does not get a second one.
///
/// # Errors
///
/// The errors of the database.
pub async fn queue_jobs(pool: &Pool, config: &PlacesConfig) -> anyhow::Result<usize> {
    let Some(cutoff) = config
        .keep
        .and_then(|keep| chrono::Duration::from_std(keep).ok())
        .and_then(|keep| Utc::now().checked_sub_signed(keep))
    else {
        return Ok(0);
    };
    let mut conn = pool.system().await?;
    let tenants = repo::place_details::list_tenants_with_expired(&mut conn, cutoff).await?;
    drop(conn);
    let job = PlacesRetention {
        cutoff,
        refresh: config.expired == ExpiredPlaces::Refresh,
    };
    for tenant in &tenants {
        let mut conn = pool.tenant(*tenant).await?;
        let mut submission = Submission::of_operator(&mut conn);
        submission.enqueue(&job, &EnqueueOptions::default()).await?;
        conn.commit().await?;
    }
    Ok(tenants.len())
}

/// Queues these jobs every hour, forever; returns at once if content is kept forever.
pub async fn watch(pool: Pool, config: PlacesConfig) {
    if config.keep.is_none() {
        return;
    }
    loop {
        match queue_jobs(&pool, &config).await {
            Ok(0) => {}
            Ok(tenants) => log::info!("{tenants} tenants have place content past its retention"),
            Err(error) => log::warn!("looking for expired place content failed; retrying: {error:#}"),
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
