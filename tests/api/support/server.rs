//! A separate PostgreSQL, for tests that restart the server or change how it listens.

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, User, chown};
use uuid::Uuid;

use super::database::{connect, eventually};
use super::port;

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
        let mut server = Self::nowhere();
        let made = server
            .program("initdb")
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "-D"])
            .arg(server.data())
            .status()
            .unwrap();
        assert!(made.success());
        server.configure(&[("fsync", "off")]);
        server.configure(settings);
        server.listen();
        server.run();
        server
    }

    /// Starts a streaming standby. When this returns, commits of this server wait for it.
    pub async fn start_standby(&self) -> Self {
        let mut standby = Self::nowhere();
        let source = format!("host={} port={} user=postgres", self.dir.display(), self.port);
        let copied = standby
            .program("pg_basebackup")
            .args([
                "--dbname",
                &source,
                "--write-recovery-conf",
                "--checkpoint=fast",
                "--no-sync",
                "-D",
            ])
            .arg(standby.data())
            .status()
            .unwrap();
        assert!(copied.success());
        standby.listen();
        standby.run();
        // After the copy: the standby waits for no other when it is promoted.
        self.configure(&[("synchronous_standby_names", "*")]);
        self.signal(Signal::SIGHUP);
        let client = connect(&self.tcp_url("127.0.0.1")).await;
        eventually("the standby is synchronous", async || {
            let sync = "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'";
            client.query_opt(sync, &[]).await.unwrap().is_some()
        })
        .await;
        standby
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        let mut command = self.program("pg_ctl");
        assert!(
            command
                .args(["promote", "-D"])
                .arg(self.data())
                .status()
                .unwrap()
                .success()
        );
    }

    /// Prepares a folder and a free port.
    fn nowhere() -> Self {
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
        let port = port::free().port();
        Self {
            dir,
            port,
            owner,
            process: None,
        }
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn listen(&self) {
        self.configure(&[
            ("listen_addresses", "127.0.0.1"),
            ("port", &self.port.to_string()),
            ("unix_socket_directories", &self.dir.display().to_string()),
        ]);
    }

    fn configure(&self, settings: &[(&str, &str)]) {
        let mut conf = fs::OpenOptions::new()
            .append(true)
            .open(self.data().join("postgresql.conf"))
            .unwrap();
        for (name, value) in settings {
            writeln!(conf, "{name} = '{value}'").unwrap();
        }
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

    /// The port of 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills all processes of the server at once.
    pub fn kill(&mut self) {
        self.signal_all(Signal::SIGKILL);
        self.process.take().unwrap().wait().unwrap();
    }

    /// Stops all processes of the server where they are: its connections stay open, and nothing answers.
    pub fn freeze(&self) {
        self.signal_all(Signal::SIGSTOP);
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) {
        self.signal_all(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Signals the postmaster first, so that it starts nothing new, then its children.
    fn signal_all(&self, signal: Signal) {
        let postmaster = self.pid();
        kill(postmaster, signal).unwrap();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
                continue;
            };
            // pid (name) state parent ...; a name may contain anything.
            let parent = stat.rsplit(')').next().and_then(|rest| rest.split(' ').nth(2));
            if parent == Some(&postmaster.to_string()) {
                let pid: i32 = entry.file_name().to_str().unwrap().parse().unwrap();
                let _ = kill(Pid::from_raw(pid), signal);
            }
        }
    }

    fn pid(&self) -> Pid {
        let process = self.process.as_ref().expect("the server runs");
        Pid::from_raw(i32::try_from(process.id()).unwrap())
    }

    /// Restarts the server as an operator does, ending every session.
    pub fn restart(&mut self) {
        self.stop(Signal::SIGINT);
        self.run();
    }

    /// Stops the server; `SIGINT` is a fast shutdown.
    pub fn stop(&mut self, signal: Signal) {
        if self.process.is_some() {
            self.signal(signal);
        }
        if let Some(mut process) = self.process.take() {
            process.wait().unwrap();
        }
    }

    /// Starts the server after [`Server::stop`].
    pub fn run(&mut self) {
        let data = self.data();
        self.process = Some(self.program("postgres").arg("-D").arg(&data).spawn().unwrap());
        let deadline = Instant::now() + Duration::from_secs(60);
        let ready = || fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|text| text.contains("\nready"));
        while !ready() {
            let ended = self.process.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "PostgreSQL ended: {ended:?}");
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
        if self.process.is_some() {
            // A test may have failed while it was frozen.
            self.thaw();
            self.stop(Signal::SIGQUIT);
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
