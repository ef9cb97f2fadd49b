//! Whether a domain accepts mail, by DNS alone: mail servers are never contacted.

use database::models::enums::MxStatus;
use futures_util::StreamExt;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::RData;

use crate::dns::Dns;

/// Maximum number of simultaneous look-ups of a crawl.
const AT_ONCE: usize = 8;

/// Checks which domains accept mail.
#[derive(Clone, Debug)]
pub struct MailCheck {
    dns: Dns,
}

impl MailCheck {
    /// Creates a check that asks `dns`.
    #[must_use]
    pub fn new(dns: Dns) -> Self {
        Self { dns }
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
        match self.dns.resolver.mx_lookup(name.as_str()).await {
            Ok(found) => {
                let takes_mail = found.answers().iter().any(|record| match &record.data {
                    RData::MX(server) => !server.exchange.is_root(),
                    _ => false,
                });
                if takes_mail { MxStatus::Ok } else { MxStatus::None }
            }
            Err(error) if error.is_nx_domain() => MxStatus::None,
            Err(error) if error.is_no_records_found() => match self.dns.resolver.lookup_ip(name.as_str()).await {
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
