//! The paths of one private PostgreSQL.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::ErrorKind,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use nix::fcntl::OFlag;
use sha2::{Digest, Sha256};

use super::{account::Account, error::EmbeddedError};

/// The port, which here only names the socket.
pub(super) const PORT: u16 = 5432;

/// The longest path of a Unix socket, one byte less than `sun_path`.
const MAX_SOCKET_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// A log longer than this is renamed at the next start.
const MAX_LOG: u64 = 8 * 1024 * 1024;

/// The paths of one private PostgreSQL, all derived from its data directory.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The configured data directory, absolute and without symbolic links.
    pub root: PathBuf,
    /// The cluster itself, PostgreSQL's own data directory.
    pub data: PathBuf,
    /// Where `initdb` works before the folder is renamed to `data`.
    pub partial: PathBuf,
    /// The server's log.
    pub log: PathBuf,
    /// Held by the program that starts or stops the server.
    pub start_lock: PathBuf,
    /// Exists while the server is to stay stopped: whoever watches it does not start it.
    pub stopped: PathBuf,
    /// Held as long as any process of the server lives: they inherit it as stdin.
    pub server_lock: PathBuf,
    /// The socket's folder.
    pub socket_dir: PathBuf,
}

impl Layout {
    /// Derives the paths from `data_dir`, which need not exist.
    pub(super) fn new(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let root = resolve(data_dir)?;
        Ok(Self {
            data: root.join("data"),
            partial: root.join("data.partial"),
            log: root.join("postgres.log"),
            start_lock: root.join("start.lock"),
            stopped: root.join("stopped"),
            server_lock: root.join("server.lock"),
            socket_dir: socket_dir(&root),
            root,
        })
    }

    /// Returns whether the server was stopped on purpose and not started since.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.exists()
    }

    /// Records that the server was stopped on purpose.
    pub(super) fn mark_stopped(&self) -> Result<(), EmbeddedError> {
        File::create(&self.stopped)
            .map(drop)
            .map_err(|error| EmbeddedError::io("create", &self.stopped, error))
    }

    /// Removes the record that the server was stopped.
    pub(super) fn clear_stopped(&self) -> Result<(), EmbeddedError> {
        match fs::remove_file(&self.stopped) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(EmbeddedError::io("remove", &self.stopped, error)),
            _ => Ok(()),
        }
    }

    /// Creates the root and its missing parents so that `account` can enter.
    pub(super) fn create_root(&self, account: &Account) -> Result<(), EmbeddedError> {
        if self.root.exists() && !self.root.is_dir() {
            return Err(EmbeddedError::NotADirectory(self.root.clone()));
        }
        account.check_can_enter(&self.root)?;
        let missing: Vec<&Path> = self.root.ancestors().take_while(|folder| !folder.exists()).collect();
        for folder in missing.into_iter().rev() {
            match fs::create_dir(folder) {
                // Another program created it first.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                result => result.map_err(|error| EmbeddedError::io("create", folder, error))?,
            }
            // Set explicitly: root's umask may close the folder to the server's account.
            let mode = match (folder == self.root, account.is_other()) {
                (true, true) => 0o711,
                (false, true) => 0o755,
                (_, false) => 0o700,
            };
            set_mode(folder, mode)?;
        }
        Ok(())
    }

    /// Creates the socket's folder, or checks that the existing one belongs to `account` alone.
    pub(super) fn create_socket_dir(&self, account: &Account) -> Result<(), EmbeddedError> {
        let folder = &self.socket_dir;
        match DirBuilder::new().mode(0o700).create(folder) {
            Ok(()) => return account.own(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(EmbeddedError::io("create", folder, error)),
        }
        let unfit = |problem: String| EmbeddedError::SocketFolder {
            path: folder.clone(),
            problem,
        };
        // Not following links: anyone may create one in a shared folder.
        let metadata = fs::symlink_metadata(folder).map_err(|error| EmbeddedError::io("read", folder, error))?;
        if !metadata.is_dir() {
            return Err(unfit("is not a folder".to_owned()));
        }
        if metadata.uid() == 0 && account.is_other() {
            // A root program may have been killed before it changed the owner.
            account.own(folder)?;
        } else if metadata.uid() != account.uid() {
            return Err(unfit(format!("belongs to another user (number {})", metadata.uid())));
        }
        if metadata.mode() & 0o077 != 0 {
            set_mode(folder, 0o700)?;
        }
        Ok(())
    }

    /// Removes an unused socket and its lock file.
    ///
    /// PostgreSQL would trust the process number in that file even if it now belongs to a zombie or to another program.
    pub(super) fn clear_socket(&self) -> Result<(), EmbeddedError> {
        let lock = self.socket_dir.join(format!(".s.PGSQL.{PORT}.lock"));
        for path in [lock, self.socket()] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(EmbeddedError::io("remove", &path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes the socket's folder if it is empty, so that none stays in `/tmp` after the data is removed.
    pub(super) fn remove_socket_dir(&self) {
        if let Err(error) = fs::remove_dir(&self.socket_dir) {
            log::debug!("{} stays: {error}", self.socket_dir.display());
        }
    }

    /// Returns the socket's path in its usual folder.
    pub(super) fn socket(&self) -> PathBuf {
        socket_in(&self.socket_dir, PORT)
    }

    /// Opens the log for appending; a long one is renamed first.
    pub(super) fn open_log(&self) -> Result<File, EmbeddedError> {
        if fs::symlink_metadata(&self.log).is_ok_and(|metadata| metadata.len() > MAX_LOG) {
            let old = self.log.with_extension("log.old");
            fs::rename(&self.log, &old).map_err(|error| EmbeddedError::io("rename", &self.log, error))?;
        }
        own_file()
            .append(true)
            .open(&self.log)
            .map_err(|error| EmbeddedError::io("open", &self.log, error))
    }

    /// Returns the version in the cluster's `PG_VERSION` file, or `None` without a cluster.
    pub(super) fn cluster_version(&self) -> Result<Option<String>, EmbeddedError> {
        let path = self.data.join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(version) => Ok(Some(version.trim().to_owned())),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(EmbeddedError::io("read", &path, error)),
        }
    }
}

/// Opens a file for reading and writing, creating it if missing.
pub(super) fn open(path: &Path) -> Result<File, EmbeddedError> {
    own_file()
        .write(true)
        .open(path)
        .map_err(|error| EmbeddedError::io("open", path, error))
}

/// Options for this program's own files: private, and not opened through symbolic links.
fn own_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .create(true)
        .mode(0o600)
        .custom_flags(OFlag::O_NOFOLLOW.bits());
    options
}

/// Returns the socket's path of a server with `port` in `folder`.
pub(super) fn socket_in(folder: &Path, port: u16) -> PathBuf {
    folder.join(format!(".s.PGSQL.{port}"))
}

fn set_mode(folder: &Path, mode: u32) -> Result<(), EmbeddedError> {
    fs::set_permissions(folder, Permissions::from_mode(mode))
        .map_err(|error| EmbeddedError::io("set the mode of", folder, error))
}

/// Makes a path absolute and resolves links as far as it exists, so that every program names the same socket.
fn resolve(path: &Path) -> Result<PathBuf, EmbeddedError> {
    let absolute = std::path::absolute(path).map_err(|error| EmbeddedError::io("resolve", path, error))?;
    let resolved = absolute.ancestors().find_map(|existing| {
        let real = existing.canonicalize().ok()?;
        let rest = absolute.strip_prefix(existing).ok()?;
        Some(if rest.as_os_str().is_empty() {
            real
        } else {
            real.join(rest)
        })
    });
    Ok(resolved.unwrap_or(absolute))
}

/// Returns the socket's folder: under the root, or, if that path is too long for a socket or cannot be written in a
/// list of hosts, in `/tmp` under a hash of the root.
///
/// `$XDG_RUNTIME_DIR` would vanish at logout while the server runs on, and differs between sessions.
fn socket_dir(root: &Path) -> PathBuf {
    let near = root.join("run");
    let fits = socket_in(&near, PORT).as_os_str().len() <= MAX_SOCKET_PATH;
    let plain = root
        .as_os_str()
        .as_bytes()
        .iter()
        .all(|byte| byte.is_ascii_graphic() && !b",\"'\\".contains(byte));
    if fits && plain {
        return near;
    }
    let digest = Sha256::digest(root.as_os_str().as_bytes());
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Path::new("/tmp").join(format!("scrapersky-{name}"))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{MAX_SOCKET_PATH, PORT, socket_dir, socket_in};

    #[test]
    fn keeps_the_socket_near_the_data() {
        assert_eq!(
            socket_dir(Path::new("/var/lib/scrapersky")),
            PathBuf::from("/var/lib/scrapersky/run")
        );
    }

    #[test]
    fn moves_a_socket_that_cannot_be_named_there() {
        for root in [
            format!("/srv/{}", "x".repeat(100)),
            "/srv/a,b".to_owned(),
            "/srv/a b".to_owned(),
        ] {
            let folder = socket_dir(Path::new(&root));
            assert!(folder.starts_with("/tmp"), "{}", folder.display());
            assert!(socket_in(&folder, PORT).as_os_str().len() <= MAX_SOCKET_PATH);
            assert_eq!(folder, socket_dir(Path::new(&root)));
        }
    }
}
