//! Scores leads whose facts changed, or for which time has passed.

use std::time::Duration;

use database::ids::{LeadId, TenantId};
use database::pool::Pool;
use database::repo;
use jobs::{EnqueueOptions, Submission};
use web::score::ScoreRules;

use super::rescore::ScoreLeads;
use super::scoring::{AT_ONCE, points_of, score};

/// How often leads that are due are looked for.
const INTERVAL: Duration = Duration::from_secs(1);
/// The wait after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(15);

/// Scores leads that are due, every second, forever; and queues a job for each tenant whose leads all have to be scored anew.
pub async fn watch(pool: Pool, rules: ScoreRules) {
    // Only at the start, since processes with other rules may still run: they would score each other's leads again and again.
    let mut knows_rules = false;
    loop {
        let pause = match tend(&pool, &rules, !knows_rules).await {
            Ok(()) => {
                knows_rules = true;
                INTERVAL
            }
            Err(error) => {
                log::warn!("scoring leads failed; retrying: {error:#}");
                AFTER_FAILURE
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn tend(pool: &Pool, rules: &ScoreRules, is_start: bool) -> anyhow::Result<()> {
    let mut conn = pool.system().await?;
    let tenants = if is_start {
        repo::lead_scores::list_tenants_outdated(&mut conn, rules.fingerprint()).await?
    } else {
        repo::score_points::list_tenants_unscored(&mut conn).await?
    };
    drop(conn);
    for tenant in tenants {
        queue(pool, rules, tenant).await?;
    }
    score_due(pool, rules).await
}

/// Queues a job that scores all leads of a tenant; one that is queued already is enough.
async fn queue(pool: &Pool, rules: &ScoreRules, tenant: TenantId) -> anyhow::Result<()> {
    let mut conn = pool.tenant(tenant).await?;
    let chosen = repo::score_points::lock(&mut conn).await?;
    let job = ScoreLeads {
        rules: rules.fingerprint().to_owned(),
        points_of: chosen.updated_at,
    };
    let mut submission = Submission::of_operator(&mut conn);
    submission.enqueue(&job, &EnqueueOptions::default()).await?;
    conn.commit().await?;
    Ok(())
}

/// Scores all leads that are due, in turns of the tenants.
///
/// # Errors
///
/// The errors of the database.
pub async fn score_due(pool: &Pool, rules: &ScoreRules) -> anyhow::Result<()> {
    loop {
        let mut conn = pool.system().await?;
        let tenants = repo::lead_scores::list_tenants_due(&mut conn).await?;
        drop(conn);
        let mut scored = 0;
        for tenant in tenants {
            scored += score_of_tenant(pool, rules, tenant).await?;
        }
        // What is left is locked by others, who score it.
        if scored == 0 {
            return Ok(());
        }
    }
}

/// Scores some leads of a tenant that are due, and returns how many.
///
/// They are claimed in one transaction and scored in another: a process that is paused between its statements would hold their
/// locks, and up every scan of their domains.
async fn score_of_tenant(pool: &Pool, rules: &ScoreRules, tenant: TenantId) -> anyhow::Result<usize> {
    let mut conn = pool.tenant(tenant).await?;
    let leads = repo::lead_scores::lock_due(&mut conn, AT_ONCE).await?;
    let chosen = repo::score_points::find_or_insert(&mut conn, rules.fingerprint()).await?;
    let ids: Vec<LeadId> = leads.iter().map(|lead| lead.id).collect();
    let claimed = repo::lead_scores::claim(&mut conn, &ids).await?;
    conn.commit().await?;
    if claimed.is_some() {
        let mut conn = pool.tenant(tenant).await?;
        score(&mut conn, rules, &points_of(&chosen)?, &leads, claimed).await?;
        conn.commit().await?;
    }
    Ok(leads.len())
}
