//! The `scrapersky` program: parses the command line, loads the settings and runs the command.

use std::process::ExitCode;

use scrapersky::cli::{self, Cli};
use scrapersky::config::Config;
use scrapersky::logging;

fn main() -> ExitCode {
    let cli = Cli::read();
    match run(&cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("scrapersky: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    let mut config = Config::load()?;
    logging::init(cli.log_filter(config.log.as_deref()), config.log_format)?;
    cli::descriptors::raise_limit(&mut config);
    cli::run(cli, &config)
}
