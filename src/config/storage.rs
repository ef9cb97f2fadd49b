//! Settings of the database.

use std::path::PathBuf;

use database::settings::{PoolConfig, SessionLimits};
use database::url::DatabaseUrl;
use secrecy::SecretString;

use super::reader::{ConfigError, PROJECT_URL, Settings};

/// The database that stores the rows.
#[expect(clippy::large_enum_variant, reason = "there is one in a process")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseSource {
    /// The operator's PostgreSQL, used if configured.
    Server {
        /// The URL for requests and jobs.
        url: DatabaseUrl,
        /// The URL for migrations; never a transaction pooler.
        direct: Option<DatabaseUrl>,
    },
    /// The private PostgreSQL below [`Config::data_dir`](super::Config::data_dir).
    Embedded,
}

impl DatabaseSource {
    /// Returns the URL for migrations and for anything else that needs a session of its own; `None` means the private
    /// PostgreSQL.
    ///
    /// # Errors
    ///
    /// Returns an error if only a transaction pooler is configured.
    pub fn direct_url(&self) -> Result<Option<&DatabaseUrl>, ConfigError> {
        match self {
            Self::Embedded => Ok(None),
            Self::Server {
                direct: Some(direct), ..
            } => Ok(Some(direct)),
            Self::Server { url, direct: None } if !url.is_pooler() => Ok(Some(url)),
            Self::Server { .. } => Err(ConfigError(
                "DATABASE_URL names a transaction pooler, through which migrations cannot run: \
                 set DATABASE_DIRECT_URL to the URL of the database itself"
                    .to_owned(),
            )),
        }
    }
}

impl Settings<'_> {
    pub(super) fn pool(&self) -> Result<PoolConfig, ConfigError> {
        let default = PoolConfig::default();
        Ok(PoolConfig {
            base: self.whole("SCRAPERSKY_POOL_SIZE", default.base, 1..=1000)?,
            overflow: self.whole("SCRAPERSKY_POOL_OVERFLOW", default.overflow, 0..=1000)?,
            queue: Some(self.whole("SCRAPERSKY_POOL_QUEUE", 0, 0..=100_000)?).filter(|queue| *queue > 0),
            wait: self.seconds("SCRAPERSKY_POOL_TIMEOUT_SECONDS", default.wait)?,
            recycle: self.seconds("SCRAPERSKY_POOL_RECYCLE_SECONDS", default.recycle)?,
            limits: SessionLimits {
                statement: self.seconds("SCRAPERSKY_STATEMENT_TIMEOUT_SECONDS", default.limits.statement)?,
                idle_in_transaction: self.seconds(
                    "SCRAPERSKY_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS",
                    default.limits.idle_in_transaction,
                )?,
                lock: self.seconds("SCRAPERSKY_LOCK_TIMEOUT_SECONDS", default.limits.lock)?,
            },
            ..default
        })
    }

    pub(super) fn database(&self) -> Result<DatabaseSource, ConfigError> {
        for variable in [
            "SUPABASE_URL",
            "SUPABASE_DB_PASSWORD",
            "SUPABASE_POOLER_HOST",
            "SUPABASE_POOLER_PORT",
            "SUPABASE_POOLER_USER",
        ] {
            self.know(variable);
        }
        let direct = self.url("DATABASE_DIRECT_URL")?;
        if let Some(url) = self.url("DATABASE_URL")? {
            return Ok(DatabaseSource::Server { url, direct });
        }
        if let Some((url, supabase)) = self.supabase()? {
            return Ok(DatabaseSource::Server {
                url,
                direct: direct.or(Some(supabase)),
            });
        }
        match direct {
            // A URL for migrations without one for work is more likely a mistake than intended.
            Some(_) => Err(ConfigError(
                "DATABASE_DIRECT_URL is set but DATABASE_URL is not: set both".to_owned(),
            )),
            None => Ok(DatabaseSource::Embedded),
        }
    }

    /// Returns the URL of a standby that answers reads, if there is one.
    pub(super) fn read_database(&self) -> Result<Option<DatabaseUrl>, ConfigError> {
        self.url("DATABASE_READ_URL")
    }

    fn url(&self, variable: &str) -> Result<Option<DatabaseUrl>, ConfigError> {
        self.secret(variable, str::parse)
    }

    /// Returns the URLs for work and for migrations, from the variables of a Supabase project.
    fn supabase(&self) -> Result<Option<(DatabaseUrl, DatabaseUrl)>, ConfigError> {
        let Some(project) = self.text("SUPABASE_URL")? else {
            return Ok(None);
        };
        // The project's URL is also set for its HTTP API: without a password, no database is meant.
        let Some(password) = self.text("SUPABASE_DB_PASSWORD")?.map(SecretString::from) else {
            return Ok(None);
        };
        let host = project.split_once("://").map_or(project.as_str(), |(_, rest)| rest);
        let reference = host.split(['.', '/', ':']).next().unwrap_or_default();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if reference.is_empty() || !reference.bytes().all(is_name) {
            return Err(self.error("SUPABASE_URL", format_args!("cannot be used: {PROJECT_URL}")));
        }
        let at = |user: &str, host: &str, port| {
            DatabaseUrl::from_parts(user, Some(password.clone()), host, port, "postgres")
                .with_param("sslmode", "require")
        };
        let direct = at("postgres", &format!("db.{reference}.supabase.co"), 5432);
        let pooler_port = self.parsed("SUPABASE_POOLER_PORT", "a port, such as 6543", |text| text.parse().ok())?;
        let pooler = (
            self.text("SUPABASE_POOLER_HOST")?,
            pooler_port,
            self.text("SUPABASE_POOLER_USER")?,
        );
        let url = match pooler {
            (Some(host), Some(port), Some(user)) => at(&user, &host, port),
            _ => direct.clone(),
        };
        Ok(Some((url, direct)))
    }

    /// Returns how many bytes have to stay free on the disk of the private PostgreSQL; 0 means that nothing is watched.
    pub(super) fn min_free_disk(&self) -> Result<u64, ConfigError> {
        self.whole("SCRAPERSKY_MIN_FREE_DISK_BYTES", 256 * 1024 * 1024, 0..=1 << 50)
    }

    /// Returns how many rows a tenant may store, where it has no limit of its own; 0 means no limit.
    pub(super) fn rows_per_tenant(&self) -> Result<i64, ConfigError> {
        self.whole("SCRAPERSKY_ROWS_PER_TENANT", 100_000_000, 0..=1_000_000_000_000)
    }

    /// Returns the folder with further rules by which technologies are told.
    pub(super) fn rules_dir(&self) -> Result<Option<PathBuf>, ConfigError> {
        let absolute = |text: &str| Some(PathBuf::from(text)).filter(|dir| dir.is_absolute());
        self.parsed("SCRAPERSKY_RULES_DIR", "an absolute path", absolute)
    }

    /// Returns the file with current versions that is read instead of the shipped one.
    pub(super) fn versions_file(&self) -> Result<Option<PathBuf>, ConfigError> {
        let absolute = |text: &str| Some(PathBuf::from(text)).filter(|file| file.is_absolute());
        self.parsed("SCRAPERSKY_VERSIONS_FILE", "an absolute path", absolute)
    }

    pub(super) fn data_dir(&self, is_root: bool) -> Result<PathBuf, ConfigError> {
        let absolute = |text: &str| Some(PathBuf::from(text)).filter(|dir| dir.is_absolute());
        if let Some(dir) = self.parsed("SCRAPERSKY_DATA_DIR", "an absolute path", absolute)? {
            return Ok(dir);
        }
        if is_root {
            // PostgreSQL does not run as root, and its user cannot enter root's home folder.
            return Ok(PathBuf::from("/var/lib/scrapersky"));
        }
        directories::ProjectDirs::from("", "", "scrapersky")
            .map(|dirs| dirs.data_dir().to_owned())
            .ok_or_else(|| {
                ConfigError("SCRAPERSKY_DATA_DIR must be set to a folder: this user has no home directory".to_owned())
            })
    }
}
