//! What other points would do to scores, before anybody chooses them.

use std::collections::HashMap;

use chrono::Utc;
use database::ids::LeadId;
use database::repo::leads::{LeadFilter, LeadOrder};
use database::repo::paging::Paging;
use database::repo::{self, QueryError};
use database::tenant::TenantConnection;
use web::score::{Points, ScoreRules};

use super::facts::facts;

/// How many leads a preview looks at: those that changed last.
pub const MAX_PREVIEWED: i64 = 1000;

/// A lead whose score would be another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rescored {
    /// The id of the lead.
    pub id: LeadId,
    /// Its name.
    pub name: String,
    /// The score by the points as they are.
    pub before: i16,
    /// The score by the other points.
    pub after: i16,
}

/// What other points would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preview {
    /// How many leads have a score, of those that were looked at.
    pub scored: usize,
    /// The sum of their scores by the points as they are.
    pub before: i64,
    /// The sum of their scores by the other points.
    pub after: i64,
    /// The leads whose scores would change, the greatest changes first.
    pub changed: Vec<Rescored>,
}

/// Scores the leads that changed last, at most [`MAX_PREVIEWED`], by both points, and writes nothing.
///
/// # Errors
///
/// The errors of the database.
pub async fn preview(
    conn: &mut TenantConnection,
    rules: &ScoreRules,
    (before, after): (&Points, &Points),
) -> Result<Preview, QueryError> {
    let paging = Paging::first(MAX_PREVIEWED);
    let leads = repo::leads::list_after(conn, &LeadFilter::default(), LeadOrder::Changed, &paging).await?;
    let ids: Vec<LeadId> = leads.iter().map(|lead| lead.id).collect();
    let rows = repo::lead_scores::list_facts(conn, &ids).await?;
    let mut names: HashMap<LeadId, String> = leads.into_iter().map(|lead| (lead.id, lead.name)).collect();
    let now = Utc::now();
    let mut preview = Preview::default();
    for row in rows {
        let id = row.lead_id;
        let facts = facts(row);
        let (old, new) = (rules.score(&facts, before, now), rules.score(&facts, after, now));
        let (Some(before), Some(after)) = (old.score, new.score) else {
            continue;
        };
        preview.scored += 1;
        preview.before += i64::from(before);
        preview.after += i64::from(after);
        if before != after {
            preview.changed.push(Rescored {
                id,
                name: names.remove(&id).unwrap_or_default(),
                before,
                after,
            });
        }
    }
    preview
        .changed
        .sort_by_key(|lead| (std::cmp::Reverse((lead.after - lead.before).abs()), lead.name.clone()));
    Ok(preview)
}
