//! The connection pool and its limits.
