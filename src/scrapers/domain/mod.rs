//! The domain scan: what a domain is called, and what its home page says.

pub mod extract;
pub mod name;

pub use name::{DomainName, NameError};
