//! Microdata of a business: telephone, address and opening hours, declared by attributes.

use ego_tree::NodeId;
use serde_json::{Map, Value};

use super::attributes::Attributes;
use super::items::Open;
use super::json_ld::{FOREIGN_KEYS, MAX_ADDRESSES, postal};
use super::page::Page;
use super::text::{BREAK, SEAM, clean};

/// Maximum length of a value that is kept.
const MAX_VALUE_CHARS: usize = 300;
/// Maximum depth of nested properties.
const MAX_OPEN: usize = 50;

/// The properties that are read, and those that may contain them.
const PROPERTIES: [&str; 14] = [
    "telephone",
    "address",
    "openingHours",
    "openingHoursSpecification",
    "streetAddress",
    "postalCode",
    "addressLocality",
    "addressRegion",
    "addressCountry",
    "dayOfWeek",
    "opens",
    "closes",
    "validFrom",
    "paymentAccepted",
];

impl Page {
    /// Records an element that is a property.
    pub(super) fn open_item(&mut self, node: NodeId, attributes: &Attributes<'_>) {
        if attributes.itemprop.is_empty() || self.items.open.len() >= MAX_OPEN {
            return;
        }
        let known = || PROPERTIES.iter().chain(&FOREIGN_KEYS);
        let mut names = attributes.itemprop.split_ascii_whitespace();
        let Some(property) = names.find_map(|name| known().find(|known| **known == name)) else {
            return;
        };
        let value = if attributes.content.is_empty() {
            let link = attributes
                .href
                .filter(|_| matches!(*property, "telephone" | "dayOfWeek"));
            attributes.datetime.or(link)
        } else {
            Some(attributes.content)
        };
        self.items.open.push(Open {
            node,
            property,
            start: self.text.position(),
            value: value.map(str::to_owned),
            object: attributes.itemscope.then(Map::new),
        });
    }

    /// Takes the value of a property at the end of its element.
    pub(super) fn close_item(&mut self, node: NodeId) {
        let Some(item) = self.items.open.pop_if(|item| item.node == node) else {
            return;
        };
        // Properties within an author or a review belong to that party.
        let is_foreign = |item: &Open| FOREIGN_KEYS.contains(&item.property);
        if is_foreign(&item) || self.items.open.iter().any(is_foreign) {
            return;
        }
        if let Some(object) = item.object {
            match item.property {
                "address" => self.add_postal(postal(&object), &object),
                "openingHoursSpecification" => self.structured.week.read_specification(&Value::Object(object)),
                _ => {}
            }
            return;
        }
        let text = || {
            clean(
                &self.text.since(item.start).replace([BREAK, SEAM], " "),
                MAX_VALUE_CHARS,
            )
        };
        let Some(value) = item
            .value
            .and_then(|value| clean(&value, MAX_VALUE_CHARS))
            .or_else(text)
        else {
            return;
        };
        match item.property {
            // Telephone numbers are read from any element; see `phone_links`.
            "telephone" => {}
            "openingHours" => {
                self.structured.week.read_text(&value);
                self.structured.hours.get_or_insert(value);
            }
            "paymentAccepted" => self.payments.see_statement(&value),
            "address" => self.add_postal(Some(value), &Map::new()),
            property => {
                let around = self.items.open.iter_mut().rev().find_map(|open| open.object.as_mut());
                if let Some(around) = around {
                    take(around, property, value);
                }
            }
        }
    }

    fn add_postal(&mut self, address: Option<String>, object: &Map<String, Value>) {
        if self.structured.country.is_none() {
            let country = object.get("addressCountry").and_then(Value::as_str);
            self.structured.country = country.map(str::to_owned);
        }
        if let Some(address) = address
            && self.structured.addresses.len() < MAX_ADDRESSES
            && !self.structured.addresses.contains(&address)
        {
            self.structured.addresses.push(address);
        }
    }
}

/// Adds a property to an object; there may be several days.
fn take(object: &mut Map<String, Value>, property: &str, value: String) {
    if property == "dayOfWeek"
        && let Some(Value::String(first)) = object.get_mut(property)
    {
        first.push(',');
        first.push_str(&value);
        return;
    }
    object.entry(property).or_insert(Value::String(value));
}
