//! The operating-system account the server runs as.

use std::{
    fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::Path,
    process::Command,
};

use nix::unistd::{Uid, User, geteuid};

use super::error::EmbeddedError;

/// The accounts tried when the program runs as root, in order.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// The account PostgreSQL runs as: the program's own, or another one if that is root.
#[derive(Debug, Clone)]
pub(super) struct Account {
    uid: u32,
    /// Set if the server must not run as root.
    drop_to: Option<User>,
}

impl Account {
    /// Chooses the account.
    pub(super) fn choose() -> Result<Self, EmbeddedError> {
        let own = geteuid();
        if !own.is_root() {
            return Ok(Self {
                uid: own.as_raw(),
                drop_to: None,
            });
        }
        CANDIDATES
            .iter()
            .filter_map(|name| User::from_name(name).ok().flatten())
            .find(|user| user.uid != Uid::from_raw(0))
            .map(|user| Self {
                uid: user.uid.as_raw(),
                drop_to: Some(user),
            })
            .ok_or(EmbeddedError::NoAccount)
    }

    pub(super) fn uid(&self) -> u32 {
        self.uid
    }

    /// Returns whether the server runs as another account than the program.
    pub(super) fn is_other(&self) -> bool {
        self.drop_to.is_some()
    }

    /// Sets `command` to run as this account.
    pub(super) fn apply(&self, command: &mut Command) {
        if let Some(user) = &self.drop_to {
            // std also clears the supplementary groups when root sets a uid.
            command.gid(user.gid.as_raw()).uid(user.uid.as_raw());
        }
    }

    /// Changes the owner of a folder to this account; does nothing unless the program is root.
    pub(super) fn own(&self, folder: &Path) -> Result<(), EmbeddedError> {
        let Some(user) = &self.drop_to else {
            return Ok(());
        };
        std::os::unix::fs::lchown(folder, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
            .map_err(|error| EmbeddedError::io("hand over", folder, error))
    }

    /// Checks that this account can enter `data_dir` (absolute, existing or not) and every folder above it.
    ///
    /// Reads the modes only: a folder that only an access control list opens counts as closed.
    pub(super) fn check_can_enter(&self, data_dir: &Path) -> Result<(), EmbeddedError> {
        let Some(user) = &self.drop_to else {
            return Ok(());
        };
        let mut folders: Vec<&Path> = data_dir.ancestors().collect();
        folders.reverse();
        for folder in folders {
            let Ok(metadata) = fs::metadata(folder) else {
                break;
            };
            let bit = if metadata.uid() == user.uid.as_raw() {
                0o100
            } else if metadata.gid() == user.gid.as_raw() {
                0o010
            } else {
                0o001
            };
            if metadata.is_dir() && metadata.mode() & bit == 0 {
                return Err(EmbeddedError::Unreachable {
                    data_dir: data_dir.to_path_buf(),
                    blocked: folder.to_path_buf(),
                    account: user.name.clone(),
                });
            }
        }
        Ok(())
    }
}
