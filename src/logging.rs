//! Logging to standard error, one line per event.

use std::io::{self, Write};

use env_logger::fmt::Formatter;
use log::{Level, Record};

/// Packages that log whole requests, including `Authorization`, at detailed levels. The log shows none of their events
/// beyond `info`, whatever the filter is.
const TELL_TOO_MUCH: &[&str] = &["rocket", "h2", "hyper", "tokio_postgres"];

/// Starts logging with a filter in `RUST_LOG` syntax, such as `info` or `scrapersky=debug`.
///
/// # Errors
///
/// Returns an error if logging was already started.
pub fn init(filter: &str) -> Result<(), log::SetLoggerError> {
    env_logger::Builder::new()
        .parse_filters(filter)
        .format(write_event)
        .try_init()
}

fn write_event(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let level = record.level();
    if level > Level::Info && tells_too_much(record.target()) {
        return Ok(());
    }
    let time = out.timestamp_millis();
    let style = out.default_level_style(level);
    let message = escape(&record.args().to_string());
    writeln!(out, "{time} {style}{level:<5}{style:#} {} {message}", record.target())
}

fn tells_too_much(target: &str) -> bool {
    TELL_TOO_MUCH.iter().any(|package| {
        target
            .strip_prefix(package)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    })
}

/// Escapes control characters, so that text from a client can neither start a line that looks like another event nor
/// control the terminal.
fn escape(message: &str) -> String {
    let mut line = String::with_capacity(message.len());
    for char in message.chars() {
        if char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') {
            line.extend(char.escape_default());
        } else {
            line.push(char);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{escape, tells_too_much};

    #[test]
    fn packages_that_log_headers_are_recognised_by_their_modules() {
        assert!(tells_too_much("rocket") && tells_too_much("hyper::proto::h1"));
        assert!(!tells_too_much("scrapersky") && !tells_too_much("hypermedia"));
    }

    #[test]
    fn an_event_stays_on_one_line() {
        assert_eq!(
            escape("a\nb\r\u{1b}[31m\u{2028}\u{85}ü\t"),
            "a\\nb\\r\\u{1b}[31m\\u{2028}\\u{85}ü\\t"
        );
    }
}
