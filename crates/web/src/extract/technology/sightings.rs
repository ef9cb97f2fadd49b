//! The signs of technologies that the pages of a site, its headers and its DNS show.

use std::ops::Range;
use std::sync::Arc;

use url::Url;

use super::category::Shown;
use super::claim::{self, Claim, Evidence, Hit, SeenVersion, Showing, TechStack};
use super::rules::{Prepared, Rules};
use super::sign::{DnsRecord, Sign, SignKind};
use super::snippet::{around, bounded, snippet};
use super::tags::TagIds;
use super::version::is_version;
use crate::extract::site::Site;

/// How much of an inline script, and of all inline scripts together, is searched, in bytes.
const MAX_SCRIPT_BYTES: usize = 64 << 10;
const MAX_SCRIPTS_BYTES: usize = 512 << 10;
/// How much of an attribute, a comment, a header or a record is searched, in bytes.
const MAX_TEXT_BYTES: usize = 2048;
/// Maximum number of texts per page in which a version is looked for, and of versions kept.
const MAX_VERSION_READS: usize = 200;
const MAX_VERSIONS: usize = 100;
/// Headers that name the software behind a page, like `<meta name="generator">`.
const NAMING_HEADERS: [&str; 5] = [
    "generator",
    "x-generator",
    "x-powered-by",
    "powered-by",
    "x-powered-cms",
];

/// The signs seen on one page, or on several pages of a site together.
///
/// A weak sign alone claims nothing, but may do so together with one of another page, a header or a DNS record: signs are
/// therefore kept until [`Sightings::claims`] judges them.
#[derive(Clone, Debug, Default)]
pub struct Sightings {
    rules: Rules,
    found: Found,
    script_bytes: usize,
    pub(in crate::extract) tags: TagIds,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Found {
    /// The URL of the page that is being read.
    page: Option<Arc<str>>,
    /// Whether each sign was seen.
    seen: Vec<bool>,
    hits: Vec<Hit>,
    versions: Vec<SeenVersion>,
    version_reads: usize,
}

impl PartialEq for Sightings {
    fn eq(&self, other: &Self) -> bool {
        (&self.found.hits, &self.found.versions, &self.tags) == (&other.found.hits, &other.found.versions, &other.tags)
    }
}

/// A text with a sign: what is shown of it, and where its version may stand.
struct Text<'t> {
    shown: &'t str,
    at: Range<usize>,
    version: &'t str,
}

impl<'t> Text<'t> {
    fn new(text: &'t str, at: Range<usize>) -> Self {
        Self {
            shown: text,
            at,
            version: text,
        }
    }
}

impl Found {
    fn add(&mut self, rules: &Prepared, index: usize, text: &Text<'_>) {
        let Some((rule, sign)) = rules.sign(index) else { return };
        let is_new = self.seen.get(index).is_some_and(|seen| !*seen);
        let reads_version = rules
            .rules()
            .get(rule)
            .is_some_and(|rule| rule.reads_version(sign.kind));
        if is_new {
            if let Some(seen) = self.seen.get_mut(index) {
                *seen = true;
            }
            let evidence = self.evidence(sign, text);
            self.hits.push(Hit { sign: index, evidence });
        }
        if reads_version && self.version_reads < MAX_VERSION_READS {
            self.version_reads += 1;
            self.read_version(rules, (rule, sign), text);
        }
    }

    fn evidence(&self, sign: &Sign, text: &Text<'_>) -> Evidence {
        Evidence {
            rule: format!("{} {}", sign.kind.label(), sign.pattern),
            snippet: snippet(text.shown, &text.at),
            url: self.page.as_deref().map(str::to_owned),
        }
    }

    fn read_version(&mut self, rules: &Prepared, (rule, sign): (usize, &Sign), text: &Text<'_>) {
        let patterns = rules.rules().get(rule).into_iter().flat_map(|rule| &rule.versions);
        let found = patterns
            .filter(|pattern| pattern.kind == sign.kind)
            .find_map(|pattern| pattern.find(text.version))
            .filter(|version| is_version(version));
        let Some(version) = found else { return };
        let is_known = |seen: &SeenVersion| seen.rule == rule && seen.kind == sign.kind && seen.version == version;
        if self.versions.len() < MAX_VERSIONS && !self.versions.iter().any(is_known) {
            self.versions.push(SeenVersion {
                rule,
                kind: sign.kind,
                version: version.to_owned(),
                evidence: self.evidence(sign, text),
            });
        }
    }
}

impl Sightings {
    /// Creates an empty collection, for a page or for what DNS says of the site.
    #[must_use]
    pub fn new(rules: &Rules, page: Option<&Url>) -> Self {
        Self {
            found: Found {
                page: page.map(|url| Arc::from(bounded(url.as_str(), MAX_TEXT_BYTES))),
                seen: vec![false; rules.prepared().sign_count()],
                ..Found::default()
            },
            rules: rules.clone(),
            script_bytes: 0,
            tags: TagIds::default(),
        }
    }

    /// Examines a DNS record of the site, as text: a host name, with its preference in an MX record, or a TXT record.
    pub fn see_dns(&mut self, record: DnsRecord, value: &str) {
        self.search_short(record.kind(), value);
    }

    /// Examines a cookie that the site sets, by its name.
    pub fn see_cookie(&mut self, name: &str) {
        self.search_short(SignKind::Cookie, name);
    }

    /// Examines a response header of a page at `url`.
    pub fn see_header(&mut self, name: &str, value: &str, url: &Url) {
        self.see_header_of(name, value, &Site::new(url));
    }

    /// Adds what was seen on another page of the site. Both must be by the same rules.
    pub fn merge(&mut self, other: Self) {
        if self.found.seen.is_empty() {
            *self = other;
            return;
        }
        debug_assert!(
            other.found.hits.is_empty() || self.rules.is_same(&other.rules),
            "signs are of the same rules"
        );
        for hit in other.found.hits {
            if let Some(seen) = self.found.seen.get_mut(hit.sign)
                && !std::mem::replace(seen, true)
            {
                self.found.hits.push(hit);
            }
        }
        for seen in other.found.versions {
            let is_known =
                |known: &SeenVersion| (known.rule, known.kind, &known.version) == (seen.rule, seen.kind, &seen.version);
            if self.found.versions.len() < MAX_VERSIONS && !self.found.versions.iter().any(is_known) {
                self.found.versions.push(seen);
            }
        }
        self.tags.merge(other.tags);
    }

    /// Returns the technologies that the signs prove, in the order of the rules.
    #[must_use]
    pub fn claims(&self) -> Vec<Claim> {
        claim::claims(self.rules.prepared(), &self.found.hits, &self.found.versions)
    }

    /// Returns the names of the claimed technologies, by list.
    #[must_use]
    pub fn tech_stack(&self, claims: &[Claim]) -> TechStack {
        claim::stack(self.rules.prepared(), claims)
    }

    /// Returns whether the signs prove something that shows this fact.
    #[must_use]
    pub fn shows(&self, fact: Shown) -> bool {
        self.proven().any(|rule| rule.shows.contains(&fact))
    }

    /// Returns what proves that a fact is shown, and by which technology.
    #[must_use]
    pub(in crate::extract) fn shown_by(&self, fact: Shown) -> Option<Showing> {
        claim::shown_by(self.rules.prepared(), &self.found.hits, fact)
    }

    /// Returns whether the signs prove the rule of this name.
    pub(super) fn proves(&self, name: &str) -> bool {
        self.proven().any(|rule| rule.name == name)
    }

    fn proven(&self) -> impl Iterator<Item = &super::rule::Rule> {
        let rules = self.rules.prepared();
        let indexes = claim::proven(rules, &self.found.hits).into_iter();
        indexes.filter_map(|index| rules.rules().get(index))
    }

    /// Examines the URL of a file that the page loads, or of a resource that it links. Pictures and pages are evidence only
    /// on the site's own hosts, and need signs that say so.
    pub(in crate::extract) fn see_url(&mut self, url: &str, only_own: bool, site: &Site) {
        let Self { rules, found, tags, .. } = self;
        let (rules, url) = (rules.prepared(), bounded(url, MAX_TEXT_BYTES));
        rules.urls.search(url, |index, at| {
            let Some((_, sign)) = rules.sign(index) else { return };
            let counts = match sign.kind {
                SignKind::OwnUrl => found.seen.get(index) == Some(&false) && site.owns_link(url),
                _ => !only_own,
            };
            if counts {
                found.add(rules, index, &Text::new(url, at));
            }
        });
        if !only_own {
            tags.see_url(url, found.page.as_deref());
        }
    }

    /// Examines the URL of a frame. What sites embed counts, but not the software behind the framed page.
    pub(in crate::extract) fn see_frame(&mut self, url: &str) {
        let Self { rules, found, tags, .. } = self;
        let (rules, url) = (rules.prepared(), bounded(url, MAX_TEXT_BYTES));
        rules.urls.search(url, |index, at| {
            let Some((rule, sign)) = rules.sign(index) else { return };
            let counts = rules.rules().get(rule).is_some_and(|rule| {
                let shows = |fact| rule.shows.contains(&fact);
                rule.category.is_embedded() || shows(Shown::Challenge) || shows(Shown::Parked)
            });
            if counts && sign.kind == SignKind::Url {
                found.add(rules, index, &Text::new(url, at));
            }
        });
        tags.see_url(url, found.page.as_deref());
    }

    /// Examines a relation of the site to one of its own URLs, which a `<link>` or a `Link` header states.
    pub(in crate::extract) fn see_link(&mut self, rel: &str, href: &str, site: &Site) {
        let Self { rules, found, .. } = self;
        let rules = rules.prepared();
        let words = || bounded(rel, MAX_TEXT_BYTES).split_ascii_whitespace();
        let fitting = rules
            .signs_of(SignKind::LinkRel)
            .filter(|(_, sign)| words().any(|word| word.eq_ignore_ascii_case(&sign.pattern)));
        for (index, _) in fitting {
            if site.owns_link(href) {
                let href = bounded(href, MAX_TEXT_BYTES);
                found.add(rules, index, &Text::new(href, 0..href.len()));
            }
        }
    }

    /// Examines an inline script.
    pub(in crate::extract) fn see_script(&mut self, kind: &str, script: &str) {
        if !kind.is_empty() {
            self.search_short(SignKind::ScriptType, kind);
        }
        if self.script_bytes > MAX_SCRIPTS_BYTES {
            return;
        }
        let script = bounded(script, MAX_SCRIPT_BYTES);
        self.script_bytes += script.len();
        let Self { rules, found, tags, .. } = self;
        let rules = rules.prepared();
        rules.scripts.search(script, |index, at| {
            let text = Text {
                shown: script,
                version: around(script, &at),
                at,
            };
            found.add(rules, index, &text);
        });
        tags.see_script(script, found.page.as_deref());
    }

    /// Examines a list of classes or an id.
    pub(in crate::extract) fn see_names(&mut self, names: &str) {
        let Self { rules, found, .. } = self;
        let (rules, names) = (rules.prepared(), bounded(names, MAX_TEXT_BYTES));
        rules
            .names
            .search(names, |index, at| found.add(rules, index, &Text::new(names, at)));
    }

    /// Examines a comment.
    pub(in crate::extract) fn see_comment(&mut self, comment: &str) {
        let Self { rules, found, .. } = self;
        let (rules, comment) = (rules.prepared(), bounded(comment, MAX_TEXT_BYTES));
        rules
            .comments
            .search(comment, |index, at| found.add(rules, index, &Text::new(comment, at)));
    }

    /// Examines an attribute.
    pub(in crate::extract) fn see_attribute(&mut self, name: &str, value: &str) {
        let Self { rules, found, .. } = self;
        let rules = rules.prepared();
        rules.attributes.search(name, |index, at| {
            let version = bounded(value, MAX_TEXT_BYTES);
            let text = Text {
                shown: name,
                at,
                version,
            };
            found.add(rules, index, &text);
        });
    }

    /// Examines the name of an element.
    pub(in crate::extract) fn see_element(&mut self, name: &str) {
        if name.contains('-') {
            self.search_short(SignKind::Element, name);
        }
    }

    /// Examines the content of `<meta name="generator">`.
    pub(in crate::extract) fn see_generator(&mut self, generator: &str) {
        self.search_short(SignKind::Generator, generator.trim_start());
    }

    /// Examines a `<meta>`.
    pub(in crate::extract) fn see_meta(&mut self, name: &str, content: &str) {
        let Self { rules, found, .. } = self;
        let rules = rules.prepared();
        for (index, sign) in rules.signs_of(SignKind::Meta) {
            if let Some(at) = sign.find_in(name) {
                let text = Text {
                    shown: name,
                    at,
                    version: bounded(content, MAX_TEXT_BYTES),
                };
                found.add(rules, index, &text);
            }
        }
    }

    /// Examines a header of the response.
    pub(in crate::extract) fn see_header_of(&mut self, name: &str, value: &str, site: &Site) {
        let value = bounded(value, MAX_TEXT_BYTES);
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if NAMING_HEADERS.iter().any(|known| is(known)) {
            self.see_generator(value);
        }
        if is("set-cookie") {
            // The value of a cookie is none of anybody's business.
            return self.see_cookie(value.split('=').next().unwrap_or_default().trim());
        }
        if is("link") {
            for link in value.split('<').skip(1) {
                if let Some((href, parameters)) = link.split_once('>') {
                    self.see_link(&parameters.replace(['"', '\'', ';', '=', ','], " "), href, site);
                    self.see_own_url(href, site);
                }
            }
        } else if is("x-pingback") {
            self.see_own_url(value, site);
        }
        let Self { rules, found, .. } = self;
        let (rules, lower) = (rules.prepared(), value.to_ascii_lowercase());
        for (index, sign) in rules.signs_of(SignKind::Header) {
            if sign.fits_header(name, &lower) {
                let shown = format!("{name}: {value}");
                let text = Text {
                    at: 0..shown.len(),
                    shown: &shown,
                    version: value,
                };
                found.add(rules, index, &text);
            }
        }
    }

    /// Examines a URL that counts only if it is the site's own.
    pub(in crate::extract) fn see_own_url(&mut self, url: &str, site: &Site) {
        self.see_url(url, true, site);
    }

    /// Compares a short text with the signs of a kind.
    fn search_short(&mut self, kind: SignKind, text: &str) {
        let Self { rules, found, .. } = self;
        let (rules, text) = (rules.prepared(), bounded(text, MAX_TEXT_BYTES));
        for (index, sign) in rules.signs_of(kind) {
            if let Some(at) = sign.find_in(text) {
                found.add(rules, index, &Text::new(text, at));
            }
        }
    }
}
