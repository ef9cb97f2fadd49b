//! The private PostgreSQL: each thing that can happen to it ends in a running server or in one sentence.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, net::UnixListener, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, User, geteuid},
};
use postgres::{DATABASE, EmbeddedError, EmbeddedOptions, EmbeddedPostgres, EmbeddedState};
use tokio_postgres::{Client, NoTls};

use crate::support::{
    cluster::{self, Scratch, throwaway},
    process::helper_command,
};

#[test]
fn the_shared_cluster_answers() {
    let url = cluster::admin_url();
    assert_eq!(
        query(&url, "SELECT rolcreatedb::text FROM pg_roles WHERE rolname = user"),
        "true"
    );
    assert_eq!(cluster::admin_url(), url);
}

#[test]
fn starts_and_is_adopted() {
    let scratch = Scratch::new();
    let options = throwaway(&scratch.path("pg"));
    assert_eq!(state(&options), EmbeddedState::Absent);
    assert!(EmbeddedPostgres::find(&options).unwrap().is_none());

    let first = EmbeddedPostgres::start(&options).unwrap();
    assert!(!first.is_adopted());
    assert_eq!(query(&first.url(DATABASE), "SELECT current_database()::text"), DATABASE);
    let settings = "SELECT current_setting('listen_addresses') || current_setting('server_encoding') || current_setting('lc_collate')";
    assert_eq!(query(&first.url(DATABASE), settings), "UTF8C");

    let second = EmbeddedPostgres::start(&options).unwrap();
    assert!(second.is_adopted());
    assert_eq!((second.pid(), second.url("x")), (first.pid(), first.url("x")));
    assert_eq!(state(&options), EmbeddedState::Running { pid: first.pid() });
    assert_eq!(EmbeddedPostgres::find(&options).unwrap().unwrap().pid(), first.pid());
}

#[test]
fn only_its_user_can_reach_the_socket() {
    let scratch = Scratch::new();
    let postgres = EmbeddedPostgres::start(&throwaway(&scratch.path("pg"))).unwrap();
    let mode = fs::metadata(postgres.socket_dir()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_stop_and_a_start_keep_the_rows() {
    let scratch = Scratch::new();
    let options = throwaway(&scratch.path("pg"));
    let postgres = EmbeddedPostgres::start(&options).unwrap();
    write_row(&postgres);
    let pid = postgres.pid();
    postgres.stop().unwrap();
    assert_eq!(state(&options), EmbeddedState::Stopped);
    assert!(kill(Pid::from_raw(pid), None).is_err() || is_zombie(pid));

    let postgres = EmbeddedPostgres::start(&options).unwrap();
    assert!(!postgres.is_adopted());
    assert_row(&postgres);
}

#[test]
fn threads_that_start_it_at_once_get_one_server() {
    let scratch = Scratch::new();
    let options = throwaway(&scratch.path("pg"));
    let started: Vec<EmbeddedPostgres> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| EmbeddedPostgres::start(&options).unwrap()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(started.iter().filter(|postgres| !postgres.is_adopted()).count(), 1);
    assert!(started.iter().all(|postgres| postgres.pid() == started[0].pid()));
}

#[test]
fn processes_that_start_it_at_once_get_one_server_that_outlives_them() {
    let scratch = Scratch::new();
    let folder = scratch.path("pg");
    let children: Vec<Child> = (0..2).map(|_| helper(&folder)).collect();
    let said: Vec<String> = children
        .into_iter()
        .map(|child| output(child.wait_with_output().unwrap()))
        .collect();
    assert_eq!(
        said.iter().filter(|line| line.contains("adopted=false")).count(),
        1,
        "{said:?}"
    );

    let found = EmbeddedPostgres::find(&throwaway(&folder))
        .unwrap()
        .expect("it still runs");
    assert!(
        said.iter().all(|line| line.contains(&format!("pid={} ", found.pid()))),
        "{said:?}"
    );
    query(&found.url(DATABASE), "SELECT 'alive'");
}

#[test]
fn a_killed_server_is_recovered_with_its_data() {
    let scratch = Scratch::new();
    let options = throwaway(&scratch.path("pg"));
    let postgres = EmbeddedPostgres::start(&options).unwrap();
    write_row(&postgres);
    // A session at work: its process holds the shared memory until it notices that its parent is gone.
    let url = postgres.url(DATABASE);
    let busy = thread::spawn(move || {
        let work = "SELECT count(*)::text FROM generate_series(1, 3000000)";
        runtime().block_on(async { connect(&url).await.query_one(work, &[]).await.is_ok() })
    });
    wait_until("a session works", || {
        query(
            &postgres.url("postgres"),
            "SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE '%generate_series%' AND state = 'active' AND pid <> pg_backend_pid()",
        ) == "1"
    });
    kill(Pid::from_raw(postgres.pid()), Signal::SIGKILL).unwrap();

    let again = EmbeddedPostgres::start(&options).unwrap();
    assert!(!again.is_adopted());
    assert_ne!(again.pid(), postgres.pid());
    assert_row(&again);
    busy.join().unwrap();
}

#[test]
fn a_program_killed_during_initdb_leaves_nothing_in_the_way() {
    let scratch = Scratch::new();
    let folder = scratch.path("pg");
    let mut program = helper(&folder);
    wait_until("initdb works", || folder.join("data.partial/PG_VERSION").exists());
    program.kill().unwrap();
    program.wait().unwrap();
    assert!(!folder.join("data").exists());

    let postgres = EmbeddedPostgres::start(&throwaway(&folder)).unwrap();
    assert_eq!(query(&postgres.url(DATABASE), "SELECT 'alive'"), "alive");
    assert!(!folder.join("data.partial").exists());
}

#[test]
fn the_server_of_a_killed_program_is_adopted() {
    let scratch = Scratch::new();
    let folder = scratch.path("pg");
    let mut program = helper(&folder);
    wait_until("the server begins", || folder.join("data/postmaster.pid").exists());
    program.kill().unwrap();
    program.wait().unwrap();

    let postgres = EmbeddedPostgres::start(&throwaway(&folder)).unwrap();
    assert!(postgres.is_adopted());
    assert_eq!(
        query(&postgres.url(DATABASE), "SELECT current_database()::text"),
        DATABASE
    );
}

#[test]
fn a_stale_pid_file_that_names_a_living_stranger_does_no_harm() {
    let scratch = Scratch::new();
    let options = throwaway(&scratch.path("pg"));
    EmbeddedPostgres::start(&options).unwrap().stop().unwrap();
    let mut stranger = as_server_account(Command::new("sleep").arg("60"));
    let stale = format!(
        "{}\n{}\n1\n5432\n{}\n\n 1 1\nready   \n",
        stranger.id(),
        scratch.path("pg/data").display(),
        scratch.path("pg/run").display()
    );
    fs::create_dir(scratch.path("pg/run")).unwrap();
    fs::write(scratch.path("pg/run/.s.PGSQL.5432.lock"), &stale).unwrap();
    fs::write(scratch.path("pg/data/postmaster.pid"), stale).unwrap();
    assert_eq!(state(&options), EmbeddedState::Stale);
    assert!(EmbeddedPostgres::find(&options).unwrap().is_none());

    let postgres = EmbeddedPostgres::start(&options).unwrap();
    assert!(!postgres.is_adopted());
    postgres.stop().unwrap();
    assert_eq!(stranger.try_wait().unwrap(), None, "the stranger was harmed");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn a_server_whose_socket_was_removed_is_started_anew() {
    let scratch = Scratch::new();
    let options = throwaway(&scratch.path("pg"));
    let postgres = EmbeddedPostgres::start(&options).unwrap();
    write_row(&postgres);
    fs::remove_file(postgres.socket_dir().join(".s.PGSQL.5432")).unwrap();

    let again = EmbeddedPostgres::start(&options).unwrap();
    assert_ne!(again.pid(), postgres.pid());
    assert_row(&again);
}

#[test]
fn data_of_another_major_version_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    let data = scratch.path("pg/data");
    fs::create_dir_all(data.join("base")).unwrap();
    fs::write(data.join("PG_VERSION"), "9.6\n").unwrap();
    let error = EmbeddedPostgres::start(&throwaway(&scratch.path("pg"))).unwrap_err();
    assert!(
        matches!(&error, EmbeddedError::WrongMajor { cluster, remedy, .. } if cluster == "9.6" && remedy.contains("pg_upgrade")),
        "{error:?}"
    );
    assert!(error.to_string().contains("pg_upgrade"), "{error}");
    assert_eq!(names(&data), ["PG_VERSION", "base"]);
}

#[test]
fn a_folder_of_something_else_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    let data = scratch.path("pg/data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("thesis.txt"), "years of work").unwrap();
    let error = EmbeddedPostgres::start(&throwaway(&scratch.path("pg"))).unwrap_err();
    assert!(matches!(error, EmbeddedError::NotACluster(_)), "{error:?}");
    assert_eq!(names(&data), ["thesis.txt"]);
}

#[test]
fn a_data_directory_that_is_a_file_is_refused() {
    let scratch = Scratch::new();
    let path = scratch.path("pg");
    fs::write(&path, "a file").unwrap();
    let error = EmbeddedPostgres::start(&throwaway(&path)).unwrap_err();
    assert!(matches!(error, EmbeddedError::NotADirectory(_)), "{error:?}");
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    assert!(EmbeddedPostgres::status(&throwaway(&path)).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "a file");
}

#[test]
fn a_data_directory_that_cannot_be_made_is_named() {
    let path = Path::new("/proc/scrapersky");
    let error = EmbeddedPostgres::start(&throwaway(path)).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot create /proc/scrapersky: "),
        "{error}"
    );
}

#[test]
fn a_closed_folder_above_the_data_is_named() {
    let scratch = Scratch::new();
    let closed = scratch.path("closed");
    fs::create_dir(&closed).unwrap();
    // Root cannot be kept out, but the account it gives the server to can.
    let mode = if geteuid().is_root() { 0o700 } else { 0o500 };
    fs::set_permissions(&closed, fs::Permissions::from_mode(mode)).unwrap();
    let error = EmbeddedPostgres::start(&throwaway(&closed.join("pg"))).unwrap_err();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let expected = match &error {
        EmbeddedError::Unreachable { blocked, .. } => geteuid().is_root() && *blocked == closed,
        EmbeddedError::Io { path, .. } => !geteuid().is_root() && path.starts_with(&closed),
        _ => false,
    };
    assert!(expected, "{error:?}");
    assert!(!closed.join("pg").exists());
}

#[test]
fn a_path_too_long_for_a_socket_still_works() {
    let scratch = Scratch::new();
    let options = throwaway(&scratch.path(&"long".repeat(30)));
    let postgres = EmbeddedPostgres::start(&options).unwrap();
    let folder = postgres.socket_dir().to_path_buf();
    assert!(folder.starts_with("/tmp"), "{}", folder.display());
    assert_eq!(query(&postgres.url(DATABASE), "SELECT 'alive'"), "alive");
    assert!(EmbeddedPostgres::start(&options).unwrap().is_adopted());
    postgres.stop().unwrap();
    assert!(!folder.exists());
}

#[test]
fn a_folder_of_others_is_not_taken_for_the_socket() {
    let scratch = Scratch::new();
    let options = throwaway(&scratch.path(&"long".repeat(30)));
    let folder = EmbeddedPostgres::status(&options)
        .unwrap()
        .socket
        .parent()
        .unwrap()
        .to_path_buf();
    std::os::unix::fs::symlink(scratch.path("elsewhere"), &folder).unwrap();
    let error = EmbeddedPostgres::start(&options).unwrap_err();
    fs::remove_file(&folder).unwrap();
    assert!(matches!(error, EmbeddedError::SocketFolder { .. }), "{error:?}");
}

#[test]
fn a_socket_of_another_process_is_not_taken() {
    let scratch = Scratch::new();
    let options = throwaway(&scratch.path("pg"));
    let socket = EmbeddedPostgres::status(&options).unwrap().socket;
    fs::create_dir_all(socket.parent().unwrap()).unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    let error = EmbeddedPostgres::start(&options).unwrap_err();
    assert!(
        matches!(&error, EmbeddedError::SocketTaken(path) if *path == socket),
        "{error:?}"
    );
    drop(listener);

    // What a dead process leaves is no obstacle.
    EmbeddedPostgres::start(&options).unwrap();
}

#[test]
fn binaries_named_but_missing_are_not_replaced_by_others() {
    let scratch = Scratch::new();
    let empty = scratch.path("bin");
    fs::create_dir(&empty).unwrap();
    let options = EmbeddedOptions {
        pg_bin: Some(empty.clone()),
        ..throwaway(&scratch.path("pg"))
    };
    let error = EmbeddedPostgres::start(&options).unwrap_err();
    assert!(
        matches!(&error, EmbeddedError::UnusableBinaries { path, .. } if *path == empty),
        "{error:?}"
    );
    assert!(error.to_string().contains("holds no `postgres`"), "{error}");
}

#[test]
fn a_full_disk_is_said_and_nothing_half_made_stays() {
    let scratch = Scratch::new();
    let (small, large) = (scratch.path("small"), scratch.path("large"));
    // In a mount namespace of its own, so that nothing stays mounted however the test ends.
    let said = on_small_disk(&small, "30m", "");
    assert!(
        said.contains("error=no space is left on the device") && said.contains(&small.display().to_string()),
        "{said}"
    );
    assert!(said.contains("left=run server.lock start.lock;"), "{said}");
    // Room for the cluster at first, then none: the server cannot start, the cluster stays.
    let fill = r#"dd if=/dev/zero of="$D/fill" bs=1M 2>/dev/null;"#;
    let said = on_small_disk(&large, "100m", fill);
    assert!(said.contains("error=no space is left on the device"), "{said}");
    assert!(said.contains("left=data "), "{said}");
}

/// Runs the helper on a file system of `size`, once, and again after `fill` when that says anything.
fn on_small_disk(folder: &Path, size: &str, fill: &str) -> String {
    fs::create_dir(folder).unwrap();
    let own = geteuid();
    let helper = helper_command("start", folder);
    // In a process namespace too, which ends with the test, and with it the server that nobody outside could find.
    let mut command = Command::new("setpriv");
    command.args([
        "--pdeathsig",
        "KILL",
        "unshare",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ]);
    if !own.is_root() {
        command.arg("--map-root-user");
    }
    let become_self = if own.is_root() {
        String::new()
    } else {
        format!("unshare --user --map-user={own} ")
    };
    let stop = r#"p=$(head -n 1 "$D/data/postmaster.pid") && kill -INT $p && while [ -e "$D/data/postmaster.pid" ]; do sleep 0.01; done;"#;
    let second = if fill.is_empty() {
        String::new()
    } else {
        format!("{stop} {fill} {become_self}\"$@\";")
    };
    let script = format!(
        r#"mount -t tmpfs -o size={size},mode=755 scrapersky "$D" && {{ {become_self}"$@"; {second} echo "left=$(echo $(ls "$D"));"; }}"#
    );
    command.args(["--mount", "sh", "-c", &script, "sh"]).env("D", folder);
    command.arg(helper.get_program()).args(helper.get_args());
    command.envs(helper.get_envs().filter_map(|(name, value)| Some((name, value?))));
    output(command.output().unwrap())
}

fn helper(folder: &Path) -> Child {
    helper_command("start", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn output(output: std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Runs a process under the account the server has, whose processes the server can see.
fn as_server_account(command: &mut Command) -> Child {
    if geteuid().is_root() {
        let user = ["postgres", "nobody"]
            .iter()
            .find_map(|name| User::from_name(name).unwrap())
            .unwrap();
        command.gid(user.gid.as_raw()).uid(user.uid.as_raw());
    }
    command.spawn().unwrap()
}

fn state(options: &EmbeddedOptions) -> EmbeddedState {
    EmbeddedPostgres::status(options).unwrap().state
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn is_zombie(pid: i32) -> bool {
    let stat = PathBuf::from(format!("/proc/{pid}/stat"));
    fs::read_to_string(stat).is_ok_and(|stat| stat.contains(") Z "))
}

fn write_row(postgres: &EmbeddedPostgres) {
    let url = postgres.url(DATABASE);
    runtime().block_on(async {
        // Throw-away servers answer before they write: without this a crash may lose the row.
        let write = "SET synchronous_commit = on; CREATE TABLE kept (word text); INSERT INTO kept VALUES ('kept')";
        connect(&url).await.batch_execute(write).await.unwrap();
    });
}

fn assert_row(postgres: &EmbeddedPostgres) {
    assert_eq!(query(&postgres.url(DATABASE), "SELECT word FROM kept"), "kept");
}

fn query(url: &str, sql: &str) -> String {
    runtime().block_on(async { connect(url).await.query_one(sql, &[]).await.unwrap().get(0) })
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < Duration::from_secs(10), "waited in vain until {what}");
        thread::sleep(Duration::from_millis(2));
    }
}
