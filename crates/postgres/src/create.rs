//! Creates the cluster.

use std::{
    fs::{self, DirBuilder, File},
    io::ErrorKind,
    os::unix::{fs::DirBuilderExt, process::CommandExt},
};

use super::{
    account::Account,
    error::EmbeddedError,
    layout::Layout,
    locate::Installation,
    options::{Durability, EmbeddedOptions, SUPERUSER},
    output::{inherit, is_full, says_full, telling_line},
};

/// Runs `initdb` in a temporary folder and renames it, so that an interrupted run never looks like a cluster.
pub(super) fn create_cluster(
    layout: &Layout,
    options: &EmbeddedOptions,
    account: &Account,
    installation: &Installation,
    server_lock: &File,
) -> Result<(), EmbeddedError> {
    let Layout { data, partial, .. } = layout;
    match fs::read_dir(data) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(EmbeddedError::NotACluster(data.clone()));
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(EmbeddedError::NotADirectory(data.clone()));
        }
        Err(error) => return Err(EmbeddedError::io("read", data, error)),
    }
    remove_partial(layout)?;
    DirBuilder::new()
        .mode(0o700)
        .create(partial)
        .map_err(|error| EmbeddedError::io("create", partial, error))?;
    account.own(partial)?;

    log::info!("creating a private PostgreSQL in {}", layout.root.display());
    let mut command = installation.command("initdb", account);
    command
        .arg("-D")
        .arg(partial)
        .args(["-U", SUPERUSER, "--auth-local=trust", "--auth-host=reject"]);
    command.args(["-E", "UTF8", "--locale=C", "--no-instructions"]);
    if options.durability == Durability::Throwaway {
        command.arg("--no-sync");
    }
    // It inherits the lock, so that the next start waits for an `initdb` that outlives its program.
    command.stdin(inherit(server_lock, &layout.server_lock)?);
    command.process_group(0);
    let output = command
        .output()
        .map_err(|error| EmbeddedError::io("run initdb for", data, error))?;
    if !output.status.success() {
        let full = is_full(&layout.root);
        remove_partial(layout)?;
        let said = String::from_utf8_lossy(&output.stderr);
        if full || says_full(&said) {
            return Err(EmbeddedError::DiskFull(layout.root.clone()));
        }
        return Err(EmbeddedError::Init {
            path: data.clone(),
            output: telling_line(&said),
        });
    }
    fs::rename(partial, data).map_err(|error| EmbeddedError::io("rename", partial, error))?;
    if options.durability == Durability::Durable {
        File::open(&layout.root)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| EmbeddedError::io("write", &layout.root, error))?;
    }
    Ok(())
}

fn remove_partial(layout: &Layout) -> Result<(), EmbeddedError> {
    match fs::remove_dir_all(&layout.partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(EmbeddedError::io("remove", &layout.partial, error)),
        _ => Ok(()),
    }
}
