//! The limit on open files and connections.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::config::Config;

/// The part of the limit that requests to other hosts may take: a connection, one on its way and a temporary file each.
const SHARE: u64 = 4;

/// Raises the limit on open files as far as the system allows, and leaves room in it for the database and for clients.
pub fn raise_limit(config: &mut Config) {
    let (soft, hard) = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok(limits) => limits,
        Err(error) => {
            log::warn!("the limit on open files cannot be read: {error}");
            return;
        }
    };
    let limit = match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(error) => {
            log::warn!("the limit on open files stays at {soft}, it cannot be raised to {hard}: {error}");
            soft
        }
    };
    let share = usize::try_from(limit / SHARE).unwrap_or(usize::MAX);
    let fetch = &mut config.scans.fetch;
    fetch.connections = fetch.connections.min(share);
}
