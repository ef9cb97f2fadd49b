//! PgBouncer in front of the shared server, for runs through a pooler.
//!
//! `SCRAPERSKY_TEST_PGBOUNCER=transaction` (or `session`) sends every test with a program's pool through PgBouncer;
//! otherwise they connect directly.

use std::env;
use std::fs;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::unistd::{Uid, User, chown};
use tokio_postgres::config::Host;
use uuid::Uuid;

use super::cluster;

const PORT: u16 = 6432;

/// Returns the URL that a pool should use for the database at `url`: itself, or through the pooler.
pub fn pool_url(url: &str) -> String {
    let Ok(mode) = env::var("SCRAPERSKY_TEST_PGBOUNCER") else {
        return url.to_owned();
    };
    static POOLER: OnceLock<Pooler> = OnceLock::new();
    let pooler = POOLER.get_or_init(|| {
        // A small pool makes clients share server connections, so that leftovers of one affect the next.
        let mode = Mode::parse(&mode);
        Pooler::start(mode, if mode == Mode::Transaction { 2 } else { 40 }, PORT)
    });
    let is_pooler = pooler.mode == Mode::Transaction;
    format!("{}?pgbouncer={is_pooler}", pooler.url(url))
}

/// For how long PgBouncer gives a server connection to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// For a transaction.
    Transaction,
    /// For as long as the client is connected.
    Session,
}

impl Mode {
    fn parse(name: &str) -> Self {
        match name {
            "transaction" => Self::Transaction,
            "session" => Self::Session,
            other => panic!("SCRAPERSKY_TEST_PGBOUNCER is {other}: it must be transaction or session"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Transaction => "transaction",
            Self::Session => "session",
        }
    }
}

/// A PgBouncer that ends with its value or with this process, since its standard input closes.
pub struct Pooler {
    folder: PathBuf,
    mode: Mode,
    port: u16,
    _watched: Child,
}

/// Returns how PgBouncer connects to the tests' server.
fn target() -> String {
    let admin: tokio_postgres::Config = cluster::admin_url().parse().unwrap();
    let host = match admin.get_hosts().first().unwrap() {
        Host::Unix(path) => path.display().to_string(),
        Host::Tcp(name) => name.clone(),
    };
    let port = admin.get_ports().first().copied().unwrap_or(5432);
    let user = admin.get_user().unwrap_or("postgres");
    let password = admin.get_password().map_or(String::new(), |password| {
        format!(" password={}", String::from_utf8_lossy(password))
    });
    format!("host={host} port={port} user={user}{password}")
}

impl Pooler {
    /// Starts PgBouncer on a socket of this port, with at most `pool_size` connections to the server.
    pub fn start(mode: Mode, pool_size: u32, port: u16) -> Self {
        let folder = PathBuf::from(format!("/tmp/sky-pooler-{}", &Uuid::new_v4().simple().to_string()[..8]));
        fs::create_dir(&folder).unwrap();
        let settings = folder.join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = {}\n\
             [pgbouncer]\nlisten_addr =\nlisten_port = {port}\nunix_socket_dir = {}\nauth_type = any\n\
             pool_mode = {}\ndefault_pool_size = {pool_size}\nmax_client_conn = 1000\nquery_wait_timeout = 60\n\
             log_connections = 0\nlog_disconnections = 0\nlogfile = {}\n",
            target(),
            folder.display(),
            mode.name(),
            folder.join("pgbouncer.log").display(),
        );
        fs::write(&settings, text).unwrap();
        let program = if PathBuf::from("/usr/sbin/pgbouncer").exists() {
            "/usr/sbin/pgbouncer"
        } else {
            "pgbouncer"
        };
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "\"$0\" -q \"$1\" & pooler=$!; cat >/dev/null; kill $pooler; wait $pooler; rm -rf \"$2\"",
                program,
            ])
            .arg(&settings)
            .arg(&folder)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // PgBouncer refuses to run as root.
        if Uid::effective().is_root() {
            let user = User::from_name("postgres")
                .unwrap()
                .expect("a user to run PgBouncer as");
            for path in [&folder, &settings] {
                chown(path, Some(user.uid), Some(user.gid)).unwrap();
            }
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        let watched = command.spawn().expect("sh starts");
        let pooler = Self {
            folder,
            mode,
            port,
            _watched: watched,
        };
        pooler.wait();
        pooler
    }

    /// Waits until it responds.
    fn wait(&self) {
        let socket = self.folder.join(format!(".s.PGSQL.{}", self.port));
        let deadline = Instant::now() + Duration::from_secs(30);
        while UnixStream::connect(&socket).is_err() {
            let log = || fs::read_to_string(self.folder.join("pgbouncer.log")).unwrap_or_default();
            assert!(
                Instant::now() < deadline,
                "PgBouncer does not start (is it installed?): {}",
                log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns the URL of the same database through the pooler.
    pub fn url(&self, url: &str) -> String {
        let config: tokio_postgres::Config = url.parse().unwrap();
        let folder = self.folder.display().to_string().replace('/', "%2F");
        let (user, database) = (config.get_user().unwrap(), config.get_dbname().unwrap());
        format!("postgres://{user}@{folder}:{}/{database}", self.port)
    }
}
