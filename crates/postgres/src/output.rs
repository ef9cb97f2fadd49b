//! The input and output of PostgreSQL's programs.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
    process::Stdio,
};

use nix::sys::statvfs::statvfs;

use super::error::EmbeddedError;

/// Makes a stdin from a locked file: the child and its own children then hold the lock too.
pub(super) fn inherit(lock: &File, path: &Path) -> Result<Stdio, EmbeddedError> {
    lock.try_clone()
        .map(Stdio::from)
        .map_err(|error| EmbeddedError::io("open", path, error))
}

pub(super) fn read_from(path: &Path, start: u64) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(64 * 1024).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the line that names the reason: the first that PostgreSQL marks as fatal, or else the last.
pub(super) fn telling_line(output: &str) -> String {
    let marks = ["FATAL:", "PANIC:", "error:"];
    let marked = output.lines().find_map(|line| {
        let mark = marks.iter().find(|mark| line.contains(**mark))?;
        line.split_once(mark).map(|(_, message)| message)
    });
    marked
        .or_else(|| output.lines().rfind(|line| !line.trim().is_empty()))
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Returns the first error that a client program reported, with its details, or else the last line.
pub(super) fn error_of_client(output: &str) -> Option<String> {
    let marks = ["ERROR:", "FATAL:", "PANIC:", "error:"];
    let mut lines = output.lines();
    let first = lines.by_ref().find_map(|line| {
        let ends = marks.iter().filter_map(|mark| Some(line.rfind(mark)? + mark.len()));
        line.get(ends.max()?..)
    });
    let Some(first) = first else {
        let last = output.lines().rfind(|line| !line.trim().is_empty())?;
        return Some(last.trim().to_owned());
    };
    let details = lines.take_while(|line| ["DETAIL:", "HINT:"].iter().any(|mark| line.contains(mark)));
    let parts: Vec<&str> = std::iter::once(first).chain(details).map(str::trim).collect();
    Some(parts.join(" "))
}

pub(super) fn says_full(output: &str) -> bool {
    output.contains("No space left on device")
}

/// The size of a segment of the server's log, in bytes.
pub(super) const WAL_SEGMENT: u64 = 16 * 1024 * 1024;

/// Returns whether the device has no room for one WAL segment, for failures whose output does not say so.
pub(super) fn is_full(path: &Path) -> bool {
    free_bytes(path).is_ok_and(|free| free < WAL_SEGMENT)
}

/// Returns how many bytes of the device of `path` are free.
pub(super) fn free_bytes(path: &Path) -> std::io::Result<u64> {
    let stat = statvfs(path)?;
    #[expect(clippy::useless_conversion, reason = "the fields are u32 on some systems")]
    let (blocks, size) = (u64::from(stat.blocks_available()), u64::from(stat.fragment_size()));
    Ok(blocks.saturating_mul(size))
}

#[cfg(test)]
mod tests {
    use super::{error_of_client, telling_line};

    #[test]
    fn picks_the_error_of_a_client_program() {
        let error = |output| error_of_client(output);
        assert_eq!(error(""), None);
        assert_eq!(error("killed\n\n").as_deref(), Some("killed"));
        let restored = "NOTICE:  x\npsql:<stdin>:7: ERROR:  no role \"a\"\nDETAIL:  d\nHINT:  h\nLINE 1: x\n";
        assert_eq!(error(restored).as_deref(), Some("no role \"a\" DETAIL:  d HINT:  h"));
        let dumped = "pg_dump: error: query failed: ERROR:  permission denied\npg_dump: detail: Query was: x\n";
        assert_eq!(error(dumped).as_deref(), Some("permission denied"));
    }

    #[test]
    fn picks_the_telling_line() {
        let log =
            "LOG:  starting\n2026-01-01 UTC [7] FATAL:  could not open \"x\"\nLOG:  database system is shut down\n";
        assert_eq!(telling_line(log), "could not open \"x\"");
        assert_eq!(telling_line("one\ntwo\n\n"), "two");
        assert_eq!(telling_line(""), "");
    }
}
