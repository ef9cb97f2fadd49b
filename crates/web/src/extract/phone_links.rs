//! Elements that declare telephone numbers: links, fields of structured markup, icons.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::attributes::Attributes;
use super::page::Page;
use super::phone::{Candidate, PhoneField, PhoneKind, is_fax_label, read_link};
use super::social::Source;
use super::text::{FAX_MARK, PHONE_MARK, contains_ignore_case};
use crate::finder;

/// Parts of the classes of icons, next to the name of the picture.
const ICON_SETS: [&str; 12] = [
    "icon", "fa-", "fas ", "glyph", "bi-", "mdi", "ri-", "la-", "uil", "ti-", "lnr", "symbol",
];
/// Classes of elements that contain a fax number.
const FAX_CLASSES: [&str; 4] = ["fax", "telefax", "fax-number", "faxnumber"];
const FAX_ICONS: [&str; 4] = ["fax", "telefax", "faxnumber", "printer"];
const PHONE_ICONS: [&str; 8] = [
    "phone",
    "tel",
    "telephone",
    "telefon",
    "mobile",
    "smartphone",
    "handset",
    "cellphone",
];
/// Texts that the names of all these icons contain.
static ICON_FINDER: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| finder::ignoring_case(["phone", "tel", "mobile", "handset", "fax", "printer"]));

impl Page {
    /// Takes the number of a link. Returns whether there was one.
    pub(super) fn see_phone_link(&mut self, href: &str, attributes: &Attributes<'_>) -> bool {
        let Some((value, kind)) = read_link(href) else {
            return false;
        };
        let is_fax = || {
            let mut classes = attributes.class.split_ascii_whitespace();
            is_fax_label(attributes.label) || classes.any(|class| FAX_CLASSES.contains(&class))
        };
        let kind = kind.or_else(|| is_fax().then_some(PhoneKind::Fax));
        if kind == Some(PhoneKind::WhatsApp) {
            self.take_social(
                &format!("https://wa.me/{}", value.trim_start_matches('+')),
                Source::Link,
            );
        }
        self.add_phones(Candidate::declared(self.text.position(), &value, kind));
        true
    }

    /// Records a field of microdata, `RDFa` or a microformat that contains a number, and an icon that announces one.
    ///
    /// Returns the field if its text is the number.
    pub(super) fn see_phone_marks(&mut self, tag: &str, attributes: &Attributes<'_>) -> Option<PhoneField> {
        self.see_phone_icon(tag, attributes);
        for handler in &attributes.handlers {
            for part in handler.split(['\'', '"']).filter(|part| part.starts_with("tel:")) {
                self.see_phone_link(part, attributes);
            }
        }
        for (name, value) in &attributes.data {
            if matches!(
                *name,
                "data-phone" | "data-tel" | "data-telephone" | "data-phone-number"
            ) {
                self.add_phones(Candidate::declared(self.text.position(), value, None));
            }
        }
        let kind = field_kind(attributes)?;
        if attributes.content.is_empty() {
            let start = self.text.position();
            return Some(PhoneField { start, kind });
        }
        let position = self.text.position();
        self.add_phones(Candidate::structured(position, attributes.content, Some(kind)));
        None
    }

    /// Takes the text of a field as its number.
    pub(super) fn close_phone_field(&mut self, field: PhoneField) {
        let kind = (field.kind == PhoneKind::Fax).then_some(PhoneKind::Fax);
        let found = Candidate::declared(field.start, self.text.since(field.start), kind);
        self.add_phones(found);
    }

    fn see_phone_icon(&mut self, tag: &str, attributes: &Attributes<'_>) {
        let class = attributes.class;
        if class.contains("fax") && class.split_ascii_whitespace().any(|name| FAX_CLASSES.contains(&name)) {
            self.text.push_mark(FAX_MARK);
            return;
        }
        let shows = match tag {
            "i" | "span" | "em" | "b" | "svg" => class,
            "img" => attributes.alt,
            _ => return,
        };
        if shows.len() > 200 || !ICON_FINDER.as_ref().is_some_and(|icons| icons.is_match(shows)) {
            return;
        }
        if tag != "img" && !ICON_SETS.iter().any(|set| class.contains(set)) {
            return;
        }
        let has = |names: &[&str]| {
            shows
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|part| names.iter().any(|name| part.eq_ignore_ascii_case(name)))
        };
        // `fa-printer` indicates a fax number only as an icon.
        if has(&FAX_ICONS) && (tag != "img" || contains_ignore_case(shows, "fax")) {
            self.text.push_mark(FAX_MARK);
        } else if has(&PHONE_ICONS) {
            self.text.push_mark(PHONE_MARK);
        }
    }
}

/// Returns the kind of the number in a field.
fn field_kind(attributes: &Attributes<'_>) -> Option<PhoneKind> {
    let names = |list: &str| {
        list.split_ascii_whitespace().find_map(|name| {
            let name = name.rsplit([':', '/', '#']).next().unwrap_or_default();
            if name.eq_ignore_ascii_case("telephone") || name.eq_ignore_ascii_case("phone") {
                Some(PhoneKind::Voice)
            } else if name.eq_ignore_ascii_case("faxNumber") || name.eq_ignore_ascii_case("fax") {
                Some(PhoneKind::Fax)
            } else {
                None
            }
        })
    };
    if !attributes.itemprop.is_empty() {
        return names(attributes.itemprop);
    }
    if !attributes.property.is_empty() && !attributes.property.contains("og:") {
        return names(attributes.property);
    }
    let is_hcard = attributes
        .class
        .split_ascii_whitespace()
        .any(|class| matches!(class, "tel" | "p-tel"));
    is_hcard.then_some(PhoneKind::Voice)
}
