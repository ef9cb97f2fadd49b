//! The data layer of ScraperSky: connections, tenant transactions, migrations, tables and repositories.
//!
//! ```text
//! ids servers url settings < tls < connector < connection < pool < tenant
//! schema < models < repo
//! ```
//!
//! This is a separate crate, as is `schema`, because Diesel's expressions take most of the compile time: changes of a
//! route or scraper rebuild without them.

mod admission;
mod backend_key;
pub mod connection;
mod connector;
pub mod ids;
mod libpq;
pub mod listen;
pub mod migrate;
pub mod models;
pub mod partition;
pub mod pool;
pub mod replica;
pub mod repo;
mod servers;
pub mod settings;
pub mod snapshot;
pub mod tenant;
pub mod tls;
pub mod url;
