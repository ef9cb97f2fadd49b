//! A domain, with what is known about its site.

use bigdecimal::ToPrimitive;
use chrono::{DateTime, Utc};
use database::models::domain::Domain;
use database::models::domain_hosting::DomainHosting;
use database::models::domain_profile::DomainProfile;
use database::models::domain_technologies::DomainTechnologies;
use database::models::enums::{CurationStatus, ProcessingStatus, TaskStatus};
use database::models::values::{RawJson, TextList};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

/// A domain of the tenant.
#[derive(Debug, Serialize)]
pub struct DomainView {
    /// Identifies the row.
    pub id: Uuid,
    /// The standard form of its name: lower case, punycode, no `www.`.
    pub domain: String,
    /// Where the lead came from.
    pub lead_source: Option<String>,
    /// Whether it is in use.
    pub is_active: Option<bool>,
    /// How far it is.
    pub status: String,
    /// How far the domain scan is.
    pub content_scrape_status: Option<&'static str>,
    /// When the domain scan last changed state.
    pub content_scrape_at: Option<DateTime<Utc>>,
    /// Why the domain scan failed.
    pub content_scrape_error: Option<String>,
    /// How far the crawl for contacts is.
    pub page_scrape_status: Option<&'static str>,
    /// When the crawl last changed state.
    pub page_scrape_at: Option<DateTime<Utc>>,
    /// Why the crawl failed.
    pub page_scrape_error: Option<String>,
    /// How far the watch over its sitemaps is.
    pub sitemap_monitor_status: Option<&'static str>,
    /// When that watch last changed state.
    pub sitemap_monitor_at: Option<DateTime<Utc>>,
    /// Why that watch failed.
    pub sitemap_monitor_error: Option<String>,
    /// Whether a sitemap was found.
    pub has_sitemap: Option<bool>,
    /// How many pages its sitemaps list.
    pub page_count: Option<i32>,
    /// The sitemap that was found first.
    pub sitemap_url: Option<String>,
    /// When it was first scanned.
    pub first_scan: DateTime<Utc>,
    /// When it was last scanned.
    pub last_scan: DateTime<Utc>,
    /// When the row was made.
    pub created_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
    /// Who made the row.
    pub created_by: Option<Uuid>,
    /// What people wrote about it.
    pub notes: Option<String>,
    /// How many URLs its sitemaps list.
    pub sitemap_urls: Option<i32>,
    /// How many sitemap files it has.
    pub total_sitemaps: Option<i32>,
    /// The business it belongs to, in a table of the old system.
    pub local_business_id: Option<Uuid>,
    /// What a person decided about its sitemaps.
    pub sitemap_curation_status: Option<&'static str>,
    /// How far the analysis of its sitemaps is.
    pub sitemap_analysis_status: Option<&'static str>,
    /// Why that analysis failed.
    pub sitemap_analysis_error: Option<String>,
}

impl From<Domain> for DomainView {
    fn from(row: Domain) -> Self {
        let Domain {
            id,
            tenant_id: _,
            domain,
            lead_source,
            is_active,
            status,
            content_scrape_status,
            content_scrape_at,
            content_scrape_error,
            page_scrape_status,
            page_scrape_at,
            page_scrape_error,
            sitemap_monitor_status,
            sitemap_monitor_at,
            sitemap_monitor_error,
            has_sitemap,
            page_count,
            sitemap_url,
            first_scan,
            last_scan,
            created_at,
            updated_at,
            created_by,
            notes,
            sitemap_urls,
            total_sitemaps,
            local_business_id,
            sitemap_curation_status,
            sitemap_analysis_status,
            sitemap_analysis_error,
        } = row;
        Self {
            id: id.get(),
            domain,
            lead_source,
            is_active,
            status,
            content_scrape_status: content_scrape_status.map(TaskStatus::label),
            content_scrape_at,
            content_scrape_error,
            page_scrape_status: page_scrape_status.map(TaskStatus::label),
            page_scrape_at,
            page_scrape_error,
            sitemap_monitor_status: sitemap_monitor_status.map(TaskStatus::label),
            sitemap_monitor_at,
            sitemap_monitor_error,
            has_sitemap,
            page_count,
            sitemap_url,
            first_scan,
            last_scan,
            created_at,
            updated_at,
            created_by: created_by.map(|id| id.get()),
            notes,
            sitemap_urls,
            total_sitemaps,
            local_business_id,
            sitemap_curation_status: sitemap_curation_status.map(CurationStatus::label),
            sitemap_analysis_status: sitemap_analysis_status.map(ProcessingStatus::label),
            sitemap_analysis_error,
        }
    }
}

/// What a domain's site says.
#[derive(Debug, Serialize)]
pub struct DomainProfileView {
    /// The home page's title.
    pub title: Option<String>,
    /// The home page's meta description.
    pub description: Option<String>,
    /// The language the home page declares.
    pub language: Option<String>,
    /// The languages the server declares.
    pub content_language: Option<Vec<String>>,
    /// The language most of the site is in.
    pub primary_language: Option<String>,
    /// Its icon.
    pub favicon_url: Option<String>,
    /// Its logo.
    pub logo_url: Option<String>,
    /// The year in its copyright notice.
    pub copyright_year: Option<String>,
    /// Whether it shows a cookie notice.
    pub has_cookie_notice: Option<bool>,
    /// Whether it links to a privacy policy.
    pub has_privacy_policy: Option<bool>,
    /// Every phone number found, in page order.
    pub phone_numbers: Option<Vec<String>>,
    /// Every email address found, in page order.
    pub email_addresses: Option<Vec<String>>,
    /// Every postal address found.
    pub physical_addresses: Option<Vec<String>>,
    /// Its Facebook page.
    pub facebook_url: Option<String>,
    /// Its page on Twitter or X.
    pub twitter_url: Option<String>,
    /// Its LinkedIn page.
    pub linkedin_url: Option<String>,
    /// Its Instagram page.
    pub instagram_url: Option<String>,
    /// Its YouTube channel.
    pub youtube_url: Option<String>,
    /// The category of the business.
    pub business_category: Option<String>,
    /// The type of the business.
    pub business_type: Option<String>,
    /// The industry it is in.
    pub industry_vertical: Option<String>,
    /// When it is open.
    pub business_hours: Option<Box<RawValue>>,
    /// How it can be paid.
    pub payment_methods: Option<Vec<String>>,
    /// Whether it sells on the site.
    pub has_ecommerce: Option<bool>,
    /// Its RSS and Atom feeds.
    pub feed_urls: Option<Box<RawValue>>,
    /// The whole metadata of the last scan.
    pub meta_json: Option<Box<RawValue>>,
}

impl From<DomainProfile> for DomainProfileView {
    fn from(row: DomainProfile) -> Self {
        let DomainProfile {
            tenant_id: _,
            domain_id: _,
            title,
            description,
            language,
            content_language,
            primary_language,
            favicon_url,
            logo_url,
            copyright_year,
            has_cookie_notice,
            has_privacy_policy,
            phone_numbers,
            email_addresses,
            physical_addresses,
            facebook_url,
            twitter_url,
            linkedin_url,
            instagram_url,
            youtube_url,
            business_category,
            business_type,
            industry_vertical,
            business_hours,
            payment_methods,
            has_ecommerce,
            feed_urls,
            meta_json,
        } = row;
        Self {
            title,
            description,
            language,
            content_language: content_language.map(|TextList(texts)| texts),
            primary_language,
            favicon_url,
            logo_url,
            copyright_year,
            has_cookie_notice,
            has_privacy_policy,
            phone_numbers: phone_numbers.map(|TextList(texts)| texts),
            email_addresses: email_addresses.map(|TextList(texts)| texts),
            physical_addresses: physical_addresses.map(|TextList(texts)| texts),
            facebook_url,
            twitter_url,
            linkedin_url,
            instagram_url,
            youtube_url,
            business_category,
            business_type,
            industry_vertical,
            business_hours: business_hours.map(RawJson::into_raw),
            payment_methods: payment_methods.map(|TextList(texts)| texts),
            has_ecommerce,
            feed_urls: feed_urls.map(RawJson::into_raw),
            meta_json: meta_json.map(RawJson::into_raw),
        }
    }
}

/// What a domain's site runs on.
#[derive(Debug, Serialize)]
pub struct DomainTechnologiesView {
    /// CMS, frameworks, analytics and widgets.
    pub tech_stack: Option<Box<RawValue>>,
    /// Whether it runs on WordPress.
    pub is_wordpress: Option<bool>,
    /// Which version, if it says.
    pub wordpress_version: Option<String>,
    /// Which theme.
    pub wordpress_theme: Option<String>,
    /// Whether it uses Elementor.
    pub has_elementor: Option<bool>,
    /// Which version of Elementor.
    pub elementor_version: Option<String>,
    /// Whether it uses Divi.
    pub has_divi: Option<bool>,
    /// Whether it uses WooCommerce.
    pub has_woocommerce: Option<bool>,
    /// Whether it uses Contact Form 7.
    pub has_contact_form7: Option<bool>,
    /// Whether it uses Yoast SEO.
    pub has_yoast_seo: Option<bool>,
    /// Whether it uses WPForms.
    pub has_wpforms: Option<bool>,
    /// Its Google Analytics id.
    pub google_analytics_id: Option<String>,
    /// Its Google Tag Manager id.
    pub google_tag_manager_id: Option<String>,
}

impl From<DomainTechnologies> for DomainTechnologiesView {
    fn from(row: DomainTechnologies) -> Self {
        let DomainTechnologies {
            tenant_id: _,
            domain_id: _,
            tech_stack,
            is_wordpress,
            wordpress_version,
            wordpress_theme,
            has_elementor,
            elementor_version,
            has_divi,
            has_woocommerce,
            has_contact_form7,
            has_yoast_seo,
            has_wpforms,
            google_analytics_id,
            google_tag_manager_id,
        } = row;
        Self {
            tech_stack: tech_stack.map(RawJson::into_raw),
            is_wordpress,
            wordpress_version,
            wordpress_theme,
            has_elementor,
            elementor_version,
            has_divi,
            has_woocommerce,
            has_contact_form7,
            has_yoast_seo,
            has_wpforms,
            google_analytics_id,
            google_tag_manager_id,
        }
    }
}

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

/// A domain with all that is known about its site.
#[derive(Debug, Serialize)]
pub struct DomainDetailsView {
    /// The domain itself.
    #[serde(flatten)]
    pub domain: DomainView,
    /// What its site says; null before the first scan, as the two below.
    pub profile: Option<DomainProfileView>,
    /// What its site runs on.
    pub technologies: Option<DomainTechnologiesView>,
    /// Where and how its site is served.
    pub hosting: Option<DomainHostingView>,
}

impl
    From<(
        Domain,
        Option<DomainProfile>,
        Option<DomainTechnologies>,
        Option<DomainHosting>,
    )> for DomainDetailsView
{
    fn from(
        (domain, profile, technologies, hosting): (
            Domain,
            Option<DomainProfile>,
            Option<DomainTechnologies>,
            Option<DomainHosting>,
        ),
    ) -> Self {
        Self {
            domain: domain.into(),
            profile: profile.map(Into::into),
            technologies: technologies.map(Into::into),
            hosting: hosting.map(Into::into),
        }
    }
}
