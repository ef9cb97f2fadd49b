//! What the checks found.

use std::fmt::Display;

use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    /// Worth knowing, and no failure.
    Note,
    Failure,
}

/// A check and what it found.
#[derive(Debug, Serialize)]
struct Finding {
    level: Level,
    text: String,
}

/// What was found: a line per check as it comes, or everything as JSON at the end.
#[derive(Debug)]
pub(super) struct Report {
    findings: Vec<Finding>,
    is_json: bool,
}

/// A report as JSON.
#[derive(Serialize)]
struct Document<'a> {
    healthy: bool,
    checks: &'a [Finding],
}

impl Report {
    pub(super) fn new(is_json: bool) -> Self {
        Self {
            findings: Vec::new(),
            is_json,
        }
    }

    pub(super) fn good(&mut self, what: impl Display) {
        self.add(Level::Ok, &what);
    }

    pub(super) fn note(&mut self, what: impl Display) {
        self.add(Level::Note, &what);
    }

    pub(super) fn bad(&mut self, what: impl Display) {
        self.add(Level::Failure, &what);
    }

    fn add(&mut self, level: Level, what: &dyn Display) {
        if !self.is_json {
            let mark = match level {
                Level::Ok => "ok    ",
                Level::Note => "note  ",
                Level::Failure => "FAIL  ",
            };
            say!("{mark}{what}");
        }
        let text = what.to_string();
        self.findings.push(Finding { level, text });
    }

    /// Prints what is to be printed at the end, and returns whether no check failed.
    ///
    /// # Errors
    ///
    /// Never, since a report can be represented as JSON.
    pub(super) fn end(&self) -> anyhow::Result<bool> {
        let healthy = self.findings.iter().all(|finding| finding.level != Level::Failure);
        if self.is_json {
            let document = Document {
                healthy,
                checks: &self.findings,
            };
            say!("{}", serde_json::to_string_pretty(&document)?);
        }
        Ok(healthy)
    }
}
