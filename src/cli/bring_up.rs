//! The configured database, or the private PostgreSQL.

use database::url::{DatabaseUrl, UrlError};
use postgres::{DATABASE, Durability, EmbeddedError, EmbeddedOptions, EmbeddedPostgres};

use crate::config::{Config, ConfigError, DatabaseSource};

/// The URLs of a running database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// For requests and jobs; may lead to a pooler.
    pub url: DatabaseUrl,
    /// For migrations; never leads to a pooler.
    pub direct: DatabaseUrl,
}

/// Reasons why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum BringUpError {
    /// The settings are incomplete.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The private PostgreSQL does not start.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The path of the private PostgreSQL cannot be written as a URL.
    #[error("the private PostgreSQL cannot be reached by a URL: {0}")]
    Url(#[from] UrlError),
}

impl Database {
    /// Returns the URLs of the configured database, after starting the private PostgreSQL if that is it. Blocks; does
    /// not connect to a server that a URL names.
    ///
    /// # Errors
    ///
    /// [`BringUpError`], a sentence that says what to do.
    pub fn bring_up(config: &Config) -> Result<Self, BringUpError> {
        match &config.database {
            DatabaseSource::Server { url, .. } => {
                let direct = config.database.direct_url()?.unwrap_or(url);
                Ok(Self {
                    url: url.clone(),
                    direct: direct.clone(),
                })
            }
            DatabaseSource::Embedded => {
                let url: DatabaseUrl = EmbeddedPostgres::start(&embedded_options(config))?
                    .url(DATABASE)
                    .parse()?;
                Ok(Self {
                    url: url.clone(),
                    direct: url,
                })
            }
        }
    }
}

/// Returns the options of this configuration's private PostgreSQL.
#[must_use]
pub fn embedded_options(config: &Config) -> EmbeddedOptions {
    EmbeddedOptions {
        data_dir: config.data_dir.clone(),
        pg_bin: config.pg_bin.clone(),
        durability: Durability::Durable,
    }
}
