//! Limits on file lengths.

use super::sources::{CRATES, below};

/// The maximum number of lines in a file.
const MAX_LINES: usize = 450;

/// Longer files, with the reason.
const LONGER: &[(&str, &str)] = &[("crates/schema/src/schema.rs", "the diesel CLI prints it")];

#[test]
fn files_are_short_and_exceptions_are_needed() {
    let folders = CRATES.into_iter().chain(["tests", "benches"]);
    let long: Vec<(String, usize)> = folders
        .flat_map(below)
        .map(|source| (source.path, source.text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .collect();
    let unexplained: Vec<_> = long
        .iter()
        .filter(|(path, _)| LONGER.iter().all(|(known, _)| known != path))
        .collect();
    assert!(
        unexplained.is_empty(),
        "split these files, which are longer than {MAX_LINES} lines: {unexplained:?}"
    );
    for (path, reason) in LONGER {
        assert!(
            long.iter().any(|(other, _)| other == path),
            "{path} ({reason}) is short enough now: remove it from LONGER"
        );
    }
}

#[test]
fn modules_are_in_the_files_of_their_names() {
    let folders = CRATES.into_iter().chain(["tests", "benches"]);
    let placed: Vec<String> = folders
        .flat_map(below)
        .filter(|source| source.text.lines().any(|line| line.trim_start().starts_with("#[path")))
        .map(|source| source.path)
        .collect();
    assert!(placed.is_empty(), "modules placed by `#[path]`: {placed:?}");
}
