//! The rules of the score.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};

use super::facts::{Facts, Points, Reason, Score};
use super::file;
use super::rule::Rule;
use super::versions::Versions;
use crate::extract::technology::RulesError;

/// Changes when the same rules and facts give another score, so that leads are scored anew.
const EDITION: u8 = 1;

const RULES: (&str, &str) = ("rules/score.toml", include_str!("../../../../rules/score.toml"));
const VERSIONS: (&str, &str) = ("rules/versions.toml", include_str!("../../../../rules/versions.toml"));

/// The rules that ship with the program, which a test reads.
static SHIPPED: LazyLock<ScoreRules> =
    LazyLock::new(|| ScoreRules::read(VERSIONS.0, VERSIONS.1).unwrap_or_else(|_| ScoreRules::none()));

/// The rules of the score with the table of current versions. Cloning is cheap, and clones are the same rules.
#[derive(Clone, Debug)]
pub struct ScoreRules(Arc<Prepared>);

#[derive(Debug)]
struct Prepared {
    rules: Vec<Rule>,
    versions: Versions,
    fingerprint: String,
}

impl ScoreRules {
    /// Returns the rules that ship with the program.
    #[must_use]
    pub fn standard() -> Self {
        SHIPPED.clone()
    }

    /// Returns the shipped rules with another table of current versions, if one is named.
    ///
    /// # Errors
    ///
    /// [`RulesError`] if the file cannot be read or has a mistake.
    pub fn with(versions: Option<&Path>) -> Result<Self, RulesError> {
        let Some(path) = versions else {
            return Self::read(VERSIONS.0, VERSIONS.1);
        };
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| RulesError::Unreadable {
            path: name.clone(),
            reason: error.to_string(),
        })?;
        Self::read(&name, &text)
    }

    fn read(versions_name: &str, versions: &str) -> Result<Self, RulesError> {
        let digest = Sha256::new()
            .chain_update([EDITION])
            .chain_update(RULES.1)
            .chain_update([0])
            .chain_update(versions)
            .finalize();
        let mut start = [0; 8];
        start.iter_mut().zip(digest).for_each(|(one, other)| *one = other);
        Ok(Self(Arc::new(Prepared {
            rules: file::read_rules(RULES.0, RULES.1)?,
            versions: file::read_versions(versions_name, versions)?,
            fingerprint: format!("{:016x}", u64::from_be_bytes(start)),
        })))
    }

    fn none() -> Self {
        Self(Arc::new(Prepared {
            rules: Vec::new(),
            versions: Versions::default(),
            fingerprint: String::new(),
        }))
    }

    /// Returns a text that differs for rules or versions that differ.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.0.fingerprint
    }

    /// Returns the day of the table of current versions.
    #[must_use]
    pub fn as_of(&self) -> NaiveDate {
        self.0.versions.as_of.0
    }

    /// Returns the technologies in the table, each with the version that was current on that day.
    pub fn versions(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.0.versions.version.iter();
        all.map(|(name, known)| (name.as_str(), known.current.as_str()))
    }

    /// Returns the rules in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.rules.iter()
    }

    /// Scores a lead at `now`: the sum of the points of all rules that hold, at least 0 and at most 100.
    #[must_use]
    pub fn score(&self, facts: &Facts, points: &Points, now: DateTime<Utc>) -> Score {
        if *facts == Facts::default() {
            return Score::default();
        }
        let (mut reasons, mut due) = (Vec::new(), None::<DateTime<Utc>>);
        for rule in &self.0.rules {
            let points = points.get(&rule.name).copied().unwrap_or(rule.points);
            if points == 0 {
                continue;
            }
            if let Some(time) = rule.when.changes_at(facts, now) {
                due = Some(due.map_or(time, |earlier| earlier.min(time)));
            }
            if let Some(values) = rule.when.holds(facts, &self.0.versions, now) {
                reasons.push(Reason {
                    rule: rule.name.clone(),
                    points,
                    because: values.fill(&rule.because),
                });
            }
        }
        let sum: i32 = reasons.iter().map(|reason| i32::from(reason.points)).sum();
        Score {
            score: i16::try_from(sum.clamp(0, 100)).ok(),
            reasons,
            due,
        }
    }
}
