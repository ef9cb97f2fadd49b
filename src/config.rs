//! Settings from `Rocket.toml` and the environment.
//!
//! Every setting of the program's own can be given as an environment variable, or in `Rocket.toml`
//! in the table `scrapersky` of the profile, there in lower case and without `SCRAPERSKY_`:
//! `SCRAPERSKY_POOL_SIZE=5` is `pool_size = 5` under `[default.scrapersky]`. The environment wins.
//! What Rocket itself reads (`ROCKET_ADDRESS`, `address`, ...) stays Rocket's.

mod callers;
mod email;
mod fetch;
mod jobs;
mod places;
mod sitemap;
mod trust;
mod url;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use rocket::figment::providers::{Env, Format, Serialized, Toml};
use rocket::figment::{Figment, Profile, Provider};

pub use self::callers::{CallersConfig, LimitsConfig, Rates, TokensConfig};
pub use self::email::EmailConfig;
pub use self::fetch::{ConnectTo, FetchConfig, IpNet};
pub use self::jobs::JobsConfig;
pub use self::places::{ExpiredPlaces, PlacesConfig, PlacesProtocol};
pub use self::sitemap::SitemapConfig;
pub use self::trust::{SystemRoots, system_roots};
pub use self::url::{DatabaseUrl, UrlError};

/// Everything that can be set, read once at the start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which database is used.
    pub database: DatabaseSource,
    /// The limits of the connection pool.
    pub pool: PoolConfig,
    /// What outbound HTTP may do.
    pub fetch: FetchConfig,
    /// How background jobs are worked off.
    pub jobs: JobsConfig,
    /// How places are searched for.
    pub places: PlacesConfig,
    /// Who may call, how often, and from which sites.
    pub callers: CallersConfig,
    /// Where the program keeps what it writes, the private PostgreSQL among it.
    pub data_dir: PathBuf,
    /// The folder of PostgreSQL's programs, if it must not be searched for.
    pub pg_bin: Option<PathBuf>,
    /// Which log events are shown, in the notation of `RUST_LOG`, if it is said.
    pub log: Option<String>,
}

/// Where the rows are.
#[expect(clippy::large_enum_variant, reason = "there is one in a process")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseSource {
    /// A PostgreSQL of one's own, always preferred where one is named.
    Server {
        /// Where requests and jobs connect.
        url: DatabaseUrl,
        /// Where migrations connect; never a transaction pooler.
        direct: Option<DatabaseUrl>,
    },
    /// The private PostgreSQL below [`Config::data_dir`].
    Embedded,
}

impl DatabaseSource {
    /// Returns where migrations and whatever else needs a session of its own connect; `None` means
    /// the private PostgreSQL.
    ///
    /// # Errors
    ///
    /// When only a transaction pooler is known.
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

/// The numbers of the connection pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    /// Connections that stay open when idle.
    pub base: usize,
    /// Connections opened beyond that in a rush.
    pub overflow: usize,
    /// How long a caller waits for a connection.
    pub wait: Duration,
    /// The age at which a connection is replaced.
    pub recycle: Duration,
    /// How long a connection may be idle without being checked before its next use.
    pub ping_after: Duration,
    /// The time limits of each session.
    pub limits: SessionLimits,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            base: 5,
            overflow: 10,
            wait: Duration::from_secs(30),
            recycle: Duration::from_secs(30 * 60),
            ping_after: Duration::from_secs(5),
            limits: SessionLimits::default(),
        }
    }
}

/// Time limits that the server enforces; zero means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// How long a statement may run.
    pub statement: Duration,
    /// How long a transaction may stay open without doing anything.
    pub idle_in_transaction: Duration,
    /// How long a statement may wait for a lock.
    pub lock: Duration,
}

impl SessionLimits {
    /// Returns no limits at all: the server's and the role's own settings hold.
    #[must_use]
    pub fn none() -> Self {
        Self {
            statement: Duration::ZERO,
            idle_in_transaction: Duration::ZERO,
            lock: Duration::ZERO,
        }
    }

    /// Returns the limits that are set, as PostgreSQL's settings in milliseconds.
    pub fn settings(&self) -> Vec<(&'static str, u128)> {
        [
            ("statement_timeout", self.statement),
            ("idle_in_transaction_session_timeout", self.idle_in_transaction),
            ("lock_timeout", self.lock),
        ]
        .into_iter()
        .filter(|(_, limit)| !limit.is_zero())
        .map(|(name, limit)| (name, limit.as_millis()))
        .collect()
    }
}

impl Default for SessionLimits {
    /// 30 s a statement, 60 s idle in a transaction, 10 s for a lock: a request that waits longer
    /// has been given up by its client, while what it holds keeps others waiting.
    fn default() -> Self {
        Self {
            statement: Duration::from_secs(30),
            idle_in_transaction: Duration::from_secs(60),
            lock: Duration::from_secs(10),
        }
    }
}

/// A setting that cannot be used, as one sentence that names it and says what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the text, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Returns Rocket's settings: `ROCKET_*` over `Rocket.toml` over what this program wants by default.
///
/// The defaults are here as well as in `Rocket.toml`, since the installed program runs without it.
#[must_use]
pub fn figment() -> Figment {
    let file = Env::var_or("ROCKET_CONFIG", "Rocket.toml");
    layered(Toml::file(file).nested())
        .merge(Env::prefixed("ROCKET_").ignore(&["PROFILE"]).global())
        .select(Profile::from_env_or("ROCKET_PROFILE", rocket::Config::DEFAULT_PROFILE))
}

/// Puts `file` over the defaults. As in [`rocket::Config::figment`], with ours over Rocket's: what
/// is joined to the figment it returns comes too late, behind Rocket's own.
fn layered(file: impl Provider) -> Figment {
    Figment::from(rocket::Config::default())
        // Rocket's 2 s and 3 s cut off requests that take a few seconds.
        .merge(Serialized::default("shutdown.grace", 30))
        .merge(Serialized::default("shutdown.mercy", 5))
        // Rocket believes `X-Real-IP` of anybody: without a proxy that sets it, each request could name an address of its own.
        .merge(Serialized::default("ip_header", false))
        .merge(file)
}

/// Returns the URL that Rocket will listen on by these settings.
///
/// # Errors
///
/// When they do not say an address and a port.
pub fn listening_url(figment: &Figment) -> Result<String, ConfigError> {
    let rocket = rocket::Config::try_from(figment)
        .map_err(|error| ConfigError(format!("Rocket's settings cannot be used: {error}")))?;
    Ok(format!(
        "http://{}",
        std::net::SocketAddr::from((rocket.address, rocket.port))
    ))
}

impl Config {
    /// Reads the settings of this process.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for the first setting that cannot be used.
    pub fn load(figment: &Figment) -> Result<Self, ConfigError> {
        Self::read(
            figment,
            &|name| std::env::var(name).ok(),
            nix::unistd::geteuid().is_root(),
        )
    }

    /// Reads the settings from `figment` and from `env`, a look-up of environment variables.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn read(figment: &Figment, env: &dyn Fn(&str) -> Option<String>, is_root: bool) -> Result<Self, ConfigError> {
        let settings = Settings { figment, env };
        Ok(Self {
            database: settings.database()?,
            pool: settings.pool()?,
            fetch: settings.fetch()?,
            jobs: settings.jobs()?,
            places: settings.places()?,
            callers: settings.callers()?,
            data_dir: settings.data_dir(is_root)?,
            pg_bin: settings.text("SCRAPERSKY_PG_BIN")?.map(PathBuf::from),
            log: match settings.text("SCRAPERSKY_LOG")? {
                Some(filter) => Some(filter),
                None => settings.text("RUST_LOG")?,
            },
        })
    }
}

/// Where settings are looked up.
struct Settings<'a> {
    figment: &'a Figment,
    env: &'a dyn Fn(&str) -> Option<String>,
}

impl Settings<'_> {
    /// Returns a setting as text. An empty one counts as not set, as shells and containers mean it.
    fn text(&self, variable: &str) -> Result<Option<String>, ConfigError> {
        if let Some(value) = (self.env)(variable) {
            return Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty()));
        }
        let name = variable
            .strip_prefix("SCRAPERSKY_")
            .unwrap_or(variable)
            .to_ascii_lowercase();
        let key = format!("scrapersky.{name}");
        let Ok(value) = self.figment.find_value(&key) else {
            return Ok(None);
        };
        let number = || value.to_i128().map(|number| number.to_string());
        let fraction = || value.to_f64().map(|number| number.to_string());
        let text = value.as_str().map(str::to_owned);
        match text.or_else(number).or_else(fraction) {
            Some(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            None => Err(ConfigError(format!(
                "{name} in the configuration file must be a text or a number"
            ))),
        }
    }

    fn parsed<T: FromStr>(&self, variable: &str, wanted: &str) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.text(variable)? else {
            return Ok(None);
        };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(ConfigError(format!("{variable} is {text:?}: it must be {wanted}"))),
        }
    }

    fn count(&self, variable: &str, default: usize, least: usize) -> Result<usize, ConfigError> {
        const MOST: usize = 1000;
        let wanted = format!("a whole number from {least} to {MOST}, such as {default}");
        match self.parsed(variable, &wanted)? {
            None => Ok(default),
            Some(value) if (least..=MOST).contains(&value) => Ok(value),
            Some(value) => Err(ConfigError(format!("{variable} is {value}: it must be {wanted}"))),
        }
    }

    fn seconds(&self, variable: &str, default: Duration) -> Result<Duration, ConfigError> {
        // PostgreSQL takes milliseconds in 31 bits.
        const MOST: f64 = 2_000_000.0;
        let wanted = format!(
            "a number of seconds from 0 to {MOST}, such as {}",
            default.as_secs_f64()
        );
        match self.parsed::<f64>(variable, &wanted)? {
            None => Ok(default),
            Some(value) if (0.0..=MOST).contains(&value) => Ok(Duration::from_secs_f64(value)),
            Some(value) => Err(ConfigError(format!("{variable} is {value}: it must be {wanted}"))),
        }
    }

    fn pool(&self) -> Result<PoolConfig, ConfigError> {
        let default = PoolConfig::default();
        Ok(PoolConfig {
            base: self.count("SCRAPERSKY_POOL_SIZE", default.base, 1)?,
            overflow: self.count("SCRAPERSKY_POOL_OVERFLOW", default.overflow, 0)?,
            wait: self.seconds("SCRAPERSKY_POOL_TIMEOUT_SECONDS", default.wait)?,
            recycle: self.seconds("SCRAPERSKY_POOL_RECYCLE_SECONDS", default.recycle)?,
            ping_after: self.seconds("SCRAPERSKY_POOL_PING_AFTER_SECONDS", default.ping_after)?,
            limits: SessionLimits {
                statement: self.seconds("SCRAPERSKY_STATEMENT_TIMEOUT_SECONDS", default.limits.statement)?,
                idle_in_transaction: self.seconds(
                    "SCRAPERSKY_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS",
                    default.limits.idle_in_transaction,
                )?,
                lock: self.seconds("SCRAPERSKY_LOCK_TIMEOUT_SECONDS", default.limits.lock)?,
            },
        })
    }

    fn database(&self) -> Result<DatabaseSource, ConfigError> {
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
            // Saying where to migrate but not where to work is more likely a slip than a wish.
            Some(_) => Err(ConfigError(
                "DATABASE_DIRECT_URL is set but DATABASE_URL is not: set both".to_owned(),
            )),
            None => Ok(DatabaseSource::Embedded),
        }
    }

    fn url(&self, variable: &str) -> Result<Option<DatabaseUrl>, ConfigError> {
        let Some(text) = self.text(variable)? else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|error: UrlError| ConfigError(format!("{variable} cannot be used: {error}")))
    }

    /// Returns where to work and where to migrate, from the variables of a Supabase project.
    fn supabase(&self) -> Result<Option<(DatabaseUrl, DatabaseUrl)>, ConfigError> {
        let Some(project) = self.text("SUPABASE_URL")? else {
            return Ok(None);
        };
        // The project's URL alone also serves its HTTP API: without a password no database is meant.
        let Some(password) = self.text("SUPABASE_DB_PASSWORD")?.map(Secret::new) else {
            return Ok(None);
        };
        let host = project.split_once("://").map_or(project.as_str(), |(_, rest)| rest);
        let reference = host.split(['.', '/', ':']).next().unwrap_or_default();
        if reference.is_empty()
            || !reference
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            return Err(ConfigError(
                "SUPABASE_URL cannot be used: it must be the project's URL, https://<project>.supabase.co".to_owned(),
            ));
        }
        let secured = |url: DatabaseUrl| url.with_param("sslmode", "require");
        let direct_host = format!("db.{reference}.supabase.co");
        let direct = secured(DatabaseUrl::from_parts(
            "postgres",
            Some(password.clone()),
            &direct_host,
            5432,
            "postgres",
        ));
        let pooler_port = self.parsed::<u16>("SUPABASE_POOLER_PORT", "a port, such as 6543")?;
        let pooler = (
            self.text("SUPABASE_POOLER_HOST")?,
            pooler_port,
            self.text("SUPABASE_POOLER_USER")?,
        );
        let url = match pooler {
            (Some(host), Some(port), Some(user)) => {
                secured(DatabaseUrl::from_parts(&user, Some(password), &host, port, "postgres"))
            }
            _ => direct.clone(),
        };
        Ok(Some((url, direct)))
    }

    fn data_dir(&self, is_root: bool) -> Result<PathBuf, ConfigError> {
        if let Some(dir) = self.text("SCRAPERSKY_DATA_DIR")? {
            let dir = PathBuf::from(dir);
            return if dir.is_absolute() {
                Ok(dir)
            } else {
                Err(ConfigError(format!(
                    "SCRAPERSKY_DATA_DIR is {dir:?}: it must be an absolute path"
                )))
            };
        }
        if is_root {
            // PostgreSQL does not run as root, and its user cannot enter root's home.
            return Ok(PathBuf::from("/var/lib/scrapersky"));
        }
        directories::ProjectDirs::from("", "", "scrapersky")
            .map(|dirs| dirs.data_dir().to_owned())
            .ok_or_else(|| {
                ConfigError("SCRAPERSKY_DATA_DIR must be set to a folder: this user has no home directory".to_owned())
            })
    }
}

/// Reads settings from these variables alone.
#[cfg(test)]
fn read_from<T>(
    values: &[(&str, &str)],
    read: impl FnOnce(&Settings<'_>) -> Result<T, ConfigError>,
) -> Result<T, String> {
    let env = |name: &str| {
        let found = values.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let figment = Figment::new();
    let settings = Settings {
        figment: &figment,
        env: &env,
    };
    read(&settings).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str, env: &[(&str, &str)]) -> Result<Config, String> {
        let env = |name: &str| {
            env.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let figment = Figment::from(Toml::string(toml).nested()).select("debug");
        Config::read(&figment, &env, true).map_err(|error| error.to_string())
    }

    fn server(config: &Config) -> (String, Option<String>) {
        match &config.database {
            DatabaseSource::Server { url, direct } => (url.to_string(), direct.as_ref().map(ToString::to_string)),
            DatabaseSource::Embedded => ("embedded".to_owned(), None),
        }
    }

    #[test]
    fn nothing_set_means_the_private_server_and_the_default_pool() {
        let config = read("", &[]).unwrap();
        assert_eq!(config.database, DatabaseSource::Embedded);
        assert_eq!(config.pool, PoolConfig::default());
        assert_eq!(config.data_dir, PathBuf::from("/var/lib/scrapersky"));
        assert_eq!(config.log, None);
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let toml = "[default.scrapersky]\npool_size = 7\npool_overflow = 3\n[debug.scrapersky]\npool_overflow = 4";
        let config = read(toml, &[("SCRAPERSKY_POOL_SIZE", "9")]).unwrap();
        assert_eq!((config.pool.base, config.pool.overflow), (9, 4));
    }

    #[test]
    fn a_database_url_wins_over_supabase() {
        let supabase = ("SUPABASE_URL", "https://abcdef.supabase.co");
        let config = read(
            "",
            &[
                ("DATABASE_URL", "postgres://a:b@h/d"),
                supabase,
                ("SUPABASE_DB_PASSWORD", "x"),
            ],
        );
        assert_eq!(server(&config.unwrap()), ("a@h/d".to_owned(), None));
    }

    #[test]
    fn supabase_means_its_pooler_where_known_and_migrates_directly() {
        let project = [
            ("SUPABASE_URL", "https://abcdef.supabase.co"),
            ("SUPABASE_DB_PASSWORD", "p@/ss"),
        ];
        let direct = "postgres@db.abcdef.supabase.co:5432/postgres".to_owned();
        assert_eq!(
            server(&read("", &project).unwrap()),
            (direct.clone(), Some(direct.clone()))
        );
        let mut pooled = project.to_vec();
        pooled.push(("SUPABASE_POOLER_HOST", "aws-0-eu-central-1.pooler.supabase.com"));
        pooled.push(("SUPABASE_POOLER_PORT", "6543"));
        pooled.push(("SUPABASE_POOLER_USER", "postgres.abcdef"));
        let config = read("", &pooled).unwrap();
        let pooler = "postgres.abcdef@aws-0-eu-central-1.pooler.supabase.com:6543/postgres".to_owned();
        assert_eq!(server(&config), (pooler, Some(direct)));
        assert!(!format!("{config:?}").contains("ss\""), "{config:?}");
    }

    #[test]
    fn migrations_through_a_pooler_are_refused() {
        let pooler = ("DATABASE_URL", "postgres://a:b@h:6543/d");
        let error = read("", &[pooler])
            .unwrap()
            .database
            .direct_url()
            .unwrap_err()
            .to_string();
        assert!(error.contains("DATABASE_DIRECT_URL"), "{error}");
        let config = read("", &[pooler, ("DATABASE_DIRECT_URL", "postgres://a:b@h:5432/d")]).unwrap();
        assert_eq!(config.database.direct_url().unwrap().unwrap().to_string(), "a@h:5432/d");
    }

    #[test]
    fn a_wrong_setting_is_named_with_what_would_be_right() {
        let error = |name, value| read("", &[(name, value)]).unwrap_err();
        assert_eq!(
            error("SCRAPERSKY_POOL_SIZE", "many"),
            "SCRAPERSKY_POOL_SIZE is \"many\": it must be a whole number from 1 to 1000, such as 5"
        );
        assert!(error("SCRAPERSKY_POOL_SIZE", "0").contains("from 1 to 1000"));
        assert!(error("SCRAPERSKY_POOL_TIMEOUT_SECONDS", "-1").contains("from 0 to"));
        assert!(error("SCRAPERSKY_DATA_DIR", "data").contains("absolute"));
        assert!(error("DATABASE_DIRECT_URL", "postgres://h/d").contains("DATABASE_URL"));
    }

    #[test]
    fn no_error_and_no_debug_output_holds_a_password() {
        let error = read("", &[("DATABASE_URL", "postgres://ann:s3cret@ho st/d")]).unwrap_err();
        assert!(
            error.starts_with("DATABASE_URL cannot be used: ") && !error.contains("s3cret"),
            "{error}"
        );
        let config = read("", &[("DATABASE_URL", "postgres://ann:s3cret@host/d")]).unwrap();
        assert!(!format!("{config:?}").contains("s3cret"));
        assert_eq!(format!("{0} {0:?}", Secret::new("s3cret".to_owned())), "*** ***");
    }

    #[test]
    fn the_shipped_rocket_toml_is_understood() {
        let toml = include_str!("../Rocket.toml");
        assert_eq!(read(toml, &[]).unwrap().pool, PoolConfig::default());
        for (profile, file) in [("debug", toml), ("release", toml), ("release", "")] {
            let figment = layered(Toml::string(file).nested()).select(profile);
            let rocket = rocket::Config::try_from(figment).unwrap();
            assert_eq!((rocket.shutdown.grace, rocket.shutdown.mercy), (30, 5));
            assert_eq!(rocket.ip_header, None);
        }
    }
}
