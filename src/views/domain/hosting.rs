//! Where and how a domain's site is served.

use bigdecimal::ToPrimitive;
use chrono::{DateTime, Utc};
use database::models::domain_hosting::DomainHosting;
use database::models::values::RawJson;
use serde::Serialize;
use serde_json::value::RawValue;

/// Where and how a domain's site is served.
#[derive(Debug, Serialize)]
pub struct DomainHostingView {
    /// Whether it is served over TLS.
    pub has_ssl: Option<bool>,
    /// When its certificate expires.
    pub ssl_expiry_date: Option<DateTime<Utc>>,
    /// Who issued its certificate.
    pub ssl_issuer: Option<String>,
    /// The TLS version it spoke.
    pub ssl_version: Option<String>,
    /// Its security headers.
    pub security_headers: Option<Box<RawValue>>,
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
    pub dns_records: Option<Box<RawValue>>,
    /// Time to the first byte in milliseconds.
    pub server_response_time: Option<i32>,
    /// The mean of that over its scans, in milliseconds.
    pub average_response_time: Option<i32>,
    /// How often it was up, in per cent.
    pub uptime_percentage: Option<f64>,
    /// Its Last-Modified header.
    pub last_modified: Option<DateTime<Utc>>,
    /// Its robots.txt.
    pub robots_txt: Option<String>,
    /// The mean size of its pages in bytes.
    pub average_page_size: Option<i32>,
    /// How many images its pages hold.
    pub total_images_count: Option<i32>,
    /// Counts of images, scripts, styles, forms, links and elements.
    pub performance_metrics: Option<Box<RawValue>>,
    /// What it asks of crawlers.
    pub crawler_hints: Option<Box<RawValue>>,
    /// Why the last failed scan failed.
    pub last_error: Option<String>,
    /// How many scans failed in a row.
    pub error_count: Option<i32>,
    /// When a scan last succeeded.
    pub last_successful_scan: Option<DateTime<Utc>>,
}

impl From<DomainHosting> for DomainHostingView {
    fn from(row: DomainHosting) -> Self {
        let DomainHosting {
            tenant_id: _,
            domain_id: _,
            has_ssl,
            ssl_expiry_date,
            ssl_issuer,
            ssl_version,
            security_headers,
            server_type,
            ip_address,
            hosting_provider,
            hosting_location,
            country_code,
            cdn_provider,
            dns_records,
            server_response_time,
            average_response_time,
            uptime_percentage,
            last_modified,
            robots_txt,
            average_page_size,
            total_images_count,
            performance_metrics,
            crawler_hints,
            last_error,
            error_count,
            last_successful_scan,
        } = row;
        Self {
            has_ssl,
            ssl_expiry_date,
            ssl_issuer,
            ssl_version,
            security_headers: security_headers.map(RawJson::into_raw),
            server_type,
            ip_address,
            hosting_provider,
            hosting_location,
            country_code,
            cdn_provider,
            dns_records: dns_records.map(RawJson::into_raw),
            server_response_time,
            average_response_time,
            uptime_percentage: uptime_percentage.and_then(|value| value.to_f64()),
            last_modified,
            robots_txt,
            average_page_size,
            total_images_count,
            performance_metrics: performance_metrics.map(RawJson::into_raw),
            crawler_hints: crawler_hints.map(RawJson::into_raw),
            last_error,
            error_count,
            last_successful_scan,
        }
    }
}
