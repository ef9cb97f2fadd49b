//! Structured data: the facts in a page's JSON-LD, which is read as data and never run.

use serde_json::{Map, Value};

use super::business::Named;
use super::hours::Week;
use super::lenient;
use super::text::clean;

/// Maximum number of postal addresses kept per page.
pub(super) const MAX_ADDRESSES: usize = 20;

/// Maximum size of a script that is read, and maximum number of scripts.
const MAX_SCRIPT_BYTES: usize = 256 << 10;
const MAX_SCRIPTS: usize = 20;
/// Maximum number of objects that are visited.
const MAX_OBJECTS: usize = 5_000;
const MAX_ADDRESS_CHARS: usize = 300;

/// Properties of parties other than the site: authors, reviewers, partners.
pub(super) const FOREIGN_KEYS: [&str; 10] = [
    "author",
    "review",
    "reviews",
    "comment",
    "creator",
    "contributor",
    "performer",
    "sponsor",
    "hiringOrganization",
    "itemReviewed",
];

/// The facts of all scripts of a page, in order.
#[derive(Debug, Default)]
pub(super) struct StructuredData {
    pub(super) emails: Vec<String>,
    /// The owners of addresses, where they are named.
    pub(super) people: Vec<Person>,
    /// The types of the objects, each once.
    pub(super) types: Vec<String>,
    /// The names of the outermost objects: others are parties that these are about.
    pub(super) names: Vec<Named>,
    pub(super) telephones: Vec<String>,
    pub(super) fax_numbers: Vec<String>,
    pub(super) links: Vec<String>,
    /// The links of persons.
    pub(super) person_links: Vec<String>,
    /// What the objects say of payment.
    pub(super) payments: Vec<String>,
    pub(super) logo: Option<String>,
    pub(super) addresses: Vec<String>,
    pub(super) country: Option<String>,
    pub(super) week: Week,
    /// What states the opening hours, as it is written.
    pub(super) hours: Option<String>,
    scripts: usize,
    objects: usize,
}

/// The owner of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) email: String,
    pub(super) name: Option<String>,
    pub(super) role: Option<String>,
}

/// Maximum number of types kept.
const MAX_TYPES: usize = 50;
const MAX_NAME_CHARS: usize = 100;

impl StructuredData {
    /// Records a type of structured data.
    pub(super) fn add_type(&mut self, name: &str) {
        let name = name.rsplit(['/', '#', ':']).next().unwrap_or_default();
        if let Some(name) = clean(name, MAX_NAME_CHARS)
            && self.types.len() < MAX_TYPES
            && !self.types.contains(&name)
        {
            self.types.push(name);
        }
    }

    /// Records the owner of an address, if an object names both.
    fn read_person(&mut self, object: &Map<String, Value>) {
        let text = |key: &str| {
            object
                .get(key)
                .and_then(Value::as_str)
                .and_then(|text| clean(text, MAX_NAME_CHARS))
        };
        let Some(email) = text("email") else { return };
        let mut types = Vec::new();
        object
            .get("@type")
            .into_iter()
            .for_each(|value| texts(value, &mut types));
        let is_person = types.iter().any(|name| name.ends_with("Person"));
        let person = Person {
            email,
            name: is_person.then(|| text("name")).flatten(),
            role: text("jobTitle").or_else(|| text("contactType")),
        };
        if (person.name.is_some() || person.role.is_some()) && self.people.len() < MAX_TYPES {
            self.people.push(person);
        }
    }

    /// Reads one script.
    pub(super) fn read(&mut self, script: &str) {
        self.scripts += 1;
        if self.scripts > MAX_SCRIPTS || script.len() > MAX_SCRIPT_BYTES {
            return;
        }
        let values = lenient::read(script);
        values.iter().for_each(|value| self.read_names(value));
        values.iter().for_each(|value| self.visit(value));
    }

    /// Records the names of the outermost objects.
    fn read_names(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.read_names(value)),
            Value::Object(object) => {
                if let Some(graph) = object.get("@graph") {
                    self.read_names(graph);
                }
                let name = object.get("name").and_then(Value::as_str);
                if let Some(name) = name.and_then(|name| clean(name, MAX_NAME_CHARS))
                    && self.names.len() < MAX_TYPES
                {
                    let mut types = Vec::new();
                    object
                        .get("@type")
                        .into_iter()
                        .for_each(|value| texts(value, &mut types));
                    for kind in &mut types {
                        *kind = kind.rsplit(['/', '#', ':']).next().unwrap_or_default().to_owned();
                    }
                    self.names.push(Named { name, types });
                }
            }
            _ => {}
        }
    }

    /// Visits a value, whose depth the JSON parser has limited.
    fn visit(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.visit(value)),
            Value::Object(object) => {
                self.objects += 1;
                if self.objects <= MAX_OBJECTS {
                    self.visit_object(object);
                }
            }
            _ => {}
        }
    }

    fn visit_object(&mut self, object: &Map<String, Value>) {
        let mut types = Vec::new();
        object
            .get("@type")
            .into_iter()
            .for_each(|value| texts(value, &mut types));
        types.iter().for_each(|name| self.add_type(name));
        self.read_person(object);
        let is_person = !types.is_empty() && types.iter().all(|name| name.ends_with("Person"));
        for (key, value) in object {
            // A vocabulary may be named by a prefix or its URL: `schema:email`.
            let key = key.rsplit([':', '/', '#']).next().unwrap_or_default();
            match key {
                "email" => texts(value, &mut self.emails),
                "telephone" => match value {
                    Value::Number(number) => self.telephones.push(number.to_string()),
                    value => texts(value, &mut self.telephones),
                },
                "faxNumber" => texts(value, &mut self.fax_numbers),
                "sameAs" if is_person => texts(value, &mut self.person_links),
                "sameAs" => texts(value, &mut self.links),
                "logo" if self.logo.is_none() => self.logo = image(value),
                "paymentAccepted" => texts(value, &mut self.payments),
                "openingHours" => {
                    self.hours.get_or_insert_with(|| value.to_string());
                    self.week.read_texts(value);
                }
                "openingHoursSpecification" => {
                    self.hours.get_or_insert_with(|| value.to_string());
                    self.week.read_specification(value);
                }
                "address" => self.read_address(value),
                _ => {}
            }
            if !FOREIGN_KEYS.contains(&key) {
                self.visit(value);
            }
        }
    }

    fn read_address(&mut self, value: &Value) {
        if self.addresses.len() >= MAX_ADDRESSES {
            return;
        }
        if let Value::Array(values) = value {
            values.iter().for_each(|value| self.read_address(value));
            return;
        }
        let text = match value {
            Value::String(text) => clean(text, MAX_ADDRESS_CHARS),
            Value::Object(address) => {
                if self.country.is_none() {
                    self.country = address.get("addressCountry").and_then(name_of);
                }
                postal(address)
            }
            _ => None,
        };
        if let Some(text) = text
            && !self.addresses.contains(&text)
        {
            self.addresses.push(text);
        }
    }
}

/// Formats a `PostalAddress` on one line: street, postal code and town, region, country.
pub(super) fn postal(address: &Map<String, Value>) -> Option<String> {
    let part = |key: &str| address.get(key).and_then(name_of);
    let town = [part("postalCode"), part("addressLocality")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let parts = [
        part("streetAddress"),
        Some(town),
        part("addressRegion"),
        part("addressCountry"),
    ];
    let line: Vec<_> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    // A country alone is not an address.
    if line.len() < 2 {
        return None;
    }
    clean(&line.join(", "), MAX_ADDRESS_CHARS)
}

/// Returns a text, or the name of an object used instead of a text.
fn name_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => clean(text, MAX_ADDRESS_CHARS),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(object) => object
            .get("name")
            .and_then(Value::as_str)
            .and_then(|name| clean(name, MAX_ADDRESS_CHARS)),
        _ => None,
    }
}

fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| into.extend(text_of(value))),
        value => into.extend(text_of(value)),
    }
}

/// Returns a text, also if it is wrapped in an object (`{"@value": "text"}`).
fn text_of(value: &Value) -> Option<String> {
    let text = value
        .as_object()
        .and_then(|object| object.get("@value"))
        .unwrap_or(value);
    text.as_str().map(str::to_owned)
}

fn image(value: &Value) -> Option<String> {
    match value {
        Value::String(url) => Some(url.clone()),
        Value::Array(values) => values.iter().find_map(image),
        Value::Object(object) => object.get("url").or_else(|| object.get("contentUrl")).and_then(image),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(script: &str) -> StructuredData {
        let mut data = StructuredData::default();
        data.read(script);
        data
    }

    #[test]
    fn an_organization_is_read_from_a_graph() {
        let data = read(
            r#"{"@graph": [{"@type": "Organization", "logo": {"@type": "ImageObject", "url": "/logo.png"}, "email": "mailto:a@b.de",
              "telephone": ["+49 1", "+49 2"], "sameAs": ["https://x.com/acme"], "openingHours": "Mo-Fr 09:00-17:00",
              "address": {"streetAddress": "Street 1", "postalCode": 10115, "addressLocality": "Berlin", "addressCountry": {"name": "DE"}}}]}"#,
        );
        assert_eq!(data.logo.as_deref(), Some("/logo.png"));
        assert_eq!(data.emails, ["mailto:a@b.de"]);
        assert_eq!(data.telephones, ["+49 1", "+49 2"]);
        assert_eq!(data.links, ["https://x.com/acme"]);
        assert_eq!(data.addresses, ["Street 1, 10115 Berlin, DE"]);
        assert_eq!(data.country.as_deref(), Some("DE"));
        assert_eq!(
            data.week.into_json().unwrap()["friday"],
            serde_json::json!(["09:00-17:00"])
        );
    }

    #[test]
    fn names_may_have_a_prefix_and_texts_a_wrapper() {
        let data = read(
            r#"{"schema:telephone": {"@value": "+49 1"}, "http://schema.org/email": ["a@b.de", {"@value": "c@d.de"}]}"#,
        );
        assert_eq!(data.telephones, ["+49 1"]);
        assert_eq!(data.emails, ["a@b.de", "c@d.de"]);
    }

    #[test]
    fn facts_about_other_parties_are_skipped() {
        assert!(
            read(r#"{"author": {"email": "a@b.de"}, "review": [{"author": {"telephone": "1"}}]}"#)
                .emails
                .is_empty()
        );
    }

    #[test]
    fn broken_and_hostile_scripts_give_nothing() {
        assert_eq!(
            read("{\"email\": \"a@b.de\", \"x\": \"line\nbreak\"}").emails,
            ["a@b.de"]
        );
        for script in [
            "",
            "{",
            "null",
            "[1, 2",
            "<!-- -->",
            &"[".repeat(100_000),
            "{\"email\": {\"a\": 1}}",
        ] {
            assert!(read(script).emails.is_empty());
        }
    }
}
