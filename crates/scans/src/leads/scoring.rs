//! Scores leads.

use chrono::{DateTime, Utc};
use database::ids::{DomainId, LeadId};
use database::models::lead_score::{LockedLead, NewScore};
use database::models::score_points::ScorePoints;
use database::repo::{self, QueryError};
use database::tenant::TenantConnection;
use serde_json::json;
use web::score::{Points, Score, ScoreRules};

use super::facts::facts;

/// How many leads are scored at a time, so that none is locked for long.
pub(super) const AT_ONCE: i64 = 500;

/// Returns the points that a tenant chose. Unreadable ones are an error: a score by other points would be wrong.
pub(super) fn points_of(chosen: &ScorePoints) -> Result<Points, QueryError> {
    let points = chosen.points.parse();
    points.map_err(|error| QueryError::DeserializationError(Box::new(error)))
}

/// Scores leads that were claimed until a time, or else that the transaction has locked.
pub(super) async fn score(
    conn: &mut TenantConnection,
    rules: &ScoreRules,
    points: &Points,
    leads: &[LockedLead],
    claimed: Option<DateTime<Utc>>,
) -> Result<(), QueryError> {
    if leads.is_empty() {
        return Ok(());
    }
    let ids: Vec<LeadId> = leads.iter().map(|lead| lead.id).collect();
    let rows = repo::lead_scores::list_facts(conn, &ids).await?;
    let now = Utc::now();
    let scored = rows.into_iter().map(|row| {
        let lead_id = row.lead_id;
        let Score { score, reasons, due } = rules.score(&facts(row), points, now);
        NewScore {
            lead_id,
            score,
            reasons: json!(reasons).to_string(),
            due_at: due,
        }
    });
    let scores: Vec<NewScore> = scored.collect();
    repo::lead_scores::store(conn, &scores, claimed).await?;
    Ok(())
}

/// Scores the leads of a domain, of which the rest is left to the next look at all that are due.
pub(crate) async fn score_domain(
    conn: &mut TenantConnection,
    rules: &ScoreRules,
    domain: DomainId,
) -> Result<(), QueryError> {
    let leads = repo::lead_scores::lock_of_domain(conn, domain, AT_ONCE).await?;
    let chosen = repo::score_points::find_or_insert(conn, rules.fingerprint()).await?;
    score(conn, rules, &points_of(&chosen)?, &leads, None).await
}
