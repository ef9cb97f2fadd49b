//! The rows that an analysis writes: each file with all its URLs in one transaction, and the totals at the end.

mod analysis;
mod file;
mod finish;
mod run;

pub(super) use self::analysis::Analysis;
pub(super) use self::run::{begin, failure};
