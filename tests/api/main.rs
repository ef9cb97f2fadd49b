//! The one integration binary.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod embedded;
mod repo;
mod support;
