//! How far the long proofs go.
//!
//! `cargo test` runs each of them on a part of its cases; with `SCRAPERSKY_TEST_FULL=1`, as in `.ci/run`, on all.

/// Returns whether the long proofs run in full.
pub fn is_full() -> bool {
    std::env::var_os("SCRAPERSKY_TEST_FULL").is_some()
}

/// Returns `full` for long proofs, or else `part`.
pub fn of(full: usize, part: usize) -> usize {
    if is_full() { full } else { part }
}
