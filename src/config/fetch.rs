//! Settings of outbound HTTP requests.

use std::path::PathBuf;

use web::fetch::FetchConfig;

use super::reader::{BYTES, ConfigError, Settings};

impl Settings<'_> {
    /// Reads the settings of outbound HTTP requests.
    pub(super) fn fetch(&self) -> Result<FetchConfig, ConfigError> {
        let default = FetchConfig::default();
        let user_agent = self.parsed("SCRAPERSKY_USER_AGENT", "of printable ASCII characters", |text| {
            let is_printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            is_printable.then(|| text.to_owned())
        })?;
        Ok(FetchConfig {
            connect_to: self.list(
                "SCRAPERSKY_CONNECT_TO",
                "host[:port]=address:port, such as shop.test=127.0.0.1:8081 or *.bench.test:80=[::1]:9000",
                |entry| entry.parse().ok(),
            )?,
            allow_nets: self.list(
                "SCRAPERSKY_ALLOW_NETS",
                "an address range, such as 127.0.0.0/8 or fd00::/8",
                |entry| entry.parse().ok(),
            )?,
            user_agent: user_agent.unwrap_or(default.user_agent),
            timeout: self.limit("SCRAPERSKY_FETCH_TIMEOUT_SECONDS", default.timeout)?,
            max_body: self.whole("SCRAPERSKY_FETCH_MAX_BODY_BYTES", default.max_body, BYTES)?,
            pace: self.seconds("SCRAPERSKY_FETCH_PACE_SECONDS", default.pace)?,
            extra_ca: self.text("SCRAPERSKY_EXTRA_CA")?.map(PathBuf::from),
            ..default
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reader::read_from;

    fn read(variable: &str, value: &str) -> Result<FetchConfig, String> {
        read_from(&[(variable, value)], |settings| settings.fetch())
    }

    #[test]
    fn private_addresses_are_refused_by_default() {
        let config = read("", "").unwrap();
        assert_eq!(config, FetchConfig::default());
        assert!(config.connect_to.is_empty() && config.allow_nets.is_empty());
    }

    #[test]
    fn host_names_resolve_to_the_configured_addresses() {
        let text = "shop.test=127.0.0.1:8081, *.Bench.test:443=[::1]:9000,";
        let rules = read("SCRAPERSKY_CONNECT_TO", text).unwrap().connect_to;
        let found = |host, port| {
            rules
                .iter()
                .find(|rule| rule.matches(host, port))
                .map(|rule| rule.to().to_string())
        };
        assert_eq!(found("shop.test", 80).unwrap(), "127.0.0.1:8081");
        assert_eq!(found("shop.test", 8443).unwrap(), "127.0.0.1:8081");
        assert_eq!(found("a.b.bench.test", 443).unwrap(), "[::1]:9000");
        for (host, port) in [
            ("bench.test", 443),
            (".bench.test", 443),
            ("a.bench.test", 80),
            ("www.shop.test", 80),
            ("xbench.test", 443),
        ] {
            assert_eq!(found(host, port), None, "{host}:{port}");
        }
    }

    #[test]
    fn an_invalid_rule_is_named() {
        for rule in [
            "shop.test",
            "shop.test=here:80",
            "1.2.3.4=127.0.0.1:80",
            "*=127.0.0.1:80",
            "a.*.b=127.0.0.1:80",
        ] {
            let error = read("SCRAPERSKY_CONNECT_TO", rule).unwrap_err();
            assert!(
                error.contains(&format!("{rule:?}")) && error.contains("such as"),
                "{error}"
            );
        }
        let error = read("SCRAPERSKY_ALLOW_NETS", "127.0.0.0/33").unwrap_err();
        assert_eq!(
            error,
            "SCRAPERSKY_ALLOW_NETS holds \"127.0.0.0/33\": each entry must be an address range, such as 127.0.0.0/8 \
             or fd00::/8"
        );
        assert!(
            read("SCRAPERSKY_FETCH_TIMEOUT_SECONDS", "0")
                .unwrap_err()
                .contains("above 0")
        );
        assert!(
            read("SCRAPERSKY_FETCH_MAX_BODY_BYTES", "1")
                .unwrap_err()
                .contains("from 1024")
        );
        assert!(read("SCRAPERSKY_USER_AGENT", "é").unwrap_err().contains("ASCII"));
    }
}
