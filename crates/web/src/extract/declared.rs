//! The facts that single elements of a page declare, each with its proof.

use serde_json::Value;

use super::json_ld::MAX_ADDRESSES;
use super::page::Page;
use super::proofs::{DECLARED, Fact, READ};
use super::{PageContext, language};

/// Maximum number of languages kept.
const MAX_LANGUAGES: usize = 10;

impl Page {
    /// Returns the title: that of the page, or else that for social networks.
    pub(super) fn stated_title(&mut self) -> Option<String> {
        let found = [(self.title.take(), "title"), (self.og_title.take(), "meta og:title")];
        self.first_stated(Fact::Title, found)
    }

    /// Returns the description: that of the page, or else that for social networks.
    pub(super) fn stated_description(&mut self) -> Option<String> {
        let found = [
            (self.description.take(), "meta description"),
            (self.og_description.take(), "meta og:description"),
        ];
        self.first_stated(Fact::Description, found)
    }

    fn first_stated(&mut self, fact: Fact, found: [(Option<String>, &str); 2]) -> Option<String> {
        let (text, rule) = found.into_iter().find_map(|(text, rule)| Some((text?, rule)))?;
        self.proofs.add(fact, &text, rule, &text, DECLARED);
        Some(text)
    }

    /// Returns the languages that the server declares, or else the page in the server's place.
    pub(super) fn take_content_language(&mut self, context: &PageContext<'_>) -> Vec<String> {
        let header = context
            .content_language()
            .map(|list| (list.to_owned(), "header Content-Language"));
        let meta = self.meta_language.take().map(|list| (list, "meta Content-Language"));
        let Some((list, rule)) = header.or(meta) else {
            return Vec::new();
        };
        let read = list.split(',').filter_map(language::read);
        let languages: Vec<String> = read.take(MAX_LANGUAGES).collect();
        for language in &languages {
            for fact in [Fact::ContentLanguage, Fact::Language] {
                self.proofs.add(fact, language, rule, &list, DECLARED);
            }
        }
        languages
    }

    /// Returns the language of the page: the one it declares, or else the one in its `Content-Language`, or else the
    /// locale for social networks.
    pub(super) fn take_language(&mut self, content_language: &[String]) -> Option<String> {
        self.language.take().or_else(|| match content_language {
            [only] => Some(only.clone()),
            [] => self.og_locale.take(),
            _ => None,
        })
    }

    /// Returns the postal addresses, those from structured data first.
    pub(super) fn take_addresses(&mut self) -> Vec<String> {
        let mut addresses = std::mem::take(&mut self.structured.addresses);
        let elements = std::mem::take(&mut self.addresses);
        for (rule, found) in [("structured data address", &addresses), ("address element", &elements)] {
            for address in found {
                self.proofs.add(Fact::Address, address, rule, address, DECLARED);
            }
        }
        for address in elements {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses.truncate(MAX_ADDRESSES);
        addresses
    }

    /// Returns the URL of the icon.
    pub(super) fn take_favicon(&mut self) -> Option<String> {
        let (url, rule) = std::mem::take(&mut self.favicon).finish()?;
        self.proofs.add(Fact::Favicon, &url, rule, &url, DECLARED);
        Some(url)
    }

    /// Returns the URL of the logo: from structured data, or else metadata, or else an image.
    pub(super) fn take_logo(&mut self) -> Option<String> {
        let declared = self.structured.logo.take();
        let declared = declared.and_then(|logo| self.site.address(&logo));
        let found = [
            (declared, "structured data logo", DECLARED),
            (self.og_logo.take(), "meta og:logo", DECLARED),
            (self.image_logo.take(), "image in the header", READ),
        ];
        let (url, rule, confidence) = found
            .into_iter()
            .find_map(|(url, rule, confidence)| Some((url?, rule, confidence)))?;
        self.proofs.add(Fact::Logo, &url, rule, &url, confidence);
        Some(url)
    }

    /// Returns the opening hours.
    pub(super) fn take_hours(&mut self) -> Option<Value> {
        let week = std::mem::take(&mut self.structured.week).into_json()?;
        let hours = week.to_string();
        let written = self.structured.hours.take();
        let written = written.as_deref().unwrap_or(&hours);
        self.proofs
            .add(Fact::Hours, &hours, "structured data openingHours", written, DECLARED);
        Some(week)
    }
}
