//! The content of a domain's site.

use database::models::domain_profile::DomainProfile;
use database::models::values::{RawJson, TextList};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The content, contacts and business facts of a domain's site. A field is null if it is unknown.
#[derive(Debug, Serialize, ToSchema)]
pub struct DomainProfileView {
    /// Title of the home page.
    pub title: Option<String>,
    /// Meta description of the home page.
    pub description: Option<String>,
    /// The language that the home page declares.
    pub language: Option<String>,
    /// The languages that the server declares.
    pub content_language: Option<Vec<String>>,
    /// The language of most of the site.
    pub primary_language: Option<String>,
    /// URL of the site's icon.
    pub favicon_url: Option<String>,
    /// URL of the site's logo.
    pub logo_url: Option<String>,
    /// The year in the site's copyright notice.
    pub copyright_year: Option<String>,
    /// Whether the site shows a cookie notice.
    pub has_cookie_notice: Option<bool>,
    /// Whether the site links to a privacy policy.
    pub has_privacy_policy: Option<bool>,
    /// Whether the home page has a viewport for phones.
    pub has_viewport: Option<bool>,
    /// Every telephone number found, in page order.
    pub phone_numbers: Option<Vec<String>>,
    /// Every email address found, in page order.
    pub email_addresses: Option<Vec<String>>,
    /// Every postal address found.
    pub physical_addresses: Option<Vec<String>>,
    /// URL of the business's Facebook page.
    pub facebook_url: Option<String>,
    /// URL of the business's page on X (Twitter).
    pub twitter_url: Option<String>,
    /// URL of the business's LinkedIn page.
    pub linkedin_url: Option<String>,
    /// URL of the business's Instagram page.
    pub instagram_url: Option<String>,
    /// URL of the business's YouTube channel.
    pub youtube_url: Option<String>,
    /// Name of the business.
    pub business_name: Option<String>,
    /// Category of the business.
    pub business_category: Option<String>,
    /// Type of the business.
    pub business_type: Option<String>,
    /// Industry of the business.
    pub industry_vertical: Option<String>,
    /// Opening hours of the business.
    #[schema(value_type = Option<serde_json::Value>)]
    pub business_hours: Option<Box<RawValue>>,
    /// Payment methods that the business accepts.
    pub payment_methods: Option<Vec<String>>,
    /// Whether the site has a shop.
    pub has_ecommerce: Option<bool>,
    /// The site's RSS and Atom feeds.
    #[schema(value_type = Option<serde_json::Value>)]
    pub feed_urls: Option<Box<RawValue>>,
    /// All metadata of the last scan, as the scan's status returns it.
    #[schema(value_type = Option<serde_json::Value>)]
    pub meta_json: Option<Box<RawValue>>,
}

impl From<DomainProfile> for DomainProfileView {
    #[expect(clippy::too_many_lines, reason = "each column twice")]
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
            business_name,
            has_viewport,
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
            has_viewport,
            phone_numbers: phone_numbers.map(|TextList(texts)| texts),
            email_addresses: email_addresses.map(|TextList(texts)| texts),
            physical_addresses: physical_addresses.map(|TextList(texts)| texts),
            facebook_url,
            twitter_url,
            linkedin_url,
            instagram_url,
            youtube_url,
            business_name,
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
