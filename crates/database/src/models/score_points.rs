//! Table `score_points`.

use chrono::{DateTime, Utc};
use diesel::prelude::HasQuery;
use schema::score_points;

use super::values::RawJson;
use crate::ids::TenantId;

/// The points that a tenant chose for rules of the score.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = score_points)]
pub struct ScorePoints {
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The points, by the names of the rules.
    pub points: RawJson,
    /// When they were last changed.
    pub updated_at: DateTime<Utc>,
    /// The rules by which all leads were scored; `None` where the points changed since.
    pub scored_by: Option<String>,
}
