//! What a home page says about its site, and the part of it that API clients see.

use serde::Serialize;
use url::Url;

use super::phone::PhoneKind;
use super::social::SocialLinks;
use super::technology::TechStack;
use crate::stand_in::StandIn;

/// How many addresses and numbers the v1 contract shows; all of them are stored.
const SHOWN_EMAILS: usize = 5;
const SHOWN_PHONES: usize = 3;

/// What a home page says about its site.
///
/// Nothing is invented: what was not found is `None`, empty or false. No string holds a NUL character,
/// and all are bounded.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SiteMetadata {
    /// The text of `<title>`, or else `og:title`.
    pub title: Option<String>,
    /// The meta description, or else `og:description`.
    pub description: Option<String>,
    /// The language of `<html lang>`, or else the one language that meta or header name.
    pub language: Option<String>,
    /// The languages that the header, or else the meta element, `Content-Language` names.
    pub content_language: Vec<String>,
    /// What `<meta name="generator">` says, the first one.
    pub generator: Option<String>,
    /// The best icon that the page links; never a guessed `/favicon.ico`.
    pub favicon_url: Option<String>,
    /// The logo: of structured data, of `og:logo`, or an image of the page's header that is called so.
    pub logo_url: Option<String>,
    /// All email addresses in page order: the site's own, those of other domains, those of whoever made the site.
    pub emails: Vec<String>,
    /// All telephone numbers in page order, in international format (`+49 30 901820`); no fax numbers.
    pub phones: Vec<String>,
    /// The same numbers and those of fax machines, each with what it is for.
    pub phone_numbers: Vec<PhoneNumber>,
    /// Postal addresses, each on one line.
    pub addresses: Vec<String>,
    /// The profiles on social networks.
    pub social_links: SocialLinks,
    /// The year, or the last of the years, of the copyright notice.
    pub copyright_year: Option<String>,
    /// Opening hours as structured data gives them: for each day that it names a list of spans, such as
    /// `{"monday": ["09:00-17:00"], "sunday": []}`.
    pub business_hours: Option<serde_json::Value>,
    /// RSS, Atom and JSON feeds.
    pub feed_urls: Vec<String>,
    /// Whether the page asks about cookies.
    pub has_cookie_notice: bool,
    /// Whether the page links to a privacy policy of its own.
    pub has_privacy_policy: bool,
    /// Whether the site runs on shop software.
    pub has_ecommerce: bool,
    /// What the site runs on.
    pub tech_stack: TechStack,
    /// What is particular to WordPress.
    pub wordpress: WordPressFacts,
    /// The id of Google Analytics, `G-` or `UA-`.
    pub google_analytics_id: Option<String>,
    /// The id of Google Tag Manager.
    pub google_tag_manager_id: Option<String>,
    /// How much there is on the page.
    pub performance: Performance,
    /// Whether parsing stopped before the end of the page, so that more may be there.
    pub is_truncated: bool,
    /// What the page is, if not the site's own.
    #[serde(skip)]
    pub stand_in: Option<StandIn>,
    /// Frames of the page that show pages of the site.
    #[serde(skip)]
    pub frames: Vec<Url>,
}

/// A telephone or fax number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhoneNumber {
    /// The number in international format, or as the page writes it where nothing says its country.
    pub number: String,
    /// What it is for.
    pub kind: PhoneKind,
}

/// What is particular to WordPress.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WordPressFacts {
    /// Whether the site runs on it.
    pub is_wordpress: bool,
    /// Its version, if the generator says it.
    pub version: Option<String>,
    /// The folder of its theme.
    pub theme: Option<String>,
    /// Whether it uses Elementor.
    pub has_elementor: bool,
    /// The version of Elementor, if the generator says it.
    pub elementor_version: Option<String>,
    /// Whether it uses Divi.
    pub has_divi: bool,
    /// Whether it uses WooCommerce.
    pub has_woocommerce: bool,
    /// Whether it uses Contact Form 7.
    pub has_contact_form7: bool,
    /// Whether it uses Yoast SEO.
    pub has_yoast_seo: bool,
    /// Whether it uses WPForms.
    pub has_wpforms: bool,
}

/// How much there is on a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Performance {
    /// Images.
    pub image_count: usize,
    /// Scripts, within the page and linked.
    pub script_count: usize,
    /// Linked stylesheets.
    pub css_count: usize,
    /// Forms.
    pub form_count: usize,
    /// Anchors that lead somewhere.
    pub link_count: usize,
    /// Elements, without what `<template>` holds.
    pub total_elements: usize,
}

/// The `metadata` object of the v1 contract.
#[derive(Debug, Serialize)]
pub struct ContractMetadata<'a> {
    title: Option<&'a str>,
    description: Option<&'a str>,
    language: Option<&'a str>,
    is_wordpress: bool,
    wordpress_version: Option<&'a str>,
    has_elementor: bool,
    favicon_url: Option<&'a str>,
    logo_url: Option<&'a str>,
    contact_info: ContactInfo<'a>,
    social_links: &'a SocialLinks,
    tech_stack: &'a TechStack,
    performance: &'a Performance,
}

#[derive(Debug, Serialize)]
struct ContactInfo<'a> {
    email: &'a [String],
    phone: &'a [String],
    /// Every number with its kind.
    #[serde(skip_serializing_if = "<[PhoneNumber]>::is_empty")]
    numbers: &'a [PhoneNumber],
}

impl SiteMetadata {
    /// Adds what a page in a frame says of the site.
    pub fn add_frame(&mut self, frame: Self) {
        fn merge(list: &mut Vec<String>, more: Vec<String>) {
            for text in more {
                if !list.contains(&text) {
                    list.push(text);
                }
            }
        }
        if frame.stand_in.is_some_and(|stand_in| stand_in != StandIn::Shell) {
            return;
        }
        merge(&mut self.emails, frame.emails);
        merge(&mut self.phones, frame.phones);
        merge(&mut self.addresses, frame.addresses);
        self.title = self.title.take().or(frame.title);
        self.description = self.description.take().or(frame.description);
        self.language = self.language.take().or(frame.language);
        self.business_hours = self.business_hours.take().or(frame.business_hours);
        self.copyright_year = self.copyright_year.take().or(frame.copyright_year);
        self.has_privacy_policy |= frame.has_privacy_policy;
        self.is_truncated |= frame.is_truncated;
    }

    /// Returns the `metadata` object of the v1 contract.
    #[must_use]
    pub fn contract(&self) -> ContractMetadata<'_> {
        let first = |list: &'_ Vec<String>, count: usize| count.min(list.len());
        ContractMetadata {
            title: self.title.as_deref(),
            description: self.description.as_deref(),
            language: self.language.as_deref(),
            is_wordpress: self.wordpress.is_wordpress,
            wordpress_version: self.wordpress.version.as_deref(),
            has_elementor: self.wordpress.has_elementor,
            favicon_url: self.favicon_url.as_deref(),
            logo_url: self.logo_url.as_deref(),
            contact_info: ContactInfo {
                email: self.emails.get(..first(&self.emails, SHOWN_EMAILS)).unwrap_or_default(),
                phone: self.phones.get(..first(&self.phones, SHOWN_PHONES)).unwrap_or_default(),
                numbers: &self.phone_numbers,
            },
            social_links: &self.social_links,
            tech_stack: &self.tech_stack,
            performance: &self.performance,
        }
    }
}
