//! Everything between the program and PostgreSQL that is not a query.

pub mod connection;
pub mod embedded;
pub mod migrate;
pub mod pool;
pub mod tenant;
pub mod tls;
