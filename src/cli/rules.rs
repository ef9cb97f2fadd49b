//! `scrapersky rules`: the rules by which technologies are told.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};
use web::extract::technology::{Rule, Rules, check_samples};

use super::listing::table;
use super::run::read_rules;
use crate::config::Config;

/// What is done with the rules: those that ship with the program and those in `SCRAPERSKY_RULES_DIR`.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Prints the rules as a table
    List {
        /// Prints JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Tries the samples of all rules, and fails if one is not judged as it says
    Test {
        /// Files and folders with further rules
        #[arg(value_name = "FILE|DIR")]
        paths: Vec<PathBuf>,
    },
}

/// Runs the command. The exit code is 0 if all samples are judged as they say.
///
/// # Errors
///
/// When a file of rules cannot be used.
pub fn run(command: &RulesCommand, config: &Config) -> anyhow::Result<ExitCode> {
    match command {
        RulesCommand::List { json } => list(&read_rules(config, &[])?, *json),
        RulesCommand::Test { paths } => Ok(test(&read_rules(config, paths)?)),
    }
}

fn list(rules: &Rules, as_json: bool) -> anyhow::Result<ExitCode> {
    if as_json {
        let rules: Vec<Value> = rules.iter().map(described).collect();
        say!("{}", serde_json::to_string_pretty(&rules)?);
        return Ok(ExitCode::SUCCESS);
    }
    let rows = rules.iter().map(|rule| {
        let place = rule.place();
        [
            rule.name().to_owned(),
            rule.category().label().to_owned(),
            rule.strong_signs().to_string(),
            rule.weak_signs().to_string(),
            if rule.has_version() { "yes" } else { "" }.to_owned(),
            rule.implies().join(", "),
            format!("{}:{}", place.file, place.line),
        ]
    });
    let head = ["name", "category", "strong", "weak", "version", "implies", "rule"];
    say!("{}", table(Some(&head), rows));
    Ok(ExitCode::SUCCESS)
}

fn described(rule: &Rule) -> Value {
    let place = rule.place();
    json!({
        "name": rule.name(),
        "category": rule.category(),
        "list": rule.list(),
        "strong_signs": rule.strong_signs(),
        "weak_signs": rule.weak_signs(),
        "has_version": rule.has_version(),
        "implies": rule.implies(),
        "samples": rule.samples(),
        "file": place.file,
        "line": place.line,
    })
}

fn test(rules: &Rules) -> ExitCode {
    let failures = check_samples(rules);
    for failure in &failures {
        say!("{failure}");
    }
    let samples: usize = rules.iter().map(Rule::samples).sum();
    say!(
        "{} rules, {samples} samples: {}",
        rules.len(),
        match failures.len() {
            0 => "all are judged as they say".to_owned(),
            failed => format!("{failed} failed"),
        }
    );
    if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
