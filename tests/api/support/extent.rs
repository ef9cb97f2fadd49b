//! How far the long proofs go.
//!
//! `cargo test` runs each of them, on a part of what it is about; with `SCRAPERSKY_TEST_FULL=1` they go all the way, as they
//! do in `.ci/run`.

/// Returns whether the long proofs go all the way.
pub fn is_full() -> bool {
    std::env::var_os("SCRAPERSKY_TEST_FULL").is_some()
}

/// Returns how many of something: of all of them, or of those that are enough while developing.
pub fn of(full: usize, part: usize) -> usize {
    if is_full() { full } else { part }
}
