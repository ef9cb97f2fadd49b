//! The data layer of ScraperSky: connections, transactions of one tenant, migrations, tables, repositories.
//!
//! ```text
//! ids url settings < tls < connection < pool < tenant
//! schema < models < repo
//! ```
//!
//! A crate of its own, as `schema` is: Diesel's expressions are most of what there is to compile, and a change of a route
//! or a scraper rebuilds without them.

pub mod connection;
pub mod ids;
pub mod listen;
pub mod migrate;
pub mod models;
pub mod pool;
pub mod repo;
pub mod settings;
pub mod tenant;
pub mod tls;
pub mod url;
