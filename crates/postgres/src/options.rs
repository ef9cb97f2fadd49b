//! Options of a private PostgreSQL.

use std::path::PathBuf;

/// The cluster's superuser, which connects without a password.
pub const SUPERUSER: &str = "scrapersky";

/// The database created at the first start.
pub const DATABASE: &str = "scrapersky";

/// The oldest supported major version: `security_invoker` views and `ON DELETE SET NULL (columns)` came with 15.
pub const MINIMUM_MAJOR: u32 = 15;

/// Where a private PostgreSQL keeps its data and how it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedOptions {
    /// The folder for all its files; created if missing.
    pub data_dir: PathBuf,
    /// The `bin` folder of the PostgreSQL to use; `None` searches for one.
    pub pg_bin: Option<PathBuf>,
    /// Whether the data must survive a crash of the machine.
    pub durability: Durability,
}

/// Whether the data must survive a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Everything committed survives: PostgreSQL's default settings.
    Durable,
    /// For tests: fast, nothing survives, up to 300 connections.
    Throwaway,
}
