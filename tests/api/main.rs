//! The one integration binary.

mod connection;
mod pool;
mod support;
mod tls;
