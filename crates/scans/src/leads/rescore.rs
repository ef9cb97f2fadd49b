//! Scores all leads of a tenant anew, without scanning anything.

use chrono::{DateTime, Utc};
use database::models::enums::Outcome;
use database::repo;
use jobs::{BackgroundJob, Finished, JobContext, JobError};
use serde::{Deserialize, Serialize};

use super::scoring::{AT_ONCE, points_of, score};
use crate::Services;

/// Scores all leads of a tenant, because its points changed, or the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreLeads {
    /// The fingerprint of the rules.
    pub rules: String,
    /// When the tenant's points changed.
    pub points_of: DateTime<Utc>,
}

#[derive(Serialize)]
struct Scored {
    leads: usize,
}

impl BackgroundJob for ScoreLeads {
    type Services = Services;

    const KIND: &'static str = "lead_scores";

    fn dedup_key(&self) -> Option<String> {
        Some(format!("{} {}", self.rules, self.points_of.timestamp_micros()))
    }

    async fn run(&self, ctx: JobContext<Services>) -> Result<Finished, JobError> {
        let rules = &ctx.services().score;
        let mut conn = ctx.tenant().await?;
        let chosen = repo::score_points::find(&mut conn).await?;
        drop(conn);
        let chosen = chosen.filter(|chosen| chosen.updated_at == self.points_of && rules.fingerprint() == self.rules);
        let Some(chosen) = chosen else {
            let summary = "points or rules changed since; another job scores the leads";
            return ctx
                .finish_with(async |conn| ctx.finish(conn, Outcome::OkEmpty, summary, &Scored { leads: 0 }).await)
                .await;
        };
        let points = points_of(&chosen)?;
        let (mut last, mut leads) = (None, 0);
        loop {
            let mut conn = ctx.tenant().await?;
            let some = repo::lead_scores::lock_after(&mut conn, last, AT_ONCE).await?;
            let Some(end) = some.last() else { break };
            score(&mut conn, rules, &points, &some, None).await?;
            conn.commit().await?;
            last = Some(end.id);
            leads += some.len();
            ctx.report("scoring", &format!("{leads} leads are scored"), 0.5).await;
        }
        let summary = format!("{leads} leads are scored");
        ctx.finish_with(async |mut conn| {
            repo::score_points::note_scored(&mut conn, &self.rules, self.points_of).await?;
            ctx.finish(conn, Outcome::Ok, &summary, &Scored { leads }).await
        })
        .await
    }
}
