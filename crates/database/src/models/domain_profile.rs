//! Table `domain_profiles`.

use diesel::prelude::{AsChangeset, HasQuery, Insertable};
use schema::domain_profiles;

use super::values::{RawJson, TextList};
use crate::ids::{DomainId, TenantId};

/// The content, contacts and business facts of a domain's site.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = domain_profiles)]
pub struct DomainProfile {
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// The home page's title.
    pub title: Option<String>,
    /// The home page's meta description.
    pub description: Option<String>,
    /// The language the home page declares.
    pub language: Option<String>,
    /// The languages the server declares.
    pub content_language: Option<TextList>,
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
    pub phone_numbers: Option<TextList>,
    /// Every email address found, in page order.
    pub email_addresses: Option<TextList>,
    /// Every postal address found.
    pub physical_addresses: Option<TextList>,
    /// Its Facebook page.
    pub facebook_url: Option<String>,
    /// Its page on X (Twitter).
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
    pub business_hours: Option<RawJson>,
    /// How it can be paid.
    pub payment_methods: Option<TextList>,
    /// Whether it sells on the site.
    pub has_ecommerce: Option<bool>,
    /// Its RSS and Atom feeds.
    pub feed_urls: Option<RawJson>,
    /// The whole metadata of the last scan.
    pub meta_json: Option<RawJson>,
    /// The name of the business.
    pub business_name: Option<String>,
    /// Whether the home page has a viewport for phones.
    pub has_viewport: Option<bool>,
}

/// Changes of a [`DomainProfile`].
///
/// `None` leaves a column unchanged; `Some(None)` sets a nullable column to NULL.
#[derive(Clone, Debug, Default, AsChangeset, Insertable)]
#[diesel(table_name = domain_profiles)]
pub struct DomainProfileChanges<'a> {
    /// The home page's title.
    pub title: Option<Option<&'a str>>,
    /// The home page's meta description.
    pub description: Option<Option<&'a str>>,
    /// The language the home page declares.
    pub language: Option<Option<&'a str>>,
    /// The languages the server declares.
    pub content_language: Option<Option<&'a TextList>>,
    /// The language most of the site is in.
    pub primary_language: Option<Option<&'a str>>,
    /// Its icon.
    pub favicon_url: Option<Option<&'a str>>,
    /// Its logo.
    pub logo_url: Option<Option<&'a str>>,
    /// The year in its copyright notice.
    pub copyright_year: Option<Option<&'a str>>,
    /// Whether it shows a cookie notice.
    pub has_cookie_notice: Option<Option<bool>>,
    /// Whether it links to a privacy policy.
    pub has_privacy_policy: Option<Option<bool>>,
    /// Whether the home page has a viewport for phones.
    pub has_viewport: Option<Option<bool>>,
    /// Every phone number found, in page order.
    pub phone_numbers: Option<Option<&'a TextList>>,
    /// Every email address found, in page order.
    pub email_addresses: Option<Option<&'a TextList>>,
    /// Every postal address found.
    pub physical_addresses: Option<Option<&'a TextList>>,
    /// Its Facebook page.
    pub facebook_url: Option<Option<&'a str>>,
    /// Its page on X (Twitter).
    pub twitter_url: Option<Option<&'a str>>,
    /// Its LinkedIn page.
    pub linkedin_url: Option<Option<&'a str>>,
    /// Its Instagram page.
    pub instagram_url: Option<Option<&'a str>>,
    /// Its YouTube channel.
    pub youtube_url: Option<Option<&'a str>>,
    /// The name of the business.
    pub business_name: Option<Option<&'a str>>,
    /// The category of the business.
    pub business_category: Option<Option<&'a str>>,
    /// The type of the business.
    pub business_type: Option<Option<&'a str>>,
    /// The industry it is in.
    pub industry_vertical: Option<Option<&'a str>>,
    /// When it is open.
    pub business_hours: Option<Option<&'a RawJson>>,
    /// How it can be paid.
    pub payment_methods: Option<Option<&'a TextList>>,
    /// Whether it sells on the site.
    pub has_ecommerce: Option<Option<bool>>,
    /// Its RSS and Atom feeds.
    pub feed_urls: Option<Option<&'a RawJson>>,
    /// The whole metadata of the last scan.
    pub meta_json: Option<Option<&'a RawJson>>,
}
