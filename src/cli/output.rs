//! Where the results of a command go: standard output, or a file.

use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Stdout, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

/// The reader of standard output has closed it, as `head` does: it has what it wanted, and nothing is to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("standard output was closed")]
pub(super) struct ClosedPipe;

/// The destination of results.
#[derive(Debug)]
pub(super) enum Output {
    /// Standard output.
    Standard(Stdout),
    /// A file that gets its name when it is complete.
    File(NamedTempFile, PathBuf),
    /// Something that is not a regular file, such as a named pipe.
    Special(File, PathBuf),
}

impl Output {
    /// Opens the file, or standard output if there is none or it is `-`.
    ///
    /// # Errors
    ///
    /// When the file cannot be created.
    pub(super) fn open(file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = file.filter(|path| path.as_os_str() != "-") else {
            return Ok(Self::Standard(io::stdout()));
        };
        let path = path.to_owned();
        let cannot = || format!("{} cannot be written", path.display());
        if path.exists() && !path.is_file() {
            let file = File::options().write(true).open(&path).with_context(cannot)?;
            return Ok(Self::Special(file, path));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = tempfile::Builder::new()
            .prefix(".scrapersky-")
            // What the umask leaves of it.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .with_context(cannot)?;
        Ok(Self::File(file, path))
    }

    /// Writes a part of the results.
    ///
    /// # Errors
    ///
    /// [`ClosedPipe`] if nobody reads standard output any more; otherwise the sentence that it cannot be written.
    pub(super) fn write(&mut self, part: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Standard(out) => match out.write_all(part).and_then(|()| out.flush()) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(ClosedPipe.into()),
                written => written.context("standard output cannot be written"),
            },
            Self::File(file, path) => file
                .write_all(part)
                .with_context(|| format!("{} cannot be written", path.display())),
            Self::Special(file, path) => file
                .write_all(part)
                .with_context(|| format!("{} cannot be written", path.display())),
        }
    }

    /// Ends the results: a file appears under its name.
    ///
    /// # Errors
    ///
    /// When the file cannot be written or renamed.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Standard(_) | Self::Special(..) => Ok(()),
            Self::File(file, path) => {
                let cannot = || format!("{} cannot be written", path.display());
                file.as_file().sync_all().with_context(cannot)?;
                file.persist(&path).with_context(cannot)?;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_appears_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("domains.csv");
        fs::write(&path, "old").unwrap();
        let mut out = Output::open(Some(&path)).unwrap();
        out.write(b"a,").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        out.write(b"b").unwrap();
        out.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "a,b");

        drop(Output::open(Some(&path)).unwrap());
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "a part was left behind"
        );
        let nowhere = folder.path().join("missing/domains.csv");
        assert!(
            Output::open(Some(&nowhere))
                .unwrap_err()
                .to_string()
                .contains("missing/domains.csv")
        );
    }
}
