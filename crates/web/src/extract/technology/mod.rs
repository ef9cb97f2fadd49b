//! Recognition of a site's technologies, by [`Rules`] that are data: files in `rules/technologies`, and an operator's own.
//!
//! A rule names signs. One strong sign proves a technology, or two weak ones of different kinds, wherever on the site they
//! are seen. [`Sightings`] collects them page by page; [`Claim`]s follow from them, each with its [`Evidence`]. Visible text
//! is never a sign, since people write about technologies there.

mod category;
mod claim;
mod file;
mod matcher;
mod rule;
mod rules;
mod samples;
mod sightings;
mod sign;
mod snippet;
mod tags;
mod version;

#[cfg(test)]
mod tests;

pub use self::category::{Category, List, Shown};
pub use self::claim::{Claim, Evidence, TechStack};
pub use self::file::RulesError;
pub use self::rule::{Rule, RulePlace};
pub use self::rules::Rules;
pub use self::samples::{SampleFailure, SampleProblem, check_samples};
pub use self::sightings::Sightings;
pub use self::sign::{DnsRecord, SignKind};
pub(super) use self::tags::Tag;
