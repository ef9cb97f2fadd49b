//! What a domain's site says.

use database::models::domain_profile::DomainProfile;
use database::models::values::{RawJson, TextList};
use serde::Serialize;
use serde_json::value::RawValue;

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
