//! What an analysis writes: each file with all that it lists in one transaction, and the whole at the end.

mod analysis;
mod file;
mod finish;
mod run;

pub(super) use self::analysis::Analysis;
pub(super) use self::run::{begin, failure};
