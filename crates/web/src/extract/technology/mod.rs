//! What a site runs on, by the table in [`rules`].

mod rules;

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use regex::Regex;
pub(super) use rules::Sign;
use rules::{Kind, RULES, Rule};
use serde::Serialize;

/// How much of one inline script, and of all of them, is searched.
const MAX_SCRIPT_BYTES: usize = 64 << 10;
const MAX_SCRIPTS_BYTES: usize = 512 << 10;
/// How many digits a number in the place of `#` has at least.
const MIN_NUMBER: usize = 8;
/// Headers that name what made the page, as `<meta name="generator">` does.
const NAMING_HEADERS: [&str; 5] = [
    "generator",
    "x-generator",
    "x-powered-by",
    "powered-by",
    "x-powered-cms",
];
/// How much of an attribute is searched.
const MAX_ATTRIBUTE_BYTES: usize = 2048;

/// What a site runs on, each list in the order of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TechStack {
    /// What makes its pages.
    pub cms: Vec<String>,
    /// What its pages are built with.
    pub frameworks: Vec<String>,
    /// What counts its visitors.
    pub analytics: Vec<String>,
    /// What is embedded in its pages.
    pub widgets: Vec<String>,
}

/// Searches for all the patterns of one kind of evidence at once.
struct Matcher {
    automaton: Option<AhoCorasick>,
    /// The rule of each pattern.
    rules: Vec<usize>,
    /// What follows each pattern behind a number, where that belongs to it.
    behind_number: Vec<Option<&'static str>>,
    /// Whether a pattern counts only where a word of a list starts.
    is_word: bool,
}

impl Matcher {
    fn new(is_word: bool, patterns_of: impl Fn(&'static Rule) -> &'static [String]) -> Self {
        let patterns: Vec<(usize, &str)> = RULES
            .iter()
            .enumerate()
            .flat_map(|(i, rule)| patterns_of(rule).iter().map(move |pattern| (i, pattern.as_str())))
            .collect();
        let automaton = AhoCorasickBuilder::new()
            .kind(Some(AhoCorasickKind::DFA))
            .ascii_case_insensitive(true)
            .build(
                patterns
                    .iter()
                    .map(|(_, pattern)| pattern.split('#').next().unwrap_or_default()),
            )
            .ok();
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

    /// Returns whether what follows a hit bears it out.
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

    /// Searches for the rules that `counts` lets through.
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
/// Attributes are many and rules too: the few that ask for one stand by themselves.
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

    /// Looks at the address of a script, a stylesheet or a frame that the page loads.
    pub(super) fn see_url(&mut self, url: &str) {
        URLS.search(bounded(url, MAX_ATTRIBUTE_BYTES), &mut self.found);
        if url.contains("google") {
            self.see_ids(bounded(url, MAX_ATTRIBUTE_BYTES));
        }
    }

    /// Looks at the address of a frame: what is embedded by it counts, not what the page in it is made with.
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

    /// Looks at a script within the page.
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

    /// Looks at a class list or an id.
    pub(super) fn see_names(&mut self, names: &str) {
        NAMES.search(bounded(names, MAX_ATTRIBUTE_BYTES), &mut self.found);
    }

    /// Looks at what `<meta name="generator">` says.
    pub(super) fn see_generator(&mut self, generator: &str) {
        GENERATORS.search(bounded(generator, MAX_ATTRIBUTE_BYTES), &mut self.found);
    }

    /// Looks at the name of an attribute.
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

    /// Looks at the name of a `<meta>`.
    pub(super) fn see_meta(&mut self, name: &str) {
        self.mark(|rule| rule.meta.iter().any(|known| name.eq_ignore_ascii_case(known)));
    }

    /// Looks at a header of the response.
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

    /// Takes note of a technology that was recognised elsewhere.
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

    /// Returns whether anything was found of a kind that is not listed as a technology.
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

    /// Lists what was found.
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
    fn evidence_is_found_wherever_it_overlaps() {
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
    fn evidence_is_what_only_the_software_has() {
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
    fn a_frame_says_what_is_embedded_and_not_what_this_page_is_made_with() {
        let mut technologies = Technologies::new();
        technologies.see_frame("https://partner.test/sites/default/files/a.html");
        technologies.see_frame("https://www.youtube.com/embed/a");
        let stack = technologies.stack();
        assert!(stack.cms.is_empty());
        assert_eq!(stack.widgets, ["YouTube"]);
    }

    #[test]
    fn words_within_words_are_no_evidence() {
        let mut technologies = Technologies::new();
        technologies.see_names("not-woocommerce my-svelte-thing");
        technologies.see_url("/js/jquery.fancybox.min.js");
        technologies.see_url("/js/jquery-ui.min.js");
        assert_eq!(technologies.stack(), TechStack::default());
    }
}
