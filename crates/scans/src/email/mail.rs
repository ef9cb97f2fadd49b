//! Whether a domain accepts mail, by DNS alone: mail servers are never contacted.

use std::fmt;
use std::time::Duration;

use database::models::enums::MxStatus;
use futures_util::StreamExt;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;

use crate::settings::EmailConfig;

/// Timeout of a DNS request, and the number of attempts.
const DNS_TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPTS: usize = 2;
/// Maximum number of simultaneous look-ups of a crawl.
const AT_ONCE: usize = 8;

/// A DNS client that checks which domains accept mail.
#[derive(Clone)]
pub struct MailCheck {
    resolver: TokioResolver,
}

impl fmt::Debug for MailCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailCheck").finish_non_exhaustive()
    }
}

impl MailCheck {
    /// Creates the client; `None` if the settings switch it off, or if neither they nor the system name a server.
    #[must_use]
    pub fn new(config: &EmailConfig) -> Option<Self> {
        if !config.mx_check {
            return None;
        }
        let mut builder = match config.dns_server {
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
                .inspect_err(|error| log::warn!("mail checks are off: {error}"))
                .ok()?,
        };
        let options = builder.options_mut();
        options.timeout = DNS_TIMEOUT;
        options.attempts = ATTEMPTS;
        let resolver = builder
            .build()
            .inspect_err(|error| log::warn!("mail checks are off: {error}"))
            .ok()?;
        Some(Self { resolver })
    }

    /// Checks domains, given in punycode.
    pub(super) async fn ask(&self, domains: Vec<String>) -> Vec<(String, MxStatus)> {
        futures_util::stream::iter(domains)
            .map(async |domain| {
                let status = self.status(&domain).await;
                (domain, status)
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await
    }

    /// Returns whether a domain accepts mail: it names a mail server other than `.` (RFC 7505), or it names none and
    /// has an address itself (RFC 5321, 5.1).
    async fn status(&self, domain: &str) -> MxStatus {
        // The final dot keeps this machine's search list from being appended.
        let name = format!("{domain}.");
        match self.resolver.mx_lookup(name.as_str()).await {
            Ok(found) => {
                let takes_mail = found.answers().iter().any(|record| match &record.data {
                    RData::MX(server) => !server.exchange.is_root(),
                    _ => false,
                });
                if takes_mail { MxStatus::Ok } else { MxStatus::None }
            }
            Err(error) if error.is_nx_domain() => MxStatus::None,
            Err(error) if error.is_no_records_found() => match self.resolver.lookup_ip(name.as_str()).await {
                Ok(found) if found.iter().next().is_some() => MxStatus::Ok,
                Ok(_) => MxStatus::None,
                Err(error) => nothing(&error),
            },
            Err(error) => nothing(&error),
        }
    }
}

fn nothing(error: &NetError) -> MxStatus {
    if error.is_no_records_found() {
        MxStatus::None
    } else {
        MxStatus::Unknown
    }
}
