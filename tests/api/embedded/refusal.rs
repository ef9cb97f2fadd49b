//! Refused folders, sockets and binaries.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use nix::unistd::geteuid;
use postgres::{DATABASE, EmbeddedError, EmbeddedOptions, EmbeddedPostgres};

use super::{names, output, query};
use crate::support::cluster::{Scratch, throwaway};
use crate::support::process::helper_command;

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
fn a_folder_with_other_files_is_refused_and_left_alone() {
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
fn a_data_directory_that_cannot_be_created_is_named() {
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
    // Root cannot be kept out, but the server's account can.
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
fn another_users_socket_folder_is_refused() {
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
fn a_socket_in_use_by_another_process_is_refused() {
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

    // The leftover of a dead process is no obstacle.
    EmbeddedPostgres::start(&options).unwrap();
}

#[test]
fn configured_but_missing_binaries_are_an_error() {
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
    assert!(error.to_string().contains("contains no `postgres`"), "{error}");
}

#[test]
fn a_full_disk_is_reported_and_leaves_nothing_partial() {
    let scratch = Scratch::new();
    let (small, large) = (scratch.path("small"), scratch.path("large"));
    // In its own mount namespace, so that nothing stays mounted after the test.
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

/// Runs the helper on a file system of `size`, and again after `fill`, if that is not empty.
fn on_small_disk(folder: &Path, size: &str, fill: &str) -> String {
    fs::create_dir(folder).unwrap();
    let own = geteuid();
    let helper = helper_command("start", folder);
    // Also in its own process namespace, which ends with the test and takes the server with it.
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
