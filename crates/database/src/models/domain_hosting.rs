//! Table `domain_hosting`.

use bigdecimal::BigDecimal;
use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, Insertable};
use schema::domain_hosting;

use super::values::{RawJson, TextList};
use crate::ids::{DomainId, TenantId};

/// How a domain's site is hosted: TLS, DNS, server, speed.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = domain_hosting)]
pub struct DomainHosting {
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// Whether it is served over TLS.
    pub has_ssl: Option<bool>,
    /// When its certificate expires.
    pub ssl_expiry_date: Option<DateTime<Utc>>,
    /// The issuer of its certificate.
    pub ssl_issuer: Option<String>,
    /// The TLS version it spoke.
    pub ssl_version: Option<String>,
    /// Its security headers.
    pub security_headers: Option<RawJson>,
    /// The server software it names.
    pub server_type: Option<String>,
    /// The address it was reached at.
    pub ip_address: Option<String>,
    /// The hosting provider.
    pub hosting_provider: Option<String>,
    /// The location of its server.
    pub hosting_location: Option<String>,
    /// The country it is hosted in, ISO 3166-1 alpha-2.
    pub country_code: Option<String>,
    /// The CDN in front of it.
    pub cdn_provider: Option<String>,
    /// Its DNS records.
    pub dns_records: Option<RawJson>,
    /// Time to the first byte in milliseconds.
    pub server_response_time: Option<i32>,
    /// The mean time to the first byte of the pages of its last scan, in milliseconds.
    pub average_response_time: Option<i32>,
    /// Its uptime in per cent.
    pub uptime_percentage: Option<BigDecimal>,
    /// Its Last-Modified header.
    pub last_modified: Option<DateTime<Utc>>,
    /// Its robots.txt.
    pub robots_txt: Option<String>,
    /// The mean size of its pages in bytes.
    pub average_page_size: Option<i32>,
    /// How many images its pages hold.
    pub total_images_count: Option<i32>,
    /// Counts of images, scripts, styles, forms, links and elements.
    pub performance_metrics: Option<RawJson>,
    /// Its directives for crawlers.
    pub crawler_hints: Option<RawJson>,
    /// Why the last failed scan failed.
    pub last_error: Option<String>,
    /// How many scans failed in a row.
    pub error_count: Option<i32>,
    /// When a scan last succeeded.
    pub last_successful_scan: Option<DateTime<Utc>>,
    /// What is wrong with TLS where the site is not served over it, such as `expired` or `self_signed`.
    pub ssl_fault: Option<String>,
    /// Why the site is not served over TLS.
    pub ssl_error: Option<String>,
    /// The names of the hosts that its certificate is for.
    pub ssl_names: Option<TextList>,
    /// Where its addresses lead.
    pub redirects: Option<RawJson>,
}

/// Changes of [`DomainHosting`].
///
/// `None` leaves a column unchanged; `Some(None)` sets a nullable column to NULL.
#[derive(Clone, Debug, Default, AsChangeset, Insertable)]
#[diesel(table_name = domain_hosting)]
pub struct DomainHostingChanges<'a> {
    /// Whether it is served over TLS.
    pub has_ssl: Option<Option<bool>>,
    /// When its certificate expires.
    pub ssl_expiry_date: Option<Option<DateTime<Utc>>>,
    /// The issuer of its certificate.
    pub ssl_issuer: Option<Option<&'a str>>,
    /// The TLS version it spoke.
    pub ssl_version: Option<Option<&'a str>>,
    /// Its security headers.
    pub security_headers: Option<Option<&'a RawJson>>,
    /// The server software it names.
    pub server_type: Option<Option<&'a str>>,
    /// The address it was reached at.
    pub ip_address: Option<Option<&'a str>>,
    /// The hosting provider.
    pub hosting_provider: Option<Option<&'a str>>,
    /// The location of its server.
    pub hosting_location: Option<Option<&'a str>>,
    /// The country it is hosted in, ISO 3166-1 alpha-2.
    pub country_code: Option<Option<&'a str>>,
    /// The CDN in front of it.
    pub cdn_provider: Option<Option<&'a str>>,
    /// Its DNS records.
    pub dns_records: Option<Option<&'a RawJson>>,
    /// Time to the first byte in milliseconds.
    pub server_response_time: Option<Option<i32>>,
    /// The mean time to the first byte of the pages of its last scan, in milliseconds.
    pub average_response_time: Option<Option<i32>>,
    /// Its uptime in per cent.
    pub uptime_percentage: Option<Option<&'a BigDecimal>>,
    /// Its Last-Modified header.
    pub last_modified: Option<Option<DateTime<Utc>>>,
    /// Its robots.txt.
    pub robots_txt: Option<Option<&'a str>>,
    /// The mean size of its pages in bytes.
    pub average_page_size: Option<Option<i32>>,
    /// How many images its pages hold.
    pub total_images_count: Option<Option<i32>>,
    /// Counts of images, scripts, styles, forms, links and elements.
    pub performance_metrics: Option<Option<&'a RawJson>>,
    /// Its directives for crawlers.
    pub crawler_hints: Option<Option<&'a RawJson>>,
    /// Why the last failed scan failed.
    pub last_error: Option<Option<&'a str>>,
    /// How many scans failed in a row.
    pub error_count: Option<Option<i32>>,
    /// When a scan last succeeded.
    pub last_successful_scan: Option<Option<DateTime<Utc>>>,
    /// What is wrong with TLS where the site is not served over it, such as `expired` or `self_signed`.
    pub ssl_fault: Option<Option<&'a str>>,
    /// Why the site is not served over TLS.
    pub ssl_error: Option<Option<&'a str>>,
    /// The names of the hosts that its certificate is for.
    pub ssl_names: Option<Option<&'a TextList>>,
    /// Where its addresses lead.
    pub redirects: Option<Option<&'a RawJson>>,
}
