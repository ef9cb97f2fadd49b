//! Logging to standard error, one line per event.

use std::io::{self, Write};

use env_logger::fmt::Formatter;
use jobs::Trace;
use log::{Level, Record};
use serde::Serialize;

use crate::config::LogFormat;

/// Packages that log whole requests, including `Authorization`, at detailed levels. The log shows none of their events
/// beyond `info`, whatever the filter is.
const VERBOSE_TARGETS: &[&str] = &["rocket", "h2", "hyper", "tokio_postgres"];

/// Where Rocket writes what the program writes in its own words: the start, and about single requests their URI with its
/// query, malformed ids, credentials that a guard refused.
const SAID_OTHERWISE: &[&str] = &["rocket::launch", "rocket::request", "rocket::server"];
/// The end of a target of Rocket's lines that continue another one, also those of handlers in this program.
const CONTINUATION: &str = "::_";

/// Starts logging in a format, with a filter in `RUST_LOG` syntax, such as `info` or `scrapersky=debug`.
///
/// # Errors
///
/// Returns an error if logging was already started.
pub fn init(filter: &str, format: LogFormat) -> Result<(), log::SetLoggerError> {
    let write = match format {
        LogFormat::Text => write_line,
        LogFormat::Json => write_json,
    };
    env_logger::Builder::new()
        .parse_filters(filter)
        .format(move |out, record| {
            if is_shown(record.target(), record.level()) {
                write(out, record)
            } else {
                Ok(())
            }
        })
        .try_init()
}

fn is_shown(target: &str, level: Level) -> bool {
    !is_said_otherwise(target) && (level <= Level::Info || !comes_from(target, VERBOSE_TARGETS))
}

/// An event as JSON.
#[derive(Debug, Serialize)]
struct Event<'a> {
    time: &'a str,
    level: &'a str,
    target: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

fn write_json(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let event = Event {
        time: &out.timestamp_millis().to_string(),
        level: record.level().as_str(),
        target: record.target(),
        message: &record.args().to_string(),
        trace_id: Trace::current().map(|trace| trace.trace_id()),
    };
    // JSON escapes control characters itself.
    writeln!(out, "{}", serde_json::to_string(&event)?)
}

fn write_line(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let level = record.level();
    let time = out.timestamp_millis();
    let style = out.default_level_style(level);
    let message = escape(&record.args().to_string());
    writeln!(out, "{time} {style}{level:<5}{style:#} {} {message}", record.target())
}

fn is_said_otherwise(target: &str) -> bool {
    target.ends_with(CONTINUATION) || comes_from(target, SAID_OTHERWISE)
}

/// Returns whether a target is one of these modules or inside of one.
fn comes_from(target: &str, modules: &[&str]) -> bool {
    modules.iter().any(|module| {
        target
            .strip_prefix(module)
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
    use log::Level;

    use super::{VERBOSE_TARGETS, comes_from, escape, is_said_otherwise, is_shown};

    #[test]
    fn packages_that_log_headers_are_recognised_by_their_modules() {
        let is_verbose = |target| comes_from(target, VERBOSE_TARGETS);
        assert!(is_verbose("rocket") && is_verbose("hyper::proto::h1"));
        assert!(!is_verbose("scrapersky") && !is_verbose("hypermedia"));
    }

    #[test]
    fn lines_of_rocket_that_the_program_writes_itself_are_known() {
        for target in [
            "rocket::launch",
            "rocket::server",
            "rocket::server::_",
            "scrapersky::routes::domains::_",
        ] {
            assert!(is_said_otherwise(target), "{target}");
        }
        for target in ["rocket::config", "rocket_http::listener", "scrapersky::error"] {
            assert!(!is_said_otherwise(target), "{target}");
        }
    }

    #[test]
    fn no_format_shows_what_names_whole_requests() {
        assert!(is_shown("scrapersky::error", Level::Debug) && is_shown("hyper", Level::Info));
        assert!(!is_shown("hyper", Level::Debug) && !is_shown("rocket::request", Level::Error));
    }

    #[test]
    fn an_event_stays_on_one_line() {
        assert_eq!(
            escape("a\nb\r\u{1b}[31m\u{2028}\u{85}ü\t"),
            "a\\nb\\r\\u{1b}[31m\\u{2028}\\u{85}ü\\t"
        );
    }
}
