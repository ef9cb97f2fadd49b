//! What the connection to a site tells: TLS, its certificate, the address.

use database::models::domain_evidence::EvidenceColumn as Column;
use database::models::domain_hosting::DomainHosting;

use crate::domain::gathered::Gathered;
use crate::evidence::{EvidenceRows, Told};

/// The columns that the connection tells, also where it fails.
pub(in crate::domain) const TLS_COLUMNS: [Column; 7] = [
    Column::HasSsl,
    Column::SslVersion,
    Column::SslFault,
    Column::SslError,
    Column::SslNames,
    Column::SslIssuer,
    Column::SslExpiryDate,
];

/// Adds what the connection to home tells.
pub(super) fn of_connection(rows: &mut EvidenceRows, gathered: &Gathered, hosting: &DomainHosting) {
    let home = gathered.home.final_url.as_str();
    tls(rows, Some(home), hosting);
    if let Some(address) = &hosting.ip_address {
        rows.add(
            Column::IpAddress,
            address,
            Told::certain(Some(home), "connection", address),
        );
    }
}

/// Returns what the values are told by that are known of a site to which no connection by TLS was possible.
pub(in crate::domain) fn without_tls(hosting: &DomainHosting) -> EvidenceRows {
    let mut rows = EvidenceRows::default();
    tls(&mut rows, None, hosting);
    rows
}

fn tls(rows: &mut EvidenceRows, home: Option<&str>, hosting: &DomainHosting) {
    let (version, error) = (hosting.ssl_version.as_deref(), hosting.ssl_error.as_deref());
    if let Some(has_ssl) = hosting.has_ssl {
        let seen = error.or(version).or(home).unwrap_or_default();
        rows.add(
            Column::HasSsl,
            &has_ssl.to_string(),
            Told::certain(home, "connection", seen),
        );
    }
    let failed = if hosting.ssl_fault.is_some() {
        "failed handshake"
    } else {
        "failed connection"
    };
    let expiry = hosting
        .ssl_expiry_date
        .map(|end| end.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
    for (column, value, rule, snippet) in [
        (Column::SslVersion, version, "handshake", version),
        (Column::SslFault, hosting.ssl_fault.as_deref(), failed, error),
        (Column::SslError, error, failed, error),
        (
            Column::SslIssuer,
            hosting.ssl_issuer.as_deref(),
            "certificate",
            hosting.ssl_issuer.as_deref(),
        ),
        (
            Column::SslExpiryDate,
            expiry.as_deref(),
            "certificate",
            expiry.as_deref(),
        ),
    ] {
        if let Some(value) = value {
            rows.add(column, value, Told::certain(home, rule, snippet.unwrap_or(value)));
        }
    }
    for name in hosting.ssl_names.iter().flat_map(|names| &names.0) {
        rows.add(Column::SslNames, name, Told::certain(home, "certificate", name));
    }
}
