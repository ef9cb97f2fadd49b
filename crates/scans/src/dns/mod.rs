//! What a domain's DNS records say. Nothing but name servers is asked.

mod client;
mod records;

pub use self::client::Dns;
pub(crate) use self::records::DnsRecords;
