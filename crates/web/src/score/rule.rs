//! A rule of the score.

use serde::Deserialize;

use super::condition::When;

/// The most points that a rule may give or take.
pub const MAX_POINTS: i16 = 100;
/// A rule.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Identifies the rule.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// The points that it gives where a tenant has chosen no others.
    pub points: i16,
    /// Whether it is about something that is wrong, which the business may be told.
    pub is_fault: bool,
    pub(super) because: String,
    pub(super) when: When,
}

impl Rule {
    /// Returns the columns of a domain whose values the rule looks at, each with the value that counts if there are several:
    /// what these are told by is what a reason is told by.
    #[must_use]
    pub fn columns(&self) -> Vec<(&'static str, Option<&str>)> {
        self.when.columns()
    }
}
