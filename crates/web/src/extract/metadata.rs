//! The facts that a home page states about its site, and the form in which API clients get them.

use serde::Serialize;
use url::Url;

use super::business::Business;
use super::detect::DetectedLanguage;
use super::phone::PhoneKind;
use super::proofs::{Fact, Proof, Proofs, READ};
use super::social::SocialLinks;
use super::technology::{Claim, Shown, Sightings, Tag, TechStack};
use super::wordpress::{self, WordPressFacts};
use crate::pages::NamedPage;
use crate::security::PageSecurity;
use crate::stand_in::StandIn;

/// How many addresses and numbers the v1 contract shows; all of them are stored.
const SHOWN_EMAILS: usize = 5;
const SHOWN_PHONES: usize = 3;

/// The facts that a home page states about its site.
///
/// Nothing is guessed: a fact that was not found is `None`, empty or false. No string contains NUL characters, and all
/// are limited in length.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SiteMetadata {
    /// The text of `<title>`, or else `og:title`.
    pub title: Option<String>,
    /// The meta description, or else `og:description`.
    pub description: Option<String>,
    /// The language of `<html lang>`, or else the only language in the meta elements and headers.
    pub language: Option<String>,
    /// The languages in the header `Content-Language`, or else in the meta element of that name.
    pub content_language: Vec<String>,
    /// The first `<meta name="generator">`.
    pub generator: Option<String>,
    /// The best icon that the page links; never a guessed `/favicon.ico`.
    pub favicon_url: Option<String>,
    /// The logo, from structured data, from `og:logo`, or an image in the page's header that is named a logo.
    pub logo_url: Option<String>,
    /// All email addresses: the site's own, then those at other domains, then those of the site's makers, in page
    /// order.
    pub emails: Vec<String>,
    /// All telephone numbers in page order, in international format (`+49 30 901820`); no fax numbers.
    pub phones: Vec<String>,
    /// All telephone and fax numbers, each with its kind.
    pub phone_numbers: Vec<PhoneNumber>,
    /// Postal addresses, each on one line.
    pub addresses: Vec<String>,
    /// Profiles on social networks.
    pub social_links: SocialLinks,
    /// The latest year in the copyright notice.
    pub copyright_year: Option<String>,
    /// Opening hours from structured data: a list of spans per known day, such as
    /// `{"monday": ["09:00-17:00"], "sunday": []}`.
    pub business_hours: Option<serde_json::Value>,
    /// URLs of RSS, Atom and JSON feeds.
    pub feed_urls: Vec<String>,
    /// Whether the page asks about cookies.
    pub has_cookie_notice: bool,
    /// Whether the page links to a privacy policy of its own.
    pub has_privacy_policy: bool,
    /// Whether the page has a viewport for phones.
    pub has_viewport: bool,
    /// Whether the site runs on shop software.
    pub has_ecommerce: bool,
    /// The technologies of the site, each with its evidence.
    pub technologies: Vec<Claim>,
    /// The signs that [`SiteMetadata::technologies`] follows from, together with which those of other pages may prove more.
    #[serde(skip)]
    pub sightings: Sightings,
    /// The names of the technologies, by list.
    pub tech_stack: TechStack,
    /// Facts about WordPress.
    pub wordpress: WordPressFacts,
    /// The Google Analytics id, with `G-` or `UA-`.
    pub google_analytics_id: Option<String>,
    /// The Google Tag Manager id.
    pub google_tag_manager_id: Option<String>,
    /// Counts of the page's elements.
    pub performance: Performance,
    /// Whether parsing stopped before the end of the page, so that facts may be missing.
    pub is_truncated: bool,
    /// The kind of stand-in; `None` if the page is the site's own.
    #[serde(skip)]
    pub stand_in: Option<StandIn>,
    /// URLs of frames that show pages of the site.
    #[serde(skip)]
    pub frames: Vec<Url>,
    /// The language of the page's text.
    pub detected_language: Option<DetectedLanguage>,
    /// The kind of business that the page declares.
    pub business: Business,
    /// The payment methods that the page declares or shows.
    pub payment_methods: Vec<String>,
    /// The URL that the page calls its own.
    pub canonical_url: Option<String>,
    /// What the page asks of robots.
    pub meta_robots: Option<String>,
    /// What the facts are told by. Technologies have their evidence in their claims.
    #[serde(skip)]
    pub proofs: Proofs,
    /// Links to pages that say whose the site is.
    #[serde(skip)]
    pub named_pages: Vec<NamedPage>,
    /// The observations that concern security.
    #[serde(skip)]
    pub security: PageSecurity,
}

/// A telephone or fax number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhoneNumber {
    /// The number in international format, or as written if its country is unknown.
    pub number: String,
    /// The kind of number.
    pub kind: PhoneKind,
}

/// Counts of a page's elements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Performance {
    /// The number of images.
    pub image_count: usize,
    /// The number of scripts, inline and linked.
    pub script_count: usize,
    /// The number of linked style sheets.
    pub css_count: usize,
    /// The number of forms.
    pub form_count: usize,
    /// The number of anchors with a target.
    pub link_count: usize,
    /// The number of elements, without those in `<template>`.
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
    /// All numbers with their kinds.
    #[serde(skip_serializing_if = "<[PhoneNumber]>::is_empty")]
    numbers: &'a [PhoneNumber],
}

impl SiteMetadata {
    /// Adds the signs of technologies that another page of the site, its headers or its DNS show, and judges anew.
    pub fn add_sightings(&mut self, seen: Sightings) {
        self.sightings.merge(seen);
        self.judge_technologies();
    }

    /// Derives all facts about technologies from the signs.
    pub(super) fn judge_technologies(&mut self) {
        let seen = &self.sightings;
        self.technologies = seen.claims();
        self.tech_stack = seen.tech_stack(&self.technologies);
        let shown = |shown, fact| {
            let showing = seen.shown_by(shown)?;
            Some(Proof {
                fact,
                value: true.to_string(),
                confidence: showing.confidence,
                claim: showing.claim,
                evidence: showing.evidence,
            })
        };
        let told = |tag: Option<&Tag>, fact| {
            let Tag { id, evidence } = tag.cloned()?;
            Some(Proof {
                fact,
                value: id,
                confidence: READ,
                claim: None,
                evidence,
            })
        };
        let [notice, shop, analytics, manager] = [
            shown(Shown::CookieNotice, Fact::CookieNotice),
            shown(Shown::Shop, Fact::Shop),
            told(seen.tags.google_analytics.as_ref(), Fact::Analytics),
            told(seen.tags.google_tag_manager.as_ref(), Fact::TagManager),
        ];
        let id = |proof: Option<&Proof>| proof.map(|proof| proof.value.clone());
        self.has_cookie_notice = notice.is_some();
        self.has_ecommerce = shop.is_some();
        self.google_analytics_id = id(analytics.as_ref());
        self.google_tag_manager_id = id(manager.as_ref());
        for proof in [notice, shop, analytics, manager].into_iter().flatten() {
            self.proofs.push(proof);
        }
        self.wordpress = wordpress::facts(&self.technologies, self.wordpress.theme.take());
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
