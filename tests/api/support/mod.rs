//! Helpers for the tests.

pub mod app;
pub mod cluster;
pub mod contract;
pub mod database;
pub mod extent;
pub mod log;
pub mod name_server;
pub mod planted;
pub mod pooler;
pub mod port;
pub mod process;
pub mod program;
pub mod receiver;
pub mod rewriter;
pub mod rows;
pub mod rules;
pub mod server;
pub mod site;
pub mod tenants;
pub mod tokens;
pub mod workers;
