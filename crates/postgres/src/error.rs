//! Errors of the private PostgreSQL, each as one sentence for the operator.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::options::MINIMUM_MAJOR;

/// Why the private PostgreSQL cannot be used, and what to do about it.
///
/// `Display` is one sentence. No variant means that a data directory was changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The data directory's path is a file.
    #[error("the data directory {} is a file: move it away or choose another folder", .0.display())]
    NotADirectory(PathBuf),

    /// A file or folder under the data directory cannot be created, opened or changed.
    #[error("cannot {action} {}: {cause}; grant this user access to it or choose another data directory", path.display())]
    Io {
        /// What was tried, as a verb: "create", "open".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error; part of the sentence, so not a `source` that would be printed again.
        cause: io::Error,
    },

    /// The program runs as root and there is no account that PostgreSQL could run as.
    #[error(
        "PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as: create one of them, run this program as another user, or set DATABASE_URL"
    )]
    NoAccount,

    /// The account PostgreSQL runs as cannot enter a folder above the data directory.
    #[error("PostgreSQL cannot run as root, and the user `{account}` it would run as cannot enter {}: choose a data directory outside it, such as /var/lib/scrapersky instead of {}", blocked.display(), data_dir.display())]
    Unreachable {
        /// The configured data directory.
        data_dir: PathBuf,
        /// The first folder on the path that is closed to the account.
        blocked: PathBuf,
        /// The account's name.
        account: String,
    },

    /// The folder `data` exists, is not empty and is not a PostgreSQL cluster.
    #[error("{} holds files that are not a PostgreSQL data directory: move them away or choose another data directory", .0.display())]
    NotACluster(PathBuf),

    /// The configured folder of binaries is unusable.
    #[error("SCRAPERSKY_PG_BIN names {}, which {reason}: point it at the bin folder of PostgreSQL {MINIMUM_MAJOR} or newer, or unset it", path.display())]
    UnusableBinaries {
        /// The configured folder.
        path: PathBuf,
        /// What is wrong with it, as the rest of "which ...".
        reason: String,
    },

    /// No PostgreSQL was found, and none could be downloaded.
    #[error(
        "found no PostgreSQL {wanted} on this machine and could not download one ({download}): {hint}, or set SCRAPERSKY_PG_BIN or DATABASE_URL"
    )]
    NotInstalled {
        /// The required version, for people: "15 or newer".
        wanted: String,
        /// Why the download failed.
        download: String,
        /// How to install one on this machine.
        hint: String,
    },

    /// The cluster was made by a major version that is not installed.
    #[error("the data in {} was made by PostgreSQL {cluster}, but this machine has {found}: {remedy}", path.display())]
    WrongMajor {
        /// The cluster's folder.
        path: PathBuf,
        /// The version in its `PG_VERSION` file: "15", "9.6".
        cluster: String,
        /// What to do about it.
        remedy: String,
        /// What was found instead, for people.
        found: String,
    },

    /// The file system is full.
    #[error("no space is left on the device that holds {}: free some (about 100 MB) and start again", .0.display())]
    DiskFull(PathBuf),

    /// Another process listens on the socket's path.
    #[error("another process already listens on {}: stop it or choose another data directory", .0.display())]
    SocketTaken(PathBuf),

    /// The short folder for the socket belongs to another user or is open to others.
    #[error("the folder {} for the database's socket {problem}: remove it or choose another data directory", path.display())]
    SocketFolder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it, as the rest of "the folder ...".
        problem: String,
    },

    /// `initdb` failed for another reason.
    #[error("PostgreSQL could not create its data in {}: {output}", path.display())]
    Init {
        /// The cluster's folder.
        path: PathBuf,
        /// The line of its output that names the reason.
        output: String,
    },

    /// The server exited during its start for another reason.
    #[error("PostgreSQL did not start on {}: {output} (the whole log is {})", path.display(), log.display())]
    Start {
        /// The cluster's folder.
        path: PathBuf,
        /// The line of its log that names the reason.
        output: String,
        /// The log file.
        log: PathBuf,
    },

    /// A wait took too long.
    #[error("{what} after {seconds} s: look at {} and try again", log.display())]
    Timeout {
        /// What still has not happened, as a clause.
        what: String,
        /// How long the wait was.
        seconds: u64,
        /// The server's log.
        log: PathBuf,
    },

    /// The server runs but did not answer as expected.
    #[error("the private PostgreSQL at {} gave an unexpected answer: {message}", socket.display())]
    Database {
        /// The folder of its socket.
        socket: PathBuf,
        /// The error text of the server or the driver.
        message: String,
    },
}

impl EmbeddedError {
    /// Makes the error for a failed file operation; a full disk has its own variant.
    pub(super) fn io(action: &'static str, path: &Path, cause: io::Error) -> Self {
        if cause.kind() == io::ErrorKind::StorageFull {
            return Self::DiskFull(path.to_path_buf());
        }
        Self::Io {
            action,
            path: path.to_path_buf(),
            cause,
        }
    }
}
