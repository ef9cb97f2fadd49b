//! How the site is hosted.

use chrono::Utc;
use database::ids::DomainId;
use database::models::domain_hosting::{DomainHosting, DomainHostingChanges};
use database::models::values::TextList;
use database::repo;
use database::tenant::TenantConnection;
use jobs::JobError;
use serde::Serialize;
use web::extract::SiteMetadata;
use web::fetch::{Certificate, FetchError, Page, TlsFault};

use super::hidden::Hidden;
use crate::dns::DnsRecords;
use crate::domain::gathered::Gathered;

/// The domain's records as they are stored.
#[derive(Serialize)]
struct StoredDns<'a> {
    #[serde(flatten)]
    records: &'a DnsRecords,
    /// Who runs its DNS, by its name servers.
    dns_provider: Option<&'static str>,
    /// Who takes its mail, by its mail servers.
    mail_provider: Option<&'static str>,
}

/// Writes the hosting of the site.
pub(super) async fn upsert(
    conn: &mut TenantConnection,
    domain: DomainId,
    (gathered, found): (&Gathered, &SiteMetadata),
    hidden: &Hidden,
) -> Result<DomainHosting, JobError> {
    let (page, https_failure) = (&gathered.home, gathered.https_failure.as_ref());
    let is_https = page.final_url.scheme() == "https";
    let (fault, refused) = https_failure.and_then(FetchError::tls).unzip();
    // Nobody listens there, although the host answers by http.
    let is_closed = matches!(https_failure, Some(FetchError::Connect { .. }));
    let fault = fault.or(is_closed.then_some(&TlsFault::NotSpoken));
    let tls = page.tls.as_ref().filter(|_| is_https);
    let shown = tls.and_then(|tls| tls.certificate.as_ref());
    let certificate = shown.or(refused.flatten());
    let reason = https_failure.map(ToString::to_string);
    let names = certificate.map(names);
    let security = hidden.json(&gathered.security())?;
    let redirects = hidden.json(&gathered.redirects.to_json())?;
    let performance = hidden.json(&found.performance)?;
    let hints = hidden.json(&gathered.crawler_hints())?;
    let robots = gathered.robots_txt().map(|text| hidden.text(&text).into_owned());
    let providers = gathered.providers();
    let dns = match &gathered.dns {
        Some(records) => Some(hidden.json(&StoredDns {
            records,
            dns_provider: providers.dns.as_ref().map(|told| told.provider),
            mail_provider: providers.mail.as_ref().map(|told| told.provider),
        })?),
        None => None,
    };
    let address = page.remote_addr.ip().to_string();
    let server = header(page, "server");
    let modified = header(page, "last-modified").and_then(|text| chrono::DateTime::parse_from_rfc2822(text).ok());
    let hosting = DomainHostingChanges {
        has_ssl: Some(Some(is_https)),
        ssl_fault: Some(fault.map(TlsFault::label)),
        ssl_error: Some(reason.as_deref()),
        ssl_issuer: Some(certificate.and_then(|certificate| certificate.issuer.as_deref())),
        ssl_expiry_date: Some(certificate.and_then(|certificate| certificate.expires)),
        ssl_version: Some(page.tls.as_ref().and_then(|tls| tls.version)),
        ssl_names: Some(names.as_ref()),
        security_headers: Some(Some(&security)),
        redirects: Some(Some(&redirects)),
        server_type: Some(server),
        ip_address: Some(Some(&address)),
        server_response_time: Some(i32::try_from(page.time_to_first_byte.as_millis()).ok()),
        last_modified: Some(modified.map(Into::into)),
        average_response_time: Some(gathered.totals.average_time()),
        average_page_size: Some(gathered.totals.average_size()),
        total_images_count: Some(gathered.totals.images()),
        performance_metrics: Some(Some(&performance)),
        crawler_hints: Some(Some(&hints)),
        robots_txt: Some(robots.as_deref()),
        dns_records: Some(dns.as_ref()),
        cdn_provider: Some(providers.cdn.as_ref().map(|told| told.provider)),
        hosting_provider: Some(providers.hosting.as_ref().map(|told| told.provider)),
        last_error: Some(None),
        error_count: Some(Some(0)),
        last_successful_scan: Some(Some(Utc::now())),
        ..DomainHostingChanges::default()
    };
    Ok(repo::domain_facts::upsert(conn, domain, &hosting).await?)
}

/// Returns the names that a certificate is for, as they are stored.
pub(super) fn names(certificate: &Certificate) -> TextList {
    certificate.names.iter().collect()
}

/// Returns the facts about a site that cannot be reached over TLS: those of an earlier scan no longer hold.
pub(super) fn without_tls<'a>(
    fault: &TlsFault,
    certificate: Option<&'a Certificate>,
    names: Option<&'a TextList>,
    message: &'a str,
) -> DomainHostingChanges<'a> {
    DomainHostingChanges {
        has_ssl: Some(Some(false)),
        ssl_version: Some(None),
        ssl_fault: Some(Some(fault.label())),
        ssl_error: Some(Some(message)),
        ssl_names: Some(names),
        ssl_issuer: Some(certificate.and_then(|certificate| certificate.issuer.as_deref())),
        ssl_expiry_date: Some(certificate.and_then(|certificate| certificate.expires)),
        ..DomainHostingChanges::default()
    }
}

fn header<'p>(page: &'p Page, name: &str) -> Option<&'p str> {
    page.headers.get(name)?.to_str().ok()
}
