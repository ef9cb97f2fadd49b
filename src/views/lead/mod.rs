//! Leads: a place with its domain, or a domain without a place.

pub mod columns;
mod history;
mod row;

pub use self::history::{Change, LeadChangeView};
pub use self::row::LeadView;
