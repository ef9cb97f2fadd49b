//! A separate database for each test.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use database::connection::Connection;
use database::migrate;
use database::partition;
use database::url::DatabaseUrl;
use diesel_async::SimpleAsyncConnection;
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use super::{cluster, log};

/// The advisory lock, in the admin database, held while databases are created.
const LOCK_KEY: i64 = 0x7465_7374_7363_7261;

/// A database that is dropped with its value.
///
/// A failed test's database is kept if `SCRAPERSKY_KEEP_TEST_DATABASES` is set. Databases of killed tests are dropped
/// by the next run. On `TEST_DATABASE_URL` the template database stays, one per state of `migrations/`.
pub struct TestDatabase {
    name: String,
    url: String,
    roles: Vec<String>,
}

impl TestDatabase {
    /// Creates a database with the current schema and only the rows that migrations insert.
    pub async fn new() -> Self {
        log::start();
        let admin = Admin::connect().await;
        let kind = partitions().map_or_else(String::new, |count| format!("_{count}"));
        let template = format!("scrapersky_template_{:016x}{kind}", hash_of_migrations());
        admin.lock().await;
        if !admin.has_template(&template).await {
            admin.make_template(&template).await;
        }
        // FILE_COPY takes 15 ms, WAL_LOG, which copies page by page, takes 60. It starts and ends with a checkpoint, so
        // concurrent copies would only wait for each other's: hence the lock.
        admin
            .make_database(&format!("TEMPLATE {template} STRATEGY FILE_COPY"))
            .await
    }

    /// Creates an empty database.
    pub async fn empty() -> Self {
        let admin = Admin::connect().await;
        admin.lock().await;
        admin.make_database("TEMPLATE template0").await
    }

    /// Returns the superuser's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns [`Self::url`] as the program's type.
    pub fn database_url(&self) -> DatabaseUrl {
        self.url.parse().unwrap()
    }

    /// Connects as the server's superuser.
    pub async fn client(&self) -> Client {
        connect(&self.url).await
    }

    /// Creates a role for this test, and returns its login to this database.
    ///
    /// Roles belong to the whole server: the database's name is appended to the role's, and the role is dropped with
    /// the database.
    pub async fn login(&mut self, name: &str, attributes: &str) -> Login {
        let name = format!("{name}_{}", self.name);
        let password = log::secret("only-for-this-test");
        self.role(&name, &format!("LOGIN PASSWORD '{password}' {attributes}"))
            .await;
        let mut url = url::Url::parse(&self.url).unwrap();
        if url.host_str().is_some_and(|host| !host.is_empty()) {
            url.set_username(&name).unwrap();
            url.set_password(Some(password)).unwrap();
        }
        let mut query: Vec<_> = url
            .query_pairs()
            .filter(|(key, _)| key != "user" && key != "password")
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect();
        if url.host_str().is_none_or(str::is_empty) {
            query.push(("user".to_owned(), name.clone()));
            query.push(("password".to_owned(), password.to_owned()));
        }
        url.query_pairs_mut().clear().extend_pairs(query);
        Login {
            url: url.as_str().trim_end_matches('?').to_owned(),
            name,
        }
    }

    /// Creates a role with exactly this name unless it exists, to be dropped with the database.
    pub async fn role(&mut self, name: &str, attributes: &str) {
        let client = self.client().await;
        let exists = "SELECT FROM pg_roles WHERE rolname = $1";
        if client.query_opt(exists, &[&name]).await.unwrap().is_none() {
            let create = format!("CREATE ROLE {name} {attributes}");
            client.batch_execute(&create).await.unwrap();
            self.roles.push(name.to_owned());
        }
    }
}

/// A role that can log in.
pub struct Login {
    /// Its name, safe to use in SQL.
    pub name: String,
    /// The URL of its login.
    pub url: String,
}

impl Login {
    /// Connects as this role.
    pub async fn client(&self) -> Client {
        connect(&self.url).await
    }

    /// Returns the URL as the program's type.
    pub fn database_url(&self) -> DatabaseUrl {
        self.url.parse().unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if std::thread::panicking() && keeps_databases() {
            eprintln!("kept for inspection: {}", self.url);
            return;
        }
        let name = self.name.clone();
        let roles = std::mem::take(&mut self.roles);
        // The test's own runtime may be blocked by this drop, or gone.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let admin = Admin::connect().await;
                admin.0.batch_execute(&drop_database(&name)).await?;
                for role in roles {
                    // Fails if another test's database still has grants to it.
                    let _ = admin.0.batch_execute(&format!("DROP ROLE {role}")).await;
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            })
        });
        let failed = !matches!(dropping.join(), Ok(Ok(())));
        if failed && !std::thread::panicking() {
            panic!("the test database {} could not be dropped", self.name);
        }
    }
}

/// Connects with tokio-postgres, for tests in plain SQL.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Returns the folders of the migrations, in order.
pub fn migration_folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut folders: Vec<_> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// Returns how many partitions the tables of facts have in tests; `None` where they are whole.
fn partitions() -> Option<u16> {
    std::env::var("SCRAPERSKY_TEST_PARTITIONS").ok()?.parse().ok()
}

fn hash_of_migrations() -> u64 {
    let files: BTreeMap<_, _> = migration_folders()
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    let mut hasher = DefaultHasher::new();
    for (path, contents) in files {
        path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().hash(&mut hasher);
        contents.hash(&mut hasher);
    }
    hasher.finish()
}

fn keeps_databases() -> bool {
    std::env::var_os("SCRAPERSKY_KEEP_TEST_DATABASES").is_some()
}

fn drop_database(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")
}

/// The common prefix of this process's databases.
fn own_prefix() -> String {
    format!("{}{}_", machine_prefix(), std::process::id())
}

/// The common prefix of this machine's databases: process ids only have meaning on one machine or container.
fn machine_prefix() -> String {
    let mut hasher = DefaultHasher::new();
    fs::read("/proc/sys/kernel/random/boot_id").ok().hash(&mut hasher);
    fs::read_link("/proc/self/ns/pid").ok().hash(&mut hasher);
    format!("scrapersky_test_{:08x}_", hasher.finish() as u32)
}

/// A connection of the superuser to the database `postgres`.
struct Admin(Client);

impl Admin {
    async fn connect() -> Self {
        Self(connect(&cluster::admin_url()).await)
    }

    /// Keeps other tests from creating databases until the connection is closed.
    async fn lock(&self) {
        let lock = format!("SELECT pg_advisory_lock({LOCK_KEY})");
        self.0.batch_execute(&lock).await.unwrap();
        static SWEPT: AtomicBool = AtomicBool::new(false);
        if !SWEPT.swap(true, Ordering::Relaxed) && !keeps_databases() {
            self.sweep().await;
        }
    }

    /// Drops databases of killed processes.
    async fn sweep(&self) {
        let prefix = machine_prefix();
        let names = "SELECT datname FROM pg_database WHERE starts_with(datname, $1)";
        for row in self.0.query(names, &[&prefix]).await.unwrap() {
            let name: String = row.get(0);
            let pid = name[prefix.len()..].split('_').next().unwrap();
            let pid = Pid::from_raw(pid.parse().unwrap());
            if kill(pid, None) == Err(Errno::ESRCH) {
                self.0.batch_execute(&drop_database(&name)).await.unwrap();
            }
        }
    }

    async fn has_template(&self, name: &str) -> bool {
        let ready = "SELECT FROM pg_database WHERE datname = $1 AND datistemplate";
        self.0.query_opt(ready, &[&name]).await.unwrap().is_some()
    }

    /// The database is marked as a template once it is complete, so that a killed run leaves no partial one.
    async fn make_template(&self, name: &str) {
        self.0.batch_execute(&drop_database(name)).await.unwrap();
        let create = format!("CREATE DATABASE {name} TEMPLATE template0");
        self.0.batch_execute(&create).await.unwrap();
        let admin: DatabaseUrl = cluster::admin_url().parse().unwrap();
        let url = admin.with_database(name);
        migrate::up(&url).await.unwrap();
        if let Some(count) = partitions() {
            partition::run(&url, count, |_| ()).await.unwrap();
        }
        // A database can be copied when nobody is connected to it; closing takes the server a moment.
        let end = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1";
        self.0.query(end, &[&name]).await.unwrap();
        let freeze = format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false IS_TEMPLATE true");
        self.0.batch_execute(&freeze).await.unwrap();
    }

    async fn make_database(&self, options: &str) -> TestDatabase {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}{number}", own_prefix());
        let create = format!("CREATE DATABASE {name} {options}");
        self.0.batch_execute(&create).await.unwrap();
        let mut url = url::Url::parse(&cluster::admin_url()).unwrap();
        url.set_path(&name);
        TestDatabase {
            name,
            url: url.into(),
            roles: Vec::new(),
        }
    }
}

/// Creates an empty database on the shared server and runs `set_up` in it.
pub async fn empty_database(set_up: &str) -> DatabaseUrl {
    let admin: DatabaseUrl = cluster::admin_url().parse().unwrap();
    let name = format!("t_{}", Uuid::new_v4().simple());
    let mut conn = Connection::connect(&admin).await.unwrap();
    conn.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let url = admin.with_database(&name);
    let mut conn = Connection::connect(&url).await.unwrap();
    conn.batch_execute(set_up).await.unwrap();
    url
}

/// Waits until `condition` is true, and fails the test on a timeout.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    // A machine that has just built everything may take a minute to write it, and to recover a database meanwhile.
    let deadline = Instant::now() + Duration::from_secs(180);
    // Often at first, then rarely, to leave the machine to others.
    let mut pause = Duration::from_millis(5);
    while !condition().await {
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(40));
    }
}
