//! What the program logs while the tests run, and the secrets that must not be in it.
//!
//! With `SCRAPERSKY_TEST_LOG=debug` the program logs at that level to standard error, in this process and in those that
//! tests start. With `SCRAPERSKY_TEST_SECRETS=<file>` every secret of a test is written there, one a line: `.ci/run` looks
//! for each of them in what was logged.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::Once;

/// What is shorter could be anything, and be in a log by chance.
const SHORTEST: usize = 12;

/// Returns the level at which the program is to log, if it is to.
pub fn level() -> Option<String> {
    env::var("SCRAPERSKY_TEST_LOG").ok()
}

/// Starts logging in this process where that is asked for.
pub fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        if let Some(level) = level() {
            scrapersky::logging::init(&level).expect("nobody else logs");
        }
    });
}

/// Notes down a secret, and returns it. Of a key only what follows its prefix is one: the prefix may be shown.
pub fn secret(text: &str) -> &str {
    let hidden = if text.starts_with("sky_") {
        text.get(12..).unwrap_or_default()
    } else {
        text
    };
    if hidden.len() >= SHORTEST
        && !hidden.contains(char::is_control)
        && let Some(path) = env::var_os("SCRAPERSKY_TEST_SECRETS")
    {
        let file = OpenOptions::new().append(true).create(true).open(path);
        // In one write: other processes append to the same file.
        let written = file.and_then(|mut file| file.write_all(format!("{hidden}\n").as_bytes()));
        written.expect("a secret can be noted down");
    }
    text
}

/// Notes down the value of a setting or header if by its name that is a secret.
pub fn note(name: &str, value: &str) {
    let name = name.to_ascii_lowercase();
    if ["key", "secret", "password", "authorization", "cookie", "token"]
        .iter()
        .any(|mark| name.contains(mark))
        && name != "idempotency-key"
    {
        // A header's value begins with its scheme, or with a cookie's name.
        secret(value.rsplit([' ', '=']).next().unwrap_or(value));
    }
}
