//! The facts in the text of a page and in its links, each with its proof.

use super::country::{Clues, Regions};
use super::detect::{self, DetectedLanguage};
use super::email::{self, Found, Spelling};
use super::metadata::PhoneNumber;
use super::page::Page;
use super::phone::{self, Candidate, Place};
use super::proofs::{Fact, LINKED, Proofs, READ, line};
use super::site::Site;
use super::{country, credit, notices, reading};
use crate::pages::{NamedPage, page_kind};

/// Maximum number of links to pages that say whose the site is.
const MAX_NAMED_PAGES: usize = 50;

/// The facts in the text of a page and in its links.
pub(super) struct TextFacts {
    /// The language of the text.
    pub(super) language: Option<DetectedLanguage>,
    /// The telephone and fax numbers, in page order.
    pub(super) numbers: Vec<PhoneNumber>,
    /// The email addresses, the site's own first.
    pub(super) emails: Vec<String>,
    /// The year in the copyright notice.
    pub(super) copyright_year: Option<String>,
    /// The site's pages that say whose it is.
    pub(super) named_pages: Vec<NamedPage>,
}

impl Page {
    /// Reads the text, which is in `language`, and what was collected of addresses and numbers.
    pub(super) fn read_text(&mut self, language: Option<&str>) -> TextFacts {
        let mut proofs = std::mem::take(&mut self.proofs);
        let (linked, numbers) = (std::mem::take(&mut self.emails), std::mem::take(&mut self.phones));
        let text = self.text.as_str();
        let detected = detect::detect(text);
        if let Some(DetectedLanguage { tag, letters }) = &detected {
            let letters = format!("{letters} letters");
            proofs.add(Fact::TextLanguage, tag, "trigrams of the text", &letters, READ);
        }
        let spelled = email::find(text, &self.site);
        let positions: Vec<usize> = spelled.iter().map(|found| found.position).collect();
        let copyright = notices::copyright_year(text);
        if let Some((year, at)) = &copyright {
            let notice = line(text, at, &positions).unwrap_or(year);
            proofs.add(Fact::CopyrightYear, year, "copyright notice", notice, READ);
        }
        let facts = TextFacts {
            language: detected,
            numbers: phones(numbers, self, language, (&positions, &mut proofs)),
            emails: emails((linked, spelled), text, &self.site, (&positions, &mut proofs)),
            copyright_year: copyright.map(|(year, _)| year),
            named_pages: named_pages(self, text),
        };
        self.proofs = proofs;
        facts
    }
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

/// Validates the declared numbers and those in the text, and returns them in page order, each once. `positions` are those of
/// the email addresses in the text.
fn phones(
    mut numbers: Vec<Candidate>,
    page: &Page,
    language: Option<&str>,
    (positions, proofs): (&[usize], &mut Proofs),
) -> Vec<PhoneNumber> {
    let text = page.text.as_str();
    phone::read_labels(&mut numbers, text);
    numbers.extend(phone::find(text));
    if numbers.is_empty() {
        return Vec::new();
    }
    let mut regions = if numbers.iter().all(Candidate::is_international) {
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
    let proven = found.map(|phone| {
        let Place {
            position,
            written,
            rule,
            ..
        } = &phone.place;
        let (snippet, confidence) = if phone.place.is_in_text {
            (
                line(text, &(*position..position + written.len()), positions).unwrap_or(written),
                READ,
            )
        } else {
            (written.as_str(), LINKED)
        };
        proofs.add(Fact::Phone, &phone.shown, rule, snippet, confidence);
        PhoneNumber {
            number: phone.shown,
            kind: phone.kind,
        }
    });
    proven.collect()
}

/// Merges the addresses from links with those in the text, each once: the site's own first, those of the site's makers
/// last, and each group in page order. `positions` are those of the addresses in the text.
fn emails(
    (linked, spelled): (Vec<Found>, Vec<Found>),
    text: &str,
    site: &Site,
    (positions, proofs): (&[usize], &mut Proofs),
) -> Vec<String> {
    let mut all = linked;
    all.extend(spelled);
    let rank = |found: &Found| {
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
    let proven = distinct.take(email::MAX_EMAILS).map(|found| {
        let (snippet, confidence) = match found.spelling {
            Spelling::Text | Spelling::Words | Spelling::Reversed => {
                (line(text, &found.extent(), positions).unwrap_or(&found.email), READ)
            }
            _ => (found.email.as_str(), LINKED),
        };
        let rule = format!("address {}", found.spelling.label());
        proofs.add(Fact::Email, &found.email, &rule, snippet, confidence);
        found.email
    });
    proven.collect()
}
