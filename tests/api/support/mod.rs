//! What the tests stand on.

pub mod cluster;
pub mod database;
pub mod process;
pub mod server;
pub mod site;
