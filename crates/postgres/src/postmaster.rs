//! Detects whether a server runs on a data directory.

use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    os::unix::{ffi::OsStrExt, net::UnixStream},
    path::{Path, PathBuf},
    process::Command,
};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{
    error::EmbeddedError,
    layout::{Layout, socket_in},
};

/// A server that accepts connections.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub pid: i32,
    pub socket_dir: PathBuf,
    pub port: u16,
}

/// The state of a data directory's server at one moment.
#[derive(Debug)]
pub(super) enum Presence {
    /// Nothing runs, and no earlier server left files behind.
    None,
    /// Nothing runs, but there is a `postmaster.pid` whose process is gone or is not a server of this directory.
    Stale,
    /// A server is starting or stopping, `initdb` runs, or children of a dead server are left.
    Changing {
        /// The server's process, if there is one.
        pid: Option<i32>,
    },
    /// A server runs, but its socket is gone.
    Deaf {
        /// The server's process.
        pid: i32,
    },
    /// A server runs.
    Live(Live),
}

/// Inspects the files and processes, without changing either.
///
/// The lock that the server's processes inherit decides: it is free when the last of them has ended, even if the
/// process number in `postmaster.pid` now belongs to another program or a zombie. The number only decides for a server
/// that was started by hand on the directory, without the lock.
pub(super) fn look(layout: &Layout) -> Result<Presence, EmbeddedError> {
    let held = is_held(&layout.server_lock)?;
    let Some(file) = PidFile::read(&layout.data)? else {
        return Ok(if held {
            Presence::Changing { pid: None }
        } else {
            Presence::None
        });
    };
    let pid = file.pid.filter(|&pid| is_postmaster(pid, &layout.data));
    let Some(pid) = pid else {
        return Ok(if held {
            Presence::Changing { pid: None }
        } else {
            Presence::Stale
        });
    };
    let Some(socket_dir) = file.socket_dir.filter(|_| file.ready) else {
        return Ok(Presence::Changing { pid: Some(pid) });
    };
    let socket = socket_in(&socket_dir, file.port);
    match UnixStream::connect(&socket) {
        Ok(_) => Ok(Presence::Live(Live {
            pid,
            socket_dir,
            port: file.port,
        })),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(EmbeddedError::io("open", &socket, error)),
        Err(_) if !socket.exists() && PidFile::read(&layout.data)?.is_some_and(|file| file.ready) => {
            Ok(Presence::Deaf { pid })
        }
        Err(_) => Ok(Presence::Changing { pid: Some(pid) }),
    }
}

/// Removes the files of a dead server, so that the next one does not trust their process number.
///
/// PostgreSQL's own guard against two servers on one directory, the shared memory segment, does not need them.
pub(super) fn clear_stale(layout: &Layout) -> Result<(), EmbeddedError> {
    let path = layout.data.join("postmaster.pid");
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(EmbeddedError::io("remove", &path, error)),
        _ => Ok(()),
    }
}

/// Requests a fast shutdown: sessions end and no data is lost.
pub(super) fn interrupt(pid: i32, layout: &Layout) -> Result<(), EmbeddedError> {
    match kill(Pid::from_raw(pid), Signal::SIGINT) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(errno) => Err(EmbeddedError::io("stop the server on", &layout.data, errno.into())),
    }
}

/// The content of `postmaster.pid`.
#[derive(Debug)]
struct PidFile {
    pid: Option<i32>,
    port: u16,
    socket_dir: Option<PathBuf>,
    ready: bool,
}

impl PidFile {
    fn read(data: &Path) -> Result<Option<Self>, EmbeddedError> {
        let path = data.join("postmaster.pid");
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(Self::parse(&bytes))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(EmbeddedError::io("read", &path, error)),
        }
    }

    /// Parses the lines: process, data directory, start, port, socket folder, address, shared memory, state.
    ///
    /// The server writes them one by one, so any of them may be missing.
    fn parse(bytes: &[u8]) -> Self {
        let lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
        let line = |number: usize| {
            lines
                .get(number - 1)
                .map(|line| line.trim_ascii())
                .filter(|line| !line.is_empty())
        };
        let text = |number| line(number).and_then(|line| std::str::from_utf8(line).ok());
        Self {
            pid: text(1).and_then(|line| line.parse().ok()).filter(|&pid: &i32| pid > 1),
            port: text(4)
                .and_then(|line| line.parse().ok())
                .unwrap_or(super::layout::PORT),
            socket_dir: line(5).map(|line| PathBuf::from(std::ffi::OsStr::from_bytes(line))),
            ready: text(8) == Some("ready"),
        }
    }
}

/// Returns whether any process holds the lock on `path`; `false` if the file does not exist.
fn is_held(path: &Path) -> Result<bool, EmbeddedError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(false);
        }
        Err(error) => return Err(EmbeddedError::io("open", path, error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(EmbeddedError::io("lock", path, error)),
    }
}

/// Returns whether a process is the server of this data directory, and not one that reused its number.
fn is_postmaster(pid: i32, data: &Path) -> bool {
    if !cfg!(target_os = "linux") {
        let args = Command::new("ps")
            .args(["-ww", "-o", "args=", "-p", &pid.to_string()])
            .output();
        return args.is_ok_and(|output| names_server(&output.stdout, b' ', data));
    }
    // A zombie has neither. Many containers hide other users' working directories from root.
    let process = PathBuf::from(format!("/proc/{pid}"));
    fs::read_link(process.join("cwd")).is_ok_and(|folder| folder == data)
        || fs::read(process.join("cmdline")).is_ok_and(|args| names_server(&args, b'\0', data))
}

/// Returns whether a command line runs `postgres` on `data`.
fn names_server(args: &[u8], separator: u8, data: &Path) -> bool {
    let data = data.as_os_str().as_bytes();
    let program = args.split(|&byte| byte == separator).next().unwrap_or_default();
    let program = program.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    program == b"postgres" && args.windows(data.len()).any(|window| window == data)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{PidFile, names_server};

    #[test]
    fn reads_a_whole_pid_file() {
        let file = PidFile::parse(b"4711\n/d/data\n1700000000\n5432\n/d/run\n\n  123  456\nready   \n");
        assert_eq!(file.pid, Some(4711));
        assert_eq!(file.socket_dir, Some(PathBuf::from("/d/run")));
        assert_eq!(file.port, 5432);
        assert!(file.ready);
    }

    #[test]
    fn reads_a_pid_file_cut_off_anywhere() {
        let whole = b"4711\n/d/data\n1700000000\n5432\n/d/run\n\n  123  456\nready   \n";
        for length in 0..whole.len() - 5 {
            assert!(
                !PidFile::parse(whole.get(..length).unwrap_or_default()).ready,
                "{length}"
            );
        }
    }

    #[test]
    fn never_takes_a_process_group_or_init_for_a_server() {
        for text in ["-1", "0", "1", "", "x"] {
            assert_eq!(PidFile::parse(text.as_bytes()).pid, None, "{text}");
        }
    }

    #[test]
    fn knows_a_server_by_its_command_line() {
        let data = Path::new("/d/data");
        assert!(names_server(
            b"/usr/lib/postgresql/15/bin/postgres\0-D\0/d/data\0",
            b'\0',
            data
        ));
        assert!(!names_server(
            b"/usr/lib/postgresql/15/bin/postgres\0-D\0/e/data\0",
            b'\0',
            data
        ));
        assert!(!names_server(b"/bin/ls\0/d/data\0", b'\0', data));
        assert!(!names_server(b"", b'\0', data));
    }
}
