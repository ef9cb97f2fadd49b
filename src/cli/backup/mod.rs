//! `scrapersky backup` and `scrapersky restore`: every row, whoever owns the database.
//!
//! A backup is made by `pg_dump` from one snapshot, and restored by `pg_restore` and `psql` in one transaction that compares
//! the rows with what was counted. Owners, grants to the program's roles and its policies are not taken from the backup: the
//! migrations' own functions make them, so that a backup can be restored by another user on another server.

mod archive;
mod contents;
mod make;
mod meter;
mod restore;

pub use self::make::{BackupOptions, make};
pub use self::restore::{RestoreOptions, restore};
