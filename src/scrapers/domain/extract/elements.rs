//! What single elements of a page say: metadata, links, scripts, images.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use ego_tree::NodeRef;
use scraper::Node;
use scraper::node::Element;

use super::images::{ImageMarks, names_header};
use super::page::Page;
use super::phone::Candidate;
use super::text::{clean, contains_ignore_case};
use super::{email, notices};
use crate::names;

const MAX_TITLE_CHARS: usize = 500;
const MAX_DESCRIPTION_CHARS: usize = 2_000;
const MAX_GENERATOR_CHARS: usize = 200;
const MAX_FEEDS: usize = 20;
/// The most addresses and numbers that links give.
const MAX_LINKED: usize = 500;
/// The most images whose place in the page is looked up.
const MAX_LOGO_CHECKS: usize = 30;

/// What the address of a link to a social network contains. URLs are parsed only where one is.
const SOCIAL_HOSTS: [&str; 8] = [
    "facebook.com/",
    "fb.com/",
    "fb.me/",
    "twitter.com/",
    "x.com/",
    "linkedin.com/",
    "instagram.com/",
    "youtu",
];
static SOCIAL: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .build(SOCIAL_HOSTS)
        .ok()
});

/// The attributes of one element, found in one pass over them.
#[derive(Default)]
pub(super) struct Attributes<'a> {
    pub(super) alt: &'a str,
    pub(super) cfemail: Option<&'a str>,
    pub(super) class: &'a str,
    pub(super) content: &'a str,
    pub(super) data_src: Option<&'a str>,
    pub(super) href: Option<&'a str>,
    pub(super) http_equiv: &'a str,
    pub(super) id: &'a str,
    pub(super) kind: &'a str,
    pub(super) lang: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) property: &'a str,
    pub(super) rel: &'a str,
    pub(super) sizes: Option<&'a str>,
    pub(super) src: Option<&'a str>,
    pub(super) style: &'a str,
}

impl Page {
    pub(super) fn read_attributes<'a>(&mut self, element: &'a Element) -> Attributes<'a> {
        let mut found = Attributes::default();
        for (name, value) in &element.attrs {
            let value: &str = value;
            let name: &str = &name.local;
            match name {
                "alt" => found.alt = value,
                "class" => {
                    found.class = value;
                    self.technologies.see_names(value);
                }
                "content" => found.content = value,
                "data-cfemail" => found.cfemail = Some(value),
                "data-src" => found.data_src = Some(value),
                "href" => found.href = Some(value),
                "http-equiv" => found.http_equiv = value,
                "id" => {
                    found.id = value;
                    self.technologies.see_names(value);
                }
                "lang" => found.lang = Some(value),
                "name" => found.name = value,
                "property" => found.property = value,
                "rel" => found.rel = value,
                "sizes" => found.sizes = Some(value),
                "src" => found.src = Some(value),
                "style" => found.style = value,
                "type" => found.kind = value,
                "xml:lang" => found.lang = found.lang.or(Some(value)),
                _ => self.technologies.see_attribute(name),
            }
        }
        found
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
        let name = if attributes.name.is_empty() {
            attributes.property
        } else {
            attributes.name
        };
        if name.is_empty() {
            return;
        }
        let fill = |slot: &mut Option<String>, max_chars| {
            if slot.is_none() {
                *slot = clean(content, max_chars);
            }
        };
        match name.to_ascii_lowercase().as_str() {
            "description" => fill(&mut self.description, MAX_DESCRIPTION_CHARS),
            "og:description" => fill(&mut self.og_description, MAX_DESCRIPTION_CHARS),
            "og:title" => fill(&mut self.og_title, MAX_TITLE_CHARS),
            "og:logo" if self.og_logo.is_none() => self.og_logo = self.site.address(content),
            "generator" => {
                fill(&mut self.generator, MAX_GENERATOR_CHARS);
                self.technologies.see_generator(content.trim_start());
                self.wordpress.see_generator(content);
            }
            other => self.technologies.see_meta(other),
        }
    }

    pub(super) fn see_link(&mut self, attributes: &Attributes<'_>) {
        let Some(href) = attributes.href else { return };
        let has_rel = |word: &str| {
            attributes
                .rel
                .split_ascii_whitespace()
                .any(|rel| rel.eq_ignore_ascii_case(word))
        };
        self.wordpress.see_rest_link(attributes.rel, href, &self.site);
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
                self.feed_urls.push(url);
            }
        } else if !has_rel("canonical") && !has_rel("next") && !has_rel("prev") {
            self.see_resource(Some(href));
        }
        self.favicon
            .see_link(attributes.rel, href, attributes.sizes, &self.site);
    }

    pub(super) fn see_resource(&mut self, url: Option<&str>) {
        if let Some(url) = url {
            self.technologies.see_url(url);
            self.wordpress.see_url(url, &self.site);
        }
    }

    pub(super) fn see_script(&mut self, node: NodeRef<'_, Node>, attributes: &Attributes<'_>) {
        self.performance.script_count += 1;
        self.see_resource(attributes.src.or(attributes.data_src));
        let text = node.first_child().and_then(|child| child.value().as_text());
        let Some(text) = text else { return };
        if attributes.kind.trim().eq_ignore_ascii_case("application/ld+json") {
            self.read_structured(text);
        } else {
            self.technologies.see_script(text);
            if contains_ignore_case(attributes.kind, "magento-init") {
                self.technologies.note("Magento");
            }
        }
    }

    fn read_structured(&mut self, script: &str) {
        self.structured.read(script);
        let position = self.text.position();
        for field in std::mem::take(&mut self.structured.emails) {
            if let Some(email) = email::read(&field, &self.site) {
                self.add_email(email);
            }
        }
        for number in std::mem::take(&mut self.structured.telephones) {
            self.add_phone(Candidate::declared(position, &number));
        }
        for link in std::mem::take(&mut self.structured.links) {
            self.take_social(&link);
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
                self.add_email(email);
            }
        } else if starts_with("tel:") {
            self.add_phone(Candidate::declared(self.text.position(), href));
        } else if let Some((_, hex)) = href.split_once("/cdn-cgi/l/email-protection#") {
            if let Some(email) = email::from_protected(hex, &self.site) {
                self.add_email(email);
            }
        } else {
            self.take_social(href);
            if !self.has_privacy_policy && !starts_with("javascript:") && !href.starts_with('#') {
                self.see_policy_link(href);
            }
        }
    }

    /// Notes a link to a privacy policy; of another company's only such as host those of their customers.
    fn see_policy_link(&mut self, href: &str) {
        let is_candidate = || {
            let url = self.site.resolve(href)?;
            let host = url.host_str()?;
            Some(self.site.owns(host) || !notices::is_policy_of_others(names::registrable(host)))
        };
        if notices::names_policy(href) {
            self.has_privacy_policy = is_candidate().unwrap_or(false);
        } else if !href.contains("//") || is_candidate().unwrap_or(false) {
            self.link_start = Some(self.text.position());
        }
    }

    fn take_social(&mut self, href: &str) {
        if SOCIAL.as_ref().is_some_and(|hosts| hosts.is_match(href))
            && let Some(url) = self.site.resolve(href)
            && !self.site.owns_url(&url)
        {
            self.social_links.take(&url);
        }
    }

    pub(super) fn see_image(&mut self, node: NodeRef<'_, Node>, attributes: &Attributes<'_>) {
        self.performance.image_count += 1;
        if attributes.alt == "@" {
            self.text.push("@");
        }
        // Lazy loading keeps the address elsewhere and a placeholder in `src`.
        let src = attributes
            .src
            .filter(|src| !src.starts_with("data:"))
            .or(attributes.data_src);
        let Some(src) = src else { return };
        self.wordpress.see_url(src, &self.site);
        let marks = ImageMarks {
            class: attributes.class,
            id: attributes.id,
            alt: attributes.alt,
            src,
        };
        if self.image_logo.is_none() && self.logo_checks < MAX_LOGO_CHECKS && marks.name_a_logo() {
            self.logo_checks += 1;
            if marks.are_of_wordpress() || is_in_header(node) {
                self.image_logo = self.site.address(src);
            }
        }
    }

    pub(super) fn add_email(&mut self, email: String) {
        if self.emails.len() < MAX_LINKED {
            self.emails.push((self.text.position(), email));
        }
    }

    fn add_phone(&mut self, candidate: Option<Candidate>) {
        if self.phones.len() < MAX_LINKED {
            self.phones.extend(candidate);
        }
    }
}

/// Tells whether a node stands in the page's header.
fn is_in_header(node: NodeRef<'_, Node>) -> bool {
    node.ancestors()
        .filter_map(|ancestor| ancestor.value().as_element())
        .any(|element| {
            element.name() == "header"
                || element.attr("role") == Some("banner")
                || [element.attr("id"), element.attr("class")]
                    .into_iter()
                    .flatten()
                    .any(names_header)
        })
}
