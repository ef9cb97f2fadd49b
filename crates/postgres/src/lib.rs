//! Starts a private PostgreSQL when no `DATABASE_URL` is set.
//!
//! Each data directory is one private PostgreSQL: a cluster that `initdb` creates at the first start, and a server that
//! listens only on a Unix socket in its own folder and runs on after the program ends, until it is stopped. Everything
//! here blocks; async callers use `spawn_blocking`.
//!
//! ```text
//! <data_dir>/data           PostgreSQL's own data directory, mode 0700
//!            data.partial   initdb in progress, or interrupted
//!            run            the socket, mode 0700 (in /tmp if this path is too long for a socket)
//!            postgres.log   the server's log
//!            start.lock     held during a start or stop
//!            server.lock    held while any process of the server lives
//!            stopped        there while the server is stopped on purpose
//! ```
//!
//! The program may be killed at any step; the next start continues from there. No data directory is ever removed.

mod account;
mod archive;
mod client;
mod create;
mod database;
mod disk;
mod error;
mod launch;
mod layout;
mod locate;
mod options;
mod output;
mod postmaster;
mod server;
mod status;
mod watch;

pub use client::{ClientError, ClientPrograms, Session};
pub use disk::{Disk, DiskShortage};
pub use error::EmbeddedError;
pub use options::{DATABASE, Durability, EmbeddedOptions, MINIMUM_MAJOR, SUPERUSER};
pub use server::EmbeddedPostgres;
pub use status::{EmbeddedState, EmbeddedStatus};
pub use watch::Watch;
