//! The examples that `--help` shows, by command.

use clap::Command;

/// The examples of each command that is not a group of commands.
const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "serve",
        &[
            "scrapersky serve --port 8080",
            "scrapersky serve --workers 0    # leaves jobs to `scrapersky worker`",
        ],
    ),
    ("worker", &["scrapersky worker --workers 20"]),
    (
        "demo",
        &[
            "scrapersky demo",
            "scrapersky demo --keep    # for the tour in the README",
        ],
    ),
    (
        "scan",
        &[
            "scrapersky scan example.com example.org",
            "scrapersky scan --file leads.csv --csv > found.csv",
        ],
    ),
    (
        "places search",
        &[
            "scrapersky places search dentist 'Houston, TX' --max-results 60",
            "scrapersky places search dentist 'Houston, TX' --dry-run    # what it would cost",
        ],
    ),
    (
        "places list",
        &[
            "scrapersky places list --status selected --json",
            "scrapersky places list --near 29.76,-95.37 --within-km 5 --sort rating",
        ],
    ),
    (
        "places export",
        &["scrapersky places export --status selected --output places.csv"],
    ),
    (
        "sitemap",
        &[
            "scrapersky sitemap example.com",
            "scrapersky sitemap https://example.com/sitemap.xml --csv > urls.csv",
        ],
    ),
    ("emails", &["scrapersky emails example.com --max-pages 20 --json"]),
    (
        "domains list",
        &[
            "scrapersky domains list --sort last-scan --limit 20",
            "scrapersky domains list --is-wordpress true --json",
        ],
    ),
    ("domains show", &["scrapersky domains show example.com --json"]),
    (
        "domains export",
        &["scrapersky domains export --content-scrape-status Completed --output domains.csv"],
    ),
    (
        "contacts list",
        &[
            "scrapersky contacts list --domain example.com",
            "scrapersky contacts list --type corporate --json",
        ],
    ),
    (
        "contacts export",
        &["scrapersky contacts export --seen-since 2026-11-01T00:00:00Z --output contacts.csv"],
    ),
    (
        "leads list",
        &[
            "scrapersky leads list --has-email true --technology WordPress",
            "scrapersky leads list --certificate-days 14 --json",
        ],
    ),
    (
        "leads export",
        &["scrapersky leads export --status selected --preset hubspot --output leads.csv"],
    ),
    (
        "jobs list",
        &[
            "scrapersky jobs list --status pending,running",
            "scrapersky jobs list --status failed --outcome timeout --json",
        ],
    ),
    ("jobs show", &["scrapersky jobs show 442364327cf743228ebaab485b89fbdf"]),
    (
        "jobs cancel",
        &[
            "scrapersky jobs cancel 442364327cf743228ebaab485b89fbdf",
            "scrapersky jobs cancel --filter --kind domain_scan --preview",
        ],
    ),
    (
        "jobs retry",
        &["scrapersky jobs retry --filter --status failed --created-from 2026-11-27T00:00:00Z"],
    ),
    ("schedules list", &["scrapersky schedules list --json"]),
    (
        "schedules create",
        &[
            "scrapersky schedules create --name weekly --cron '0 6 * * 1' --time-zone Europe/Berlin --work '{\"domain_scan\": {\"leads\": {\"status\": \"selected\"}}}'",
            "scrapersky schedules create --name sitemap --every P1D --missed skip --work '{\"sitemap_scan\": {\"domain\": \"example.com\"}}'",
        ],
    ),
    (
        "schedules run",
        &["scrapersky schedules run 0c7f7d3c-3f0b-4a51-8f0a-0c6a5b0d3e11"],
    ),
    (
        "schedules pause",
        &["scrapersky schedules pause 0c7f7d3c-3f0b-4a51-8f0a-0c6a5b0d3e11"],
    ),
    (
        "schedules resume",
        &["scrapersky schedules resume 0c7f7d3c-3f0b-4a51-8f0a-0c6a5b0d3e11"],
    ),
    (
        "schedules delete",
        &["scrapersky schedules delete 0c7f7d3c-3f0b-4a51-8f0a-0c6a5b0d3e11"],
    ),
    ("webhooks list", &["scrapersky webhooks list --json"]),
    (
        "webhooks create",
        &[
            "scrapersky webhooks create https://example.com/events --description 'ends of jobs'",
            "scrapersky webhooks create https://example.com/scans --kinds job.ended --job-kinds domain_scan",
        ],
    ),
    (
        "webhooks test",
        &["scrapersky webhooks test 0c7f7d3c-3f0b-4a51-8f0a-0c6a5b0d3e11"],
    ),
    (
        "webhooks deliveries",
        &["scrapersky webhooks deliveries 0c7f7d3c-3f0b-4a51-8f0a-0c6a5b0d3e11 --status failed"],
    ),
    (
        "webhooks delete",
        &["scrapersky webhooks delete 0c7f7d3c-3f0b-4a51-8f0a-0c6a5b0d3e11"],
    ),
    (
        "costs",
        &["scrapersky costs --from 2026-11-01", "scrapersky costs --json"],
    ),
    ("rules list", &["scrapersky rules list --json"]),
    (
        "rules test",
        &["scrapersky rules test", "scrapersky rules test my-rules/"],
    ),
    ("migrate up", &["scrapersky migrate up"]),
    ("migrate down", &["scrapersky migrate down 2"]),
    ("migrate status", &["scrapersky migrate status --json"]),
    ("partition plan", &["scrapersky partition plan --partitions 32"]),
    ("partition run", &["scrapersky partition run"]),
    ("partition status", &["scrapersky partition status --json"]),
    ("db url", &["psql \"$(scrapersky db url)\""]),
    ("db start", &["scrapersky db start"]),
    ("db stop", &["scrapersky db stop"]),
    ("db status", &["scrapersky db status --json"]),
    (
        "backup",
        &[
            "scrapersky backup scrapersky-2026-11-28.tar",
            "scrapersky backup scrapersky-2026-11-28.tar --json    # its rows and its size, for a script",
        ],
    ),
    ("restore", &["scrapersky restore scrapersky-2026-11-28.tar"]),
    (
        "keys create",
        &["scrapersky keys create --name website --scope read --expires-in-days 90"],
    ),
    ("keys list", &["scrapersky keys list"]),
    (
        "keys revoke",
        &["scrapersky keys revoke 0c7f7d3c-3f0b-4a51-8f0a-0c6a5b0d3e11"],
    ),
    ("tenants create", &["scrapersky tenants create 'Bayou Leads'"]),
    ("tenants list", &["scrapersky tenants list --json"]),
    (
        "tenants rename",
        &["scrapersky tenants rename 0c7f7d3c-3f0b-4a51-8f0a-0c6a5b0d3e11 'Bayou Leads'"],
    ),
    (
        "tenants deactivate",
        &["scrapersky tenants deactivate 0c7f7d3c-3f0b-4a51-8f0a-0c6a5b0d3e11"],
    ),
    (
        "tenants activate",
        &["scrapersky tenants activate 0c7f7d3c-3f0b-4a51-8f0a-0c6a5b0d3e11"],
    ),
    ("limits", &["scrapersky limits --scans-per-day 5000 --requests 600"]),
    ("doctor", &["scrapersky doctor", "scrapersky doctor --json"]),
    (
        "completions",
        &[
            "scrapersky completions bash > ~/.local/share/bash-completion/completions/scrapersky",
            "scrapersky completions fish > ~/.config/fish/completions/scrapersky.fish",
        ],
    ),
];

/// Adds the examples to the help of the commands.
pub(super) fn add(command: Command) -> Command {
    EXAMPLES.iter().fold(command, |command, (path, lines)| {
        let path: Vec<&str> = path.split(' ').collect();
        add_to(command, &path, &format!("Examples:\n  {}", lines.join("\n  ")))
    })
}

fn add_to(command: Command, path: &[&str], text: &str) -> Command {
    match path {
        [] => command.after_help(text.to_owned()),
        [first, rest @ ..] => command.mut_subcommand(first, |command| add_to(command, rest, text)),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::super::Cli;
    use super::*;

    /// Returns the paths of all commands below `command` that have none below them.
    fn leaves(command: &Command, path: &str) -> Vec<String> {
        let below: Vec<String> = command
            .get_subcommands()
            .filter(|command| command.get_name() != "help")
            .flat_map(|command| leaves(command, format!("{path} {}", command.get_name()).trim()))
            .collect();
        if below.is_empty() { vec![path.to_owned()] } else { below }
    }

    /// Splits a line as a shell does, up to what follows the command.
    fn words(line: &str) -> Vec<String> {
        let line = line.trim_start_matches("psql \"$(").trim_end_matches(")\"");
        let (mut words, mut quoted) = (vec![String::new()], false);
        for char in line.chars() {
            match char {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                char => words.last_mut().unwrap().push(char),
            }
        }
        let end = words.iter().position(|word| word == "#" || word == ">");
        words.truncate(end.unwrap_or(words.len()));
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_command_has_examples_that_are_valid() {
        let known: Vec<&str> = EXAMPLES.iter().map(|(path, _)| *path).collect();
        for path in leaves(&Cli::command(), "") {
            assert!(known.contains(&path.as_str()), "`{path}` has no example");
        }
        for (path, lines) in EXAMPLES {
            for line in *lines {
                let words = words(line);
                assert!(words.join(" ").starts_with(&format!("scrapersky {path}")), "{line}");
                if let Err(error) = Cli::try_parse_from(&words) {
                    panic!("{line}: {error}");
                }
            }
        }
        let mut command = add(Cli::command());
        let help = command.find_subcommand_mut("scan").unwrap().render_help().to_string();
        assert!(help.contains("Examples:\n  scrapersky scan example.com"), "{help}");
    }
}
