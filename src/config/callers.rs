//! Settings of who may call, how often, and from which sites.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::reader::{ConfigError, Settings};

/// The shortest secret that HS256 is safe with, in bytes (RFC 7518, section 3.2).
const SHORTEST_SECRET: usize = 32;

/// Who may call, how often, and from which sites.
#[derive(Clone, Debug)]
pub struct CallersConfig {
    /// Which tokens are accepted.
    pub tokens: TokensConfig,
    /// Rate limits.
    pub limits: LimitsConfig,
    /// The origins of web pages that may call, exactly as browsers send them.
    pub origins: Vec<String>,
}

/// Which tokens are accepted; none without a secret and a key URL.
#[derive(Clone, Debug, Default)]
pub struct TokensConfig {
    /// The secret of HS256.
    pub secret: Option<SecretString>,
    /// The URL of the public keys for ES256 and RS256.
    pub jwks: Option<Url>,
    /// The required issuer.
    pub issuer: Option<String>,
}

/// How often callers may ask. Zero means any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Limits of each key or person.
    pub caller: Rates,
    /// Limits of each tenant as a whole.
    pub tenant: Rates,
    /// Scans that a tenant may queue per day (UTC).
    pub scans_per_day: i32,
    /// Requests per minute of one address on routes without authentication.
    pub public_per_minute: i32,
}

/// What may be done within a minute. Zero means any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Requests of any kind.
    pub requests: i32,
    /// Requests that queue a batch.
    pub batches: i32,
}

impl Settings<'_> {
    /// Reads the settings of callers.
    pub(super) fn callers(&self) -> Result<CallersConfig, ConfigError> {
        let count = |variable, default: i32| -> Result<i32, ConfigError> {
            let wanted = format!("a whole number from 0 (any number), such as {default}");
            match self.parsed::<i32>(variable, &wanted)? {
                None => Ok(default),
                Some(value) if value >= 0 => Ok(value),
                Some(value) => Err(ConfigError(format!("{variable} is {value}: it must be {wanted}"))),
            }
        };
        Ok(CallersConfig {
            tokens: self.tokens()?,
            limits: LimitsConfig {
                caller: Rates {
                    requests: count("SCRAPERSKY_REQUESTS_PER_MINUTE", 60)?,
                    batches: count("SCRAPERSKY_BATCHES_PER_MINUTE", 5)?,
                },
                tenant: Rates {
                    requests: count("SCRAPERSKY_TENANT_REQUESTS_PER_MINUTE", 60)?,
                    batches: count("SCRAPERSKY_TENANT_BATCHES_PER_MINUTE", 5)?,
                },
                scans_per_day: count("SCRAPERSKY_SCANS_PER_DAY", 0)?,
                public_per_minute: count("SCRAPERSKY_PUBLIC_REQUESTS_PER_MINUTE", 600)?,
            },
            origins: self.origins()?,
        })
    }

    fn tokens(&self) -> Result<TokensConfig, ConfigError> {
        let secret = self.text("SUPABASE_JWT_SECRET")?.map(SecretString::from);
        if secret
            .as_ref()
            .is_some_and(|secret| secret.expose_secret().len() < SHORTEST_SECRET)
        {
            return Err(ConfigError(format!(
                "SUPABASE_JWT_SECRET cannot be used: it must have {SHORTEST_SECRET} characters or more"
            )));
        }
        let project = match self.text("SUPABASE_URL")? {
            None => None,
            Some(text) => Some(project_url(&text)?),
        };
        let below = |path: &str| project.as_deref().map(|project| format!("{project}/auth/v1{path}"));
        let issuer = self.text("SCRAPERSKY_JWT_ISSUER")?.or_else(|| below(""));
        if secret.is_some() && issuer.is_none() {
            return Err(ConfigError(
                "SUPABASE_JWT_SECRET is set, but not whose tokens are taken: set SUPABASE_URL, or SCRAPERSKY_JWT_ISSUER"
                    .to_owned(),
            ));
        }
        let jwks = below("/.well-known/jwks.json")
            .map(|url| Url::parse(&url).map_err(|_| unusable_project()))
            .transpose()?;
        Ok(TokensConfig { secret, jwks, issuer })
    }

    fn origins(&self) -> Result<Vec<String>, ConfigError> {
        let text = self.text("SCRAPERSKY_CORS_ORIGINS")?.unwrap_or_default();
        let named = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        named
            .map(|origin| {
                let exact = Url::parse(origin).ok().map(|url| url.origin().ascii_serialization());
                match exact {
                    Some(exact) if exact == origin && exact != "null" => Ok(exact),
                    _ => Err(ConfigError(format!(
                        "SCRAPERSKY_CORS_ORIGINS names {origin:?}: each must be an origin, such as https://app.example.com"
                    ))),
                }
            })
            .collect()
    }
}

/// Returns the URL of a Supabase project without a slash at its end; `https` where it says no scheme.
fn project_url(text: &str) -> Result<String, ConfigError> {
    let text = match text.split_once("://") {
        Some(_) => text.to_owned(),
        None => format!("https://{text}"),
    };
    let url = Url::parse(&text).map_err(|_| unusable_project())?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain {
        Ok(url.as_str().trim_end_matches('/').to_owned())
    } else {
        Err(unusable_project())
    }
}

fn unusable_project() -> ConfigError {
    ConfigError("SUPABASE_URL cannot be used: it must be the project's URL, https://<project>.supabase.co".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reader::read_from;

    fn read(values: &[(&str, &str)]) -> Result<CallersConfig, String> {
        read_from(values, |settings| settings.callers())
    }

    #[test]
    fn nothing_set_means_the_documented_limits_and_no_tokens() {
        let config = read(&[]).unwrap();
        let minute = Rates {
            requests: 60,
            batches: 5,
        };
        assert_eq!((config.limits.caller, config.limits.tenant), (minute, minute));
        let TokensConfig { secret, jwks, issuer } = config.tokens;
        assert!(secret.is_none() && jwks.is_none() && issuer.is_none());
        assert!(config.origins.is_empty());
    }

    #[test]
    fn a_project_says_who_issues_tokens_and_where_its_keys_are() {
        for url in ["https://abc.supabase.co", "https://abc.supabase.co/", "abc.supabase.co"] {
            let tokens = read(&[("SUPABASE_URL", url)]).unwrap().tokens;
            assert_eq!(tokens.issuer.unwrap(), "https://abc.supabase.co/auth/v1");
            let jwks = tokens.jwks.unwrap();
            assert_eq!(jwks.as_str(), "https://abc.supabase.co/auth/v1/.well-known/jwks.json");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named_and_no_secret_is() {
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
