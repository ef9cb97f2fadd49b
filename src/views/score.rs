//! The rules of the score of leads.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use database::models::score_points::ScorePoints;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::score::{Points, Rule, ScoreRules};

/// The rules of the score with the points that the tenant chose.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoreRulesView {
    /// The rules, in the order in which reasons are listed.
    pub rules: Vec<ScoreRuleView>,
    /// The day of the table of current versions.
    pub versions_as_of: NaiveDate,
    /// The versions that were current on that day, by technology.
    pub versions: BTreeMap<String, String>,
    /// Whether leads are still being scored by these points.
    pub is_scoring: bool,
}

/// A rule of the score.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoreRuleView {
    /// Name of the rule.
    pub name: String,
    /// What the rule is about.
    pub title: String,
    /// The points that it gives; 0 where it is switched off.
    pub points: i16,
    /// The points that it gives where the tenant chose no others.
    pub default_points: i16,
}

impl ScoreRulesView {
    /// Creates the view of the rules.
    #[must_use]
    pub fn new(rules: &ScoreRules, chosen: Option<&ScorePoints>) -> Self {
        let points: Points = chosen.and_then(|chosen| chosen.points.parse().ok()).unwrap_or_default();
        let rule = |rule: &Rule| ScoreRuleView {
            name: rule.name.clone(),
            title: rule.title.clone(),
            points: points.get(&rule.name).copied().unwrap_or(rule.points),
            default_points: rule.points,
        };
        Self {
            rules: rules.iter().map(rule).collect(),
            versions_as_of: rules.as_of(),
            versions: rules
                .versions()
                .map(|(name, version)| (name.to_owned(), version.to_owned()))
                .collect(),
            is_scoring: chosen.is_some_and(|chosen| chosen.scored_by.is_none()),
        }
    }
}

/// A change of the points of rules.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "points": { "slow": 0, "no_https": 50, "builder": null } }))]
pub struct ScoreRulesPatch {
    /// Points by the names of rules, -100 to 100: 0 switches a rule off, null gives it its own points again.
    pub points: BTreeMap<String, Option<i16>>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    pub tenant_id: Option<String>,
}
