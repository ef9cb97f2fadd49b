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
mod reader;
mod sitemap;
mod storage;

use std::path::PathBuf;

use ::jobs::JobsConfig;
use database::settings::PoolConfig;
use rocket::figment::providers::{Env, Format, Serialized, Toml};
use rocket::figment::{Figment, Profile, Provider};
use scans::{PlacesConfig, ScansConfig};

pub use self::callers::{CallersConfig, LimitsConfig, Rates, TokensConfig};
pub use self::reader::ConfigError;
use self::reader::Settings;
pub use self::storage::DatabaseSource;

/// Everything that can be set, read once at the start.
#[derive(Clone, Debug)]
pub struct Config {
    /// What Rocket itself reads: address, port, limits of bodies.
    pub rocket: Figment,
    /// Which database is used.
    pub database: DatabaseSource,
    /// The limits of the connection pool.
    pub pool: PoolConfig,
    /// What scans may do.
    pub scans: ScansConfig,
    /// How background jobs are run.
    pub jobs: JobsConfig,
    /// How places are searched for.
    pub places: PlacesConfig,
    /// Who may call, how often, and from which sites.
    pub callers: CallersConfig,
    /// Where the program keeps what it writes, the private PostgreSQL among it.
    pub data_dir: PathBuf,
    /// The folder of PostgreSQL's programs; searched for when `None`.
    pub pg_bin: Option<PathBuf>,
    /// Log filter in `RUST_LOG` syntax.
    pub log: Option<String>,
}

/// Returns Rocket's settings: `ROCKET_*` over `Rocket.toml` over what this program wants by default.
///
/// The defaults are here as well as in `Rocket.toml`, since the installed program runs without it.
fn figment() -> Figment {
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

impl Config {
    /// Returns the URL that Rocket will listen on.
    ///
    /// # Errors
    ///
    /// When its settings do not name an address and a port.
    pub fn listening_url(&self) -> Result<String, ConfigError> {
        let rocket = rocket::Config::try_from(&self.rocket)
            .map_err(|error| ConfigError(format!("Rocket's settings cannot be used: {error}")))?;
        Ok(format!(
            "http://{}",
            std::net::SocketAddr::from((rocket.address, rocket.port))
        ))
    }

    /// Reads the settings of this process.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for the first setting that cannot be used.
    pub fn load() -> Result<Self, ConfigError> {
        Self::read(
            &figment(),
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
            rocket: figment.clone(),
            database: settings.database()?,
            pool: settings.pool()?,
            scans: ScansConfig {
                fetch: settings.fetch()?,
                sitemap: settings.sitemap()?,
                email: settings.email()?,
            },
            jobs: settings.jobs()?,
            places: settings.places()?,
            callers: settings.callers()?,
            data_dir: settings.data_dir(is_root)?,
            pg_bin: settings.text("SCRAPERSKY_PG_BIN")?.map(PathBuf::from),
            log: settings.text("SCRAPERSKY_LOG")?.or(settings.text("RUST_LOG")?),
        })
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
    fn a_wrong_setting_of_the_file_is_named_by_its_key() {
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
    fn no_error_and_no_debug_output_holds_a_password() {
        let error = read("", &[("DATABASE_URL", "postgres://ann:s3cret@ho st/d")]).unwrap_err();
        assert!(
            error.starts_with("DATABASE_URL cannot be used: ") && !error.contains("s3cret"),
            "{error}"
        );
        let config = read("", &[("DATABASE_URL", "postgres://ann:s3cret@host/d")]).unwrap();
        assert!(!format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn the_shipped_rocket_toml_is_understood() {
        let toml = include_str!("../../Rocket.toml");
        assert_eq!(read(toml, &[]).unwrap().pool, PoolConfig::default());
        for (profile, file) in [("debug", toml), ("release", toml), ("release", "")] {
            let figment = layered(Toml::string(file).nested()).select(profile);
            let rocket = rocket::Config::try_from(figment).unwrap();
            assert_eq!((rocket.shutdown.grace, rocket.shutdown.mercy), (30, 5));
            assert_eq!(rocket.ip_header, None);
        }
    }
}
