//! A running server: started, found, stopped.

use std::{os::unix::ffi::OsStrExt, path::Path, thread, time::Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::{
    account::Account,
    database,
    error::EmbeddedError,
    launch,
    layout::{self, Layout, PORT},
    options::{EmbeddedOptions, SUPERUSER},
    postmaster::{self, Live, Presence},
    status::{EmbeddedState, EmbeddedStatus},
};

/// The characters that need no escape in a URL besides letters and digits.
const UNESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A running private PostgreSQL. Dropping it leaves the server running.
#[derive(Debug, Clone)]
pub struct EmbeddedPostgres {
    layout: Layout,
    live: Live,
    adopted: bool,
}

impl EmbeddedPostgres {
    /// Uses the running server of the data directory, or starts one, after `initdb` if there is no cluster yet.
    ///
    /// Two programs that start at once get the same server. The database [`DATABASE`](super::DATABASE) exists on return.
    ///
    /// # Errors
    ///
    /// When the server cannot be used; the text says why and what to do about it.
    pub fn start(options: &EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let account = Account::choose()?;
        let layout = Layout::new(&options.data_dir)?;
        layout.create_root(&account)?;
        let _starting = launch::lock_start(&layout)?;
        layout.clear_stopped()?;
        Self::start_locked(layout, options, &account)
    }

    /// Starts the server again after it has died; `None` if it was stopped on purpose meanwhile.
    pub(super) fn start_again(options: &EmbeddedOptions) -> Result<Option<Self>, EmbeddedError> {
        let account = Account::choose()?;
        let layout = Layout::new(&options.data_dir)?;
        let _starting = launch::lock_start(&layout)?;
        if layout.is_stopped() {
            return Ok(None);
        }
        Self::start_locked(layout, options, &account).map(Some)
    }

    /// Uses or starts the server; the caller holds the start lock.
    fn start_locked(layout: Layout, options: &EmbeddedOptions, account: &Account) -> Result<Self, EmbeddedError> {
        let begun = Instant::now();
        loop {
            let (live, adopted) = launch::ensure_running(&layout, options, account)?;
            match database::ensure(&live) {
                Ok(()) => {
                    return Ok(Self { layout, live, adopted });
                }
                // It accepted the connection but is shutting down. Look again.
                Err(error) if error.is_ending_server() && begun.elapsed() < database::TIMEOUT => {
                    thread::sleep(launch::POLL)
                }
                Err(error) => return Err(error.into_embedded(&layout, &live)),
            }
        }
    }

    /// Finds the server of the data directory without starting one; waits for a start or stop in progress.
    ///
    /// # Errors
    ///
    /// When the data directory cannot be read.
    pub fn find(options: &EmbeddedOptions) -> Result<Option<Self>, EmbeddedError> {
        let layout = Layout::new(&options.data_dir)?;
        if !layout.root.is_dir() || layout.cluster_version()?.is_none() {
            return Ok(None);
        }
        let _starting = launch::lock_start(&layout)?;
        Ok(match launch::settle(&layout)? {
            Presence::Live(live) => Some(Self {
                layout,
                live,
                adopted: true,
            }),
            // It cannot be connected to, but it can be stopped.
            Presence::Deaf { pid } => {
                let live = Live {
                    pid,
                    socket_dir: layout.socket_dir.clone(),
                    port: PORT,
                };
                Some(Self {
                    layout,
                    live,
                    adopted: true,
                })
            }
            Presence::None | Presence::Stale | Presence::Changing { .. } => None,
        })
    }

    /// Returns the state of the data directory's server, without waiting or changing anything.
    ///
    /// # Errors
    ///
    /// When the data directory cannot be read.
    pub fn status(options: &EmbeddedOptions) -> Result<EmbeddedStatus, EmbeddedError> {
        let layout = Layout::new(&options.data_dir)?;
        if layout.root.exists() && !layout.root.is_dir() {
            return Err(EmbeddedError::NotADirectory(layout.root));
        }
        let version = layout.cluster_version()?;
        let presence = postmaster::look(&layout)?;
        let socket = match &presence {
            Presence::Live(live) => layout::socket_in(&live.socket_dir, live.port),
            _ => layout.socket(),
        };
        let state = match presence {
            Presence::Live(live) => EmbeddedState::Running { pid: live.pid },
            Presence::Deaf { pid } => EmbeddedState::Changing { pid: Some(pid) },
            Presence::Changing { pid } => EmbeddedState::Changing { pid },
            Presence::Stale => EmbeddedState::Stale,
            Presence::None if version.is_some() => EmbeddedState::Stopped,
            Presence::None => EmbeddedState::Absent,
        };
        Ok(EmbeddedStatus {
            state,
            version,
            data: layout.data,
            socket,
            log: layout.log,
        })
    }

    /// Returns the URL of a database on this server, for this program's driver and for libpq (psql, the diesel CLI).
    pub fn url(&self, database: &str) -> String {
        let host = percent_encode(self.live.socket_dir.as_os_str().as_bytes(), UNESCAPED);
        let database = percent_encode(database.as_bytes(), UNESCAPED);
        match self.live.port {
            PORT => format!("postgres://{SUPERUSER}@{host}/{database}"),
            port => format!("postgres://{SUPERUSER}@{host}:{port}/{database}"),
        }
    }

    /// Returns the server's process number.
    pub fn pid(&self) -> i32 {
        self.live.pid
    }

    /// Returns whether the server was already running.
    pub fn is_adopted(&self) -> bool {
        self.adopted
    }

    /// Returns the socket's folder.
    pub fn socket_dir(&self) -> &Path {
        &self.live.socket_dir
    }

    /// Stops the server, ending its sessions, and waits until its last process is gone.
    ///
    /// # Errors
    ///
    /// When the server cannot be stopped.
    pub fn stop(self) -> Result<(), EmbeddedError> {
        let layout = &self.layout;
        let _starting = launch::lock_start(layout)?;
        layout.mark_stopped()?;
        let mut asked = None;
        let begun = Instant::now();
        loop {
            let pid = match postmaster::look(layout)? {
                Presence::None | Presence::Stale => {
                    layout.remove_socket_dir();
                    return Ok(());
                }
                Presence::Live(Live { pid, .. }) | Presence::Deaf { pid } => Some(pid),
                Presence::Changing { pid } => pid,
            };
            // One request per process is enough. The process number is read anew each time, since it may be reused.
            if let Some(pid) = pid.filter(|&pid| asked != Some(pid)) {
                postmaster::interrupt(pid, layout)?;
                asked = Some(pid);
            }
            if begun.elapsed() > launch::SERVER_TIMEOUT {
                return Err(EmbeddedError::Timeout {
                    what: format!("PostgreSQL on {} is still running", layout.data.display()),
                    seconds: launch::SERVER_TIMEOUT.as_secs(),
                    log: layout.log.clone(),
                });
            }
            thread::sleep(launch::POLL);
        }
    }
}
