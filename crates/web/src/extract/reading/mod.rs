//! What a page of a crawl says: whom to write to, where it links to, what it is about.

use std::collections::{HashMap, HashSet};

use scraper::Html;
use sha2::{Digest, Sha256};
use url::Url;

use super::email::{self, Found, Spelling};
use super::json_ld::Person;
use super::page::Page;
use super::site::Site;
use super::text::{BREAK, SEAM, clean};
use super::{credit, people, vcard};
use crate::html::Document;
use crate::stand_in::StandIn;

/// How much of the text is kept on each side of an address, in characters.
const CONTEXT: usize = 50;
/// The longest context that is kept: an address may be long.
const MAX_CONTEXT_CHARS: usize = 400;
const MAX_LINK_CHARS: usize = 100;

/// What a page says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageReading {
    /// Its title.
    pub title: Option<String>,
    /// Its meta description.
    pub description: Option<String>,
    /// Its first heading.
    pub h1: Option<String>,
    /// The URL it calls its own.
    pub canonical_url: Option<String>,
    /// What it tells robots.
    pub meta_robots: Option<String>,
    /// The schema.org types in it.
    pub schema_types: Vec<String>,
    /// Whether it has a form for messages.
    pub has_contact_form: bool,
    /// Whether visitors may comment.
    pub has_comments: bool,
    /// How many words it has.
    pub word_count: usize,
    /// Where it links to, each URL once, in page order.
    pub links: Vec<PageLink>,
    /// Whom to write to, in page order.
    pub contacts: Vec<FoundContact>,
    /// The hash of its words and addresses: pages that say the same have the same.
    pub fingerprint: String,
    /// Whether it went on where parsing stopped.
    pub is_truncated: bool,
    /// What the page is, if not the site's own.
    pub stand_in: Option<StandIn>,
}

/// A link of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageLink {
    /// Where it leads, without the fragment.
    pub url: Url,
    /// What it says.
    pub text: String,
    /// Whether robots are asked not to follow it.
    pub nofollow: bool,
}

/// An address that a page has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundContact {
    /// The address, in lower case and punycode.
    pub email: String,
    /// How the page spells it.
    pub spelling: Spelling,
    /// The text around it.
    pub context: Option<String>,
    /// Whose it is, where the page makes that plain.
    pub name: Option<String>,
    /// What that person does.
    pub role: Option<String>,
    /// Whether it stands only where the page says who made the site.
    pub is_credit: bool,
}

/// Reads a page that came from `url`.
#[must_use]
pub fn read_page(document: &Document, url: &Url) -> PageReading {
    let reading = read_tree(document.html(), url);
    PageReading {
        is_truncated: document.is_truncated(),
        ..reading
    }
}

fn read_tree(html: &Html, url: &Url) -> PageReading {
    let mut page = Page::new(Site::new(url));
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

/// Returns what a page links to, each URL once.
fn links(page: &Page, text: &str) -> Vec<PageLink> {
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
                nofollow: link
                    .rel
                    .split_ascii_whitespace()
                    .any(|rel| rel.eq_ignore_ascii_case("nofollow")),
            })
        })
        .collect()
}

/// Returns a hash of what a page says, and how many words that is.
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

/// Reads a vCard file that came from `url`.
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

/// Puts together what is known of each address: where it stands best, and whose it is.
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
            // Where it can be read is the place to tell of.
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

/// Cuts the text around an address out, about [`CONTEXT`] characters on each side of it.
fn context(text: &str, position: usize, email: &str) -> Option<String> {
    let local = email.find('@').unwrap_or_default();
    let before = text.get(..position)?;
    let behind = text.get(position..)?;
    let start = before
        .char_indices()
        .rev()
        .nth(CONTEXT + local - 1)
        .map_or(0, |(at, _)| at);
    // With words for its signs it is longer than itself.
    let length = CONTEXT + email.chars().count() + 8;
    let end = behind.char_indices().nth(length).map_or(behind.len(), |(at, _)| at);
    let around = text.get(start..position + end)?;
    // Where an inline element begins or ends there is no space.
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
