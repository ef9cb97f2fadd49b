//! Starts the server.

use std::{
    fs::{File, TryLockError},
    os::unix::{net::UnixStream, process::CommandExt},
    path::Path,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use super::{
    account::Account,
    create,
    error::EmbeddedError,
    layout::{self, Layout, PORT},
    locate::{self, Installation},
    options::{Durability, EmbeddedOptions},
    output::{inherit, is_full, read_from, says_full, telling_line},
    postmaster::{self, Live, Presence},
};

/// How often the files are checked during a wait.
pub(super) const POLL: Duration = Duration::from_millis(5);

/// How long to wait for another program's start or stop.
const LOCK_TIMEOUT: Duration = Duration::from_secs(120);

/// How long a server may take to start or stop. Crash recovery replays everything since the last checkpoint.
pub(super) const SERVER_TIMEOUT: Duration = Duration::from_secs(300);

/// Waits longer than this are logged.
const NOTICEABLE: Duration = Duration::from_secs(2);

/// How long the children of a killed server may keep its shared memory.
const ORPHAN_TIMEOUT: Duration = Duration::from_secs(20);

/// Waits for the start lock, held until the file is dropped.
pub(super) fn lock_start(layout: &Layout) -> Result<File, EmbeddedError> {
    lock(&layout.start_lock, layout)
}

/// Waits until the server is neither starting nor stopping.
pub(super) fn settle(layout: &Layout) -> Result<Presence, EmbeddedError> {
    let begun = Instant::now();
    let mut told = false;
    loop {
        if !told && begun.elapsed() > NOTICEABLE {
            told = true;
            log::info!("waiting for the server on {} to start or stop", layout.data.display());
        }
        match postmaster::look(layout)? {
            Presence::Changing { pid } if begun.elapsed() > SERVER_TIMEOUT => {
                let process = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
                let what = format!(
                    "a server{process} on {} neither finishes starting nor stopping",
                    layout.data.display()
                );
                return Err(EmbeddedError::Timeout {
                    what,
                    seconds: SERVER_TIMEOUT.as_secs(),
                    log: layout.log.clone(),
                });
            }
            Presence::Changing { .. } => thread::sleep(POLL),
            presence => return Ok(presence),
        }
    }
}

/// Returns the running server, or starts one; the caller holds the start lock.
pub(super) fn ensure_running(
    layout: &Layout,
    options: &EmbeddedOptions,
    account: &Account,
) -> Result<(Live, bool), EmbeddedError> {
    loop {
        match settle(layout)? {
            Presence::Live(live) => return Ok((live, true)),
            Presence::Deaf { pid } => {
                log::warn!("the socket of the private PostgreSQL (process {pid}) is gone: restarting the server");
                postmaster::interrupt(pid, layout)?;
                thread::sleep(POLL);
            }
            Presence::Stale => postmaster::clear_stale(layout)?,
            Presence::None | Presence::Changing { .. } => break,
        }
    }
    // Held until the last process of the server has ended.
    let server_lock = lock(&layout.server_lock, layout)?;
    layout.create_socket_dir(account)?;
    if UnixStream::connect(layout.socket()).is_ok() {
        return Err(EmbeddedError::SocketTaken(layout.socket()));
    }
    layout.clear_socket()?;
    let version = layout.cluster_version()?;
    let installation = locate::find(options.pg_bin.as_deref(), version.as_deref(), &layout.data, account)?;
    if version.is_none() {
        create::create_cluster(layout, options, account, &installation, &server_lock)?;
    }
    let begun = Instant::now();
    loop {
        match start_server(layout, options, account, &installation, &server_lock) {
            // A server started by hand, without the lock, was killed: its children are about to exit.
            Err(EmbeddedError::Start { output, .. })
                if output.contains("pre-existing shared memory block") && begun.elapsed() < ORPHAN_TIMEOUT =>
            {
                thread::sleep(POLL);
            }
            result => return result.map(|live| (live, false)),
        }
    }
}

/// Starts `postgres` in its own process group and waits until it accepts connections.
fn start_server(
    layout: &Layout,
    options: &EmbeddedOptions,
    account: &Account,
    installation: &Installation,
    server_lock: &File,
) -> Result<Live, EmbeddedError> {
    let log = layout.open_log()?;
    let log_start = log.metadata().map_or(0, |metadata| metadata.len());
    let mut child = spawn(layout, options, account, installation, server_lock, log)?;
    let begun = Instant::now();
    loop {
        // Checked before the look, so that a server that just exited does not count as starting.
        let ended = child
            .try_wait()
            .map_err(|error| EmbeddedError::io("wait for the server on", &layout.data, error))?;
        if let Presence::Live(live) = postmaster::look(layout)? {
            reap(child);
            return Ok(live);
        }
        if let Some(status) = ended {
            return Err(start_failure(layout, log_start, &status.to_string()));
        }
        if begun.elapsed() > SERVER_TIMEOUT {
            let what = format!(
                "PostgreSQL still does not accept connections on {}",
                layout.data.display()
            );
            reap(child);
            return Err(EmbeddedError::Timeout {
                what,
                seconds: SERVER_TIMEOUT.as_secs(),
                log: layout.log.clone(),
            });
        }
        thread::sleep(POLL);
    }
}

fn spawn(
    layout: &Layout,
    options: &EmbeddedOptions,
    account: &Account,
    installation: &Installation,
    server_lock: &File,
    log: File,
) -> Result<Child, EmbeddedError> {
    let port = PORT.to_string();
    let mut command = installation.command("postgres", account);
    command
        .arg("-D")
        .arg(&layout.data)
        .arg("-k")
        .arg(&layout.socket_dir)
        .args(["-p", &port]);
    set(
        &mut command,
        &[
            "listen_addresses=",
            "unix_socket_permissions=0700",
            "logging_collector=off",
        ],
    );
    if options.durability == Durability::Throwaway {
        set(
            &mut command,
            &[
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                "autovacuum=off",
                "max_connections=300",
                "wal_level=minimal",
                "max_wal_senders=0",
                // Inside the data directory, so that nothing is left elsewhere when it is removed.
                "dynamic_shared_memory_type=mmap",
            ],
        );
    }
    let log_again = log
        .try_clone()
        .map_err(|error| EmbeddedError::io("open", &layout.log, error))?;
    command
        .stdin(inherit(server_lock, &layout.server_lock)?)
        .stdout(log)
        .stderr(log_again);
    // A process group of its own: Ctrl-C stops the program, not the server.
    command.process_group(0);
    command
        .spawn()
        .map_err(|error| EmbeddedError::io("start a server on", &layout.data, error))
}

fn set(command: &mut Command, settings: &[&str]) {
    for setting in settings {
        command.args(["-c", setting]);
    }
}

/// Waits for the server in the background, so that it does not stay a zombie if it ends before the program.
fn reap(mut child: Child) {
    let waiter = thread::Builder::new().name("postgres".to_owned());
    if let Err(error) = waiter.spawn(move || child.wait()) {
        log::warn!("cannot start a thread to wait for the end of PostgreSQL: {error}");
    }
}

fn start_failure(layout: &Layout, log_start: u64, status: &str) -> EmbeddedError {
    let said = read_from(&layout.log, log_start).unwrap_or_default();
    if says_full(&said) || is_full(&layout.root) {
        return EmbeddedError::DiskFull(layout.root.clone());
    }
    let line = telling_line(&said);
    let output = if line.is_empty() {
        format!("it ended with {status}")
    } else {
        line
    };
    EmbeddedError::Start {
        path: layout.data.clone(),
        output,
        log: layout.log.clone(),
    }
}

fn lock(path: &Path, layout: &Layout) -> Result<File, EmbeddedError> {
    let file = layout::open(path)?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_TIMEOUT => thread::sleep(POLL),
            Err(TryLockError::WouldBlock) => {
                return Err(EmbeddedError::Timeout {
                    what: format!("another program still holds {}", path.display()),
                    seconds: LOCK_TIMEOUT.as_secs(),
                    log: layout.log.clone(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(EmbeddedError::io("lock", path, error)),
        }
    }
}
