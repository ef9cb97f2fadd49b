//! Reading of the files of rules and versions, with the line of whatever is wrong.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::condition::PLACEHOLDERS;
use super::rule::{MAX_POINTS, Rule};
use super::versions::Versions;
use crate::extract::technology::RulesError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    rule: Vec<Rule>,
}

pub(super) fn read_rules(file: &str, text: &str) -> Result<Vec<Rule>, RulesError> {
    let Rules { rule: rules } = parse(file, text)?;
    for (index, rule) in rules.iter().enumerate() {
        let wrong = |reason: String| RulesError::Invalid {
            file: file.to_owned(),
            line: line_of(text, index),
            reason: format!("`{}` {reason}", rule.name),
        };
        if rules.iter().take(index).any(|other| other.name == rule.name) {
            return Err(wrong("is there twice: each rule needs a name of its own".to_owned()));
        }
        if !(-MAX_POINTS..=MAX_POINTS).contains(&rule.points) {
            return Err(wrong(format!(
                "has {} points: expected -{MAX_POINTS} to {MAX_POINTS}",
                rule.points
            )));
        }
        if let Some(unknown) = placeholders(&rule.because).find(|name| !PLACEHOLDERS.contains(name)) {
            return Err(wrong(format!(
                "says {{{unknown}}}: expected one of {}",
                PLACEHOLDERS.join(", ")
            )));
        }
    }
    Ok(rules)
}

pub(super) fn read_versions(file: &str, text: &str) -> Result<Versions, RulesError> {
    parse(file, text)
}

/// Returns the names in braces.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
}

/// Returns the line of a rule.
fn line_of(text: &str, index: usize) -> usize {
    let mut lines = text.lines().enumerate().filter(|(_, line)| line.trim() == "[[rule]]");
    lines.nth(index).map_or(1, |(line, _)| line + 1)
}

fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, RulesError> {
    toml_edit::de::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        let before = text.as_bytes().get(..start).unwrap_or_default();
        RulesError::Invalid {
            file: file.to_owned(),
            line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
            reason: error.message().lines().collect::<Vec<_>>().join(", "),
        }
    })
}
