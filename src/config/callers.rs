//! Settings of authentication, rate limits and allowed origins.

use ::jobs::Quotas;
use secrecy::SecretString;
use url::Url;

use super::reader::{ConfigError, PROJECT_URL, Settings, service_url};

/// Minimum length of a secret for HS256, in bytes (RFC 7518, section 3.2).
const MIN_SECRET_CHARS: usize = 32;

/// Authentication, rate limits and allowed origins.
#[derive(Clone, Debug)]
pub struct CallersConfig {
    /// The accepted tokens.
    pub tokens: TokensConfig,
    /// The rate limits.
    pub limits: LimitsConfig,
    /// The allowed origins of web pages, exactly as browsers send them.
    pub origins: Vec<String>,
}

/// The accepted tokens; without a secret and a key URL, none are.
#[derive(Clone, Debug, Default)]
pub struct TokensConfig {
    /// The secret for HS256.
    pub secret: Option<SecretString>,
    /// The URL of the public keys for ES256 and RS256.
    pub jwks: Option<Url>,
    /// The required issuer of tokens.
    pub issuer: Option<String>,
}

/// The rate limits; 0 means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Limits per API key or user.
    pub caller: Rates,
    /// Limits of each tenant as a whole.
    pub tenant: Rates,
    /// The maximum number of scans that a tenant may queue per day (UTC).
    pub scans_per_day: i32,
    /// Rows that a tenant may store.
    pub stored_rows: i64,
    /// The maximum number of requests per minute and address on routes without authentication.
    pub public_per_minute: i32,
}

impl LimitsConfig {
    /// Returns the quotas of tenants that have none of their own.
    #[must_use]
    pub fn quotas(&self) -> Quotas {
        Quotas {
            scans_per_day: Some(self.scans_per_day).filter(|quota| *quota > 0),
            stored_rows: Some(self.stored_rows).filter(|quota| *quota > 0),
        }
    }
}

/// Limits per minute; 0 means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// The maximum number of GET and HEAD requests.
    pub reads: i32,
    /// The maximum number of all other requests.
    pub requests: i32,
    /// The maximum number of requests that queue a batch.
    pub batches: i32,
}

impl Settings<'_> {
    /// Reads the settings of authentication, rate limits and origins.
    pub(super) fn callers(&self) -> Result<CallersConfig, ConfigError> {
        let count = |variable, default| self.whole(variable, default, 0..=i32::MAX);
        Ok(CallersConfig {
            tokens: self.tokens()?,
            limits: LimitsConfig {
                caller: Rates {
                    reads: count("SCRAPERSKY_READS_PER_MINUTE", 1800)?,
                    requests: count("SCRAPERSKY_REQUESTS_PER_MINUTE", 60)?,
                    batches: count("SCRAPERSKY_BATCHES_PER_MINUTE", 5)?,
                },
                tenant: Rates {
                    reads: count("SCRAPERSKY_TENANT_READS_PER_MINUTE", 1800)?,
                    requests: count("SCRAPERSKY_TENANT_REQUESTS_PER_MINUTE", 60)?,
                    batches: count("SCRAPERSKY_TENANT_BATCHES_PER_MINUTE", 5)?,
                },
                scans_per_day: count("SCRAPERSKY_SCANS_PER_DAY", 0)?,
                stored_rows: self.rows_per_tenant()?,
                public_per_minute: count("SCRAPERSKY_PUBLIC_REQUESTS_PER_MINUTE", 600)?,
            },
            origins: self.origins()?,
        })
    }

    fn tokens(&self) -> Result<TokensConfig, ConfigError> {
        let secret = self.secret("SUPABASE_JWT_SECRET", |text| {
            let is_long = text.len() >= MIN_SECRET_CHARS;
            let wrong = || format!("it must have {MIN_SECRET_CHARS} characters or more");
            is_long.then(|| SecretString::from(text)).ok_or_else(wrong)
        })?;
        let project = self.secret("SUPABASE_URL", |text| {
            let url = match text.split_once("://") {
                Some(_) => service_url(text),
                None => service_url(&format!("https://{text}")),
            };
            url.ok_or(PROJECT_URL)
        })?;
        let auth = project.map(|url| format!("{}/auth/v1", url.as_str().trim_end_matches('/')));
        let keys = auth.as_ref().map(|auth| format!("{auth}/.well-known/jwks.json"));
        let jwks = keys.and_then(|keys| Url::parse(&keys).ok());
        let issuer = self.text("SCRAPERSKY_JWT_ISSUER")?.or(auth);
        if secret.is_some() && issuer.is_none() {
            return Err(ConfigError(
                "SUPABASE_JWT_SECRET is set, but not whose tokens are taken: set SUPABASE_URL, or SCRAPERSKY_JWT_ISSUER"
                    .to_owned(),
            ));
        }
        Ok(TokensConfig { secret, jwks, issuer })
    }

    fn origins(&self) -> Result<Vec<String>, ConfigError> {
        let wanted = "an origin, such as https://app.example.com";
        self.list("SCRAPERSKY_CORS_ORIGINS", wanted, |entry| {
            let exact = Url::parse(entry).ok()?.origin().ascii_serialization();
            (exact == entry && exact != "null").then_some(exact)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reader::read_from;

    fn read(values: &[(&str, &str)]) -> Result<CallersConfig, String> {
        read_from(values, |settings| settings.callers())
    }

    #[test]
    fn without_settings_the_documented_limits_apply_and_no_token_is_accepted() {
        let config = read(&[]).unwrap();
        let minute = Rates {
            reads: 1800,
            requests: 60,
            batches: 5,
        };
        assert_eq!((config.limits.caller, config.limits.tenant), (minute, minute));
        let TokensConfig { secret, jwks, issuer } = config.tokens;
        assert!(secret.is_none() && jwks.is_none() && issuer.is_none());
        assert!(config.origins.is_empty());
    }

    #[test]
    fn a_supabase_project_sets_the_issuer_and_the_key_url() {
        for url in ["https://abc.supabase.co", "https://abc.supabase.co/", "abc.supabase.co"] {
            let tokens = read(&[("SUPABASE_URL", url)]).unwrap().tokens;
            assert_eq!(tokens.issuer.unwrap(), "https://abc.supabase.co/auth/v1");
            let jwks = tokens.jwks.unwrap();
            assert_eq!(jwks.as_str(), "https://abc.supabase.co/auth/v1/.well-known/jwks.json");
        }
    }

    #[test]
    fn an_invalid_setting_is_named_without_its_secret() {
        let weak = ("SUPABASE_JWT_SECRET", "s3cret");
        let strong = ("SUPABASE_JWT_SECRET", "s3cret-s3cret-s3cret-s3cret-s3cret-s3cret");
        for (settings, named) in [
            (vec![weak], "SUPABASE_JWT_SECRET"),
            (vec![strong], "SUPABASE_URL"),
            (
                vec![("SUPABASE_URL", "https://u:s3cret@abc.supabase.co")],
                "SUPABASE_URL",
            ),
            (
                vec![("SCRAPERSKY_REQUESTS_PER_MINUTE", "-1")],
                "SCRAPERSKY_REQUESTS_PER_MINUTE",
            ),
            (vec![("SCRAPERSKY_CORS_ORIGINS", "*")], "SCRAPERSKY_CORS_ORIGINS"),
            (
                vec![("SCRAPERSKY_CORS_ORIGINS", "https://a.test/")],
                "SCRAPERSKY_CORS_ORIGINS",
            ),
            (
                vec![("SCRAPERSKY_CORS_ORIGINS", "https://a.test, null")],
                "SCRAPERSKY_CORS_ORIGINS",
            ),
        ] {
            let error = read(&settings).unwrap_err();
            assert!(error.contains(named) && !error.contains("s3cret"), "{error}");
        }
        let config = read(&[strong, ("SCRAPERSKY_JWT_ISSUER", "me")]).unwrap();
        assert!(!format!("{config:?}").contains("s3cret"));
        let origins = read(&[("SCRAPERSKY_CORS_ORIGINS", "https://a.test, http://localhost:3000")])
            .unwrap()
            .origins;
        assert_eq!(origins, ["https://a.test", "http://localhost:3000"]);
    }
}
