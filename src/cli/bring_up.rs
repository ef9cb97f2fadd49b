//! Where the database is: the one that the settings name, or the private PostgreSQL.

use database::url::{DatabaseUrl, UrlError};
use postgres::{DATABASE, Durability, EmbeddedError, EmbeddedOptions, EmbeddedPostgres};

use crate::config::{Config, ConfigError, DatabaseSource};

/// Where a database that runs is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Where requests and jobs connect; it may be a pooler.
    pub url: DatabaseUrl,
    /// Where migrations connect; never a pooler.
    pub direct: DatabaseUrl,
}

/// Why no database can be reached.
#[derive(Debug, thiserror::Error)]
pub enum BringUpError {
    /// The settings do not say enough.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The private PostgreSQL does not start.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The private PostgreSQL is somewhere that no URL can name.
    #[error("the private PostgreSQL cannot be reached by a URL: {0}")]
    Url(#[from] UrlError),
}

impl Database {
    /// Returns where the configured database is, after starting the private PostgreSQL if that is
    /// it. This blocks; a server that is named by a URL is not asked for an answer.
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

/// Returns how this configuration wants its private PostgreSQL.
#[must_use]
pub fn embedded_options(config: &Config) -> EmbeddedOptions {
    EmbeddedOptions {
        data_dir: config.data_dir.clone(),
        pg_bin: config.pg_bin.clone(),
        durability: Durability::Durable,
    }
}
