//! The client itself.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::time::Instant;

/// Timeout of a request, and the number of attempts.
const TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPTS: usize = 2;
/// Maximum number of records of a kind that are kept.
const MAX_RECORDS: usize = 50;

/// A DNS client; cheap to clone.
#[derive(Clone)]
pub struct Dns {
    pub(crate) resolver: TokioResolver,
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dns").finish_non_exhaustive()
    }
}

impl Dns {
    /// Creates a client of a name server, or of the system's; `None` if the system names none.
    #[must_use]
    pub fn new(server: Option<SocketAddr>) -> Option<Self> {
        let mut builder = match server {
            Some(server) => {
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()]
                    .map(|mut connection| {
                        connection.port = server.port();
                        connection
                    })
                    .to_vec();
                let server = NameServerConfig::new(server.ip(), true, connections);
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
            None => TokioResolver::builder_tokio()
                .inspect_err(|error| log::warn!("DNS is not asked: {error}"))
                .ok()?,
        };
        let options = builder.options_mut();
        options.timeout = TIMEOUT;
        options.attempts = ATTEMPTS;
        // What this machine's own file says is not what DNS says.
        options.use_hosts_file = ResolveHosts::Never;
        let resolver = builder
            .build()
            .inspect_err(|error| log::warn!("DNS is not asked: {error}"))
            .ok()?;
        Some(Self { resolver })
    }

    /// Returns what `read` makes of the records of a name; `None` if nobody answers before `deadline`.
    pub(super) async fn ask<T>(
        &self,
        name: &str,
        kind: RecordType,
        deadline: Instant,
        read: impl Fn(&RData) -> Option<T>,
    ) -> Option<Vec<T>> {
        // The final dot keeps this machine's search list from being appended.
        let asked = self.resolver.lookup(format!("{name}."), kind);
        match tokio::time::timeout_at(deadline, asked).await.ok()? {
            Ok(found) => {
                let records = found.answers().iter().filter_map(|record| read(&record.data));
                Some(records.take(MAX_RECORDS).collect())
            }
            Err(error) if error.is_nx_domain() || error.is_no_records_found() => Some(Vec::new()),
            Err(_) => None,
        }
    }
}
