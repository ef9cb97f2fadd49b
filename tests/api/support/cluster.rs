//! The throw-away PostgreSQL that all test processes of a run share.
//!
//! A test has no last moment at which it could stop a server: its process exits, or is killed. So every test process
//! holds a shared lock on one file for as long as it lives, and a supervisor (this binary run again, in its own process
//! group) waits for the exclusive one. When it gets it, nobody is left: it stops the server and removes the folder.
//! While it does so new test processes wait at the same lock, and find a clean place.
//!
//! The lock files lie in cargo's folder for test files, one set a checkout and user; they are empty and stay.

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

/// cargo-nextest runs each test in its own process: between two of them the server should live on.
const GRACE_BETWEEN_PROCESSES: Duration = Duration::from_secs(1);

const SWEEP_PATIENCE: Duration = Duration::from_secs(30);

/// Returns the URL of the database `postgres`, as its superuser, on the shared server; starts that when needed.
///
/// `TEST_DATABASE_URL`, where it is set, is returned instead.
pub fn admin_url() -> String {
    static URL: OnceLock<String> = OnceLock::new();
    let start = || env::var("TEST_DATABASE_URL").unwrap_or_else(|_| start_cluster());
    URL.get_or_init(start).clone()
}

/// Says how the private PostgreSQL of a test in `folder` is run.
pub fn throwaway(folder: &Path) -> EmbeddedOptions {
    EmbeddedOptions {
        data_dir: folder.to_path_buf(),
        pg_bin: None,
        durability: Durability::Throwaway,
    }
}

/// A folder of one test, whose private PostgreSQL is stopped with it.
///
/// It lies in the run's folder, so that the supervisor finds what a killed test left.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes an empty folder, entered by whoever runs PostgreSQL.
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = run_folder().join(format!("scratch-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the test");
        Self(folder)
    }

    /// Returns a path in it.
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

/// Waits until no test process lives, then removes everything the run made.
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
    // Again while something changes under it: an initdb that outlived its killed test still writes.
    let begun = Instant::now();
    while folder.exists() && begun.elapsed() < SWEEP_PATIENCE {
        stop_below(folder);
        if fs::remove_dir_all(folder).is_err() {
            thread::sleep(Duration::from_millis(10));
        }
    }
    // First the supervisor's lock, which is its stdin, and then the users' by the drop: were it the other way, the next run
    // would still find a supervisor, which does nothing any more, and start none of its own.
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
        // Left by a run that was killed together with its supervisor; without fsync its data is worth nothing.
        fs::remove_dir_all(&folder).expect("an old cluster can be removed");
    }
    EmbeddedPostgres::start(&options)
        .expect("the shared server starts")
        .url("postgres")
}

/// Returns the folder of this run, kept until the last test process is gone.
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
        // The lock passes to the supervisor with its stdin, so there is no moment without it and never a second one.
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

/// Counts this process among those whose end the supervisor waits for, until the file is dropped.
pub fn count_in() -> File {
    let user = open_lock("users");
    user.lock_shared().expect("the users' lock");
    user
}

/// Names the run's folder: in memory where the system has a file system for it, the same for all processes of a checkout.
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

/// Ends a server at once, without letting it write anything: its folder is about to be removed.
fn stop(options: &EmbeddedOptions) {
    let Ok(status) = EmbeddedPostgres::status(options) else {
        return;
    };
    // Called while a test unwinds: complaints are printed, and the supervisor tries again.
    if let Ok(Some(postgres)) = EmbeddedPostgres::find(options)
        && kill(Pid::from_raw(postgres.pid()), Signal::SIGQUIT).is_ok()
        && let Err(error) = postgres.stop()
    {
        eprintln!("{error}");
    }
    // A socket whose path would be too long lies elsewhere; its server may have been killed before it could clean up.
    if let Some(folder) = status.socket.parent()
        && folder.exists()
        && let Err(error) = fs::remove_dir_all(folder)
    {
        eprintln!("cannot remove {}: {error}", folder.display());
    }
}
