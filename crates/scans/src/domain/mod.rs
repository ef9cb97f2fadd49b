//! The domain scan: what the home page of a domain says, and the job that finds out.

mod scan;
mod store;
mod submit;

pub use scan::DomainScan;
pub(super) use scan::fetch_home;
pub use submit::{BatchEntry, BatchMetadata, DEFAULT_PAGES, Submitted, SubmittedBatch, submit, submit_batch};
