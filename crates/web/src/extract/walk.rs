//! The single pass over the tree, which collects data for the finders.

use ego_tree::{NodeId, NodeRef};
use html5ever::{LocalName, local_name, ns};
use scraper::Node;
use scraper::node::Element;

use super::attributes::Attributes;
use super::email::Spelling;
use super::json_ld::MAX_ADDRESSES;
use super::page::{Form, Page};
use super::proofs::{DECLARED, Fact};
use super::text::{clean, contains_ignore_case};
use super::{email, language, notices};

/// Maximum length of the first heading, in characters.
const MAX_H1_CHARS: usize = 500;
/// Maximum number of rules in a style sheet that are examined.
const MAX_RULES: usize = 5_000;

impl Page {
    /// Visits every node below `root` once, in page order, without recursion.
    pub(super) fn walk(&mut self, root: NodeRef<'_, Node>) {
        let mut node = root;
        loop {
            if self.open(node)
                && let Some(child) = node.first_child()
            {
                node = child;
                continue;
            }
            loop {
                self.close(node);
                if node.id() == root.id() {
                    return;
                }
                if let Some(next) = node.next_sibling() {
                    node = next;
                    break;
                }
                let Some(parent) = node.parent() else { return };
                node = parent;
            }
        }
    }

    /// Examines a node. Returns whether to visit its children.
    fn open(&mut self, node: NodeRef<'_, Node>) -> bool {
        match node.value() {
            Node::Text(text) => {
                if self.svg_depth == 0 {
                    self.text.push(text);
                }
                false
            }
            Node::Element(element) => self.open_element(node, element),
            Node::Document => true,
            Node::Comment(comment) => {
                self.technologies.see_comment(comment);
                false
            }
            Node::Fragment | Node::Doctype(_) | Node::ProcessingInstruction(_) => false,
        }
    }

    fn open_element(&mut self, node: NodeRef<'_, Node>, element: &Element) -> bool {
        self.performance.total_elements += 1;
        let tag = &element.name.local;
        if element.name.ns != ns!(html) {
            self.open_foreign(tag, element);
            return true;
        }
        self.separate(tag);
        self.has_mount |= **tag == *"app-root";
        self.technologies.see_element(tag);
        if element.attrs.is_empty() {
            return self.open_html(node, tag, &Attributes::default());
        }
        let attributes = self.read_attributes(element);
        self.see_data(tag, &attributes.data);
        self.see_marks(node.id(), tag, &attributes);
        self.see_social_marks(&attributes);
        if let Some(field) = self.see_phone_marks(tag, &attributes) {
            self.phone_fields.push((node.id(), field));
        }
        if self.see_cloak(tag, element, &attributes) || !self.open_html(node, tag, &attributes) {
            return false;
        }
        if let Some(hex) = attributes.cfemail
            && let Some(email) = email::from_protected(hex, &self.site)
        {
            self.add_email(email, Spelling::Protected);
            // The text of the element only says that the address is protected.
            return false;
        }
        true
    }

    /// Examines an element of SVG or `MathML`.
    fn open_foreign(&mut self, tag: &str, element: &Element) {
        if tag == "svg" {
            self.svg_depth += 1;
            let class = element.attr("class").unwrap_or_default();
            let attributes = Attributes {
                class,
                ..Attributes::default()
            };
            self.see_phone_marks(tag, &attributes);
        }
    }

    /// Examines an element of HTML by its name. Returns whether to visit its children.
    fn open_html(&mut self, node: NodeRef<'_, Node>, tag: &LocalName, attributes: &Attributes<'_>) -> bool {
        match *tag {
            local_name!("html") => self.see_root(attributes),
            local_name!("title") => {
                self.take_title(node);
                return false;
            }
            local_name!("base") => self.site.set_base(attributes.href.unwrap_or_default()),
            local_name!("meta") => self.see_meta(attributes),
            local_name!("link") => self.see_link(attributes),
            local_name!("script") => {
                self.see_script(node, attributes);
                return false;
            }
            local_name!("a") => self.see_anchor(attributes),
            local_name!("area") => self.see_area(attributes),
            local_name!("img") => self.see_image(node, attributes),
            local_name!("iframe") | local_name!("frame") | local_name!("frameset") | local_name!("noscript") => {
                return self.see_part(tag, node, attributes);
            }
            local_name!("form") => {
                self.performance.form_count += 1;
                self.form = Some(Form::default());
            }
            local_name!("h1") if self.h1.is_none() => self.h1_start = Some(self.text.position()),
            local_name!("style") => {
                self.see_style(node);
                return false;
            }
            local_name!("textarea") => {
                if let Some(form) = &mut self.form {
                    form.has_message = true;
                }
                return false;
            }
            local_name!("input") => self.see_input(attributes),
            local_name!("address") => self.address_start = Some(self.text.position()),
            local_name!("template")
            | local_name!("option")
            | local_name!("object")
            | local_name!("audio")
            | local_name!("video") => return false,
            // Spam traps are hidden inline elements within an address.
            local_name!("span")
            | local_name!("i")
            | local_name!("b")
            | local_name!("em")
            | local_name!("strong")
            | local_name!("small")
                if is_hidden(attributes.style) =>
            {
                return false;
            }
            _ => {}
        }
        true
    }

    fn see_root(&mut self, attributes: &Attributes<'_>) {
        if self.language.is_none()
            && let Some(lang) = attributes.lang
            && let Some(language) = language::read(lang)
        {
            self.proofs.add(Fact::Language, &language, "html lang", lang, DECLARED);
            self.language = Some(language);
        }
    }

    fn see_input(&mut self, attributes: &Attributes<'_>) {
        if let Some(form) = &mut self.form {
            form.has_email |=
                attributes.kind.eq_ignore_ascii_case("email") || contains_ignore_case(attributes.name, "mail");
        }
    }

    fn close(&mut self, node: NodeRef<'_, Node>) {
        let Node::Element(element) = node.value() else { return };
        let tag = &element.name.local;
        if element.name.ns != ns!(html) {
            self.svg_depth -= usize::from(*tag == local_name!("svg"));
            return;
        }
        if let Some((_, start)) = self.turned.pop_if(|(turned, _)| *turned == node.id()) {
            self.text.reverse_since(start);
            self.turned_parts.push(start..self.text.position());
        }
        if let Some((_, field)) = self.phone_fields.pop_if(|(declared, _)| *declared == node.id()) {
            self.close_phone_field(field);
        }
        self.close_item(node.id());
        match *tag {
            local_name!("h1") => {
                if let Some(start) = self.h1_start.take() {
                    self.h1 = clean(self.text.since(start), MAX_H1_CHARS);
                }
            }
            local_name!("form") => {
                if let Some(form) = self.form.take() {
                    self.has_contact_form |= form.has_message && form.has_email;
                }
            }
            local_name!("a") => {
                self.close_social_link();
                if std::mem::take(&mut self.is_link_open)
                    && let Some(link) = self.links.last_mut()
                {
                    link.end = Some(self.text.position());
                }
                if let Some(start) = self.link_start.take()
                    && notices::text_names_policy(self.text.since(start))
                {
                    self.take_policy(element.attr("href").unwrap_or_default());
                }
            }
            local_name!("address") => {
                if let Some(start) = self.address_start.take()
                    && self.addresses.len() < MAX_ADDRESSES
                {
                    self.addresses.extend(notices::postal_address(self.text.since(start)));
                }
            }
            _ => {}
        }
        self.separate(tag);
    }

    /// Examines the attributes that have a meaning on any element.
    fn see_marks(&mut self, node: NodeId, tag: &str, attributes: &Attributes<'_>) {
        if !attributes.itemtype.is_empty() {
            self.structured.add_type(attributes.itemtype);
        }
        if attributes.itemprop == "email" {
            let value = if attributes.content.is_empty() {
                attributes.href
            } else {
                Some(attributes.content)
            };
            if let Some(email) = value.and_then(|value| email::whole(value, &self.site)) {
                self.add_email(email, Spelling::Structured);
            }
        }
        self.has_comments |= matches!(attributes.id, "comments" | "respond" | "disqus_thread")
            || attributes
                .class
                .split_ascii_whitespace()
                .any(|class| matches!(class, "comment-list" | "commentlist" | "comment-respond"));
        let is_turned = (tag == "bdo" && attributes.dir.eq_ignore_ascii_case("rtl"))
            || turns_around(attributes.style)
            || (!self.turned_classes.is_empty()
                && attributes
                    .class
                    .split_ascii_whitespace()
                    .any(|class| self.turned_classes.iter().any(|turned| turned == class)));
        self.open_item(node, attributes);
        // Text that is reversed twice would be unchanged, but this does not occur.
        if is_turned && self.turned.is_empty() {
            self.turned.push((node, self.text.position()));
        }
    }

    /// Finds the classes with which a style sheet reverses text.
    fn see_style(&mut self, node: NodeRef<'_, Node>) {
        let Some(text) = node.first_child().and_then(|child| child.value().as_text()) else {
            return;
        };
        if !text.contains("bidi-override") {
            return;
        }
        for rule in text.split('}').take(MAX_RULES) {
            let Some((selectors, style)) = rule.rsplit_once('{') else {
                continue;
            };
            if !turns_around(style) {
                continue;
            }
            let classes = selectors
                .split([',', ' ', '\n'])
                .filter_map(|selector| selector.rsplit_once('.'));
            self.turned_classes
                .extend(classes.map(|(_, class)| class.trim().to_owned()));
        }
    }

    /// Marks the beginning or end of an element in the text.
    fn separate(&mut self, tag: &LocalName) {
        match *tag {
            local_name!("wbr")
            | local_name!("img")
            | local_name!("script")
            | local_name!("style")
            | local_name!("template")
            | local_name!("noscript")
            | local_name!("meta")
            | local_name!("link") => {}
            local_name!("a")
            | local_name!("abbr")
            | local_name!("acronym")
            | local_name!("b")
            | local_name!("bdi")
            | local_name!("bdo")
            | local_name!("big")
            | local_name!("cite")
            | local_name!("code")
            | local_name!("data")
            | local_name!("del")
            | local_name!("em")
            | local_name!("font")
            | local_name!("i")
            | local_name!("ins")
            | local_name!("kbd")
            | local_name!("label")
            | local_name!("mark")
            | local_name!("nobr")
            | local_name!("q")
            | local_name!("s")
            | local_name!("samp")
            | local_name!("small")
            | local_name!("span")
            | local_name!("strike")
            | local_name!("strong")
            | local_name!("sub")
            | local_name!("sup")
            | local_name!("time")
            | local_name!("tt")
            | local_name!("u")
            | local_name!("var") => self.text.push_seam(),
            _ => self.text.push_break(),
        }
    }
}

/// Returns whether a style writes letters from right to left.
fn turns_around(style: &str) -> bool {
    if !style.contains("bidi-override") {
        return false;
    }
    let style = style.replace(' ', "").to_ascii_lowercase();
    style.contains("direction:rtl")
}

fn is_hidden(style: &str) -> bool {
    !style.is_empty() && style.replace(' ', "").to_ascii_lowercase().contains("display:none")
}
