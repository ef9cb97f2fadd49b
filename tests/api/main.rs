//! The one integration binary.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking, also within its helpers"
)]

mod connection;
mod embedded;
mod fetch;
mod pool;
mod support;
mod tls;
