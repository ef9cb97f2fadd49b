//! Settings from `Rocket.toml` and the environment.
//!
//! Each of the program's own settings can be an environment variable or a key in `Rocket.toml`, in the table
//! `scrapersky` of the profile, in lower case and without the prefix `SCRAPERSKY_`: `SCRAPERSKY_POOL_SIZE=5` is
//! `pool_size = 5` under `[default.scrapersky]`. The environment takes precedence. Rocket's own settings
//! (`ROCKET_ADDRESS`, `address`, ...) keep their names.

mod callers;
mod domain;
mod email;
mod fetch;
mod jobs;
mod known;
mod logs;
pub(crate) mod nearest;
mod places;
mod reader;
mod sitemap;
mod storage;
mod webhooks;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ::jobs::JobsConfig;
use database::settings::PoolConfig;
use database::url::DatabaseUrl;
use postgres::Disk;
use rocket::figment::providers::{Env, Format, Serialized, Toml};
use rocket::figment::{Figment, Profile, Provider};
use scans::schedules::Bounds;
use scans::{PlacesConfig, ScansConfig, WebhooksConfig};

pub use self::callers::{CallersConfig, LimitsConfig, Rates, TokensConfig};
pub use self::logs::LogFormat;
pub use self::reader::ConfigError;
use self::reader::Settings;
pub use self::storage::DatabaseSource;

/// The settings of the program, read once at startup.
#[derive(Clone, Debug)]
pub struct Config {
    /// Rocket's own settings: address, port, limits of bodies.
    pub rocket: Figment,
    /// The database to use.
    pub database: DatabaseSource,
    /// The limits of the connection pool.
    pub pool: PoolConfig,
    /// A standby of the database that answers reads.
    pub read_database: Option<DatabaseUrl>,
    /// The settings of scans.
    pub scans: ScansConfig,
    /// The settings of background jobs.
    pub jobs: JobsConfig,
    /// How long a server goes on serving after it was asked to stop, while it says that it is not ready.
    pub drain: Duration,
    /// The settings of place searches.
    pub places: PlacesConfig,
    /// Webhooks.
    pub webhooks: WebhooksConfig,
    /// Authentication, rate limits and allowed origins.
    pub callers: CallersConfig,
    /// The folder for everything the program writes, including the private PostgreSQL.
    pub data_dir: PathBuf,
    /// The bytes that have to stay free on the disk of the private PostgreSQL; 0 means that nothing is watched.
    pub min_free_disk: u64,
    /// The folder with PostgreSQL's programs; `None` searches for it.
    pub pg_bin: Option<PathBuf>,
    /// Log filter in `RUST_LOG` syntax.
    pub log: Option<String>,
    /// The address on which the figures of the process are served.
    pub metrics: Option<SocketAddr>,
    /// How log events are written.
    pub log_format: LogFormat,
    /// A sentence for each variable with the prefix `SCRAPERSKY_`, and each key of the table `scrapersky`, that is not
    /// known.
    pub unknown: Vec<String>,
}

/// Returns Rocket's settings: `ROCKET_*` over `Rocket.toml` over this program's defaults.
///
/// The defaults are here as well as in `Rocket.toml`, since the installed program runs without that file.
fn figment() -> Figment {
    let file = Env::var_or("ROCKET_CONFIG", "Rocket.toml");
    layered(Toml::file(file).nested())
        .merge(Env::prefixed("ROCKET_").ignore(&["PROFILE"]).global())
        .select(Profile::from_env_or("ROCKET_PROFILE", rocket::Config::DEFAULT_PROFILE))
}

/// Puts `file` over the defaults, as [`rocket::Config::figment`] does, but with this program's defaults over Rocket's.
/// Defaults joined to the figment which that function returns would have no effect.
fn layered(file: impl Provider) -> Figment {
    Figment::from(rocket::Config::default())
        // Rocket's defaults of 2 s and 3 s abort requests that take a few seconds.
        .merge(Serialized::default("shutdown.grace", 30))
        .merge(Serialized::default("shutdown.mercy", 5))
        // By default, Rocket trusts `X-Real-IP` from any client: unless a proxy sets it, each request could claim
        // another address.
        .merge(Serialized::default("ip_header", false))
        .merge(file)
}

impl Config {
    /// Returns these settings with another port to listen on.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        Self {
            rocket: self.rocket.clone().merge(("port", port)),
            ..self.clone()
        }
    }

    /// Returns what bounds the work that schedules start.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            places: self.places.clone(),
            sitemaps: self.scans.sitemap.clone(),
            quotas: self.callers.limits.quotas(),
        }
    }

    /// Returns the address and port that Rocket will listen on; port 0 is any free one.
    ///
    /// # Errors
    ///
    /// Returns an error if the settings do not name an address and a port.
    pub fn listening_address(&self) -> Result<SocketAddr, ConfigError> {
        let rocket = rocket::Config::try_from(&self.rocket)
            .map_err(|error| ConfigError(format!("Rocket's settings cannot be used: {error}")))?;
        Ok(SocketAddr::from((rocket.address, rocket.port)))
    }

    /// Returns the disk of the private PostgreSQL, which work must not fill. That of any other server is not watched.
    #[must_use]
    pub fn disk(&self) -> Disk {
        match self.database {
            DatabaseSource::Embedded => Disk::of(self.data_dir.clone(), self.min_free_disk),
            DatabaseSource::Server { .. } => Disk::default(),
        }
    }

    /// Reads the settings of this process from `Rocket.toml` and the environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for the first invalid setting. Names that are not known are no error here: see
    /// [`Config::refuse_unknown`].
    pub fn load() -> Result<Self, ConfigError> {
        let variables: Vec<String> = std::env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .collect();
        let env = |name: &str| std::env::var(name).ok();
        Self::read_all(&figment(), &env, &variables, nix::unistd::geteuid().is_root())
    }

    /// Refuses settings whose names are not known: a mistyped one would have no effect.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] that names each of them, with the nearest known name.
    pub fn refuse_unknown(&self) -> Result<(), ConfigError> {
        match self.unknown.as_slice() {
            [] => Ok(()),
            unknown => Err(ConfigError(unknown.join("; "))),
        }
    }

    /// Reads the settings from `figment` and from `env`, which looks up environment variables.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn read(figment: &Figment, env: &dyn Fn(&str) -> Option<String>, is_root: bool) -> Result<Self, ConfigError> {
        Self::read_all(figment, env, &[], is_root)
    }

    /// Reads the settings, and looks for names that are not known among `variables`.
    fn read_all(
        figment: &Figment,
        env: &dyn Fn(&str) -> Option<String>,
        variables: &[String],
        is_root: bool,
    ) -> Result<Self, ConfigError> {
        let settings = Settings::new(figment, env);
        let config = Self {
            // Rocket would close the listener at once: the program hears signals itself.
            rocket: figment
                .clone()
                // Its colours would reach files and terminals as escapes: the log has its own.
                .merge(("cli_colors", false))
                .merge(("shutdown.ctrlc", false))
                .merge(("shutdown.signals", [(); 0])),
            database: settings.database()?,
            pool: settings.pool()?,
            read_database: settings.read_database()?,
            scans: ScansConfig {
                fetch: settings.fetch()?,
                dns_server: settings.dns_server()?,
                domain: settings.domain()?,
                sitemap: settings.sitemap()?,
                email: settings.email()?,
                rules_dir: settings.rules_dir()?,
                versions_file: settings.versions_file()?,
                rows_per_tenant: settings.rows_per_tenant()?,
            },
            jobs: settings.jobs()?,
            drain: settings.seconds("SCRAPERSKY_DRAIN_SECONDS", Duration::ZERO)?,
            places: settings.places()?,
            webhooks: settings.webhooks()?,
            callers: settings.callers()?,
            data_dir: settings.data_dir(is_root)?,
            min_free_disk: settings.min_free_disk()?,
            pg_bin: settings.text("SCRAPERSKY_PG_BIN")?.map(PathBuf::from),
            metrics: settings.parsed(
                "SCRAPERSKY_METRICS_ADDRESS",
                "an address with a port, such as 127.0.0.1:9464",
                |text| text.parse().ok(),
            )?,
            log: settings.text("SCRAPERSKY_LOG")?.or(settings.text("RUST_LOG")?),
            log_format: settings
                .parsed("SCRAPERSKY_LOG_FORMAT", "`text` or `json`", LogFormat::read)?
                .unwrap_or_default(),
            unknown: Vec::new(),
        };
        let unknown = known::unknown(figment, variables, &settings.known.borrow());
        Ok(Self { unknown, ..config })
    }
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
    fn without_settings_the_private_server_and_the_default_pool_are_used() {
        let config = read("", &[]).unwrap();
        assert_eq!(config.database, DatabaseSource::Embedded);
        assert_eq!(config.pool, PoolConfig::default());
        assert_eq!(config.data_dir, PathBuf::from("/var/lib/scrapersky"));
        assert_eq!(config.log, None);
        assert_eq!(config.log_format, LogFormat::Text);
    }

    #[test]
    fn the_environment_takes_precedence_over_the_file() {
        let toml = "[default.scrapersky]\npool_size = 7\npool_overflow = 3\n[debug.scrapersky]\npool_overflow = 4";
        let config = read(toml, &[("SCRAPERSKY_POOL_SIZE", "9")]).unwrap();
        assert_eq!((config.pool.base, config.pool.overflow), (9, 4));
    }

    #[test]
    fn a_database_url_takes_precedence_over_supabase() {
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
    fn supabase_is_reached_through_its_pooler_and_migrated_directly() {
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
    fn an_invalid_setting_is_named_with_the_expected_value() {
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
    fn an_invalid_setting_of_the_file_is_named_by_its_key() {
        let table = "[default.scrapersky]\n";
        let error = |line| read(&format!("{table}{line}"), &[]).unwrap_err();
        assert_eq!(
            error("email_mx_check = true"),
            "email_mx_check in the configuration file must be a text or a number"
        );
        assert!(error("database_url = \"s3cret\"").starts_with("database_url in the configuration file cannot"));
        let broken = error("database_url = \"s3cret");
        assert!(broken.contains("line 2") && !broken.contains("s3cret"), "{broken}");
    }

    #[test]
    fn errors_and_debug_output_contain_no_password() {
        let error = read("", &[("DATABASE_URL", "postgres://ann:s3cret@ho st/d")]).unwrap_err();
        assert!(
            error.starts_with("DATABASE_URL cannot be used: ") && !error.contains("s3cret"),
            "{error}"
        );
        let config = read("", &[("DATABASE_URL", "postgres://ann:s3cret@host/d")]).unwrap();
        assert!(!format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn the_shipped_rocket_toml_is_valid() {
        let toml = include_str!("../../Rocket.toml");
        let config = read(toml, &[]).unwrap();
        assert_eq!((config.pool, config.unknown), (PoolConfig::default(), Vec::new()));
        for (profile, file) in [("debug", toml), ("release", toml), ("release", "")] {
            let figment = layered(Toml::string(file).nested()).select(profile);
            let rocket = rocket::Config::try_from(figment).unwrap();
            assert_eq!((rocket.shutdown.grace, rocket.shutdown.mercy), (30, 5));
            assert_eq!(rocket.ip_header, None);
        }
    }
}
