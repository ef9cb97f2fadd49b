//! Single elements of a page: metadata, links, scripts, images.

use ego_tree::NodeRef;
use html5ever::local_name;
use scraper::Node;
use scraper::node::Element;

use super::attributes::Attributes;
use super::email::{Found, Spelling};
use super::page::{Page, RawLink};
use super::phone::{Candidate, PhoneKind};
use super::proofs::{DECLARED, Fact, LINKED};
use super::social::Source;
use super::text::clean;
use super::{email, language, notices, vcard, wordpress};
use crate::{names, stand_in};

const MAX_TITLE_CHARS: usize = 500;
const MAX_DESCRIPTION_CHARS: usize = 2_000;
const MAX_GENERATOR_CHARS: usize = 200;
const MAX_FEEDS: usize = 20;
/// Maximum number of addresses and of telephone numbers taken from links.
const MAX_LINKED: usize = 500;
/// Maximum length of an attribute for scripts that is read, in bytes.
const MAX_DATA_BYTES: usize = 300;
/// Maximum length of an event handler that is read, in bytes.
const MAX_HANDLER_BYTES: usize = 2_000;
/// Maximum number of links kept per page, and maximum length of a link's text.
pub(super) const MAX_LINKS: usize = 2_000;
/// Attributes that contain the two halves of an address, or its top-level domain.
const LOCAL_ATTRIBUTES: [&str; 11] = [
    "data-name",
    "data-n",
    "data-part1",
    "data-account",
    "data-email-user",
    "data-local",
    "data-mail-user",
    "data-mailbox",
    "data-u",
    "data-user",
    "data-username",
];
const DOMAIN_ATTRIBUTES: [&str; 6] = [
    "data-part2",
    "data-d",
    "data-domain",
    "data-email-domain",
    "data-host",
    "data-mail-domain",
];
const TOP_LEVEL_ATTRIBUTES: [&str; 3] = ["data-ext", "data-part3", "data-tld"];

impl Page {
    pub(super) fn read_attributes<'a>(&mut self, element: &'a Element) -> Attributes<'a> {
        let mut found = Attributes::default();
        for (name, value) in &element.attrs {
            let value: &str = value;
            match name.local {
                local_name!("alt") => found.alt = value,
                local_name!("aria-label") | local_name!("title") => found.label = value,
                local_name!("as") => found.as_kind = value,
                local_name!("class") => {
                    found.class = value;
                    self.technologies.see_names(value);
                }
                local_name!("content") => found.content = value,
                local_name!("datetime") => found.datetime = Some(value),
                local_name!("dir") => found.dir = value,
                local_name!("href") => found.href = Some(value),
                local_name!("http-equiv") => found.http_equiv = value,
                local_name!("id") => {
                    found.id = value;
                    self.has_mount |= stand_in::is_mount(value);
                    self.technologies.see_names(value);
                }
                local_name!("itemprop") => found.itemprop = value,
                local_name!("itemscope") => found.itemscope = true,
                local_name!("itemtype") => found.itemtype = value,
                local_name!("lang") => found.lang = Some(value),
                local_name!("name") => found.name = value,
                local_name!("property") => found.property = value,
                local_name!("rel") => found.rel = value,
                local_name!("sizes") => found.sizes = Some(value),
                local_name!("src") => found.src = Some(value),
                local_name!("style") => found.style = value,
                local_name!("type") => found.kind = value,
                local_name!("xml:lang") => found.lang = found.lang.or(Some(value)),
                _ => self.read_other(&mut found, &name.local, value),
            }
        }
        found
    }

    /// Reads an attribute that is not in the standard, or an event handler.
    fn read_other<'a>(&mut self, found: &mut Attributes<'a>, name: &'a str, value: &'a str) {
        match name {
            "data-cfemail" => found.cfemail = Some(value),
            "data-src" => found.data_src = Some(value),
            "integrity" => found.has_integrity = !value.trim().is_empty(),
            _ => {
                if name.starts_with("data-") && value.len() <= MAX_DATA_BYTES {
                    found.data.push((name, value));
                }
                if name.starts_with("on")
                    && value.len() <= MAX_HANDLER_BYTES
                    && ["ail", "lto", "@", "//", "tel:"]
                        .iter()
                        .any(|sign| value.contains(sign))
                {
                    found.handlers.push(value);
                }
                self.technologies.see_attribute(name, value);
            }
        }
    }

    pub(super) fn take_title(&mut self, node: NodeRef<'_, Node>) {
        if !self.has_title {
            self.has_title = true;
            let text = node
                .children()
                .filter_map(|child| child.value().as_text().map(|text| &**text));
            self.title = clean(&text.collect::<String>(), MAX_TITLE_CHARS);
        }
    }

    pub(super) fn see_meta(&mut self, attributes: &Attributes<'_>) {
        let content = attributes.content;
        if attributes.http_equiv.eq_ignore_ascii_case("content-language") && self.meta_language.is_none() {
            self.meta_language = clean(content, MAX_GENERATOR_CHARS);
        }
        let stands_for = if attributes.http_equiv.is_empty() {
            attributes.name
        } else {
            attributes.http_equiv
        };
        self.security.see_policy(stands_for.trim(), content);
        // An element may use two vocabularies at once.
        for name in [attributes.name, attributes.property] {
            if !name.is_empty() {
                self.see_named_meta(name.trim(), content);
            }
        }
    }

    fn see_named_meta(&mut self, name: &str, content: &str) {
        let fill = |slot: &mut Option<String>, max_chars| {
            if slot.is_none() {
                *slot = clean(content, max_chars);
            }
        };
        match name.to_ascii_lowercase().as_str() {
            "description" => fill(&mut self.description, MAX_DESCRIPTION_CHARS),
            "og:description" => fill(&mut self.og_description, MAX_DESCRIPTION_CHARS),
            "og:title" => fill(&mut self.og_title, MAX_TITLE_CHARS),
            "og:locale" if self.og_locale.is_none() => {
                self.og_locale = language::read(content);
                if let Some(language) = &self.og_locale {
                    self.proofs
                        .add(Fact::Language, language, "meta og:locale", content, DECLARED);
                }
            }
            "robots" => fill(&mut self.meta_robots, MAX_GENERATOR_CHARS),
            "viewport" => {
                let lower = content.to_ascii_lowercase();
                if lower.contains("device-width") || lower.contains("initial-scale") {
                    self.has_viewport = true;
                    self.proofs
                        .add(Fact::Viewport, "true", "meta viewport", content, DECLARED);
                }
            }
            "og:email" | "reply-to" | "business:contact_data:email" => {
                if let Some(email) = email::whole(content, &self.site) {
                    self.add_email(email, Spelling::Attribute);
                }
            }
            "og:phone_number" | "business:contact_data:phone_number" => {
                self.add_phones(Candidate::structured(0, content, Some(PhoneKind::Voice)));
            }
            "og:fax_number" | "business:contact_data:fax_number" => {
                self.add_phones(Candidate::structured(0, content, Some(PhoneKind::Fax)));
            }
            "twitter:site" | "og:see_also" | "article:publisher" | "article:author" => {
                self.see_social_meta(name, content);
            }
            "og:logo" if self.og_logo.is_none() => self.og_logo = self.site.address(content),
            "generator" => {
                fill(&mut self.generator, MAX_GENERATOR_CHARS);
                self.technologies.see_generator(content);
            }
            other => self.technologies.see_meta(other, content),
        }
    }

    pub(super) fn see_link(&mut self, attributes: &Attributes<'_>) {
        let Some(href) = attributes.href else { return };
        let has_rel = |word: &str| has_word(attributes.rel, word);
        self.technologies.see_link(attributes.rel, href, &self.site);
        if has_rel("canonical") && self.canonical_url.is_none() {
            self.canonical_url = self.site.address(href);
        }
        if has_rel("stylesheet") {
            self.performance.css_count += 1;
        }
        if has_rel("alternate") && !has_rel("stylesheet") {
            let is_feed = ["application/rss+xml", "application/atom+xml", "application/feed+json"]
                .iter()
                .any(|kind| attributes.kind.trim().eq_ignore_ascii_case(kind));
            if is_feed
                && self.feed_urls.len() < MAX_FEEDS
                && let Some(url) = self.site.address(href)
                && !self.feed_urls.contains(&url)
            {
                self.proofs.add(Fact::Feed, &url, "link alternate", href, DECLARED);
                self.feed_urls.push(url);
            }
        }
        // What a page links as another page of its own may be a file of the software behind it; a resource may be
        // anybody's.
        let is_page = ["alternate", "canonical", "next", "prev", "pingback"]
            .iter()
            .any(|word| has_rel(word) && !has_rel("stylesheet"));
        let is_picture = is_page
            || has_rel("icon")
            || has_rel("apple-touch-icon")
            || attributes.as_kind.eq_ignore_ascii_case("image");
        self.see_resource(href, is_picture);
        if has_rel("me") || attributes.itemprop == "sameAs" {
            self.take_social(href, Source::Declared);
        }
        self.favicon
            .see_link(attributes.rel, href, attributes.sizes, &self.site);
    }

    /// Examines a file that the page loads. A picture may be another site's.
    pub(super) fn see_resource(&mut self, url: &str, is_picture: bool) {
        self.technologies.see_url(url, is_picture, &self.site);
        if self.theme.is_none() {
            self.theme = wordpress::theme(url, is_picture, &self.site);
            if let Some(theme) = &self.theme {
                self.proofs
                    .add(Fact::Theme, theme, "url wp-content/themes/", url, LINKED);
            }
        }
    }

    pub(super) fn see_script(&mut self, node: NodeRef<'_, Node>, attributes: &Attributes<'_>) {
        self.performance.script_count += 1;
        self.security.has_scripts = true;
        if let Some(src) = attributes.src
            && let Some(url) = self.site.resolve(src)
        {
            let (is_own, is_https) = (self.site.owns_url(&url), url.scheme() == "https");
            self.security
                .see_script(src, is_own, is_https, attributes.has_integrity);
        }
        if let Some(src) = attributes.src.or(attributes.data_src) {
            self.see_resource(src, false);
        }
        let text = node.first_child().and_then(|child| child.value().as_text());
        let Some(text) = text else { return };
        let essence = attributes.kind.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/ld+json") {
            self.read_structured(text);
        } else {
            self.state.see_script(essence, text);
            self.technologies.see_script(essence, text);
            self.see_written(text);
        }
    }

    fn read_structured(&mut self, script: &str) {
        self.structured.read(script);
        let position = self.text.position();
        for field in std::mem::take(&mut self.structured.emails) {
            if let Some(email) = email::read(&field, &self.site) {
                self.add_email(email, Spelling::Structured);
            }
        }
        for number in std::mem::take(&mut self.structured.telephones) {
            self.add_phones(Candidate::structured(position, &number, Some(PhoneKind::Voice)));
        }
        for number in std::mem::take(&mut self.structured.fax_numbers) {
            self.add_phones(Candidate::structured(position, &number, Some(PhoneKind::Fax)));
        }
        for text in std::mem::take(&mut self.structured.payments) {
            self.payments.see_statement(&text);
        }
        for link in std::mem::take(&mut self.structured.links) {
            self.take_social(&link, Source::Declared);
        }
        for link in std::mem::take(&mut self.structured.person_links) {
            self.take_social(&link, Source::Person);
        }
    }

    pub(super) fn see_anchor(&mut self, attributes: &Attributes<'_>) {
        let Some(href) = attributes.href else { return };
        self.performance.link_count += 1;
        let href = href.trim_start();
        let starts_with = |scheme: &str| {
            href.get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        if starts_with("mailto:") {
            for email in email::from_mailto(href, &self.site) {
                self.add_email(email, Spelling::Mailto);
            }
        } else if let Some(email) = email::from_plain_link(href, &self.site) {
            self.add_email(email, Spelling::Mailto);
        } else if !starts_with("http") && self.see_phone_link(href, attributes) {
            // Nothing else is taken from a telephone link.
        } else if href.contains('#')
            && let Some((_, hex)) = href.split_once("/cdn-cgi/l/email-protection#")
        {
            if let Some(email) = email::from_protected(hex, &self.site) {
                self.add_email(email, Spelling::Protected);
            }
        } else if starts_with("data:text/vcard") || starts_with("data:text/x-vcard") {
            let card = percent_encoding::percent_decode_str(href).decode_utf8_lossy();
            if let Some((_, card)) = card.split_once(',') {
                self.take_card(card);
            }
        } else {
            if !starts_with("javascript:") && !href.starts_with('#') && self.links.len() < MAX_LINKS {
                self.links.push(RawLink {
                    href: href.to_owned(),
                    nofollow: has_word(attributes.rel, "nofollow"),
                    start: self.text.position(),
                    end: None,
                });
                self.is_link_open = true;
            }
            if starts_with("http") {
                self.see_phone_link(href, attributes);
            }
            self.see_social_link(href, attributes);
            if !self.has_privacy_policy && !starts_with("javascript:") && !href.starts_with('#') {
                self.see_policy_link(href);
            }
        }
    }

    /// Records a link to a privacy policy, unless it leads to a company whose own policy other sites link.
    fn see_policy_link(&mut self, href: &str) {
        if notices::names_policy(href) {
            self.take_policy(href);
        } else {
            self.link_start = Some(self.text.position());
        }
    }

    /// Takes a link that names a policy, if it may lead to the site's own.
    pub(super) fn take_policy(&mut self, href: &str) {
        let is_own = |host: &str| self.site.owns(host) || !notices::is_policy_of_others(names::registrable(host));
        let url = self.site.resolve(href);
        if url.is_some_and(|url| url.host_str().is_some_and(is_own)) {
            self.has_privacy_policy = true;
            self.proofs
                .add(Fact::PrivacyPolicy, "true", "link to a policy", href, LINKED);
        }
    }

    pub(super) fn add_email(&mut self, email: String, spelling: Spelling) {
        if self.emails.len() < MAX_LINKED {
            self.emails.push(Found {
                position: self.text.position(),
                email,
                spelling,
            });
        }
    }

    /// Takes the addresses of a vCard, and their owners.
    pub(super) fn take_card(&mut self, card: &str) {
        for (number, kind) in vcard::phones(card) {
            self.add_phones(Candidate::structured(self.text.position(), &number, kind));
        }
        for person in vcard::read(card) {
            if let Some(email) = email::whole(&person.email, &self.site) {
                self.structured.people.push(person);
                self.add_email(email, Spelling::VCard);
            }
        }
    }

    /// Looks for an address in attributes for scripts: whole, reversed, or in two halves. Attributes of a `<script>`
    /// are skipped, since they are settings of services.
    pub(super) fn see_data(&mut self, tag: &str, data: &[(&str, &str)]) {
        if data.is_empty() || matches!(tag, "script" | "link" | "iframe" | "img" | "meta") {
            return;
        }
        for (name, value) in data {
            let is_named = name.contains("mail") || name.contains("contact");
            let turned = || is_named.then(|| value.chars().rev().collect::<String>());
            let spelled = || {
                email::find(value, &self.site)
                    .into_iter()
                    .next()
                    .map(|found| found.email)
            };
            let email = match value.contains('@') || value.contains("%40") {
                true => email::whole(value, &self.site).or_else(|| email::whole(&turned()?, &self.site)),
                false => is_named.then(spelled).flatten(),
            };
            if let Some(email) = email {
                self.add_email(email, Spelling::Attribute);
            }
        }
        let one_of = |names: &[&str]| {
            data.iter()
                .find(|(name, _)| names.contains(name))
                .map(|(_, value)| value.trim())
        };
        if let (Some(local), Some(domain)) = (one_of(&LOCAL_ATTRIBUTES), one_of(&DOMAIN_ATTRIBUTES))
            && let Some(email) = email::joined(local, domain, one_of(&TOP_LEVEL_ATTRIBUTES), &self.site)
        {
            self.add_email(email, Spelling::Attribute);
        }
    }

    pub(super) fn add_phones(&mut self, candidates: Vec<Candidate>) {
        if self.phones.len() < MAX_LINKED {
            self.phones.extend(candidates);
        }
    }
}

/// Returns whether a list of words contains a word, ignoring ASCII case.
fn has_word(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|own| own.eq_ignore_ascii_case(word))
}
