//! Table `domain_hosting`.

use bigdecimal::BigDecimal;
use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, Insertable};
use schema::domain_hosting;

use super::values::RawJson;
use crate::ids::{DomainId, TenantId};

/// Where and how a domain's site is served: TLS, DNS, server, speed.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = domain_hosting)]
pub struct DomainHosting {
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// Whether it is served over TLS.
    pub has_ssl: Option<bool>,
    /// When its certificate expires.
    pub ssl_expiry_date: Option<DateTime<Utc>>,
    /// Who issued its certificate.
    pub ssl_issuer: Option<String>,
    /// The TLS version it spoke.
    pub ssl_version: Option<String>,
    /// Its security headers.
    pub security_headers: Option<RawJson>,
    /// What its server calls itself.
    pub server_type: Option<String>,
    /// The address it was reached at.
    pub ip_address: Option<String>,
    /// Who hosts it.
    pub hosting_provider: Option<String>,
    /// Where it is hosted.
    pub hosting_location: Option<String>,
    /// The country it is hosted in, ISO 3166-1 alpha-2.
    pub country_code: Option<String>,
    /// The CDN in front of it.
    pub cdn_provider: Option<String>,
    /// Its DNS records.
    pub dns_records: Option<RawJson>,
    /// Time to the first byte in milliseconds.
    pub server_response_time: Option<i32>,
    /// The mean of that over its scans, in milliseconds.
    pub average_response_time: Option<i32>,
    /// How often it was up, in per cent.
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
    /// What it asks of crawlers.
    pub crawler_hints: Option<RawJson>,
    /// Why the last failed scan failed.
    pub last_error: Option<String>,
    /// How many scans failed in a row.
    pub error_count: Option<i32>,
    /// When a scan last succeeded.
    pub last_successful_scan: Option<DateTime<Utc>>,
}

/// What to change about [`DomainHosting`].
///
/// `None` leaves a column as it is; where a column may be NULL, `Some(None)` makes it so.
#[derive(Clone, Debug, Default, AsChangeset, Insertable)]
#[diesel(table_name = domain_hosting)]
pub struct DomainHostingChanges<'a> {
    /// Whether it is served over TLS.
    pub has_ssl: Option<Option<bool>>,
    /// When its certificate expires.
    pub ssl_expiry_date: Option<Option<DateTime<Utc>>>,
    /// Who issued its certificate.
    pub ssl_issuer: Option<Option<&'a str>>,
    /// The TLS version it spoke.
    pub ssl_version: Option<Option<&'a str>>,
    /// Its security headers.
    pub security_headers: Option<Option<&'a RawJson>>,
    /// What its server calls itself.
    pub server_type: Option<Option<&'a str>>,
    /// The address it was reached at.
    pub ip_address: Option<Option<&'a str>>,
    /// Who hosts it.
    pub hosting_provider: Option<Option<&'a str>>,
    /// Where it is hosted.
    pub hosting_location: Option<Option<&'a str>>,
    /// The country it is hosted in, ISO 3166-1 alpha-2.
    pub country_code: Option<Option<&'a str>>,
    /// The CDN in front of it.
    pub cdn_provider: Option<Option<&'a str>>,
    /// Its DNS records.
    pub dns_records: Option<Option<&'a RawJson>>,
    /// Time to the first byte in milliseconds.
    pub server_response_time: Option<Option<i32>>,
    /// The mean of that over its scans, in milliseconds.
    pub average_response_time: Option<Option<i32>>,
    /// How often it was up, in per cent.
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
    /// What it asks of crawlers.
    pub crawler_hints: Option<Option<&'a RawJson>>,
    /// Why the last failed scan failed.
    pub last_error: Option<Option<&'a str>>,
    /// How many scans failed in a row.
    pub error_count: Option<Option<i32>>,
    /// When a scan last succeeded.
    pub last_successful_scan: Option<Option<DateTime<Utc>>>,
}
