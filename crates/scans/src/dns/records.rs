//! The records of a domain, as they are stored.

use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::proto::rr::rdata::TXT;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use serde::Serialize;
use tokio::time::Instant;
use web::dns::{Dmarc, Spf};
use web::extract::technology::{DnsRecord, Rules, Sightings};
use web::names::registrable;

use super::client::Dns;

/// How long all questions together may take.
const TIME: Duration = Duration::from_secs(10);
/// Maximum length of a text that is kept, in characters.
const MAX_TEXT: usize = 1_000;

/// The records of a domain: a list is empty if there are none, and `None` if no name server answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct DnsRecords {
    /// The addresses of the host at which the site is.
    a: Option<Vec<String>>,
    aaaa: Option<Vec<String>>,
    /// The names that its name leads to.
    pub(crate) cname: Option<Vec<String>>,
    /// The names of the address that answered, or else of the first one.
    pub(crate) ptr: Option<Vec<String>>,
    mx: Option<Vec<MailServer>>,
    pub(crate) ns: Option<Vec<String>>,
    txt: Option<Vec<String>>,
    /// Who may send mail; `None` unless there is exactly one record.
    spf: Option<Spf>,
    /// What becomes of forged mail.
    dmarc: Option<Dmarc>,
    /// Who may issue certificates, by the closest name with such records.
    caa: Option<Vec<Caa>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct MailServer {
    preference: u16,
    host: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Caa {
    tag: String,
    value: String,
    critical: bool,
}

impl DnsRecords {
    /// Asks for the records of a domain, whose site is at `host` and answered from `address`.
    pub(crate) async fn ask(dns: &Dns, domain: &str, host: &str, address: IpAddr) -> Self {
        let deadline = Instant::now() + TIME;
        let ((v4, v6, ptr), mx, ns, txt, dmarc, caa) = tokio::join!(
            addresses(dns, host, address, deadline),
            dns.ask(domain, RecordType::MX, deadline, mail_server),
            name_servers(dns, domain, deadline),
            dns.ask(domain, RecordType::TXT, deadline, txt_of),
            dmarc(dns, domain, deadline),
            authorities(dns, domain, deadline),
        );
        let texts = |found: &Option<Vec<RData>>| {
            let found = found.as_ref()?.iter().filter_map(ip);
            Some(sorted(found.map(|address| address.to_string()).collect()))
        };
        let spf: Vec<Spf> = txt.iter().flatten().filter_map(|text| Spf::read(text)).collect();
        Self {
            a: texts(&v4),
            aaaa: texts(&v6),
            cname: v4.or(v6).map(|found| found.iter().filter_map(alias).collect()),
            ptr,
            mx: mx.map(|mut servers| {
                servers.sort_by(|one, other| (one.preference, &one.host).cmp(&(other.preference, &other.host)));
                servers
            }),
            ns: ns.map(sorted),
            spf: <[Spf; 1]>::try_from(spf).ok().map(|[spf]| spf),
            txt: txt.map(|texts| sorted(texts.iter().map(|text| short(text)).collect())),
            dmarc,
            caa,
        }
    }

    /// Returns the signs of technologies in the records.
    pub(crate) fn sightings(&self, rules: &Rules) -> Sightings {
        let mut seen = Sightings::new(rules, None);
        for server in self.mx.iter().flatten() {
            seen.see_dns(DnsRecord::Mx, &format!("{} {}", server.preference, server.host));
        }
        for (kind, records) in [
            (DnsRecord::Ns, &self.ns),
            (DnsRecord::Txt, &self.txt),
            (DnsRecord::Cname, &self.cname),
        ] {
            for record in records.iter().flatten() {
                seen.see_dns(kind, record);
            }
        }
        seen
    }

    /// Returns each record as a text, with its kind.
    pub(crate) fn texts(&self) -> Vec<(&'static str, String)> {
        let lists = [
            ("A", &self.a),
            ("AAAA", &self.aaaa),
            ("CNAME", &self.cname),
            ("PTR", &self.ptr),
            ("NS", &self.ns),
            ("TXT", &self.txt),
        ];
        let plain = lists.into_iter().flat_map(|(kind, list)| {
            let records = list.iter().flatten();
            records.map(move |record| (kind, record.clone()))
        });
        let servers = self.mx.iter().flatten();
        let servers = servers.map(|server| ("MX", format!("{} {}", server.preference, server.host)));
        let authorities = self.caa.iter().flatten();
        let authorities = authorities.map(|caa| ("CAA", format!("{} {}", caa.tag, caa.value)));
        plain.chain(servers).chain(authorities).collect()
    }

    /// Returns the names of the mail servers.
    pub(crate) fn mail_servers(&self) -> Vec<String> {
        self.mx.iter().flatten().map(|server| server.host.clone()).collect()
    }
}

/// The records of a host's addresses, with the names that lead to them, and the names of one address.
type Addresses = (Option<Vec<RData>>, Option<Vec<RData>>, Option<Vec<String>>);

/// Returns the addresses of a host, and the names of the one that answered; if that is none of them, of the first.
async fn addresses(dns: &Dns, host: &str, answered: IpAddr, deadline: Instant) -> Addresses {
    let (v4, v6) = tokio::join!(
        dns.ask(host, RecordType::A, deadline, |data| Some(data.clone())),
        dns.ask(host, RecordType::AAAA, deadline, |data| Some(data.clone())),
    );
    let all: Vec<IpAddr> = v4.iter().chain(&v6).flatten().filter_map(ip).collect();
    let address = all.iter().find(|address| **address == answered).or(all.first());
    let ptr = match address {
        Some(address) => {
            let name = Name::from(*address).to_ascii();
            let name = name.trim_end_matches('.');
            dns.ask(name, RecordType::PTR, deadline, pointer).await
        }
        None => None,
    };
    (v4, v6, ptr)
}

/// Returns the name servers of a domain, or else those of the registered one.
async fn name_servers(dns: &Dns, domain: &str, deadline: Instant) -> Option<Vec<String>> {
    let server = |data: &RData| match data {
        RData::NS(server) => Some(text(&server.0)),
        _ => None,
    };
    let own = dns.ask(domain, RecordType::NS, deadline, server).await?;
    let parent = registrable(domain);
    if !own.is_empty() || parent == domain {
        return Some(own);
    }
    dns.ask(parent, RecordType::NS, deadline, server).await
}

/// Returns the policy of a domain, or else of the registered one (RFC 7489, 6.6.3).
async fn dmarc(dns: &Dns, domain: &str, deadline: Instant) -> Option<Dmarc> {
    let parent = registrable(domain);
    for name in [Some(domain), (parent != domain).then_some(parent)]
        .into_iter()
        .flatten()
    {
        let texts = dns
            .ask(&format!("_dmarc.{name}"), RecordType::TXT, deadline, txt_of)
            .await?;
        let mut policies = texts.iter().filter_map(|text| Dmarc::read(text));
        // With several records there is no policy.
        match (policies.next(), policies.next()) {
            (None, _) => {}
            (policy, None) => return policy,
            _ => return None,
        }
    }
    None
}

/// Returns who may issue certificates for a domain: by its own records, or those of the closest name above (RFC 8659).
async fn authorities(dns: &Dns, domain: &str, deadline: Instant) -> Option<Vec<Caa>> {
    let end = registrable(domain);
    let mut name = domain;
    loop {
        let found = dns.ask(name, RecordType::CAA, deadline, authority).await?;
        match name.split_once('.') {
            Some((_, above)) if found.is_empty() && name != end => name = above,
            _ => return Some(found),
        }
    }
}

fn authority(data: &RData) -> Option<Caa> {
    let RData::CAA(record) = data else { return None };
    Some(Caa {
        tag: short(&record.tag),
        value: short(&String::from_utf8_lossy(&record.value)),
        critical: record.issuer_critical,
    })
}

fn mail_server(data: &RData) -> Option<MailServer> {
    let RData::MX(server) = data else { return None };
    Some(MailServer {
        preference: server.preference,
        host: text(&server.exchange),
    })
}

fn txt_of(data: &RData) -> Option<String> {
    let RData::TXT(TXT { txt_data, .. }) = data else {
        return None;
    };
    // The parts of a record are one text.
    let bytes: Vec<u8> = txt_data.iter().flat_map(|part| part.iter().copied()).collect();
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn ip(data: &RData) -> Option<IpAddr> {
    match data {
        RData::A(address) => Some(IpAddr::V4(address.0)),
        RData::AAAA(address) => Some(IpAddr::V6(address.0)),
        _ => None,
    }
}

fn pointer(data: &RData) -> Option<String> {
    match data {
        RData::PTR(name) => Some(text(&name.0)),
        _ => None,
    }
}

fn alias(data: &RData) -> Option<String> {
    match data {
        RData::CNAME(name) => Some(text(&name.0)),
        _ => None,
    }
}

/// Returns a name in lower case and without the final dot, except the root's.
fn text(name: &Name) -> String {
    let text = name.to_ascii().to_ascii_lowercase();
    match text.strip_suffix('.') {
        Some(bare) if !bare.is_empty() => short(bare),
        _ => short(&text),
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(MAX_TEXT).collect()
}

/// Sorts what name servers answer in changing order.
fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}
