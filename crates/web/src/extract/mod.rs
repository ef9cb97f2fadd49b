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
mod declared;
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
mod proofs;
mod reading;
mod script;
mod site;
mod social;
mod social_links;
mod state;
pub mod technology;
mod text;
mod text_facts;
mod vcard;
mod walk;
mod wordpress;

#[cfg(test)]
mod tests;

pub use business::Business;
pub use detect::DetectedLanguage;
pub use email::Spelling;
pub use metadata::{ContractMetadata, Performance, PhoneNumber, SiteMetadata};
use page::Page;
pub use phone::PhoneKind;
pub use proofs::{Fact, Proof, Proofs};
pub use reading::{FoundContact, PageLink, PageReading, read_card, read_page};
use site::Site;
pub use social::SocialLinks;
use technology::{Rules, Sightings, TechStack};
use url::Url;
pub use wordpress::WordPressFacts;

use crate::html::Document;

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
    page.proofs = Proofs::of(context.final_url);
    for (name, value) in context.headers {
        page.technologies.see_header_of(name, value, &page.site);
    }
    page.walk(document.html().tree.root());
    finish(page, context, document.is_truncated())
}

fn finish(mut page: Page, context: &PageContext<'_>, is_truncated: bool) -> SiteMetadata {
    let content_language = page.take_content_language(context);
    let language = page.take_language(&content_language);
    let stand_in = page.take_stand_in();
    let addresses = page.take_addresses();
    let read = page.read_text(language.as_deref());
    let phones = read.numbers.iter().filter(|phone| phone.kind != PhoneKind::Fax);
    let phones = phones.map(|phone| phone.number.clone()).collect();

    let mut metadata = SiteMetadata {
        title: page.stated_title(),
        description: page.stated_description(),
        language,
        content_language,
        favicon_url: page.take_favicon(),
        logo_url: page.take_logo(),
        emails: read.emails,
        phones,
        phone_numbers: read.numbers,
        addresses,
        social_links: std::mem::take(&mut page.profiles).finish(&mut page.proofs),
        copyright_year: read.copyright_year,
        business_hours: page.take_hours(),
        business: Business::read(&page.structured.types, &page.structured.names, &mut page.proofs),
        payment_methods: std::mem::take(&mut page.payments).finish(&mut page.proofs),
        generator: page.generator,
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
        detected_language: read.language,
        canonical_url: page.canonical_url,
        meta_robots: page.meta_robots,
        named_pages: read.named_pages,
        security: page.security,
        proofs: page.proofs,
    };
    metadata.judge_technologies();
    metadata
}
