//! The program's log during the tests, and the secrets that must not be in it.
//!
//! With `SCRAPERSKY_TEST_LOG=debug` the program logs at that level to standard error, in this process and in processes
//! that tests start. With `SCRAPERSKY_TEST_SECRETS=<file>` every secret of a test is appended to the file, one per
//! line, and `.ci/run` searches the log for each of them.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::Once;

/// Shorter texts may appear in a log by chance.
const SHORTEST: usize = 12;

/// Returns the level to log at, if any.
pub fn level() -> Option<String> {
    env::var("SCRAPERSKY_TEST_LOG").ok()
}

/// Starts logging in this process if requested.
pub fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        if let Some(level) = level() {
            scrapersky::logging::init(&level, scrapersky::config::LogFormat::Text).expect("nobody else logs");
        }
    });
}

/// Records a secret, and returns it. For a key only the part after its visible prefix is secret.
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
        // A single write, since other processes append to the same file.
        let written = file.and_then(|mut file| file.write_all(format!("{hidden}\n").as_bytes()));
        written.expect("a secret can be recorded");
    }
    text
}

/// Records the value of a setting or header if its name marks it as a secret.
pub fn note(name: &str, value: &str) {
    let name = name.to_ascii_lowercase();
    if ["key", "secret", "password", "authorization", "cookie", "token"]
        .iter()
        .any(|mark| name.contains(mark))
        && name != "idempotency-key"
    {
        // A header's value starts with its scheme or a cookie's name.
        secret(value.rsplit([' ', '=']).next().unwrap_or(value));
    }
}
