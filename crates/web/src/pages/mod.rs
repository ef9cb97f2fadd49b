//! The pages of a site that say whose it is: contact, imprint, about, privacy and terms. Links to them are told by the words
//! of many languages in `rules/pages.toml`.

use std::collections::HashSet;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde::Deserialize;
use url::Url;

use crate::sitemap::discover::page_key;

const TABLE: &str = include_str!("../../../../rules/pages.toml");

/// Maximum length of a link's text that names a page, in characters.
const MAX_TEXT: usize = 40;
/// Maximum length of a path that names a page, in bytes; longer ones are titles of articles.
const MAX_PART: usize = 40;
/// File extensions of documents that are not pages.
const FILES: [&str; 8] = ["pdf", "jpg", "jpeg", "png", "doc", "docx", "zip", "xml"];

/// The kind of a page, in the order in which they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PageKind {
    /// How to reach the business.
    Contact,
    /// Who is responsible for the site.
    Imprint,
    /// What the business says about itself.
    About,
    /// What becomes of personal data.
    Privacy,
    /// The terms of business or of use.
    Terms,
}

/// The words of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    path: HashSet<String>,
    word: HashSet<String>,
    text: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    contact: Words,
    imprint: Words,
    about: Words,
    privacy: Words,
    terms: Words,
}

/// The words of each kind, the most specific kinds first: "contact" is also part of longer names.
static KINDS: LazyLock<Vec<(PageKind, Words)>> = LazyLock::new(|| {
    // A test reads the table.
    toml_edit::de::from_str::<Table>(TABLE).map_or_else(
        |_| Vec::new(),
        |table| {
            vec![
                (PageKind::Imprint, table.imprint),
                (PageKind::Privacy, table.privacy),
                (PageKind::Terms, table.terms),
                (PageKind::Contact, table.contact),
                (PageKind::About, table.about),
            ]
        },
    )
});

/// Finds the words of all kinds in the texts of links.
static TEXTS: LazyLock<Option<Texts>> = LazyLock::new(|| {
    let words = KINDS.iter().enumerate();
    let words = words.flat_map(|(index, (_, known))| known.text.iter().map(move |word| (index, word)));
    let (kinds, words): (Vec<usize>, Vec<&String>) = words.unzip();
    let finder = AhoCorasick::new(&words).ok()?;
    Some(Texts { finder, kinds })
});

/// A finder of words.
struct Texts {
    finder: AhoCorasick,
    /// The index of each word's kind.
    kinds: Vec<usize>,
}

/// Returns the kind of page that a link leads to, told by its URL or by its text; `None` for all others.
#[must_use]
pub fn page_kind(url: &Url, text: &str) -> Option<PageKind> {
    by_path(url).or_else(|| by_text(text))
}

fn by_path(url: &Url) -> Option<PageKind> {
    let part = url.path().trim_end_matches('/').rsplit('/').next()?;
    let part = percent_encoding::percent_decode_str(part)
        .decode_utf8()
        .ok()?
        .to_lowercase();
    let (name, extension) = part.rsplit_once('.').unwrap_or((&part, ""));
    if name.is_empty() || name.len() > MAX_PART || FILES.contains(&extension) {
        return None;
    }
    let words = || name.split(['-', '_', '.', ' ']);
    let named = |(kind, known): &(PageKind, Words)| {
        let is_named = known.path.contains(name) || words().any(|word| known.word.contains(word));
        is_named.then_some(*kind)
    };
    // Articles have long titles.
    if words().count() > 5 {
        return None;
    }
    KINDS.iter().find_map(named)
}

fn by_text(text: &str) -> Option<PageKind> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_TEXT {
        return None;
    }
    let text = text.to_lowercase();
    let texts = TEXTS.as_ref()?;
    let found = texts.finder.find_overlapping_iter(&text);
    let found = found.filter(|found| begins_word(&text, found.start()));
    let kind = found
        .filter_map(|found| texts.kinds.get(found.pattern().as_usize()))
        .min()?;
    KINDS.get(*kind).map(|(kind, _)| *kind)
}

/// Returns whether a word begins at a position of a text. Scripts without spaces have no such beginnings.
fn begins_word(text: &str, at: usize) -> bool {
    let has_spaces = |char: char| char.is_alphabetic() && (char as u32) < 0x0e00;
    let before = text.get(..at).unwrap_or_default().chars().next_back();
    !before.is_some_and(has_spaces)
}

/// A page that says whose a site is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPage {
    /// Its kind.
    pub kind: PageKind,
    /// Its URL.
    pub url: Url,
}

/// Chooses up to `count` pages of the site at `home`: one of each kind, then a second one of each, in the given order.
#[must_use]
pub fn choose(found: impl IntoIterator<Item = NamedPage>, home: &Url, count: usize) -> Vec<NamedPage> {
    let mut seen = HashSet::from([key(home)]);
    let mut of_kind = std::collections::HashMap::new();
    let mut ranked: Vec<(usize, NamedPage)> = Vec::new();
    for page in found {
        if is_of_host(&page.url, home) && seen.insert(key(&page.url)) {
            let rank: &mut usize = of_kind.entry(page.kind).or_default();
            ranked.push((*rank, page));
            *rank += 1;
        }
    }
    ranked.sort_by_key(|(rank, page)| (*rank, page.kind));
    ranked.into_iter().take(count).map(|(_, page)| page).collect()
}

/// Returns what all URLs of a page share.
fn key(url: &Url) -> String {
    page_key(url.as_str()).trim_end_matches('/').to_owned()
}

/// Returns whether a page is at the host of the home page, with or without `www.`.
fn is_of_host(url: &Url, home: &Url) -> bool {
    let bare = |url: &Url| {
        let host = url.host_str().unwrap_or_default();
        host.strip_prefix("www.").unwrap_or(host).to_owned()
    };
    bare(url) == bare(home)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn the_table_can_be_read() {
        let table: Table = toml_edit::de::from_str(TABLE).unwrap();
        for words in [table.contact, table.imprint, table.about, table.privacy, table.terms] {
            assert!(words.path.len() >= 10 && !words.word.is_empty() && words.text.len() >= 10);
            for word in words.path.iter().chain(&words.word).chain(&words.text) {
                assert_eq!(*word, word.to_lowercase());
            }
            assert!(words.word.iter().all(|word| !word.contains(['-', '_', '.', '/'])));
        }
    }

    #[test]
    fn pages_are_told_by_their_path_or_by_the_text_of_a_link() {
        use PageKind::{About, Contact, Imprint, Privacy, Terms};
        for (link, text, expected) in [
            ("https://a.de/kontakt", "", Some(Contact)),
            ("https://a.de/de/Kontakt.html", "", Some(Contact)),
            ("https://a.de/impressum/", "Kontakt", Some(Imprint)),
            ("https://a.fr/mentions-legales", "", Some(Imprint)),
            ("https://a.de/datenschutz.php", "", Some(Privacy)),
            ("https://a.com/privacy-policy-2024", "", Some(Privacy)),
            ("https://a.de/agb", "", Some(Terms)),
            ("https://a.it/chi-siamo", "", Some(About)),
            ("https://a.com/our-team/", "", Some(About)),
            ("https://a.com/p/7", "Contact us", Some(Contact)),
            ("https://a.com/p/8", "Über uns", Some(About)),
            ("https://a.jp/p/9", "プライバシーポリシー", Some(Privacy)),
            ("https://a.jp/p/10", "会社概要", Some(About)),
            ("https://a.ru/p/11", "Контакты", Some(Contact)),
            ("https://a.com/%D0%BA", "Impressum & Datenschutz", Some(Imprint)),
            ("https://a.com/", "Home", None),
            ("https://a.com/blog/how-we-made-contact-with-a-customer", "", None),
            ("https://a.com/contact.pdf", "", None),
            ("https://a.com/products/7", "Chairs", None),
            ("https://a.com/contactless-payments", "", None),
            (
                "https://a.com/x",
                "Everything you ever wanted to know about our chairs",
                None,
            ),
            ("https://a.com/x", "Midterms", None),
        ] {
            assert_eq!(page_kind(&url(link), text), expected, "{link} {text}");
        }
    }

    #[test]
    fn one_page_of_each_kind_comes_before_a_second_one() {
        use PageKind::{Contact, Imprint, Privacy};
        let home = url("https://www.a.de/");
        let page = |kind, text: &str| NamedPage { kind, url: url(text) };
        let chosen = choose(
            [
                page(Contact, "https://a.de/kontakt"),
                page(Contact, "https://www.a.de/kontakt/"),
                page(Contact, "https://a.de/anfahrt"),
                page(Contact, "https://other.de/kontakt"),
                page(Privacy, "https://a.de/datenschutz"),
                page(Imprint, "https://a.de/impressum"),
                page(Imprint, "https://a.de/"),
            ],
            &home,
            4,
        );
        let urls: Vec<&str> = chosen.iter().map(|page| page.url.as_str()).collect();
        assert_eq!(
            urls,
            [
                "https://a.de/kontakt",
                "https://a.de/impressum",
                "https://a.de/datenschutz",
                "https://a.de/anfahrt"
            ]
        );
        assert_eq!(choose([page(Contact, "https://a.de/kontakt")], &home, 0), []);
    }
}
