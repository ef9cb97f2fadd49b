//! Finds PostgreSQL's binaries on this machine.

use std::{
    collections::HashSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{account::Account, archive, error::EmbeddedError, options::MINIMUM_MAJOR};

/// Folders with one subfolder per version, and the path of the binaries below it.
const VERSIONED: [(&str, &str); 8] = [
    ("/usr/lib/postgresql", "bin"),
    ("/usr/local/lib/postgresql", "bin"),
    ("/usr", "bin"),
    ("/opt", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "bin"),
];

/// A usable installation of PostgreSQL.
#[derive(Debug, Clone)]
pub(super) struct Installation {
    bin: PathBuf,
    /// The full version, as `postgres --version` prints it: "15.20".
    version: String,
    major: u32,
}

impl Installation {
    /// Returns a command for one of its programs, run as `account` in `/`, without the caller's PostgreSQL settings.
    pub(super) fn command(&self, program: &str, account: &Account) -> Command {
        command(&self.bin.join(program), account)
    }

    /// Checks one folder as the account that will run the server; the error says what is wrong with it.
    fn probe(bin: &Path, account: &Account) -> Result<Self, String> {
        for program in ["postgres", "initdb"] {
            if !bin.join(program).is_file() {
                return Err(format!("contains no `{program}`"));
            }
        }
        let output = command(&bin.join("postgres"), account)
            .arg("--version")
            .output()
            .map_err(|error| format!("contains a `postgres` that does not run ({error})"))?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = printed
            .split_whitespace()
            .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
            .ok_or("contains a `postgres` that does not print its version")?;
        let major = major_of(version).ok_or("contains a `postgres` that does not print its version")?;
        Ok(Self {
            bin: bin.to_path_buf(),
            version: version.to_owned(),
            major,
        })
    }
}

/// Returns the leading number of a version: 15 of "15.20", "15" and "15beta1".
pub(super) fn major_of(version: &str) -> Option<u32> {
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Returns how to install PostgreSQL on this machine, in version `major` if that is given.
fn install_hint(major: Option<u32>) -> String {
    let (version, dashed) = major.map_or((archive::DEFAULT_MAJOR, String::new()), |major| {
        (major, format!("-{major}"))
    });
    if cfg!(target_os = "macos") {
        format!("install it with `brew install postgresql@{version}`")
    } else if Path::new("/usr/bin/apt-get").exists() {
        format!("install it with `apt-get install postgresql{dashed}`")
    } else if Path::new("/usr/bin/dnf").exists() {
        format!("install it with `dnf install postgresql{dashed}-server`")
    } else {
        format!("install PostgreSQL {version} with the system's package manager")
    }
}

/// Returns how to install the client programs of version `major` on this machine.
pub(super) fn client_hint(major: u32) -> String {
    if Path::new("/usr/bin/apt-get").exists() {
        format!("install them with `apt-get install postgresql-client-{major}`")
    } else if Path::new("/usr/bin/dnf").exists() {
        format!("install them with `dnf install postgresql{major}`")
    } else {
        install_hint(Some(major))
    }
}

/// Returns what to do about a cluster whose PostgreSQL version is not installed.
fn wrong_major_remedy(cluster: &str, major: u32) -> String {
    if major < MINIMUM_MAJOR {
        return format!(
            "PostgreSQL {cluster} is older than the {MINIMUM_MAJOR} this program needs, so move the data to a newer one with pg_upgrade or pg_dump, or choose another data directory"
        );
    }
    format!("{}, or choose another data directory", install_hint(Some(major)))
}

/// Finds the binaries for a new cluster, or for the existing one of version `cluster` in `data`.
///
/// # Errors
///
/// When the configured folder is unusable, or nothing fits and nothing can be downloaded.
pub(super) fn find(
    named: Option<&Path>,
    cluster: Option<&str>,
    data: &Path,
    account: &Account,
) -> Result<Installation, EmbeddedError> {
    let wanted = cluster.and_then(major_of);
    if let Some(bin) = named {
        return probe_named(bin, cluster, data, account);
    }

    let mut rejected = Vec::new();
    let mut seen = HashSet::new();
    for bin in candidates() {
        let Ok(real) = bin.join("postgres").canonicalize() else {
            continue;
        };
        if !seen.insert(real) {
            continue;
        }
        let Ok(found) = Installation::probe(&bin, account) else {
            continue;
        };
        if found.major >= MINIMUM_MAJOR && wanted.is_none_or(|major| major == found.major) {
            return Ok(found);
        }
        rejected.push(format!("PostgreSQL {}", found.version));
    }

    let wrong_major = |found: &[String]| {
        let (cluster, major) = (cluster?, wanted?);
        let found = if found.is_empty() {
            "no PostgreSQL".to_owned()
        } else {
            format!("only {}", found.join(", "))
        };
        Some(EmbeddedError::WrongMajor {
            path: data.to_path_buf(),
            cluster: cluster.to_owned(),
            remedy: wrong_major_remedy(cluster, major),
            found,
        })
    };
    if wanted.is_some_and(|major| major < MINIMUM_MAJOR)
        && let Some(error) = wrong_major(&rejected)
    {
        return Err(error);
    }
    let major = wanted.unwrap_or(archive::DEFAULT_MAJOR);
    let downloaded = archive::download(major).and_then(|bin| Installation::probe(&bin, account));
    downloaded.map_err(|download| {
        wrong_major(&rejected).unwrap_or_else(|| EmbeddedError::NotInstalled {
            wanted: wanted.map_or_else(|| format!("{MINIMUM_MAJOR} or newer"), |major| major.to_string()),
            download,
            hint: install_hint(None),
        })
    })
}

/// Returns the binaries in the configured folder if they fit.
fn probe_named(
    bin: &Path,
    cluster: Option<&str>,
    data: &Path,
    account: &Account,
) -> Result<Installation, EmbeddedError> {
    let unusable = |reason: String| EmbeddedError::UnusableBinaries {
        path: bin.to_path_buf(),
        reason,
    };
    let found = Installation::probe(bin, account).map_err(unusable)?;
    match (cluster, cluster.and_then(major_of)) {
        _ if found.major < MINIMUM_MAJOR => Err(unusable(format!("is PostgreSQL {}", found.version))),
        (Some(cluster), Some(major)) if major != found.major => Err(EmbeddedError::WrongMajor {
            path: data.to_path_buf(),
            cluster: cluster.to_owned(),
            remedy: wrong_major_remedy(cluster, major),
            found: format!("PostgreSQL {} in {}", found.version, bin.display()),
        }),
        _ => Ok(found),
    }
}

/// Lists the folders to check, best first.
pub(super) fn candidates() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output() {
        folders.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    if let Some(path) = env::var_os("PATH") {
        folders.extend(env::split_paths(&path));
    }
    let mut versioned: Vec<(u32, PathBuf)> = VERSIONED
        .iter()
        .filter_map(|(root, below)| Some((fs::read_dir(root).ok()?, below)))
        .flat_map(|(entries, below)| {
            entries.flatten().filter_map(move |entry| {
                let name = entry.file_name();
                Some((version_in_folder_name(name.to_str()?)?, entry.path().join(below)))
            })
        })
        .collect();
    versioned.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    folders.extend(versioned.into_iter().map(|(_, folder)| folder));
    folders.extend(archive::downloaded());
    folders.retain(|folder| folder.is_absolute());
    folders
}

/// Reads the version out of "17", "pgsql-17", "postgresql@17"; "postgresql" and "latest" count as 0 and come last.
fn version_in_folder_name(name: &str) -> Option<u32> {
    let rest = ["postgresql@", "postgresql-", "pgsql-"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    if rest == "postgresql" || rest == "latest" {
        return Some(0);
    }
    major_of(rest)
}

fn command(program: &Path, account: &Account) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").stdin(Stdio::null());
    // PGDATA, PGPORT and the like are meant for another server.
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    // Failure reasons are recognised by their English text.
    command.env("LC_ALL", "C");
    account.apply(&mut command);
    command
}

#[cfg(test)]
mod tests {
    use super::{major_of, version_in_folder_name};

    #[test]
    fn reads_the_major_version() {
        assert_eq!(major_of("15.20"), Some(15));
        assert_eq!(major_of("18beta1"), Some(18));
        assert_eq!(major_of("9.6"), Some(9));
        assert_eq!(major_of("devel"), None);
    }

    #[test]
    fn reads_the_version_out_of_a_folder_name() {
        for (name, version) in [
            ("17", Some(17)),
            ("pgsql-16", Some(16)),
            ("postgresql@18", Some(18)),
            ("latest", Some(0)),
            ("postgresql", Some(0)),
            ("share", None),
        ] {
            assert_eq!(version_in_folder_name(name), version, "{name}");
        }
    }
}
