//! A separate PostgreSQL, for tests that restart the server or change how it listens.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, User, chown};
use uuid::Uuid;

/// A running server, stopped and removed at the end of the test.
pub struct Server {
    dir: PathBuf,
    port: u16,
    owner: Option<(Uid, Gid)>,
    process: Option<Child>,
}

impl Server {
    /// Starts a server on a free port of 127.0.0.1 and on a Unix socket.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let dir = PathBuf::from(format!("/tmp/sky-{}", &Uuid::new_v4().simple().to_string()[..8]));
        fs::create_dir(&dir).unwrap();
        // PostgreSQL refuses to run as root.
        let owner = Uid::effective().is_root().then(|| {
            let user = User::from_name("postgres")
                .unwrap()
                .expect("a user to run PostgreSQL as");
            chown(&dir, Some(user.uid), Some(user.gid)).unwrap();
            (user.uid, user.gid)
        });
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self {
            dir,
            port,
            owner,
            process: None,
        };
        let data = server.dir.join("data");
        let made = server
            .program("initdb")
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "-D"])
            .arg(&data)
            .status()
            .unwrap();
        assert!(made.success());
        let mut conf = fs::OpenOptions::new()
            .append(true)
            .open(data.join("postgresql.conf"))
            .unwrap();
        writeln!(conf, "listen_addresses = '127.0.0.1'\nport = {port}\nfsync = off").unwrap();
        writeln!(conf, "unix_socket_directories = '{}'", server.dir.display()).unwrap();
        for (name, value) in settings {
            writeln!(conf, "{name} = '{value}'").unwrap();
        }
        server.run();
        server
    }

    /// Writes a file into the server's folder that only the server's user can read.
    pub fn write_secret(dir: &Path, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = dir.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        if Uid::effective().is_root() {
            let user = User::from_name("postgres").unwrap().unwrap();
            chown(&path, Some(user.uid), Some(user.gid)).unwrap();
        }
        path
    }

    /// The server's TCP URL with another host.
    pub fn tcp_url(&self, host: &str) -> String {
        format!("postgresql://postgres@{host}:{}/postgres", self.port)
    }

    /// Restarts the server as an operator does, ending every session.
    pub fn restart(&mut self) {
        self.stop(Signal::SIGINT);
        self.run();
    }

    /// Stops the server; `SIGINT` is a fast shutdown.
    pub fn stop(&mut self, signal: Signal) {
        if let Some(mut process) = self.process.take() {
            kill(Pid::from_raw(i32::try_from(process.id()).unwrap()), signal).unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts the server after [`Server::stop`].
    pub fn run(&mut self) {
        let data = self.dir.join("data");
        self.process = Some(self.program("postgres").arg("-D").arg(&data).spawn().unwrap());
        let deadline = Instant::now() + Duration::from_secs(60);
        let ready = || fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|text| text.contains("\nready"));
        while !ready() {
            assert!(Instant::now() < deadline, "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(bindir().join(name));
        command
            .current_dir(&self.dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((uid, gid)) = self.owner {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = kill(Pid::from_raw(i32::try_from(process.id()).unwrap()), Signal::SIGQUIT);
            let _ = process.wait();
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn bindir() -> PathBuf {
    if let Some(dir) = std::env::var_os("SCRAPERSKY_PG_BIN") {
        return dir.into();
    }
    let mut found: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")).filter(|bin| bin.join("postgres").exists()))
        .collect();
    found.sort();
    found
        .pop()
        .expect("PostgreSQL under /usr/lib/postgresql, or SCRAPERSKY_PG_BIN")
}
