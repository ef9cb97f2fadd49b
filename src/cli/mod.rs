//! One file a subcommand.

pub mod db;
