//! The database URL.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use crate::servers::{self, Place, Server, Wanted};

/// URL parameters of other clients that are not sent to the server.
const OF_OTHER_CLIENTS: [&str; 9] = [
    "connection_limit",
    "max_client_conn",
    "pgbouncer",
    "pool_mode",
    "pool_timeout",
    "prepared_statement_cache_size",
    "schema",
    "statement_cache_size",
    "supa",
];

/// A URL that names a database, a user and, often, a password.
///
/// Displayed as `user@host/database`: neither `Display` nor `Debug` shows the password. `postgresql:`, `postgres:` and
/// SQLAlchemy's `postgresql+asyncpg:` are accepted. A password may be percent-encoded, or contain `@ : / # ?` unescaped
/// if that is unambiguous.
#[derive(Clone)]
pub struct DatabaseUrl {
    user: Option<String>,
    password: Option<SecretString>,
    /// Hosts with ports, as in the URL: a name, an address, several separated by commas, or a percent-encoded socket
    /// directory.
    hosts: String,
    database: Option<String>,
    params: Vec<(String, String)>,
}

/// An invalid database URL; the message quotes nothing of it, since an unrecognised password could be anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It does not begin with a PostgreSQL scheme.
    #[error("it must begin with postgresql:// (or postgres://, postgresql+asyncpg://)")]
    Scheme,
    /// Host or port are invalid.
    #[error(
        "it does not parse as postgresql://user:password@host:port/database \
         (write special characters in the password percent-encoded, @ as %40, / as %2F and so on)"
    )]
    Syntax,
}

impl DatabaseUrl {
    /// Builds a URL from parts that need no encoding.
    #[must_use]
    pub fn from_parts(user: &str, password: Option<SecretString>, host: &str, port: u16, database: &str) -> Self {
        Self {
            user: Some(user.to_owned()),
            password,
            hosts: format!("{host}:{port}"),
            database: Some(database.to_owned()),
            params: Vec::new(),
        }
    }

    /// Returns the value of a query parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the URL of another database on the same server.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        Self {
            database: Some(name.to_owned()),
            ..self.clone()
        }
    }

    /// Returns the URL with a query parameter set.
    #[must_use]
    pub fn with_param(&self, name: &str, value: &str) -> Self {
        let mut url = self.clone();
        url.params.retain(|(key, _)| key != name);
        url.params.push((name.to_owned(), value.to_owned()));
        url
    }

    /// Returns the servers, at least one.
    ///
    /// # Errors
    ///
    /// A sentence about the part that is wrong.
    pub(crate) fn servers(&self) -> Result<Vec<Server>, String> {
        servers::list(&self.hosts, |name| self.param(name))
    }

    /// Returns which server a session is meant for.
    pub(crate) fn wanted(&self, servers: usize) -> Result<Wanted, String> {
        Wanted::parse(self.param("target_session_attrs"), servers)
    }

    /// Returns whether the URL is a pooler's that assigns a server connection per transaction.
    ///
    /// Recognised by `?pgbouncer=true`, by Supabase's pooler host names and by the ports 6432 and 6543;
    /// `?pgbouncer=false` overrides these. On port 5432 Supabase's pooler keeps a session. Any other pooler is found by
    /// the probe of each new connection.
    #[must_use]
    pub fn is_pooler(&self) -> bool {
        match self.param("pgbouncer") {
            Some(value) => value != "false",
            None => self.servers().is_ok_and(|servers| {
                servers
                    .iter()
                    .any(|server| matches!(server.port, 6432 | 6543) || (server.port != 5432 && is_of_supabase(server)))
            }),
        }
    }

    /// Returns whether the operator, by `?pgbouncer=false`, or the name of Supabase's pooler says that one session is
    /// kept for each client, even if the connection leads through a pooler.
    pub(crate) fn keeps_sessions(&self) -> bool {
        match self.param("pgbouncer") {
            Some(value) => value == "false",
            None => !self.is_pooler() && self.servers().is_ok_and(|servers| servers.iter().all(is_of_supabase)),
        }
    }

    /// Returns the driver's configuration, without servers and TLS.
    ///
    /// # Errors
    ///
    /// A parameter the driver does not understand; the message does not quote the URL.
    pub(crate) fn driver_config(&self) -> Result<tokio_postgres::Config, String> {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut url = "postgresql://".to_owned();
        if let Some(user) = &self.user {
            url.push_str(&encoded(user));
            if let Some(password) = &self.password {
                url.push(':');
                url.push_str(&encoded(password.expose_secret()));
            }
            url.push('@');
        }
        url.push('/');
        url.push_str(&encoded(self.database.as_deref().unwrap_or_default()));
        let params = self.params.iter().filter(|(name, _)| !is_settled_elsewhere(name));
        for (index, (name, value)) in params.enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(&format!("{}={}", encoded(name), encoded(value)));
        }
        let mut config: tokio_postgres::Config = url.parse().map_err(|error: tokio_postgres::Error| {
            use std::error::Error as _;
            error.source().map_or_else(|| error.to_string(), ToString::to_string)
        })?;
        // In milliseconds, as libpq reads it; the driver would take them for seconds.
        if let Some(text) = self.param("tcp_user_timeout") {
            let milliseconds = text
                .parse()
                .map_err(|_| "tcp_user_timeout must be a number of milliseconds".to_owned())?;
            config.tcp_user_timeout(Duration::from_millis(milliseconds));
        }
        Ok(config)
    }
}

fn is_of_supabase(server: &Server) -> bool {
    matches!(&server.place, Place::Host(name, _) if name.ends_with(".pooler.supabase.com"))
}

fn is_settled_elsewhere(param: &str) -> bool {
    let of_other_modules = [
        "host",
        "hostaddr",
        "port",
        "ssl",
        "sslmode",
        "sslrootcert",
        "target_session_attrs",
        "tcp_user_timeout",
    ];
    of_other_modules.contains(&param) || OF_OTHER_CLIENTS.contains(&param)
}

impl PartialEq for DatabaseUrl {
    fn eq(&self, other: &Self) -> bool {
        let parts = |url: &Self| {
            let password = url
                .password
                .as_ref()
                .map(|password| password.expose_secret().to_owned());
            (
                url.user.clone(),
                password,
                url.hosts.clone(),
                url.database.clone(),
                url.params.clone(),
            )
        };
        parts(self) == parts(other)
    }
}

impl Eq for DatabaseUrl {}

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(UrlError::Scheme)?;
        if !matches!(
            scheme,
            "postgresql" | "postgres" | "postgresql+asyncpg" | "postgres+asyncpg"
        ) {
            return Err(UrlError::Scheme);
        }
        let (head, query) = split_query(rest);
        // The last @ ends the password.
        let (login, place) = match head.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, head),
        };
        let (hosts, database) = place.split_once('/').unwrap_or((place, ""));
        if !hosts.split(',').all(is_host) || database.contains(['/', '?', '#']) {
            return Err(UrlError::Syntax);
        }
        let (user, password) = match login.map(|login| login.split_once(':').ok_or(login)) {
            None => (None, None),
            Some(Ok((user, password))) => (Some(decode(user)?), Some(SecretString::from(decode(password)?))),
            Some(Err(user)) => (Some(decode(user)?), None),
        };
        let mut params = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            params.push((decode(name)?, decode(value)?));
        }
        let database = Some(decode(database)?).filter(|name| !name.is_empty());
        Ok(Self {
            user,
            password,
            hosts: hosts.to_owned(),
            database,
            params,
        })
    }
}

/// Splits off `?name=value&...`. A question mark may also be part of the password: a query starts with a plain name,
/// and an @ in it is only valid if the login ended before it.
fn split_query(rest: &str) -> (&str, &str) {
    match rest.rsplit_once('?') {
        Some((head, "")) if !head.is_empty() => (head, ""),
        Some((head, query)) => {
            let name = query.split('=').next().unwrap_or_default();
            let plain = query.contains('=') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let place = head.rsplit('@').next().unwrap_or_default();
            let hosts = place.split('/').next().unwrap_or_default();
            let before_login = query.contains('@') && !head.contains('@') && !hosts.split(',').all(is_host);
            if plain && !before_login {
                (head, query)
            } else {
                (rest, "")
            }
        }
        None => (rest, ""),
    }
}

/// Returns whether `text` is a valid host with an optional port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (text, ""),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_%~".contains(&byte);
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host_is_possible = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.bytes().all(plain),
    };
    host_is_possible && (port.is_empty() || port.parse::<u16>().is_ok())
}

fn decode(text: &str) -> Result<String, UrlError> {
    percent_decode_str(text)
        .decode_utf8()
        .map(Into::into)
        .map_err(|_| UrlError::Syntax)
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        let hosts = match self.param("host").or(self.param("hostaddr")) {
            Some(hosts) => hosts,
            None if self.hosts.is_empty() => "localhost",
            None => &self.hosts,
        };
        write!(f, "{hosts}/{}", self.database.as_deref().unwrap_or_default())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Option<String>, Option<String>, String, Option<String>) {
        let url: DatabaseUrl = text.parse().unwrap();
        (
            url.user,
            url.password.map(|p| p.expose_secret().to_owned()),
            url.hosts,
            url.database,
        )
    }

    fn ann(password: &str) -> (Option<String>, Option<String>, String, Option<String>) {
        (
            Some("ann".into()),
            Some(password.into()),
            "db.example:5432".into(),
            Some("sky".into()),
        )
    }

    #[test]
    fn a_password_may_be_encoded_or_raw() {
        for password in ["p%40ss", "p@ss"] {
            assert_eq!(
                parsed(&format!("postgresql://ann:{password}@db.example:5432/sky")),
                ann("p@ss")
            );
        }
        for password in [
            "a/b",
            "a#b",
            "a?b",
            "a:b",
            "12/3",
            "12#3",
            "100%",
            "a?b=c",
            "@@",
            "p@s/t#u?v",
        ] {
            assert_eq!(
                parsed(&format!("postgres://ann:{password}@db.example:5432/sky")),
                ann(password),
                "{password}"
            );
            let with_query = format!("postgres://ann:{password}@db.example:5432/sky?sslmode=require");
            assert_eq!(parsed(&with_query), ann(password), "{with_query}");
            assert_eq!(
                with_query.parse::<DatabaseUrl>().unwrap().param("sslmode"),
                Some("require")
            );
        }
    }

    #[test]
    fn schemes_of_sqlalchemy_are_understood_and_others_refused() {
        assert_eq!(parsed("postgresql+asyncpg://ann:x@db.example:5432/sky"), ann("x"));
        assert_eq!("mysql://ann:s3cret@h/d".parse::<DatabaseUrl>(), Err(UrlError::Scheme));
        assert_eq!("s3cret".parse::<DatabaseUrl>(), Err(UrlError::Scheme));
    }

    #[test]
    fn hosts_may_be_sockets_addresses_or_several() {
        let socket: DatabaseUrl = "postgresql:///sky?host=/tmp/s&user=ann".parse().unwrap();
        assert_eq!(socket.to_string(), "/tmp/s/sky");
        assert_eq!(socket.driver_config().unwrap().get_user(), Some("ann"));
        for hosts in ["%2Ftmp%2Fs", "[::1]:5433", "a:5432,b:5433", "10.0.0.1"] {
            let url: DatabaseUrl = format!("postgresql://ann@{hosts}/sky").parse().unwrap();
            assert!(url.servers().is_ok(), "{hosts}");
        }
        assert_eq!(
            "postgres://ann:x@h:port/d".parse::<DatabaseUrl>(),
            Err(UrlError::Syntax)
        );
        assert_eq!("postgres://ann:x@h y/d".parse::<DatabaseUrl>(), Err(UrlError::Syntax));
    }

    #[test]
    fn what_other_clients_add_is_ignored() {
        let url: DatabaseUrl = "postgres://a:b@h/d?pgbouncer=true&connection_limit=1&prepared_statement_cache_size=0\
                                &supa=base-pooler.x&statement_cache_size=0&sslmode=verify-full&sslrootcert=system\
                                &application_name=a@b"
            .parse()
            .unwrap();
        assert_eq!(url.driver_config().unwrap().get_application_name(), Some("a@b"));
        let error = "postgres://a:s3cret@h/d?nonsense=1"
            .parse::<DatabaseUrl>()
            .unwrap()
            .driver_config()
            .unwrap_err();
        assert!(error.contains("nonsense") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn the_driver_gets_the_password_as_it_is() {
        let url: DatabaseUrl = "postgres://ann:p%40s/s%25#@h/d".parse().unwrap();
        assert_eq!(url.driver_config().unwrap().get_password(), Some("p@s/s%#".as_bytes()));
    }

    #[test]
    fn poolers_are_recognised() {
        let is_pooler = |text: &str| text.parse::<DatabaseUrl>().unwrap().is_pooler();
        assert!(is_pooler("postgres://u:p@aws-0-eu.pooler.supabase.com:6543/postgres"));
        assert!(is_pooler("postgres://u:p@h:6432/d"));
        assert!(is_pooler("postgres://u:p@h/d?pgbouncer=true"));
        assert!(is_pooler("postgres:///d?host=h&port=6432"));
        assert!(!is_pooler("postgres://u:p@aws-0-eu.pooler.supabase.com:5432/postgres"));
        assert!(!is_pooler("postgres://u:p@h:6543/d?pgbouncer=false"));
        assert!(!is_pooler("postgres://u:p@db.abc.supabase.co:5432/postgres"));
    }

    #[test]
    fn tcp_user_timeout_is_in_milliseconds() {
        let url: DatabaseUrl = "postgres://h/d?tcp_user_timeout=1500".parse().unwrap();
        let config = url.driver_config().unwrap();
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_millis(1500)));
    }

    #[test]
    fn nothing_printed_holds_the_password() {
        let url: DatabaseUrl = "postgres://ann:s3cret@h:1/d?sslmode=disable".parse().unwrap();
        assert_eq!(url.to_string(), "ann@h:1/d");
        assert_eq!(format!("{url:?}"), "DatabaseUrl(ann@h:1/d)");
    }
}
