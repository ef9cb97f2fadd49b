//! Extraction of the facts that a home page states about its site: one pass over the tree, then cheap finishing.
//!
//! The functions have no side effects: a parsed page in, [`SiteMetadata`] out. A fact that was not found is `None`,
//! empty or false, and each fact that was found is stated in the page or its headers:
//!
//! - The title is the first `<title>`, or else `og:title`.
//! - WordPress and other technologies are recognised by files, headers and marks, never by words in the text.
//! - Email addresses are in page order, the site's own first. Telephone numbers are validated and in international
//!   format (`+49 30 901820`), which is unambiguous everywhere and still readable.
//! - The country of a national number is found by structured data, the domain, an address in the text, the language, or
//!   another number on the page, in this order. If the country is unknown, a number that the page declares is kept as
//!   written.

mod attributes;
mod business;
mod cloak;
mod country;
mod credit;
mod decode;
mod detect;
mod elements;
mod email;
mod frames;
mod hours;
mod images;
mod items;
mod json_ld;
mod language;
mod lenient;
mod merge;
mod metadata;
mod microdata;
mod notices;
mod page;
mod people;
mod phone;
mod phone_links;
mod pictures;
mod reading;
mod script;
mod site;
mod social;
mod social_links;
mod state;
pub mod technology;
mod text;
mod vcard;
mod walk;
mod wordpress;

#[cfg(test)]
mod tests;

pub use business::Business;
use country::{Clues, Regions};
pub use detect::DetectedLanguage;
pub use email::Spelling;
pub use metadata::{ContractMetadata, Performance, PhoneNumber, SiteMetadata};
use page::Page;
pub use phone::PhoneKind;
pub use reading::{FoundContact, PageLink, PageReading, read_card, read_page};
use site::Site;
pub use social::SocialLinks;
use technology::{Rules, Sightings, TechStack};
use url::Url;
pub use wordpress::WordPressFacts;

use crate::html::Document;
use crate::pages::{NamedPage, page_kind};

/// Maximum number of languages kept.
const MAX_LANGUAGES: usize = 10;
/// Maximum number of links to pages that say whose the site is.
const MAX_NAMED_PAGES: usize = 50;

/// The origin of a page.
#[derive(Clone, Copy, Debug)]
pub struct PageContext<'a> {
    /// The URL after all redirects, which determines the site and resolves relative links.
    pub final_url: &'a Url,
    /// The response headers that are text. `Content-Language`, `Link` and those that name software are read.
    pub headers: &'a [(&'a str, &'a str)],
    /// The rules by which technologies are told.
    pub rules: &'a Rules,
}

impl PageContext<'_> {
    fn content_language(&self) -> Option<&str> {
        self.headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-language"))
            .map(|(_, value)| *value)
    }
}

/// Extracts the facts that a home page states about its site.
///
/// This takes a fraction of the time for parsing the page. It does not fail, and truncated pages give the facts up to
/// their end.
#[must_use]
pub fn extract(document: &Document, context: &PageContext<'_>) -> SiteMetadata {
    let mut page = Page::new(
        Site::new(context.final_url),
        Sightings::new(context.rules, Some(context.final_url)),
    );
    for (name, value) in context.headers {
        page.technologies.see_header_of(name, value, &page.site);
    }
    page.walk(document.html().tree.root());
    finish(page, context, document.is_truncated())
}

fn finish(mut page: Page, context: &PageContext<'_>, is_truncated: bool) -> SiteMetadata {
    let content_language = languages(context.content_language().or(page.meta_language.as_deref()));
    let language = page.take_language(&content_language);
    let stand_in = page.take_stand_in();
    let addresses = page.take_addresses();
    let text = page.text.as_str();
    let named_pages = named_pages(&page, text);
    let detected_language = detect::detect(text);
    let numbers = phones(std::mem::take(&mut page.phones), &page, language.as_deref());
    let phones = numbers.iter().filter(|phone| phone.kind != PhoneKind::Fax);
    let phones = phones.map(|phone| phone.number.clone()).collect();
    let logo_url = page
        .structured
        .logo
        .take()
        .and_then(|logo| page.site.address(&logo))
        .or(page.og_logo)
        .or(page.image_logo);

    let mut metadata = SiteMetadata {
        title: page.title.or(page.og_title),
        description: page.description.or(page.og_description),
        language,
        content_language,
        generator: page.generator,
        favicon_url: page.favicon.into_url(),
        logo_url,
        emails: emails(page.emails, text, &page.site),
        phones,
        phone_numbers: numbers,
        addresses,
        social_links: page.profiles.finish(),
        copyright_year: notices::copyright_year(text),
        business_hours: page.structured.week.into_json(),
        feed_urls: page.feed_urls,
        has_cookie_notice: false,
        has_privacy_policy: page.has_privacy_policy,
        has_viewport: page.has_viewport,
        has_ecommerce: false,
        technologies: Vec::new(),
        sightings: page.technologies,
        tech_stack: TechStack::default(),
        wordpress: WordPressFacts {
            theme: page.theme,
            ..WordPressFacts::default()
        },
        google_analytics_id: None,
        google_tag_manager_id: None,
        performance: page.performance,
        is_truncated,
        stand_in,
        frames: page.frames,
        detected_language,
        business: Business::read(&page.structured.types, &page.structured.names),
        payment_methods: page.payments.finish(),
        canonical_url: page.canonical_url,
        meta_robots: page.meta_robots,
        named_pages,
        security: page.security,
    };
    metadata.judge_technologies();
    metadata
}

/// Returns the site's pages that say whose it is, in the order of the links to them.
fn named_pages(page: &Page, text: &str) -> Vec<NamedPage> {
    let links = reading::links(page, text).into_iter();
    let own = links.filter(|link| page.site.owns_url(&link.url) && !link.nofollow);
    let named = own.filter_map(|link| {
        let kind = page_kind(&link.url, &link.text)?;
        Some(NamedPage { kind, url: link.url })
    });
    named.take(MAX_NAMED_PAGES).collect()
}

/// Validates the declared numbers and those in the text, and returns them in page order, each once.
fn phones(mut numbers: Vec<phone::Candidate>, page: &Page, language: Option<&str>) -> Vec<PhoneNumber> {
    let text = page.text.as_str();
    phone::read_labels(&mut numbers, text);
    numbers.extend(phone::find(text));
    if numbers.is_empty() {
        return Vec::new();
    }
    let mut regions = if numbers.iter().all(phone::Candidate::is_international) {
        Regions::default()
    } else {
        country::regions(&Clues {
            country: page.structured.country.as_deref(),
            addresses: &page.structured.addresses,
            top_level: page.site.top_level(),
            language,
            text,
        })
    };
    let found = phone::validate(numbers, &mut regions).into_iter();
    found
        .map(|phone| PhoneNumber {
            number: phone.shown,
            kind: phone.kind,
        })
        .collect()
}

/// Merges the addresses from links with those in the text, each once: the site's own first, those of the site's makers
/// last, and each group in page order.
fn emails(linked: Vec<email::Found>, text: &str, site: &Site) -> Vec<String> {
    let mut all = linked;
    all.extend(email::find(text, site));
    let rank = |found: &email::Found| {
        let host = found.email.rsplit('@').next().unwrap_or_default();
        if site.owns(host) {
            0
        } else if credit::announces(text.get(..found.position).unwrap_or_default()) {
            2
        } else {
            1
        }
    };
    all.sort_by_cached_key(|found| (rank(found), found.position));
    let mut seen = std::collections::HashSet::new();
    let distinct = all
        .into_iter()
        .filter(|found| seen.insert(found.email.to_ascii_lowercase()));
    distinct.map(|found| found.email).take(email::MAX_EMAILS).collect()
}

/// Parses a list of languages.
fn languages(list: Option<&str>) -> Vec<String> {
    list.unwrap_or_default()
        .split(',')
        .filter_map(language::read)
        .take(MAX_LANGUAGES)
        .collect()
}
