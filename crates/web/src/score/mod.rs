//! What makes a lead worth a call: the rules in `rules/score.toml`, and the points that a lead gets by them.

mod condition;
mod facts;
mod file;
mod rule;
mod rules;
#[cfg(test)]
mod tests;
mod versions;

pub use self::facts::{Facts, Points, Reason, Score, Technology};
pub use self::rule::{MAX_POINTS, Rule};
pub use self::rules::ScoreRules;
