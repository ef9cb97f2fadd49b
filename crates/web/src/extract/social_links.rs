//! Elements that name a profile on a social network.

use super::attributes::Attributes;
use super::credit;
use super::page::Page;
use super::social::{Source, names_network, plugin_page};

/// Attributes of buttons and plugins that contain a URL.
const ADDRESS_ATTRIBUTES: [&str; 4] = ["data-href", "data-url", "data-link", "data-social-url"];
/// Classes of plugins that show a page; others show a post or share the site's page.
const PAGE_PLUGINS: [&str; 4] = ["fb-page", "fb-like-box", "fb-follow", "fb-like"];

/// Returns whether a link belongs to an embedded post, so that it leads to the post's author.
fn is_embedded(href: &str) -> bool {
    ["utm_source=ig_embed", "refer=embed"]
        .iter()
        .any(|mark| href.contains(mark))
}

impl Page {
    /// Takes a link if it leads to a profile on a network.
    pub(super) fn take_social(&mut self, href: &str, source: Source) {
        if names_network(href)
            && let Some(url) = self.site.resolve(href)
            && !self.site.owns_url(&url)
        {
            self.profiles.take(&url, source, self.site.registrable());
        }
    }

    /// Takes the link of an anchor or an area, unless the text before it credits the makers of the site.
    pub(super) fn see_social_link(&mut self, href: &str, attributes: &Attributes<'_>) {
        if !names_network(href) || is_embedded(href) || credit::announces(self.text.as_str()) {
            return;
        }
        let has_rel = |word: &str| {
            let mut words = attributes.rel.split_ascii_whitespace();
            words.any(|rel| rel.eq_ignore_ascii_case(word))
        };
        // WordPress marks links to the authors of comments like this.
        let is_commenter = has_rel("ugc") || (has_rel("external") && has_rel("nofollow") && attributes.class == "url");
        if is_commenter {
            return;
        }
        let source = if has_rel("author") {
            Source::Person
        } else if has_rel("me") || has_rel("publisher") || attributes.itemprop == "sameAs" {
            Source::Declared
        } else {
            Source::Link
        };
        self.credit_start = Some((self.profiles.count(), self.text.position()));
        self.take_social(href, source);
    }

    /// Drops the profile of a link whose text credits the makers of the site.
    pub(super) fn close_social_link(&mut self) {
        if let Some((count, start)) = self.credit_start.take()
            && credit::names_maker(self.text.since(start))
        {
            self.profiles.truncate(count);
        }
    }

    /// Takes the accounts named in a page's metadata.
    pub(super) fn see_social_meta(&mut self, name: &str, content: &str) {
        let content = content.trim();
        if name.eq_ignore_ascii_case("twitter:site") {
            if content.contains("//") {
                self.take_social(content, Source::Declared);
            } else {
                let handle = content.trim_start_matches('@');
                self.take_social(&format!("https://twitter.com/{handle}"), Source::Declared);
            }
        } else if name.eq_ignore_ascii_case("article:author") {
            self.take_social(content, Source::Person);
        } else {
            self.take_social(content, Source::Declared);
        }
    }

    /// Takes the URL of a plugin, of a button, or of a script that opens a window.
    pub(super) fn see_social_marks(&mut self, attributes: &Attributes<'_>) {
        for (name, value) in &attributes.data {
            if !ADDRESS_ATTRIBUTES.contains(name) || !names_network(value) {
                continue;
            }
            let mut classes = attributes.class.split_ascii_whitespace();
            match classes.find(|class| class.starts_with("fb-")) {
                Some("fb-like") => self.take_social(value, Source::Link),
                Some(class) if PAGE_PLUGINS.contains(&class) => self.take_social(value, Source::Declared),
                Some(_) => {}
                None => self.see_social_link(value, attributes),
            }
        }
        for handler in attributes.handlers.iter().filter(|handler| names_network(handler)) {
            for part in handler.split(['\'', '"']).filter(|part| part.contains("//")) {
                self.see_social_link(part, attributes);
            }
        }
    }

    /// Takes the page that a plugin in a frame shows.
    pub(super) fn see_social_frame(&mut self, src: Option<&str>) {
        if let Some(page) = src.and_then(plugin_page) {
            self.take_social(&page, Source::Declared);
        }
    }

    /// Takes the link of an area in an image.
    pub(super) fn see_area(&mut self, attributes: &Attributes<'_>) {
        let Some(href) = attributes.href else { return };
        self.see_phone_link(href.trim(), attributes);
        self.see_social_link(href, attributes);
    }
}
