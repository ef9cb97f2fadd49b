//! The hosting of a domain's site.

use bigdecimal::ToPrimitive;
use chrono::{DateTime, Utc};
use database::models::domain_hosting::DomainHosting;
use database::models::values::{RawJson, TextList};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// How a domain's site is hosted: TLS, DNS, server, speed. A field is null if it is unknown.
#[derive(Debug, Serialize, ToSchema)]
pub struct DomainHostingView {
    /// Whether the site is served over TLS.
    pub has_ssl: Option<bool>,
    /// When the site's certificate expires.
    pub ssl_expiry_date: Option<DateTime<Utc>>,
    /// Issuer of the site's certificate.
    pub ssl_issuer: Option<String>,
    /// TLS version of the connection.
    pub ssl_version: Option<String>,
    /// What is wrong with TLS where the site is not served over it, such as `expired` or `self_signed`.
    pub ssl_fault: Option<String>,
    /// Why the site is not served over TLS.
    pub ssl_error: Option<String>,
    /// The names of the hosts that the site's certificate is for, such as `acme.de` and `*.acme.de`.
    pub ssl_names: Option<Vec<String>>,
    /// Where the site's addresses lead: `host`, at which the site is; `http` and `other_name` (with or without `www.`),
    /// each with `route`, `status` and `error`, or null where nobody had to ask.
    #[schema(value_type = Option<serde_json::Value>)]
    pub redirects: Option<Box<RawValue>>,
    /// The site's security: `grade` (`A+` to `F`) and `score`, the `tests` with the points and the reason of each, and the
    /// values of the `headers`.
    #[schema(value_type = Option<serde_json::Value>)]
    pub security_headers: Option<Box<RawValue>>,
    /// The server software that the site names.
    pub server_type: Option<String>,
    /// IP address that the site was reached at.
    pub ip_address: Option<String>,
    /// The hosting provider.
    pub hosting_provider: Option<String>,
    /// Location of the server.
    pub hosting_location: Option<String>,
    /// Country of the server, ISO 3166-1 alpha-2.
    pub country_code: Option<String>,
    /// The CDN in front of the site.
    pub cdn_provider: Option<String>,
    /// The domain's DNS records.
    #[schema(value_type = Option<serde_json::Value>)]
    pub dns_records: Option<Box<RawValue>>,
    /// Time to the first byte of the last scan, in milliseconds.
    pub server_response_time: Option<i32>,
    /// Mean time to the first byte over the pages of the last scan, in milliseconds.
    pub average_response_time: Option<i32>,
    /// Uptime in per cent.
    pub uptime_percentage: Option<f64>,
    /// The home page's Last-Modified header.
    pub last_modified: Option<DateTime<Utc>>,
    /// The site's robots.txt.
    pub robots_txt: Option<String>,
    /// Mean size of the site's pages in bytes.
    pub average_page_size: Option<i32>,
    /// The number of images on the site's pages.
    pub total_images_count: Option<i32>,
    /// Counts of images, scripts, styles, forms, links and elements.
    #[schema(value_type = Option<serde_json::Value>)]
    pub performance_metrics: Option<Box<RawValue>>,
    /// The site's directives for crawlers.
    #[schema(value_type = Option<serde_json::Value>)]
    pub crawler_hints: Option<Box<RawValue>>,
    /// Why the last failed scan failed.
    pub last_error: Option<String>,
    /// The number of failed scans in a row.
    pub error_count: Option<i32>,
    /// When a scan last succeeded.
    pub last_successful_scan: Option<DateTime<Utc>>,
}

impl From<DomainHosting> for DomainHostingView {
    #[expect(clippy::too_many_lines, reason = "two lines for each column")]
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
            ssl_fault,
            ssl_error,
            ssl_names,
            redirects,
        } = row;
        Self {
            has_ssl,
            ssl_expiry_date,
            ssl_issuer,
            ssl_version,
            ssl_fault,
            ssl_error,
            ssl_names: ssl_names.map(|TextList(texts)| texts),
            redirects: redirects.map(RawJson::into_raw),
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
