//! Recognition of a site's technologies, by the table in [`rules`].

mod rules;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;
pub(super) use rules::Sign;
use rules::{Kind, RULES, Rule};
use serde::Serialize;

use crate::finder;

/// How much of an inline script, and of all inline scripts together, is searched, in bytes.
const MAX_SCRIPT_BYTES: usize = 64 << 10;
const MAX_SCRIPTS_BYTES: usize = 512 << 10;
/// Minimum number of digits that `#` stands for.
const MIN_NUMBER: usize = 8;
/// Headers that name the software behind a page, like `<meta name="generator">`.
const NAMING_HEADERS: [&str; 5] = [
    "generator",
    "x-generator",
    "x-powered-by",
    "powered-by",
    "x-powered-cms",
];
/// How much of an attribute is searched, in bytes.
const MAX_ATTRIBUTE_BYTES: usize = 2048;

/// The technologies of a site, each list in the order of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TechStack {
    /// Content management systems.
    pub cms: Vec<String>,
    /// Frameworks and libraries.
    pub frameworks: Vec<String>,
    /// Analytics services.
    pub analytics: Vec<String>,
    /// Embedded widgets and services.
    pub widgets: Vec<String>,
}

/// Searches for all patterns of one kind of evidence at once.
struct Matcher {
    automaton: Option<AhoCorasick>,
    /// The rule of each pattern.
    rules: Vec<usize>,
    /// The text after the number in each pattern, if the pattern has one.
    behind_number: Vec<Option<&'static str>>,
    /// Whether a pattern counts only at the beginning of a word.
    is_word: bool,
}

impl Matcher {
    fn new(is_word: bool, patterns_of: impl Fn(&'static Rule) -> &'static [String]) -> Self {
        let patterns: Vec<(usize, &str)> = RULES
            .iter()
            .enumerate()
            .flat_map(|(i, rule)| patterns_of(rule).iter().map(move |pattern| (i, pattern.as_str())))
            .collect();
        let automaton = finder::ignoring_case(
            patterns
                .iter()
                .map(|(_, pattern)| pattern.split('#').next().unwrap_or_default()),
        );
        Self {
            automaton,
            behind_number: patterns
                .iter()
                .map(|(_, pattern)| pattern.split_once('#').map(|(_, rest)| rest))
                .collect(),
            rules: patterns.into_iter().map(|(i, _)| i).collect(),
            is_word,
        }
    }

    fn search(&self, text: &str, found: &mut [bool]) {
        self.search_among(text, found, |_| true);
    }

    /// Returns whether the text after a match fits the rest of the pattern.
    fn goes_on(&self, pattern: usize, rest: Option<&str>) -> bool {
        let (Some(Some(behind)), Some(rest)) = (self.behind_number.get(pattern), rest) else {
            return true;
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        digits >= MIN_NUMBER
            && rest
                .get(digits..digits + behind.len())
                .is_some_and(|next| next.eq_ignore_ascii_case(behind))
    }

    /// Searches for the rules that satisfy `counts`.
    fn search_among(&self, text: &str, found: &mut [bool], counts: impl Fn(&Rule) -> bool) {
        let Some(automaton) = &self.automaton else { return };
        for hit in automaton.find_overlapping_iter(text) {
            let starts_word = hit.start() == 0
                || text
                    .as_bytes()
                    .get(hit.start() - 1)
                    .is_some_and(u8::is_ascii_whitespace);
            if (!self.is_word || starts_word)
                && let Some(&index) = self.rules.get(hit.pattern().as_usize())
                && let Some(rule) = RULES.get(index)
                && let Some(found) = found.get_mut(index)
            {
                *found = *found || (counts(rule) && self.goes_on(hit.pattern().as_usize(), text.get(hit.end()..)));
            }
        }
    }
}

static URLS: LazyLock<Matcher> = LazyLock::new(|| Matcher::new(false, |rule| &rule.url));
static SCRIPTS: LazyLock<Matcher> = LazyLock::new(|| Matcher::new(false, |rule| &rule.script));
static NAMES: LazyLock<Matcher> = LazyLock::new(|| Matcher::new(true, |rule| &rule.class_or_id));
static GENERATORS: LazyLock<Matcher> = LazyLock::new(|| Matcher::new(true, |rule| &rule.generator));
/// There are many attributes and rules; the few rules that need attributes are listed separately.
static ATTRIBUTES: LazyLock<Vec<(&str, usize)>> = LazyLock::new(|| {
    let rules = RULES.iter().enumerate();
    rules
        .flat_map(|(i, rule)| rule.attribute.iter().map(move |start| (start.as_str(), i)))
        .collect()
});
static ANALYTICS_ID: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(?:G-[A-Z0-9]{6,12}|UA-[0-9]{4,10}-[0-9]{1,4})\b").ok());
static TAG_MANAGER_ID: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\bGTM-[A-Z0-9]{4,10}\b").ok());

/// Collects the evidence of one page.
pub(super) struct Technologies {
    found: Vec<bool>,
    script_bytes: usize,
    analytics_id: Option<String>,
    tag_manager_id: Option<String>,
}

impl Technologies {
    pub(super) fn new() -> Self {
        Self {
            found: vec![false; RULES.len()],
            script_bytes: 0,
            analytics_id: None,
            tag_manager_id: None,
        }
    }

    /// Examines the URL of a script, a style sheet or a resource that the page loads.
    pub(super) fn see_url(&mut self, url: &str) {
        URLS.search(bounded(url, MAX_ATTRIBUTE_BYTES), &mut self.found);
        if url.contains("google") {
            self.see_ids(bounded(url, MAX_ATTRIBUTE_BYTES));
        }
    }

    /// Examines the URL of a frame. Embedded widgets count, but not the software behind the framed page.
    pub(super) fn see_frame(&mut self, url: &str) {
        let url = bounded(url, MAX_ATTRIBUTE_BYTES);
        URLS.search_among(url, &mut self.found, |rule| {
            matches!(rule.kind, Kind::Analytics | Kind::Widget)
                || rule
                    .signs
                    .iter()
                    .any(|sign| matches!(sign, Sign::Challenge | Sign::Parked))
        });
        if url.contains("google") {
            self.see_ids(url);
        }
    }

    /// Examines an inline script.
    pub(super) fn see_script(&mut self, script: &str) {
        if self.script_bytes > MAX_SCRIPTS_BYTES {
            return;
        }
        let script = bounded(script, MAX_SCRIPT_BYTES);
        self.script_bytes += script.len();
        SCRIPTS.search(script, &mut self.found);
        if ["gtag(", "googletagmanager", "google-analytics", "gtm.start"]
            .iter()
            .any(|sign| script.contains(sign))
        {
            self.see_ids(script);
        }
    }

    fn see_ids(&mut self, text: &str) {
        let first = |regex: &Option<Regex>| Some(regex.as_ref()?.find(text)?.as_str().to_owned());
        if self.analytics_id.is_none() {
            self.analytics_id = first(&ANALYTICS_ID);
        }
        if self.tag_manager_id.is_none() {
            self.tag_manager_id = first(&TAG_MANAGER_ID);
        }
    }

    /// Examines a list of classes or an id.
    pub(super) fn see_names(&mut self, names: &str) {
        NAMES.search(bounded(names, MAX_ATTRIBUTE_BYTES), &mut self.found);
    }

    /// Examines the content of `<meta name="generator">`.
    pub(super) fn see_generator(&mut self, generator: &str) {
        GENERATORS.search(bounded(generator, MAX_ATTRIBUTE_BYTES), &mut self.found);
    }

    /// Examines the name of an attribute.
    pub(super) fn see_attribute(&mut self, name: &str) {
        if !name.starts_with(['d', 'h', 'n', 'v', 'w', 'x']) {
            return;
        }
        for (start, rule) in ATTRIBUTES.iter() {
            if name.starts_with(start)
                && let Some(found) = self.found.get_mut(*rule)
            {
                *found = true;
            }
        }
    }

    /// Examines the name of a `<meta>`.
    pub(super) fn see_meta(&mut self, name: &str) {
        self.mark(|rule| rule.meta.iter().any(|known| name.eq_ignore_ascii_case(known)));
    }

    /// Examines a header of the response.
    pub(super) fn see_header(&mut self, name: &str, value: &str) {
        if NAMING_HEADERS.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            self.see_generator(value);
        }
        let value = bounded(value, MAX_ATTRIBUTE_BYTES).to_ascii_lowercase();
        self.mark(|rule| {
            let mut headers = rule.header.iter();
            headers.any(|(known, part)| is_header(name, known) && value.contains(part.as_str()))
        });
    }

    /// Records a technology that was recognised elsewhere.
    pub(super) fn note(&mut self, name: &str) {
        for (found, rule) in self.found.iter_mut().zip(RULES.iter()) {
            *found |= rule.name == name;
        }
    }

    fn mark(&mut self, is_proven: impl Fn(&Rule) -> bool) {
        for (found, rule) in self.found.iter_mut().zip(RULES.iter()) {
            *found = *found || is_proven(rule);
        }
    }

    /// Returns whether a technology was found.
    pub(super) fn has(&self, name: &str) -> bool {
        self.found
            .iter()
            .zip(RULES.iter())
            .any(|(found, rule)| *found && rule.name == name)
    }

    /// Returns whether a technology was found that indicates this sign.
    pub(super) fn shows(&self, sign: Sign) -> bool {
        self.found
            .iter()
            .zip(RULES.iter())
            .any(|(found, rule)| *found && rule.signs.contains(&sign))
    }

    pub(super) fn google_analytics_id(&self) -> Option<String> {
        self.analytics_id.clone()
    }

    pub(super) fn google_tag_manager_id(&self) -> Option<String> {
        self.tag_manager_id.clone()
    }

    /// Returns the technologies found.
    pub(super) fn stack(&self) -> TechStack {
        let names = |kind: Kind| {
            let found = self
                .found
                .iter()
                .zip(RULES.iter())
                .filter(|(found, rule)| **found && rule.kind == kind);
            found.map(|(_, rule)| rule.name.clone()).collect()
        };
        TechStack {
            cms: names(Kind::Cms),
            frameworks: names(Kind::Framework),
            analytics: names(Kind::Analytics),
            widgets: names(Kind::Widget),
        }
    }
}

fn is_header(name: &str, known: &str) -> bool {
    let start = name.get(..known.len()).filter(|_| known.ends_with('-'));
    start.unwrap_or(name).eq_ignore_ascii_case(known)
}

fn bounded(text: &str, max_bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(max_bytes)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_rules_pass_the_filter() {
        for (start, rule) in ATTRIBUTES.iter() {
            let mut technologies = Technologies::new();
            technologies.see_attribute(start);
            assert!(technologies.found[*rule], "{start}");
        }
    }

    #[test]
    fn overlapping_evidence_is_found() {
        let mut technologies = Technologies::new();
        technologies.see_names("page woocommerce elementor-kit-5");
        technologies.see_url("https://cdn.jsdelivr.net/npm/bootstrap@5.3.0/dist/js/bootstrap.bundle.min.js");
        technologies.see_url("/js/jquery-3.7.1.min.js");
        technologies.see_url("https://www.googletagmanager.com/gtag/js?id=G-ABC1234567");
        assert!(technologies.has("WooCommerce"));
        let stack = technologies.stack();
        assert_eq!(stack.frameworks, ["jQuery", "Bootstrap"]);
        assert_eq!(stack.analytics, ["Google Analytics"]);
        assert_eq!(technologies.google_analytics_id().as_deref(), Some("G-ABC1234567"));
    }

    #[test]
    fn only_unique_traces_of_software_are_evidence() {
        let found = |see: &dyn Fn(&mut Technologies), name: &str| {
            let mut technologies = Technologies::new();
            see(&mut technologies);
            technologies.has(name)
        };
        for (url, name, expected) in [
            ("/js/bootstrap.js", "Bootstrap", false),
            ("/js/bootstrap.min.js", "Bootstrap", false),
            ("//s.test/app/bootstraps/bootstrap.js", "Bootstrap", false),
            ("/css/bootstrap.min.css?v=3", "Bootstrap", true),
            ("/vendor/bootstrap/dist/js/bootstrap.js", "Bootstrap", true),
            ("https://unpkg.com/bootstrap@5/dist/js/bootstrap.js", "Bootstrap", true),
            ("/static/version3/app.js", "Magento", false),
            ("/static/version20240101/app.js", "Magento", false),
            ("/static/version1700000000/frontend/A/b/en_US/c.css", "Magento", true),
            ("https://de.cdn-website.com/a.css", "Duda", false),
            ("https://lirp.cdn-website.com/a.css", "Duda", true),
            ("https://custom-images.strikinglycdn.com/a.css", "Strikingly", true),
        ] {
            assert_eq!(found(&|t| t.see_url(url), name), expected, "{url}");
        }
        for (header, value, name, expected) in [
            ("X-Wix-Request-Id", "1", "Wix", true),
            ("x-wix-anything-else", "", "Wix", true),
            ("x-wixen", "", "Wix", false),
            ("Server", "Squarespace", "Squarespace", true),
            ("Server", "Pepyaka/1.15.10", "Wix", true),
            ("Server", "nginx", "Squarespace", false),
            ("X-Generator", "Drupal 10 (https://www.drupal.org)", "Drupal", true),
            ("X-Powered-By", "Strikingly", "Strikingly", true),
            ("Via", "Strikingly", "Strikingly", false),
        ] {
            assert_eq!(
                found(&|t| t.see_header(header, value), name),
                expected,
                "{header}: {value}"
            );
        }
        for (generator, name) in [
            ("Strikingly", "Strikingly"),
            ("Hostinger Website Builder", "Hostinger Website Builder"),
            ("Webnode 2", "Webnode"),
        ] {
            assert!(found(&|t| t.see_generator(generator), name), "{generator}");
        }
    }

    #[test]
    fn a_frame_shows_embedded_widgets_and_not_the_pages_software() {
        let mut technologies = Technologies::new();
        technologies.see_frame("https://partner.test/sites/default/files/a.html");
        technologies.see_frame("https://www.youtube.com/embed/a");
        let stack = technologies.stack();
        assert!(stack.cms.is_empty());
        assert_eq!(stack.widgets, ["YouTube"]);
    }

    #[test]
    fn words_within_words_are_not_evidence() {
        let mut technologies = Technologies::new();
        technologies.see_names("not-woocommerce my-svelte-thing");
        technologies.see_url("/js/jquery.fancybox.min.js");
        technologies.see_url("/js/jquery-ui.min.js");
        assert_eq!(technologies.stack(), TechStack::default());
    }
}
