//! The data layer of ScraperSky: connections, tenant transactions, migrations, tables and repositories.
//!
//! ```text
//! ids url settings < tls < connection < pool < tenant
//! schema < models < repo
//! ```
//!
//! This is a separate crate, as is `schema`, because Diesel's expressions take most of the compile time: changes of a
//! route or scraper rebuild without them.

mod admission;
pub mod connection;
pub mod ids;
mod libpq;
pub mod listen;
pub mod migrate;
pub mod models;
pub mod pool;
pub mod repo;
pub mod settings;
pub mod snapshot;
pub mod tenant;
pub mod tls;
pub mod url;
