//! What a home page says about its site: one pass over the tree, then cheap finishing.
//!
//! Pure: a parsed page in, [`SiteMetadata`] out. What was not found is `None`, empty or false, and what
//! was found stands in the page or its headers:
//!
//! - The title is the first `<title>`, else `og:title`; both are what the page says of itself.
//! - WordPress and other technologies are told by files, headers and marks, never by words in the text.
//! - Email addresses come in page order, the site's own first; telephone numbers are validated and written in international
//!   format (`+49 30 901820`), which names the same number everywhere and can still be read.
//! - The country that a national number needs is told by structured data, the domain, an address in the text, the
//!   language, or another number on the page, in this order; a number that the page declares is kept as it is written
//!   where nothing says a country.

mod attributes;
mod cloak;
mod country;
mod credit;
mod decode;
mod elements;
mod email;
mod frames;
mod hours;
mod images;
mod items;
mod json_ld;
mod language;
mod lenient;
mod metadata;
mod microdata;
mod notices;
mod page;
mod people;
mod phone;
mod phone_links;
mod reading;
mod script;
mod site;
mod social;
mod social_links;
mod state;
mod technology;
mod text;
mod vcard;
mod walk;
mod wordpress;

#[cfg(test)]
mod tests;

use country::{Clues, Regions};
pub use email::Spelling;
pub use metadata::{ContractMetadata, Performance, PhoneNumber, SiteMetadata, WordPressFacts};
use page::Page;
pub use phone::PhoneKind;
pub use reading::{FoundContact, PageLink, PageReading, read_card, read_page};
use site::Site;
pub use social::SocialLinks;
use technology::Sign;
pub use technology::TechStack;
use url::Url;

use crate::html::Document;

/// The most languages that are kept.
const MAX_LANGUAGES: usize = 10;

/// Where a page came from.
#[derive(Clone, Copy, Debug)]
pub struct PageContext<'a> {
    /// The address at the end of all redirects: it names the site and resolves relative links.
    pub final_url: &'a Url,
    /// The headers of the response, as far as they are text. `Content-Language`, `Link` and what names software are read.
    pub headers: &'a [(&'a str, &'a str)],
}

impl PageContext<'_> {
    fn content_language(&self) -> Option<&str> {
        self.headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-language"))
            .map(|(_, value)| *value)
    }
}

/// Extracts what a home page says about its site.
///
/// It takes about as long as a fraction of parsing the page; it does not fail, and works on truncated
/// pages as far as they go.
#[must_use]
pub fn extract(document: &Document, context: &PageContext<'_>) -> SiteMetadata {
    let mut page = Page::new(Site::new(context.final_url));
    for (name, value) in context.headers {
        page.technologies.see_header(name, value);
        page.wordpress.see_header(name, value, &page.site);
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
    let numbers = phones(std::mem::take(&mut page.phones), &page, language.as_deref());
    let phones = numbers.iter().filter(|phone| phone.kind != PhoneKind::Fax);
    let phones = phones.map(|phone| phone.number.clone()).collect();
    if page.wordpress.is_proven() {
        page.technologies.note("WordPress");
    }
    let logo_url = page
        .structured
        .logo
        .take()
        .and_then(|logo| page.site.address(&logo))
        .or(page.og_logo)
        .or(page.image_logo);

    SiteMetadata {
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
        has_cookie_notice: page.technologies.shows(Sign::CookieNotice),
        has_privacy_policy: page.has_privacy_policy,
        has_ecommerce: page.technologies.shows(Sign::Shop),
        tech_stack: page.technologies.stack(),
        wordpress: page.wordpress.finish(&page.technologies),
        google_analytics_id: page.technologies.google_analytics_id(),
        google_tag_manager_id: page.technologies.google_tag_manager_id(),
        performance: page.performance,
        is_truncated,
        stand_in,
        frames: page.frames,
    }
}

/// Validates the numbers that elements declare and those of the text, in page order, each once.
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

/// Merges the addresses of links with those of the text, each once: the site's own first, those of whoever made the site
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

/// Reads a list of languages.
fn languages(list: Option<&str>) -> Vec<String> {
    list.unwrap_or_default()
        .split(',')
        .filter_map(language::read)
        .take(MAX_LANGUAGES)
        .collect()
}
