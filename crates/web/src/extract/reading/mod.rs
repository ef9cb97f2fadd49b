//! Reading of a page in a crawl: its contacts, its links, and facts about it.

use std::collections::{HashMap, HashSet};

use scraper::Html;
use sha2::{Digest, Sha256};
use url::Url;

use super::email::{self, Found, Spelling};
use super::json_ld::Person;
use super::page::Page;
use super::site::Site;
use super::technology::{Rules, Sightings};
use super::text::{BREAK, SEAM, clean};
use super::{credit, people, vcard};
use crate::html::Document;
use crate::stand_in::StandIn;

/// The length of the context kept on each side of an address, in characters.
const CONTEXT: usize = 50;
/// Maximum length of a context, which includes the address, in characters.
const MAX_CONTEXT_CHARS: usize = 400;
const MAX_LINK_CHARS: usize = 100;

/// The facts about a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageReading {
    /// The title.
    pub title: Option<String>,
    /// The meta description.
    pub description: Option<String>,
    /// The first heading.
    pub h1: Option<String>,
    /// The canonical URL.
    pub canonical_url: Option<String>,
    /// The directives for robots.
    pub meta_robots: Option<String>,
    /// The schema.org types used.
    pub schema_types: Vec<String>,
    /// Whether the page has a contact form.
    pub has_contact_form: bool,
    /// Whether visitors can comment.
    pub has_comments: bool,
    /// The number of words.
    pub word_count: usize,
    /// The links, each URL once, in page order.
    pub links: Vec<PageLink>,
    /// The contacts, in page order.
    pub contacts: Vec<FoundContact>,
    /// A hash of the words and addresses, equal for pages with the same content.
    pub fingerprint: String,
    /// Whether parsing stopped before the end of the page.
    pub is_truncated: bool,
    /// The kind of stand-in; `None` if the page is the site's own.
    pub stand_in: Option<StandIn>,
}

/// A link on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageLink {
    /// The target, without the fragment.
    pub url: Url,
    /// The text of the link.
    pub text: String,
    /// Whether the link asks robots not to follow it.
    pub nofollow: bool,
}

/// A contact found on a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundContact {
    /// The address, in lower case and punycode.
    pub email: String,
    /// How the page spells the address.
    pub spelling: Spelling,
    /// The text around the address.
    pub context: Option<String>,
    /// The name of the address's owner, where the page makes it clear.
    pub name: Option<String>,
    /// The role of the address's owner.
    pub role: Option<String>,
    /// Whether the address occurs only in credits for the makers of the site.
    pub is_credit: bool,
}

/// Reads a page fetched from `url`. The rules tell what stands in for a page of the site.
#[must_use]
pub fn read_page(document: &Document, url: &Url, rules: &Rules) -> PageReading {
    let reading = read_tree(document.html(), url, rules);
    PageReading {
        is_truncated: document.is_truncated(),
        ..reading
    }
}

fn read_tree(html: &Html, url: &Url, rules: &Rules) -> PageReading {
    let mut page = Page::new(Site::new(url), Sightings::new(rules, None));
    page.walk(html.tree.root());
    let stand_in = page.take_stand_in();
    let text = page.text.as_str();
    let mut found = std::mem::take(&mut page.emails);
    found.extend(email::find(text, &page.site).into_iter().map(|found| {
        let is_turned = page.turned_parts.iter().any(|part| part.contains(&found.position));
        Found {
            spelling: if is_turned { Spelling::Reversed } else { found.spelling },
            ..found
        }
    }));
    let contacts = contacts(found, text, &page.structured.people);
    let links = links(&page, text);
    let (fingerprint, word_count) = fingerprint(text, &contacts, page.title.as_deref());
    PageReading {
        fingerprint,
        title: page.title,
        description: page.description.or(page.og_description),
        h1: page.h1,
        canonical_url: page.canonical_url,
        meta_robots: page.meta_robots,
        schema_types: page.structured.types,
        has_contact_form: page.has_contact_form,
        has_comments: page.has_comments,
        word_count,
        links,
        contacts,
        is_truncated: false,
        stand_in,
    }
}

/// Returns the links of a page, each URL once.
pub(super) fn links(page: &Page, text: &str) -> Vec<PageLink> {
    let mut seen = HashSet::new();
    page.links
        .iter()
        .filter_map(|link| {
            let mut url = page.site.resolve(&link.href)?;
            url.set_fragment(None);
            if !seen.insert(url.clone()) {
                return None;
            }
            let end = link.end.unwrap_or(link.start);
            let says = text
                .get(link.start..end)
                .unwrap_or_default()
                .replace([SEAM, BREAK], " ");
            Some(PageLink {
                url,
                text: clean(&says, MAX_LINK_CHARS).unwrap_or_default(),
                nofollow: link.nofollow,
            })
        })
        .collect()
}

/// Returns a hash of a page's content, and the number of its words.
fn fingerprint(text: &str, contacts: &[FoundContact], title: Option<&str>) -> (String, usize) {
    let words = text.split(|c: char| c.is_whitespace() || c == BREAK);
    let words = words.filter(|word| word.chars().any(char::is_alphanumeric));
    let (mut hash, mut word_count) = (Sha256::new(), 0);
    for word in words {
        hash.update(word.as_bytes());
        hash.update(b" ");
        word_count += 1;
    }
    for contact in contacts {
        hash.update(contact.email.as_bytes());
        hash.update(b"\n");
    }
    hash.update(title.unwrap_or_default().as_bytes());
    (hex(&hash.finalize()), word_count)
}

/// Reads a vCard file fetched from `url`.
#[must_use]
pub fn read_card(text: &str, url: &Url) -> PageReading {
    let site = Site::new(url);
    let people = vcard::read(text);
    let found = people
        .iter()
        .filter_map(|person| email::whole(&person.email, &site))
        .map(|email| Found {
            position: 0,
            email,
            spelling: Spelling::VCard,
        })
        .collect();
    let mut hash = Sha256::new();
    hash.update(text.as_bytes());
    let mut contacts = contacts(found, "", &people);
    for contact in &mut contacts {
        let at = text.find(&contact.email).unwrap_or_default();
        contact.context = context(text, at, &contact.email);
    }
    PageReading {
        fingerprint: hex(&hash.finalize()),
        contacts,
        ..PageReading::default()
    }
}

/// Combines everything known about each address: its best occurrence, and its owner.
fn contacts(mut found: Vec<Found>, text: &str, people: &[Person]) -> Vec<FoundContact> {
    found.sort_by_key(|found| found.position);
    let known: HashMap<String, &Person> = people
        .iter()
        .map(|person| {
            let email = person.email.trim().to_lowercase();
            (email.trim_start_matches("mailto:").to_owned(), person)
        })
        .collect();
    let mut order: Vec<String> = Vec::new();
    let mut places: HashMap<String, Vec<Found>> = HashMap::new();
    for found in found {
        let email = found.email.to_lowercase();
        let of_it = places.entry(email.clone()).or_default();
        if of_it.is_empty() {
            order.push(email);
        }
        of_it.push(found);
    }
    order
        .into_iter()
        .take(email::MAX_EMAILS)
        .filter_map(|email| {
            let places = places.get(&email)?;
            let spelling = places.iter().map(|found| found.spelling).min()?;
            // An occurrence in readable text gives the best context.
            let place = places
                .iter()
                .min_by_key(|found| (!is_in_text(found.spelling), found.position))?;
            let person = known.get(&email);
            let (mut name, mut role) = person.map_or((None, None), |person| (person.name.clone(), person.role.clone()));
            for place in places {
                if name.is_none() {
                    let (found_name, found_role) = people::near(text, place.position, &email);
                    role = role.or(found_role.filter(|_| found_name.is_some()));
                    name = found_name;
                }
            }
            let ahead = |place: &Found| text.get(..place.position).unwrap_or_default();
            let is_credit = places.iter().all(|place| credit::announces(ahead(place)));
            Some(FoundContact {
                context: context(text, place.position, &email),
                email,
                spelling,
                name,
                role,
                is_credit,
            })
        })
        .collect()
}

fn is_in_text(spelling: Spelling) -> bool {
    matches!(spelling, Spelling::Text | Spelling::Words | Spelling::Reversed)
}

/// Returns the text around an address, about [`CONTEXT`] characters on each side.
fn context(text: &str, position: usize, email: &str) -> Option<String> {
    let local = email.find('@').unwrap_or_default();
    let before = text.get(..position)?;
    let behind = text.get(position..)?;
    let start = before
        .char_indices()
        .rev()
        .nth(CONTEXT + local - 1)
        .map_or(0, |(at, _)| at);
    // With words for its signs, the address in the text is longer than its standard form.
    let length = CONTEXT + email.chars().count() + 8;
    let end = behind.char_indices().nth(length).map_or(behind.len(), |(at, _)| at);
    let around = text.get(start..position + end)?;
    // The ends of inline elements do not separate words.
    clean(&around.replace(SEAM, ""), MAX_CONTEXT_CHARS)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
