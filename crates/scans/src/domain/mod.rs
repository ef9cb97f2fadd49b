//! The domain scan: facts from a domain's home page, and the job that collects them.

mod gathered;
mod pages;
mod read;
mod redirects;
mod scan;
mod store;
mod submit;

pub use scan::DomainScan;
pub(crate) use submit::read_pages;
pub use submit::{BatchEntry, BatchMetadata, DEFAULT_PAGES, Submitted, SubmittedBatch, submit, submit_batch};
