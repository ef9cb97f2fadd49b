//! Where the files of one private PostgreSQL lie.

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

/// The port, which is only a part of the socket's name here.
pub(super) const PORT: u16 = 5432;

/// The longest path a Unix socket can have, one byte less than `sun_path`.
const MAX_SOCKET_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// A log longer than this is set aside at the next start.
const MAX_LOG: u64 = 8 * 1024 * 1024;

/// The files of one private PostgreSQL, all named by its data directory.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The data directory the operator named, absolute and without links.
    pub root: PathBuf,
    /// The cluster itself, PostgreSQL's own data directory.
    pub data: PathBuf,
    /// Where `initdb` works before its result becomes `data` by a rename.
    pub partial: PathBuf,
    /// The server's log.
    pub log: PathBuf,
    /// Held by whoever is starting or stopping the server.
    pub start_lock: PathBuf,
    /// Held by the processes of the server for as long as one of them lives: they inherit it as their stdin.
    pub server_lock: PathBuf,
    /// The folder of the socket.
    pub socket_dir: PathBuf,
}

impl Layout {
    /// Names the files under `data_dir`, which need not exist.
    pub(super) fn new(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let root = resolve(data_dir)?;
        Ok(Self {
            data: root.join("data"),
            partial: root.join("data.partial"),
            log: root.join("postgres.log"),
            start_lock: root.join("start.lock"),
            server_lock: root.join("server.lock"),
            socket_dir: socket_dir(&root),
            root,
        })
    }

    /// Creates the root and whatever is missing above it, so that `account` can enter.
    pub(super) fn create_root(&self, account: &Account) -> Result<(), EmbeddedError> {
        if self.root.exists() && !self.root.is_dir() {
            return Err(EmbeddedError::NotADirectory(self.root.clone()));
        }
        account.check_can_enter(&self.root)?;
        let missing: Vec<&Path> = self.root.ancestors().take_while(|folder| !folder.exists()).collect();
        for folder in missing.into_iter().rev() {
            match fs::create_dir(folder) {
                // Another program that starts at the same time was faster.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                result => result.map_err(|error| EmbeddedError::io("create", folder, error))?,
            }
            // Said explicitly: the umask of a root shell may close the folder to the server's account.
            let mode = match (folder == self.root, account.is_other()) {
                (true, true) => 0o711,
                (false, true) => 0o755,
                (_, false) => 0o700,
            };
            set_mode(folder, mode)?;
        }
        Ok(())
    }

    /// Creates the socket's folder, or checks that the one there belongs to `account` alone.
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
        // Not following links: anyone may plant one in a shared folder.
        let metadata = fs::symlink_metadata(folder).map_err(|error| EmbeddedError::io("read", folder, error))?;
        if !metadata.is_dir() {
            return Err(unfit("is not a folder".to_owned()));
        }
        if metadata.uid() == 0 && account.is_other() {
            // Made by a root program that was killed before it could hand the folder over.
            account.own(folder)?;
        } else if metadata.uid() != account.uid() {
            return Err(unfit(format!("belongs to another user (number {})", metadata.uid())));
        }
        if metadata.mode() & 0o077 != 0 {
            set_mode(folder, 0o700)?;
        }
        Ok(())
    }

    /// Removes the socket, on which nobody listens, and the lock file beside it.
    ///
    /// PostgreSQL would trust the process number in that file even if it is a zombie's or a stranger's by now.
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

    /// Removes the socket's folder if it is empty; one in `/tmp` would be left for ever when the data is thrown away.
    pub(super) fn remove_socket_dir(&self) {
        if let Err(error) = fs::remove_dir(&self.socket_dir) {
            log::debug!("{} stays: {error}", self.socket_dir.display());
        }
    }

    /// Returns the path of the socket in its usual folder.
    pub(super) fn socket(&self) -> PathBuf {
        socket_in(&self.socket_dir, PORT)
    }

    /// Opens the log for appending, the one before set aside when it has grown long.
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

    /// Returns the cluster's version as it says itself, `None` where there is no cluster.
    pub(super) fn cluster_version(&self) -> Result<Option<String>, EmbeddedError> {
        let path = self.data.join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(version) => Ok(Some(version.trim().to_owned())),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(EmbeddedError::io("read", &path, error)),
        }
    }
}

/// Opens a file for reading and writing, created when missing.
pub(super) fn open(path: &Path) -> Result<File, EmbeddedError> {
    own_file()
        .write(true)
        .open(path)
        .map_err(|error| EmbeddedError::io("open", path, error))
}

/// Options for a file of this program's: private, and never reached through a link somebody planted.
fn own_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .create(true)
        .mode(0o600)
        .custom_flags(OFlag::O_NOFOLLOW.bits());
    options
}

/// Returns the path of the socket that a server with `port` has in `folder`.
pub(super) fn socket_in(folder: &Path, port: u16) -> PathBuf {
    folder.join(format!(".s.PGSQL.{port}"))
}

fn set_mode(folder: &Path, mode: u32) -> Result<(), EmbeddedError> {
    fs::set_permissions(folder, Permissions::from_mode(mode))
        .map_err(|error| EmbeddedError::io("set the mode of", folder, error))
}

/// Makes a path absolute and free of links, as far as it exists: every finder must name the same socket.
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

/// Names the folder of the socket: under the root, or, where that path is too long for a socket or cannot be written
/// in a list of hosts, in `/tmp`, named by a hash of the root.
///
/// `$XDG_RUNTIME_DIR` would vanish at logout under a server that lives on, and differs between sessions.
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
