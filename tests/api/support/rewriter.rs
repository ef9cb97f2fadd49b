//! A proxy between the program and PostgreSQL that records statements and can remove filters from them, to test a
//! repository without changing it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};

use regex::Regex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio_postgres::config::Host;

use super::cluster;

/// A tenant filter: a column compared with a parameter.
static FILTER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?:"tenants"\."id"|(?:"?\w+"?\.)?"?tenant_id"?)\s*=\s*(\$\d+)"#).unwrap());

/// The filters to remove.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Removed {
    #[default]
    Nothing,
    /// One filter: the statement, and the filter's number in it.
    One(String, usize),
    /// Every filter of every statement.
    All,
}

#[derive(Default)]
struct State {
    removed: Removed,
    /// The current scene, for the record.
    scene: String,
    /// Each statement with tenant filters, their number, and the scenes it was seen in.
    seen: BTreeMap<String, (usize, Vec<String>)>,
    /// The number of filters removed.
    changed: usize,
    /// Every statement, of tenants and of the system.
    statements: BTreeSet<String>,
}

/// The proxy.
pub struct Rewriter {
    port: u16,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Rewriter {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                client.set_nodelay(true).unwrap();
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let admin: tokio_postgres::Config = cluster::admin_url().parse().unwrap();
                    let port = admin.get_ports().first().copied().unwrap_or(5432);
                    match admin.get_hosts().first().unwrap() {
                        Host::Unix(folder) => {
                            let socket = folder.join(format!(".s.PGSQL.{port}"));
                            pass(client, UnixStream::connect(socket).await.unwrap(), shared).await;
                        }
                        Host::Tcp(name) => {
                            pass(client, TcpStream::connect((name.as_str(), port)).await.unwrap(), shared).await;
                        }
                    }
                });
            }
        });
        Self { port, state, task }
    }

    /// Returns the URL of the same database through the proxy.
    pub fn url(&self, url: &str) -> String {
        let direct: tokio_postgres::Config = url.parse().unwrap();
        let user = direct.get_user().unwrap_or("postgres");
        let password = direct.get_password().map_or(String::new(), |password| {
            format!(":{}", String::from_utf8_lossy(password))
        });
        let database = direct.get_dbname().unwrap();
        // Named statements would be rewritten once, and not for each mutant.
        format!(
            "postgres://{user}{password}@127.0.0.1:{}/{database}?sslmode=disable&pgbouncer=true",
            self.port
        )
    }

    pub fn remove(&self, removed: Removed) {
        let mut state = self.state.lock().unwrap();
        (state.removed, state.changed) = (removed, 0);
    }

    /// Returns the number of filters removed since the last setting.
    pub fn changed(&self) -> usize {
        self.state.lock().unwrap().changed
    }

    /// Sets the current scene.
    pub fn scene(&self, name: &str) {
        self.state.lock().unwrap().scene = name.to_owned();
    }

    /// Returns every statement seen.
    pub fn statements(&self) -> BTreeSet<String> {
        self.state.lock().unwrap().statements.clone()
    }

    /// Returns each statement with tenant filters, their number, and the scenes it was seen in.
    pub fn seen(&self) -> BTreeMap<String, (usize, Vec<String>)> {
        self.state.lock().unwrap().seen.clone()
    }
}

impl Drop for Rewriter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Tracks whether a transaction is the system's, to which no wall applies.
fn reads_role(sql: &[u8], is_system: &mut bool) {
    let sql = String::from_utf8_lossy(sql);
    if sql.contains("SET LOCAL ROLE scrapersky_system") {
        *is_system = true;
    } else if sql.contains("SET LOCAL ROLE") {
        *is_system = false;
    }
}

async fn pass<C, S>(client: C, server: S, state: Arc<Mutex<State>>)
where
    C: AsyncRead + AsyncWrite + Send + 'static,
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = tokio::io::split(server);
    tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
    });
    let mut head = [0; 4];
    // The first message has no type.
    if from_client.read_exact(&mut head).await.is_err() {
        return;
    }
    let mut body = vec![0; u32::from_be_bytes(head) as usize - 4];
    if from_client.read_exact(&mut body).await.is_err()
        || to_server.write_all(&[&head, &body[..]].concat()).await.is_err()
    {
        return;
    }
    let mut is_system = false;
    loop {
        let mut head = [0; 5];
        if from_client.read_exact(&mut head).await.is_err() {
            break;
        }
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize - 4;
        let mut body = vec![0; length];
        if from_client.read_exact(&mut body).await.is_err() {
            break;
        }
        if head[0] == b'Q' {
            reads_role(&body, &mut is_system);
        }
        if head[0] == b'P' {
            let mut state = state.lock().unwrap();
            state.statements.insert(statement(&body).to_owned());
            if !is_system {
                body = parse_message(&body, &mut state);
            }
        }
        let length = (body.len() as u32 + 4).to_be_bytes();
        if to_server
            .write_all(&[&head[..1], &length, &body].concat())
            .await
            .is_err()
        {
            break;
        }
    }
    let _ = to_server.shutdown().await;
}

/// Returns the statement of a Parse message.
fn statement(body: &[u8]) -> &str {
    let name = body.iter().position(|byte| *byte == 0).unwrap() + 1;
    let end = name + body[name..].iter().position(|byte| *byte == 0).unwrap();
    std::str::from_utf8(&body[name..end]).unwrap()
}

/// Rewrites a Parse message: a name, the statement, and the types of its parameters.
fn parse_message(body: &[u8], state: &mut State) -> Vec<u8> {
    let name = body.iter().position(|byte| *byte == 0).unwrap() + 1;
    let end = name + body[name..].iter().position(|byte| *byte == 0).unwrap();
    let sql = std::str::from_utf8(&body[name..end]).unwrap();
    let filters = FILTER.find_iter(sql).count();
    if filters == 0 {
        return body.to_vec();
    }
    let scene = state.scene.clone();
    let (_, scenes) = state.seen.entry(sql.to_owned()).or_insert((filters, Vec::new()));
    if !scenes.contains(&scene) {
        scenes.push(scene);
    }
    let is_removed = |place: usize| match &state.removed {
        Removed::Nothing => false,
        Removed::One(statement, one) => statement == sql && *one == place,
        Removed::All => true,
    };
    let mut place = 0;
    let mut removed = 0;
    let changed = FILTER.replace_all(sql, |found: &regex::Captures<'_>| {
        place += 1;
        if is_removed(place - 1) {
            removed += 1;
            // The parameter stays, so that the others keep their numbers.
            format!("{}::uuid IS NOT NULL", &found[1])
        } else {
            found[0].to_owned()
        }
    });
    let message = [&body[..name], changed.as_bytes(), &body[end..]].concat();
    state.changed += removed;
    message
}

/// The filters that repositories write must be recognised.
#[test]
fn filters_are_recognised_as_written() {
    for (sql, filters) in [
        (
            r#"SELECT 1 FROM "jobs" WHERE ("jobs"."tenant_id" = $1) AND ("jobs"."job_id" = $2)"#,
            1,
        ),
        (
            "SELECT 1 FROM places p WHERE p.tenant_id = $1 AND EXISTS (SELECT FROM x WHERE tenant_id = $1)",
            2,
        ),
        (r#"SELECT 1 FROM "tenants" WHERE ("tenants"."id" = $1)"#, 1),
        ("INSERT INTO x (tenant_id) VALUES ($1)", 0),
        ("SELECT 1 FROM a JOIN b ON a.tenant_id = b.tenant_id", 0),
    ] {
        assert_eq!(FILTER.find_iter(sql).count(), filters, "{sql}");
    }
}
