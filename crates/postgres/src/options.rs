//! Where a private PostgreSQL lives, and how it is run.

use std::path::PathBuf;

/// The cluster's superuser, who connects without a password.
pub const SUPERUSER: &str = "scrapersky";

/// The database made at the first start.
pub const DATABASE: &str = "scrapersky";

/// The oldest major version the schema works on: `security_invoker` views and `ON DELETE SET NULL (columns)` came with 15.
pub const MINIMUM_MAJOR: u32 = 15;

/// Where a private PostgreSQL lives and how it is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedOptions {
    /// The folder of everything it writes; created when missing.
    pub data_dir: PathBuf,
    /// The `bin` folder of the PostgreSQL to use; searched for when `None`.
    pub pg_bin: Option<PathBuf>,
    /// Whether the data has to survive a crash of the machine.
    pub durability: Durability,
}

/// How much the server does for the data to survive a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Everything committed survives: PostgreSQL's own settings.
    Durable,
    /// Nothing needs to survive: for tests, fast, with room for 300 connections.
    Throwaway,
}
