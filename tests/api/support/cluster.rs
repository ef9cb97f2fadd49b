//! The throw-away PostgreSQL shared by all test processes of a run.
//!
//! A test process cannot stop the server at its end, since it exits or is killed. So every test process holds a shared
//! lock on one file while it lives, and a supervisor (this binary, run again in its own process group) waits for the
//! exclusive lock. When the supervisor gets it, no test process is left, and it stops the server and removes the
//! folder. New test processes meanwhile wait for the same lock, and find a clean place.
//!
//! The empty lock files stay in cargo's folder for test files, one set per checkout and user.

use std::{
    collections::hash_map::DefaultHasher,
    env,
    fs::{self, File, OpenOptions},
    hash::{Hash, Hasher},
    os::fd::AsFd,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Stdio,
    sync::OnceLock,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, geteuid},
};
use postgres::{Durability, EmbeddedOptions, EmbeddedPostgres, EmbeddedState};

use super::process::helper_command;

/// cargo-nextest runs each test in its own process: the server should survive the gaps.
const GRACE_BETWEEN_PROCESSES: Duration = Duration::from_secs(1);

const SWEEP_TIMEOUT: Duration = Duration::from_secs(30);

/// Returns the superuser's URL of the database `postgres` on the shared server, starting that if needed.
///
/// Returns `TEST_DATABASE_URL` instead, if set.
pub fn admin_url() -> String {
    static URL: OnceLock<String> = OnceLock::new();
    let start = || env::var("TEST_DATABASE_URL").unwrap_or_else(|_| start_cluster());
    URL.get_or_init(start).clone()
}

/// Returns the options of a test's private PostgreSQL in `folder`.
pub fn throwaway(folder: &Path) -> EmbeddedOptions {
    EmbeddedOptions {
        data_dir: folder.to_path_buf(),
        pg_bin: None,
        durability: Durability::Throwaway,
    }
}

/// A test's folder, whose private PostgreSQL is stopped on drop.
///
/// It is inside the run's folder, so that the supervisor cleans up after killed tests.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Creates an empty folder that PostgreSQL's account can enter.
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = run_folder().join(format!("scratch-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the test");
        Self(folder)
    }

    /// Returns a path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        stop_below(&self.0);
        let removed = fs::remove_dir_all(&self.0);
        if !thread::panicking() {
            removed.expect("the test's folder can be removed");
        }
    }
}

/// Waits until no test process lives, then removes all files of the run.
pub fn supervise(folder: &Path) {
    let users = open_lock("users");
    loop {
        users.lock().expect("the users' lock");
        if env::var_os("NEXTEST").is_none() {
            break;
        }
        users.unlock().expect("the users' lock");
        thread::sleep(GRACE_BETWEEN_PROCESSES);
        if users.try_lock().is_ok() {
            break;
        }
    }
    // Repeated while files change: an initdb may outlive its killed test.
    let begun = Instant::now();
    while folder.exists() && begun.elapsed() < SWEEP_TIMEOUT {
        stop_below(folder);
        if fs::remove_dir_all(folder).is_err() {
            thread::sleep(Duration::from_millis(10));
        }
    }
    // The supervisor's lock, which is its stdin, is released before the users' lock: otherwise the next run would find
    // a supervisor that does nothing any more, and start none.
    let own = std::io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .expect("the supervisor's stdin");
    File::from(own).unlock().expect("the supervisor's lock");
}

fn start_cluster() -> String {
    let folder = run_folder().join("cluster");
    let options = throwaway(&folder);
    let _starting = locked("start");
    let status = EmbeddedPostgres::status(&options).expect("the shared server's status");
    if matches!(status.state, EmbeddedState::Stale | EmbeddedState::Stopped) {
        // Left by a run that was killed together with its supervisor; without fsync its data is useless.
        fs::remove_dir_all(&folder).expect("an old cluster can be removed");
    }
    EmbeddedPostgres::start(&options)
        .expect("the shared server starts")
        .url("postgres")
}

/// Returns the run's folder, kept until the last test process has ended.
#[expect(
    clippy::zombie_processes,
    reason = "the supervisor outlives this process: it waits for its end"
)]
fn run_folder() -> &'static Path {
    static FOLDER: OnceLock<(PathBuf, File)> = OnceLock::new();
    let (folder, _user) = FOLDER.get_or_init(|| {
        let user = count_in();
        let _starting = locked("start");
        let folder = folder_of_checkout();
        if let Ok(metadata) = fs::symlink_metadata(&folder) {
            assert_eq!(
                metadata.uid(),
                geteuid().as_raw(),
                "{} belongs to somebody else",
                folder.display()
            );
        }
        // The supervisor inherits the lock as its stdin, so that it is never free and there is never a second
        // supervisor.
        let supervisor = open_lock("supervisor");
        if supervisor.try_lock().is_ok() {
            helper_command("supervise", &folder)
                .current_dir("/")
                .process_group(0)
                .stdin(Stdio::from(supervisor))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the supervisor starts");
        }
        fs::create_dir_all(&folder).expect("the run's folder");
        (folder, user)
    });
    folder
}

/// Registers this process with the supervisor until the file is dropped.
pub fn count_in() -> File {
    let user = open_lock("users");
    user.lock_shared().expect("the users' lock");
    user
}

/// Returns the run's folder: in memory if the system has such a file system, and the same for all processes of a
/// checkout.
fn folder_of_checkout() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_TARGET_TMPDIR").hash(&mut hasher);
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() {
        memory.to_path_buf()
    } else {
        env::temp_dir()
    };
    base.join(format!("scrapersky-test-{}-{:016x}", geteuid(), hasher.finish()))
}

fn locked(name: &str) -> File {
    let file = open_lock(name);
    file.lock().expect("a lock of the tests");
    file
}

fn open_lock(name: &str) -> File {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(folder).expect("cargo's folder for test files");
    let path = folder.join(format!("postgres-{}.{name}", geteuid()));
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    file.expect("a lock file of the tests")
}

/// Stops the private PostgreSQL of every folder below.
fn stop_below(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
        if !entry.path().join("server.lock").exists() {
            stop_below(&entry.path());
        } else {
            stop(&throwaway(&entry.path()));
        }
    }
}

/// Stops a server immediately, without writing: its folder is about to be removed.
fn stop(options: &EmbeddedOptions) {
    let Ok(status) = EmbeddedPostgres::status(options) else {
        return;
    };
    // This may run while a test unwinds: errors are printed, and the supervisor tries again.
    if let Ok(Some(postgres)) = EmbeddedPostgres::find(options)
        && kill(Pid::from_raw(postgres.pid()), Signal::SIGQUIT).is_ok()
        && let Err(error) = postgres.stop()
    {
        eprintln!("{error}");
    }
    // A socket with a long path is elsewhere; its server may have been killed before it could remove it.
    if let Some(folder) = status.socket.parent()
        && folder.exists()
        && let Err(error) = fs::remove_dir_all(folder)
    {
        eprintln!("cannot remove {}: {error}", folder.display());
    }
}
