//! Addresses that content management systems and scripts hide from robots and show to every visitor.

use ego_tree::NodeRef;
use percent_encoding::percent_decode_str;
use scraper::Node;
use scraper::node::Element;

use super::attributes::Attributes;
use super::decode::{base64, cryptx, references, rot13, rot47, typo3};
use super::email::{self, Spelling};
use super::page::Page;
use super::script::{Written, written};
use super::text::{BREAK, SEAM, contains_ignore_case};

/// Maximum distance by which TYPO3 shifts letters.
const MAX_OFFSET: i32 = 26;
/// Maximum size of a `<noscript>` that is read, in bytes.
const MAX_NOSCRIPT_BYTES: usize = 16 << 10;
/// Texts in a script that indicate an address, and functions that write into a page.
const AT_SIGNS: [&str; 12] = [
    "@",
    "&#64",
    "&#x40",
    "%40",
    "\\x40",
    "\\u0040",
    "fromCharCode",
    "unescape",
    "decodeURI",
    "atob(",
    "mail",
    "[at]",
];
const WRITERS: [&str; 6] = [
    "document.write",
    "innerHTML",
    "outerHTML",
    "mailto",
    "location",
    "eval(",
];

impl Page {
    /// Takes an address that an element hides. Returns whether the element's text is only a notice that one is hidden.
    pub(super) fn see_cloak(&mut self, tag: &str, element: &Element, attributes: &Attributes<'_>) -> bool {
        if tag == "joomla-hidden-mail" {
            let part = |name| element.attr(name).and_then(base64);
            if let (Some(first), Some(last)) = (part("first"), part("last"))
                && let Some(email) = email::joined(&first, &last, None, &self.site)
            {
                self.add_email(email, Spelling::Protected);
                return true;
            }
        }
        self.see_data_cloak(&attributes.data);
        for handler in &attributes.handlers {
            self.read_written(handler);
        }
        if let Some(href) = attributes.href
            && href
                .get(..11)
                .is_some_and(|start| start.eq_ignore_ascii_case("javascript:"))
        {
            let script = percent_decode_str(href.get(11..).unwrap_or_default()).decode_utf8_lossy();
            self.see_script_link(&script);
        }
        false
    }

    /// Reads the address in the `javascript:` URL of a link.
    fn see_script_link(&mut self, script: &str) {
        if let Some((_, token)) = script.split_once("UnCryptMailto(") {
            self.add_typo3(argument(token), None);
        } else if let Some((_, token)) = script.split_once("__eae_open(") {
            self.add_mailto(&rot47(argument(token)));
        } else if let Some((_, token)) = script.split_once("DeCryptX(") {
            if let Some(link) = cryptx(argument(token)) {
                self.add_mailto(&link);
            }
        } else {
            self.read_written(script);
        }
    }

    /// Decodes a TYPO3 link. If the offset is in another script, all offsets are tried.
    fn add_typo3(&mut self, token: &str, vector: Option<i32>) {
        let offsets = vector.into_iter().chain(-MAX_OFFSET..=MAX_OFFSET);
        let link = offsets
            .map(|offset| typo3(token, offset))
            .find(|link| link.starts_with("mailto:"));
        if let Some(link) = link {
            self.add_mailto(&link);
        }
    }

    /// Takes the addresses of a decoded link.
    fn add_mailto(&mut self, link: &str) {
        for email in email::from_mailto(link, &self.site) {
            self.add_email(email, Spelling::Protected);
        }
    }

    fn see_data_cloak(&mut self, data: &[(&str, &str)]) {
        for (name, value) in data {
            if *name == "data-mailto-token" {
                let vector = data.iter().find(|(name, _)| *name == "data-mailto-vector");
                self.add_typo3(value, vector.and_then(|(_, vector)| vector.trim().parse().ok()));
                continue;
            }
            let is_mail = ["mail", "contact", "addr"].iter().any(|word| name.contains(word));
            let is_coded = ["enc", "rot", "crypt", "cloak", "obf", "b64", "base64", "hash"]
                .iter()
                .any(|word| name.contains(word));
            if !is_mail && !is_coded {
                continue;
            }
            let plain = base64(value).filter(|text| text.contains('@'));
            let turned = || {
                is_coded
                    .then(|| rot13(&value.replace("[at]", "@")))
                    .filter(|text| text.contains('@'))
            };
            let email = plain.or_else(turned).and_then(|text| email::whole(&text, &self.site));
            if let Some(email) = email {
                self.add_email(email, Spelling::Protected);
            }
        }
    }

    /// Reads a script of the page.
    pub(super) fn see_written(&mut self, script: &str) {
        let has = |words: &[&str]| words.iter().any(|word| script.contains(word));
        if !has(&AT_SIGNS) || !(has(&WRITERS) || script.contains("mail") || script.contains("Mail")) {
            return;
        }
        self.read_written(script);
    }

    fn read_written(&mut self, script: &str) {
        for written in written(script) {
            match written {
                Written::Text(text) => self.see_hidden_markup(&text),
                Written::Parts(parts) => {
                    let email = match parts.as_slice() {
                        [whole] if whole.contains('@') => email::whole(whole, &self.site),
                        [local, domain] => email::joined(local, domain, None, &self.site),
                        [local, domain, top_level, ..] => email::joined(local, domain, Some(top_level), &self.site)
                            .or_else(|| email::joined(local, domain, None, &self.site)),
                        _ => None,
                    };
                    if let Some(email) = email {
                        self.add_email(email, Spelling::Protected);
                    }
                }
            }
        }
    }

    /// Reads the addresses in markup, or in a link, that is not part of the tree.
    fn see_hidden_markup(&mut self, markup: &str) {
        for email in emails_of(markup, self) {
            self.add_email(email, Spelling::Protected);
        }
    }

    /// Reads the text for visitors without scripts. A notice to enable scripts belongs to the software's maker, so only
    /// the site's own addresses are taken from it.
    pub(super) fn see_noscript(&mut self, node: NodeRef<'_, Node>) {
        let text = node.first_child().and_then(|child| child.value().as_text());
        let Some(text) = text else { return };
        let has_sign = ["@", "&#", "&commat", "%40", "at]", "at)"]
            .iter()
            .any(|sign| text.contains(sign));
        if text.len() > MAX_NOSCRIPT_BYTES || !has_sign {
            return;
        }
        let is_notice = contains_ignore_case(text, "javascript");
        for email in emails_of(text, self) {
            let host = email.rsplit('@').next().unwrap_or_default();
            if !is_notice || self.site.owns(host) {
                self.add_email(email, Spelling::Text);
            }
        }
    }
}

/// Returns the first quoted text in a call's parentheses.
fn argument(call: &str) -> &str {
    let text = call.trim_start_matches([' ', '\'', '"']);
    text.split(['\'', '"']).next().unwrap_or_default()
}

/// Returns the addresses in the `mailto:` links of markup, or else in its text.
fn emails_of(markup: &str, page: &Page) -> Vec<String> {
    let markup = references(markup);
    let mut found = Vec::new();
    for (at, scheme) in markup.match_indices("mailto:").take(20) {
        let link = markup.get(at..).unwrap_or_default();
        let end = link
            .find(['"', '\'', '>', ' ', '\\'])
            .unwrap_or(link.len())
            .max(scheme.len());
        found.extend(email::from_mailto(link.get(..end).unwrap_or_default(), &page.site));
    }
    if found.is_empty() {
        let text = without_tags(&markup);
        found.extend(email::find(&text, &page.site).into_iter().map(|found| found.email));
    }
    found
}

/// Removes the tags from markup, marking where blocks and inline elements end.
fn without_tags(markup: &str) -> String {
    let mut text = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some((head, tail)) = rest.split_once('<') {
        text.push_str(head);
        let name = tail.trim_start_matches('/');
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!') {
            text.push('<');
            rest = tail;
            continue;
        }
        let is_block = ["p", "div", "br", "li", "td", "h"].iter().any(|block| {
            name.get(..block.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(block))
        });
        text.push(if is_block { BREAK } else { SEAM });
        rest = tail.split_once('>').map_or("", |(_, behind)| behind);
    }
    text.push_str(rest);
    text
}
