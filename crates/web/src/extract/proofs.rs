//! What the facts of a page are told by: the rule, and what stands on the page.

use std::ops::Range;

use url::Url;

use super::technology::Evidence;
use super::text::{BREAK, clean};

/// Maximum length of what is shown of a page, in characters.
const MAX_SNIPPET_CHARS: usize = 200;
/// How much of a line is shown before and after what was found, in bytes.
const AROUND: usize = 60;
/// Maximum length of the part of a block that is examined on each side, in bytes.
const MAX_BLOCK: usize = 8 << 10;
/// Maximum number of proofs per page, and of those that several pages have together.
const MAX_PROOFS: usize = 1_000;
/// Maximum length of a page's URL, in bytes.
const MAX_URL_BYTES: usize = 2048;

/// How sure a fact is that an element, an attribute or structured data declares.
pub(super) const DECLARED: u8 = 95;
/// How sure a fact is that a link shows.
pub(super) const LINKED: u8 = 85;
/// How sure a fact is that is read from text, or told by where it stands.
pub(super) const READ: u8 = 75;

/// A fact that a page states. The technologies of a site have their evidence in their claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The title.
    Title,
    /// The description.
    Description,
    /// A language that the page or its server declares.
    Language,
    /// A language in `Content-Language`.
    ContentLanguage,
    /// The language of the text.
    TextLanguage,
    /// The icon.
    Favicon,
    /// The logo.
    Logo,
    /// An email address.
    Email,
    /// A telephone or fax number.
    Phone,
    /// A postal address.
    Address,
    /// A profile on a social network.
    Profile,
    /// The year in the copyright notice.
    CopyrightYear,
    /// The opening hours.
    Hours,
    /// A feed.
    Feed,
    /// That the site asks about cookies.
    CookieNotice,
    /// That the site has a privacy policy.
    PrivacyPolicy,
    /// That the page is laid out for phones.
    Viewport,
    /// That the site runs on shop software.
    Shop,
    /// The name of the business.
    BusinessName,
    /// The type of the business, or its category.
    BusinessType,
    /// A payment method.
    Payment,
    /// The folder of the WordPress theme.
    Theme,
    /// The Google Analytics id.
    Analytics,
    /// The Google Tag Manager id.
    TagManager,
}

/// What a value is told by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The fact.
    pub fact: Fact,
    /// The value; `true` of a fact that a site has or has not.
    pub value: String,
    /// How sure the value is, from 0 to 100.
    pub confidence: u8,
    /// The claimed technology that the fact follows from.
    pub claim: Option<String>,
    /// The rule, what stands on the page, and the page.
    pub evidence: Evidence,
}

/// What the facts of a page, or of several pages of a site together, are told by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proofs {
    page: Option<String>,
    all: Vec<Proof>,
}

impl Proofs {
    /// Creates an empty collection for a page.
    pub(super) fn of(page: &Url) -> Self {
        let page = page.as_str();
        Self {
            page: page.get(..page.floor_char_boundary(MAX_URL_BYTES)).map(str::to_owned),
            all: Vec::new(),
        }
    }

    /// Adds what tells a value; of several, the first counts.
    pub(super) fn add(&mut self, fact: Fact, value: &str, rule: &str, snippet: &str, confidence: u8) {
        if self.has_room(fact, value) {
            self.all.push(Proof {
                fact,
                value: value.to_owned(),
                confidence,
                claim: None,
                evidence: Evidence {
                    rule: rule.to_owned(),
                    snippet: clean(snippet, MAX_SNIPPET_CHARS).unwrap_or_default(),
                    url: self.page.clone(),
                },
            });
        }
    }

    /// Adds a proof; of several of one value, the first counts.
    pub(super) fn push(&mut self, proof: Proof) {
        if self.has_room(proof.fact, &proof.value) {
            self.all.push(proof);
        }
    }

    /// Adds those of another page of the site.
    pub(super) fn merge(&mut self, other: Self) {
        other.all.into_iter().for_each(|proof| self.push(proof));
    }

    fn has_room(&self, fact: Fact, value: &str) -> bool {
        self.all.len() < MAX_PROOFS && self.find(fact, value).is_none()
    }

    /// Returns what tells a value.
    #[must_use]
    pub fn find(&self, fact: Fact, value: &str) -> Option<&Proof> {
        self.all.iter().find(|proof| proof.fact == fact && proof.value == value)
    }
}

/// Returns the line around a part of a text; `None` if another address stands there, which may have to be erased. `addresses`
/// are the positions of addresses in the text.
pub(super) fn line<'t>(text: &'t str, at: &Range<usize>, addresses: &[usize]) -> Option<&'t str> {
    let start = text.floor_char_boundary(at.start);
    let end = text.floor_char_boundary(at.end).max(start);
    // Of some addresses it is only known in which block they are.
    let first = text.ceil_char_boundary(start.saturating_sub(MAX_BLOCK));
    let last = text.floor_char_boundary(end.saturating_add(MAX_BLOCK));
    let before = text.get(first..start)?.rfind(BREAK);
    let behind = text.get(end..last)?.find(BREAK);
    let block = before.map_or(first, |at| first + at + BREAK.len_utf8())..behind.map_or(last, |at| end + at);
    let mut others = addresses.iter().filter(|address| !(start..end).contains(address));
    if others.any(|other| block.contains(other)) {
        return None;
    }
    let from = text.ceil_char_boundary(start.saturating_sub(AROUND)).max(block.start);
    let to = text.floor_char_boundary(end.saturating_add(AROUND)).min(block.end);
    text.get(from..to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_at_blocks_and_shows_no_other_address() {
        let text = "Welcome\u{1e}Tel. 030 901820, laden [at] acme.test\u{1e}Goodbye";
        let at = text.find("030").unwrap()..text.find(", ").unwrap();
        assert_eq!(line(text, &at, &[]), Some("Tel. 030 901820, laden [at] acme.test"));
        assert_eq!(line(text, &at, &[text.find("laden").unwrap()]), None);
        assert_eq!(line(text, &at, &[at.start + 1, 1]), line(text, &at, &[]));
        let long = "é".repeat(500);
        assert!(line(&long, &(501..503), &[]).unwrap().chars().count() < 80);
        assert_eq!(line("", &(0..9), &[]), Some(""));
    }

    #[test]
    fn of_one_value_the_first_proof_counts() {
        let page = Url::parse("https://acme.test/").unwrap();
        let mut home = Proofs::of(&page);
        home.add(Fact::Email, "a@acme.test", "mailto", "a@acme.test", LINKED);
        home.add(Fact::Email, "a@acme.test", "text", "a@acme.test", READ);
        let mut inner = Proofs::of(&page.join("/contact").unwrap());
        inner.add(Fact::Email, "a@acme.test", "text", "a@acme.test", READ);
        inner.add(Fact::Email, "b@acme.test", "text", &"b ".repeat(500), READ);
        home.merge(inner);
        let found = |email: &str| {
            let proof = home.find(Fact::Email, email).unwrap();
            (proof.evidence.rule.as_str(), proof.evidence.url.as_deref().unwrap())
        };
        assert_eq!(found("a@acme.test"), ("mailto", "https://acme.test/"));
        assert_eq!(found("b@acme.test"), ("text", "https://acme.test/contact"));
        assert_eq!(home.all.len(), 2);
        assert!(
            home.all
                .iter()
                .all(|proof| proof.evidence.snippet.chars().count() <= 200)
        );
        assert_eq!(home.find(Fact::Phone, "a@acme.test"), None);
    }
}
