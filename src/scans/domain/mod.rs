//! The domain scan: what a domain is called, what its home page says, and the job that finds out.

mod enqueue;
mod scan;
mod store;

pub use enqueue::enqueue;
pub use scan::DomainScan;
pub(super) use scan::fetch_home;
