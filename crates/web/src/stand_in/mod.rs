//! Recognition of pages shown instead of a site's own: challenges to robots, parked domains, servers' default pages,
//! and shells that a script has to fill.
//!
//! Each is recognised by traces of the software that makes it, or by a typical title or phrase on a page with little
//! text: a business that writes about such pages has more to say.

mod phrases;

use std::fmt;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use reqwest::header::HeaderMap;

use self::phrases::{
    CHALLENGE_MARKS, CHALLENGE_PHRASES, CHALLENGE_TITLES, DEFAULT_PHRASES, DEFAULT_TEXTS, DEFAULT_TITLES,
    PARKED_PHRASES,
};

use crate::finder;

/// A page shown instead of the site's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum StandIn {
    /// A test whether the visitor is a person.
    Challenge,
    /// The page of a domain that is parked or for sale.
    Parked,
    /// The default page of a server or hosting company that has no site yet.
    DefaultPage,
    /// A page that shows nothing until its scripts have run.
    Shell,
}

impl fmt::Display for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Challenge => "a challenge to robots",
            Self::Parked => "the page of a parked domain",
            Self::DefaultPage => "a server's default page",
            Self::Shell => "a script",
        })
    }
}

/// The features of a page that show whether it is the site's own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look<'a> {
    pub(crate) title: &'a str,
    /// The text that visitors see without scripts.
    pub(crate) text: &'a str,
    /// Whether the page has files or scripts of a challenge.
    pub(crate) has_challenge_mark: bool,
    pub(crate) has_parking_mark: bool,
    pub(crate) scripts: usize,
    pub(crate) images: usize,
    pub(crate) links: usize,
    pub(crate) forms: usize,
    /// Whether the page has frames of the site, which show the content.
    pub(crate) has_frames: bool,
    /// Whether the page has an element that frameworks fill, or a notice that it needs scripts.
    pub(crate) has_mount: bool,
}

/// Maximum number of letters and digits on a page with little text.
const LITTLE: usize = 1_200;
/// Maximum number on a page recognised by its maker's traces, whose explanations may be long.
const MARKED: usize = 4_000;
/// Maximum number of links on a challenge.
const FEW_LINKS: usize = 4;
/// Maximum length in bytes of a text with at most that many letters.
const MAX_BYTES: usize = 4 * MARKED;
/// Maximum number on a page that only says it is loading.
const MAX_LOADING_LETTERS: usize = 60;

static MARKS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| finder::ignoring_case(CHALLENGE_MARKS));
static CHALLENGES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| finder::ignoring_case(CHALLENGE_PHRASES));
static PARKED: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| finder::ignoring_case(PARKED_PHRASES));
static DEFAULTS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| finder::ignoring_case(DEFAULT_PHRASES));

/// How much of a response with an error status is searched, in bytes.
const MAX_SEARCHED: usize = 128 * 1024;

/// Returns whether an error response tests if the visitor is a person.
pub(crate) fn is_challenge(headers: &HeaderMap, body: &[u8]) -> bool {
    let mitigated = headers.get("cf-mitigated").and_then(|value| value.to_str().ok());
    let body = body.get(..MAX_SEARCHED).unwrap_or(body);
    mitigated.is_some_and(|value| value.eq_ignore_ascii_case("challenge"))
        || MARKS.as_ref().is_some_and(|marks| marks.is_match(body))
        || CHALLENGES.as_ref().is_some_and(|phrases| phrases.is_match(body))
}

/// Returns whether the element with this id is one that frameworks fill.
pub(crate) fn is_mount(id: &str) -> bool {
    matches!(
        id,
        "root"
            | "app"
            | "app-root"
            | "__next"
            | "__nuxt"
            | "___gatsby"
            | "react-root"
            | "main-app"
            | "q-app"
            | "svelte"
    )
}

impl Look<'_> {
    /// Returns the kind of stand-in that the page is; `None` if it is the site's own.
    pub(crate) fn stand_in(&self) -> Option<StandIn> {
        if self.text.len() > MAX_BYTES {
            return None;
        }
        // Counting ASCII alone is much faster and decides for most pages.
        let mut letters = self.text.bytes().filter(u8::is_ascii_alphanumeric).count();
        if letters <= MARKED && !self.text.is_ascii() {
            letters = self.text.chars().filter(|char| char.is_alphanumeric()).count();
        }
        if letters > MARKED {
            return None;
        }
        let is_little = letters <= LITTLE;
        let title = self.title.trim().to_lowercase();
        // In a longer text no phrase is looked for.
        let text = if is_little { self.words() } else { String::new() };
        let says = |phrases: &Option<AhoCorasick>| {
            let phrases = phrases.as_ref();
            phrases.is_some_and(|phrases| phrases.is_match(&title) || phrases.is_match(&text))
        };
        let is_titled = |titles: &[&str]| titles.iter().any(|known| title.starts_with(known));
        // A business's page has more links, even if its form asks whether the visitor is human.
        let leads_nowhere = self.links <= FEW_LINKS && self.forms <= 1;
        let is_challenge = is_little && (is_titled(&CHALLENGE_TITLES) || (leads_nowhere && says(&CHALLENGES)));
        if self.has_challenge_mark || is_challenge {
            return Some(StandIn::Challenge);
        }
        if self.has_parking_mark || (is_little && says(&PARKED)) {
            return Some(StandIn::Parked);
        }
        if is_titled(&DEFAULT_TITLES) || DEFAULT_TEXTS.contains(&text.as_str()) || (is_little && says(&DEFAULTS)) {
            return Some(StandIn::DefaultPage);
        }
        self.is_shell(letters).then_some(StandIn::Shell)
    }

    /// Returns the words of the text in lower case, each apart from the next by a blank.
    fn words(&self) -> String {
        let text = self.text.to_lowercase().replace('\u{2019}', "'");
        text.split(|char: char| char.is_whitespace() || char.is_control())
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn is_shell(&self, letters: usize) -> bool {
        let is_empty = letters == 0 && self.images == 0 && self.links == 0 && self.forms == 0;
        let is_loading = self.has_mount && letters <= MAX_LOADING_LETTERS && self.links <= 2;
        self.scripts > 0 && !self.has_frames && (is_empty || is_loading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page<'a>(title: &'a str, text: &'a str) -> Look<'a> {
        Look {
            title,
            text,
            ..Look::default()
        }
    }

    #[test]
    fn pages_that_are_not_the_sites_own_are_recognised() {
        for (title, text, expected) in [
            ("Just a moment...", "", Some(StandIn::Challenge)),
            (
                "shop.test",
                "Verify you are human by completing the action below.",
                Some(StandIn::Challenge),
            ),
            (
                "Shop",
                "Please  enable\u{1f} JavaScript\nand cookies to continue",
                Some(StandIn::Challenge),
            ),
            ("shop.test", "The domain shop.test may be for sale", None),
            (
                "shop.test",
                "This domain may be for sale. Related searches",
                Some(StandIn::Parked),
            ),
            (
                "shop.test steht zum Verkauf",
                "Diese Domain steht zum Verkauf!",
                Some(StandIn::Parked),
            ),
            (
                "Welcome to nginx!",
                "Further configuration is required.",
                Some(StandIn::DefaultPage),
            ),
            (
                "Apache2 Debian Default Page: It works",
                "about",
                Some(StandIn::DefaultPage),
            ),
            ("", "\u{1e}It works!\u{1e}", Some(StandIn::DefaultPage)),
            ("Index of /", "Parent Directory", Some(StandIn::DefaultPage)),
            (
                "shop.test",
                "Hier entsteht eine neue Internetpräsenz",
                Some(StandIn::DefaultPage),
            ),
            (
                "Estate agents",
                "Houses for sale in the whole domain of the abbey",
                None,
            ),
            ("How it works!", "It works by steam.", None),
            ("Shop", "x", None),
            ("", "", None),
        ] {
            assert_eq!(page(title, text).stand_in(), expected, "{title} {text}");
        }
    }

    #[test]
    fn a_page_with_much_text_is_not_a_stand_in() {
        let long = "We explain how to verify you are human, and why this domain is for sale. ".repeat(40);
        assert_eq!(page("Blog", &long).stand_in(), None);
        let marked = Look {
            has_parking_mark: true,
            ..page("shop.test", "Related searches")
        };
        assert_eq!(marked.stand_in(), Some(StandIn::Parked));
        let longer = long.repeat(4);
        assert_eq!(
            Look {
                has_parking_mark: true,
                ..page("Blog", &longer)
            }
            .stand_in(),
            None
        );
    }

    #[test]
    fn a_form_with_a_captcha_is_not_a_challenge() {
        let contact = Look {
            links: 12,
            forms: 1,
            ..page("Bakery Miller", "Write to us. Please verify you are human. Send")
        };
        assert_eq!(contact.stand_in(), None);
        assert_eq!(Look { links: 1, ..contact }.stand_in(), Some(StandIn::Challenge));
    }

    #[test]
    fn a_page_that_shows_nothing_without_scripts_is_a_shell() {
        let shell = Look {
            scripts: 2,
            ..Look::default()
        };
        assert_eq!(shell.stand_in(), Some(StandIn::Shell));
        for look in [
            Look { scripts: 0, ..shell },
            Look { text: "x", ..shell },
            Look { images: 1, ..shell },
            Look {
                has_frames: true,
                ..shell
            },
        ] {
            assert_eq!(look.stand_in(), None, "{look:?}");
        }
        let loading = Look {
            text: "Loading, please wait",
            has_mount: true,
            ..shell
        };
        assert_eq!(loading.stand_in(), Some(StandIn::Shell));
        assert_eq!(
            Look {
                text: "Bakery Miller, Mill Lane 5, open every day from seven to six except on Sunday, telephone 555",
                ..loading
            }
            .stand_in(),
            None
        );
    }

    #[test]
    fn a_refusal_that_is_a_challenge_is_recognised() {
        let mut headers = HeaderMap::new();
        assert!(!is_challenge(&headers, b"<title>403 Forbidden</title>"));
        assert!(is_challenge(&headers, b"<script>window._cf_chl_opt={}</script>"));
        headers.insert("cf-mitigated", "challenge".parse().unwrap());
        assert!(is_challenge(&headers, b""));
    }
}
