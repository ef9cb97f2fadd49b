//! The status of a private PostgreSQL.

use std::{fmt, path::PathBuf};

/// The status of a private PostgreSQL; `scrapersky db status` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedStatus {
    /// Whether it runs.
    pub state: EmbeddedState,
    /// The version that created the cluster, such as "15"; `None` before the first start.
    pub version: Option<String>,
    /// PostgreSQL's own data directory.
    pub data: PathBuf,
    /// The socket's path, whether or not the server runs.
    pub socket: PathBuf,
    /// The server's log.
    pub log: PathBuf,
}

/// Whether a private PostgreSQL runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbeddedState {
    /// There is no cluster yet.
    Absent,
    /// It does not run.
    Stopped,
    /// It does not run after a crash or kill: the next start recovers its data.
    Stale,
    /// It is starting or stopping.
    Changing {
        /// The server's process, if known.
        pid: Option<i32>,
    },
    /// It runs.
    Running {
        /// The server's process.
        pid: i32,
    },
}

impl fmt::Display for EmbeddedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("not created yet"),
            Self::Stopped => f.write_str("stopped"),
            Self::Stale => f.write_str("stopped by a crash (the next start recovers the data)"),
            Self::Changing { pid: Some(pid) } => write!(f, "starting or stopping (process {pid})"),
            Self::Changing { pid: None } => f.write_str("starting or stopping"),
            Self::Running { pid } => write!(f, "running (process {pid})"),
        }
    }
}

impl fmt::Display for EmbeddedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "state    {}", self.state)?;
        writeln!(f, "version  {}", self.version.as_deref().unwrap_or("none"))?;
        writeln!(f, "data     {}", self.data.display())?;
        writeln!(f, "socket   {}", self.socket.display())?;
        write!(f, "log      {}", self.log.display())
    }
}
