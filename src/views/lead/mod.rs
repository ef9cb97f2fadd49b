//! Leads: a place with its domain, or a domain without a place.

pub mod columns;
mod history;
mod report;
mod row;

pub use self::history::{Change, LeadChangeView};
pub use self::report::{Fault, Report};
pub use self::row::{LeadView, ScoreReasonView};
