//! Scores of leads by the rules in `rules/score.toml`.
//!
//! What a score is made from marks the lead as due when it changes (a trigger on the tables that say it). A scan scores the leads
//! of its domain in its own transaction, [`watch`] all others that are due, and [`ScoreLeads`] all leads of a tenant whose
//! points changed, or that was scored by other rules.

mod facts;
mod preview;
mod rescore;
mod scoring;
mod watch;

pub use self::preview::{MAX_PREVIEWED, Preview, Rescored, preview};
pub use self::rescore::ScoreLeads;
pub(crate) use self::scoring::score_domain;
pub use self::watch::{score_due, watch};
