//! Reads a robots.txt line by line, and keeps the applicable rules.

use std::time::Duration;

use super::rule::{Rule, ascii, normalised};

/// The maximum number of rules per robots.txt, which keeps checking a URL fast.
const MAX_RULES: usize = 10_000;

/// The maximum number of sitemaps per robots.txt.
const MAX_SITEMAPS: usize = 1_000;

/// The maximum crawl delay: an hour would block a worker for days.
const MAX_DELAY: Duration = Duration::from_secs(10);

/// Collects the applicable rules.
#[derive(Default)]
pub(super) struct Reader<'a> {
    names: &'a [String],
    /// Whether the current group applies by name, and to everyone.
    named: bool,
    everyone: bool,
    /// Whether the group has rules already, so that the next name starts another group.
    in_rules: bool,
    pub(super) named_ever: bool,
    /// The rules of all groups that apply by name, combined (2.2.1).
    pub(super) ours: Group,
    pub(super) everyones: Group,
    pub(super) sitemaps: Vec<String>,
}

#[derive(Default)]
pub(super) struct Group {
    pub(super) rules: Vec<Rule>,
    pub(super) delay: Option<Duration>,
}

impl<'a> Reader<'a> {
    /// Returns a reader for a crawler with any of the `names`.
    pub(super) fn new(names: &'a [String]) -> Self {
        Self {
            names,
            ..Self::default()
        }
    }

    /// Reads a line. Invalid lines are ignored without affecting others (2.2).
    pub(super) fn line(&mut self, line: &str) {
        let line = line.split('#').next().unwrap_or_default();
        let Some((key, value)) = line.split_once(':') else {
            return;
        };
        let (key, value) = (key.trim(), value.trim());
        let is = |name: &str| key.eq_ignore_ascii_case(name);
        if is("user-agent") {
            self.user_agent(value);
        } else if is("allow") {
            self.rule(true, value);
        } else if is("disallow") {
            self.rule(false, value);
        } else if is("crawl-delay") {
            self.crawl_delay(value);
        } else if is("sitemap") && !value.is_empty() && self.sitemaps.len() < MAX_SITEMAPS {
            // Other records do not end a group (2.2.4).
            self.sitemaps.push(value.to_owned());
        }
    }

    fn user_agent(&mut self, name: &str) {
        if self.in_rules {
            (self.in_rules, self.named, self.everyone) = (false, false, false);
        }
        if name.split_ascii_whitespace().next() == Some("*") {
            self.everyone = true;
        } else if self.names.iter().any(|ours| ours.eq_ignore_ascii_case(product(name))) {
            (self.named, self.named_ever) = (true, true);
        }
    }

    fn rule(&mut self, allow: bool, pattern: &str) {
        self.in_rules = true;
        // A rule without a path is ignored; `Disallow:` thus allows everything.
        if pattern.is_empty() {
            return;
        }
        let rule = Rule {
            allow,
            pattern: normalised(&ascii(pattern)).into(),
        };
        for group in self.concerned() {
            if group.rules.len() < MAX_RULES {
                group.rules.push(rule.clone());
            }
        }
    }

    fn crawl_delay(&mut self, value: &str) {
        let seconds = value.parse::<f64>().ok().filter(|seconds| *seconds >= 0.0);
        let Some(delay) = seconds.map(|seconds| Duration::from_secs_f64(seconds.min(MAX_DELAY.as_secs_f64()))) else {
            return;
        };
        for group in self.concerned() {
            group.delay = group.delay.max(Some(delay));
        }
    }

    /// Returns the groups of rules that the current group adds to.
    fn concerned(&mut self) -> impl Iterator<Item = &mut Group> {
        let ours = self.named.then_some(&mut self.ours);
        let everyones = self.everyone.then_some(&mut self.everyones);
        ours.into_iter().chain(everyones)
    }
}

/// Returns the product name at the start of a user agent, as used in robots.txt.
pub(in crate::fetch) fn product(user_agent: &str) -> &str {
    let end = user_agent.find(|char: char| !(char.is_ascii_alphabetic() || matches!(char, '-' | '_')));
    user_agent.get(..end.unwrap_or(user_agent.len())).unwrap_or_default()
}
