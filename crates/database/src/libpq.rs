//! The database URL for PostgreSQL's own client programs.

use crate::servers::Place;
use crate::url::DatabaseUrl;

impl DatabaseUrl {
    /// Returns the URL as variables of the environment that libpq reads, the password among them: a command line can be read
    /// by everybody.
    ///
    /// # Errors
    ///
    /// A parameter the driver does not understand; the message does not quote the URL.
    pub fn libpq_environment(&self) -> Result<Vec<(&'static str, String)>, String> {
        let config = self.driver_config()?;
        let servers = self.servers()?;
        let wanted = self.wanted(servers.len())?;
        let list = |values: Vec<String>| Some(values.join(","));
        let hosts = servers.iter().map(|server| match &server.place {
            Place::Host(name, _) => name.clone(),
            Place::Socket(folder) => folder.display().to_string(),
        });
        let addresses = servers.iter().map(|server| match &server.place {
            Place::Host(_, Some(address)) => address.to_string(),
            _ => String::new(),
        });
        let settings = [
            ("PGHOST", list(hosts.collect())),
            (
                "PGHOSTADDR",
                list(addresses.collect()).filter(|values| values.contains(['.', ':'])),
            ),
            (
                "PGPORT",
                list(servers.iter().map(|server| server.port.to_string()).collect()),
            ),
            ("PGUSER", config.get_user().map(str::to_owned)),
            (
                "PGPASSWORD",
                config
                    .get_password()
                    .map(|password| String::from_utf8_lossy(password).into_owned()),
            ),
            ("PGDATABASE", config.get_dbname().map(str::to_owned)),
            ("PGOPTIONS", config.get_options().map(str::to_owned)),
            ("PGSSLMODE", self.param("sslmode").map(str::to_owned)),
            (
                "PGSSLROOTCERT",
                self.param("sslrootcert")
                    .map(str::to_owned)
                    .or_else(|| std::env::var("PGSSLROOTCERT").ok()),
            ),
            ("PGTARGETSESSIONATTRS", wanted.name().map(str::to_owned)),
        ];
        Ok(settings
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::url::DatabaseUrl;

    #[test]
    fn client_programs_get_every_part_of_the_url() {
        let url: DatabaseUrl =
            "postgres://ann:p%40ss@one:1,two:2/sky?sslmode=verify-full&sslrootcert=/ca.pem&pgbouncer=false"
                .parse()
                .unwrap();
        let expected = [
            ("PGHOST", "one,two"),
            ("PGPORT", "1,2"),
            ("PGUSER", "ann"),
            ("PGPASSWORD", "p@ss"),
            ("PGDATABASE", "sky"),
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "/ca.pem"),
            ("PGTARGETSESSIONATTRS", "read-write"),
        ];
        let settings = url.libpq_environment().unwrap();
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(settings, expected);
        let socket: DatabaseUrl = "postgres://ann@%2Ftmp%2Frun/sky".parse().unwrap();
        assert_eq!(
            socket.libpq_environment().unwrap()[0],
            ("PGHOST", "/tmp/run".to_owned())
        );
    }
}
