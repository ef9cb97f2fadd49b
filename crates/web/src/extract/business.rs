//! What kind of business a page declares, and how one pays there.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::proofs::{DECLARED, Fact, Proofs, READ};

const KINDS: &str = include_str!("../../../../rules/businesses.txt");
const METHODS: &str = include_str!("../../../../rules/payments.toml");

/// Maximum number of pictures and statements that are examined.
const MAX_MARKS: usize = 500;
const MAX_STATEMENTS: usize = 50;
/// Maximum length of a picture's name that can be a payment method's, in bytes.
const MAX_MARK: usize = 60;

/// The category of each type; a category is its own type.
static CATEGORIES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let lines = KINDS.lines().filter(|line| !line.starts_with('#'));
    let lines = lines.filter_map(|line| line.split_once(':'));
    lines
        .flat_map(|(category, types)| {
            let types = types.split_ascii_whitespace().chain([category]);
            types.map(move |kind| (kind, category))
        })
        .collect()
});

/// A payment method and how a page shows it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Method {
    name: String,
    said: Vec<String>,
    mark: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Methods {
    method: Vec<Method>,
}

static PAYMENTS: LazyLock<Vec<Method>> = LazyLock::new(|| {
    // A test reads the table.
    toml_edit::de::from_str::<Methods>(METHODS).map_or_else(|_| Vec::new(), |methods| methods.method)
});

/// Types of organizations that may be the business behind a site where no local business is declared.
const ORGANIZATIONS: [&str; 3] = ["Organization", "Corporation", "OnlineStore"];

/// The name of an object of structured data, and the object's types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) types: Vec<String>,
}

/// The business that a page declares in the terms of schema.org.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Business {
    /// The name; `None` if the page declares none or several.
    pub name: Option<String>,
    /// The type, such as `Restaurant`; `None` if the page declares none or several.
    pub kind: Option<&'static str>,
    /// The category of the type, such as `FoodEstablishment`; `None` if there are several.
    pub category: Option<&'static str>,
}

impl Business {
    /// Reads the types of a page's structured data, and the names of its outermost objects.
    pub(super) fn read(types: &[String], names: &[Named], proofs: &mut Proofs) -> Self {
        let business = Self {
            name: business_name(names),
            ..Self::of_types(types)
        };
        if let Some(name) = &business.name {
            proofs.add(Fact::BusinessName, name, "structured data name", name, DECLARED);
        }
        for kind in [business.kind, business.category].into_iter().flatten() {
            let all = types.join(", ");
            proofs.add(Fact::BusinessType, kind, "structured data @type", &all, DECLARED);
        }
        business
    }

    fn of_types(types: &[String]) -> Self {
        let mut known: Vec<(&str, &str)> = Vec::new();
        for kind in types {
            if let Some(found) = CATEGORIES.get_key_value(kind.as_str())
                && !known.contains(&(*found.0, *found.1))
            {
                known.push((*found.0, *found.1));
            }
        }
        let all = known.clone();
        // A category says nothing more where one of its types is declared.
        known.retain(|(kind, category)| {
            let is_narrowed = |(other, of): &(&str, &str)| of == category && other != kind;
            kind != category || !all.iter().any(is_narrowed)
        });
        match known.as_slice() {
            [] => Self::default(),
            [(kind, category)] => Self {
                name: None,
                kind: Some(kind),
                category: Some(category),
            },
            [(_, category), rest @ ..] => Self {
                name: None,
                kind: None,
                category: rest.iter().all(|(_, other)| other == category).then_some(category),
            },
        }
    }
}

/// Returns the one name of the local businesses, or else of the organizations, that are declared.
fn business_name(names: &[Named]) -> Option<String> {
    let is_local = |kind: &String| kind == "LocalBusiness" || CATEGORIES.contains_key(kind.as_str());
    let is_organization = |kind: &String| ORGANIZATIONS.contains(&kind.as_str());
    let mut found: Vec<&Named> = names.iter().filter(|named| named.types.iter().any(is_local)).collect();
    if found.is_empty() {
        found = names
            .iter()
            .filter(|named| named.types.iter().any(is_organization))
            .collect();
    }
    let (first, rest) = found.split_first()?;
    rest.iter()
        .all(|other| other.name == first.name)
        .then(|| first.name.clone())
}

/// The payment methods that a page shows.
#[derive(Debug, Default)]
pub(super) struct Payments {
    /// The indexes of those in pictures, each once, with the name of the picture.
    pictured: Vec<(usize, String)>,
    pictures: usize,
    /// What `paymentAccepted` says, in lower case and as it is written.
    statements: Vec<(String, String)>,
}

impl Payments {
    /// Records the names of a picture: its description, and its file.
    pub(super) fn see_picture(&mut self, alt: &str, src: &str) {
        self.pictures += 1;
        if self.pictures > MAX_MARKS {
            return;
        }
        let file = src.split(['?', '#']).next().unwrap_or_default();
        let file = file.rsplit('/').next().unwrap_or_default();
        let stem = file.split('.').next().unwrap_or_default();
        for name in [alt, stem] {
            if name.is_empty() || name.len() > MAX_MARK {
                continue;
            }
            let mark: String = name.chars().filter(|char| char.is_alphanumeric()).collect();
            let mark = mark.to_lowercase();
            let found = PAYMENTS.iter().position(|method| method.mark.contains(&mark));
            if let Some(found) = found
                && self.pictured.iter().all(|(known, _)| *known != found)
            {
                self.pictured.push((found, name.to_owned()));
            }
        }
    }

    /// Records what `paymentAccepted` says.
    pub(super) fn see_statement(&mut self, text: &str) {
        if self.statements.len() < MAX_STATEMENTS {
            self.statements.push((text.to_lowercase(), text.to_owned()));
        }
    }

    /// Returns the methods in the order of the table: those that are declared, and those in pictures if there are two or
    /// more.
    pub(super) fn finish(self, proofs: &mut Proofs) -> Vec<String> {
        let said = |method: &Method| {
            let mut texts = self.statements.iter();
            texts.find(|(lower, _)| method.said.iter().any(|word| has_words(lower, word)))
        };
        let pictured = if self.pictured.len() >= 2 {
            &self.pictured[..]
        } else {
            &[]
        };
        let mut methods = Vec::new();
        for (index, method) in PAYMENTS.iter().enumerate() {
            let picture = pictured.iter().find(|(pictured, _)| *pictured == index);
            if let Some((_, text)) = said(method) {
                proofs.add(
                    Fact::Payment,
                    &method.name,
                    "structured data paymentAccepted",
                    text,
                    DECLARED,
                );
            } else if let Some((_, name)) = picture {
                proofs.add(Fact::Payment, &method.name, "pictures of payment methods", name, READ);
            } else {
                continue;
            }
            methods.push(method.name.clone());
        }
        methods
    }
}

/// Returns whether a text contains words as whole words.
fn has_words(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default().chars().next_back();
        let after = text.get(at + words.len()..).unwrap_or_default();
        // "checks" and "cards" are many of the same.
        let after = after.strip_prefix('s').unwrap_or(after).chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn business(types: &[&str]) -> (Option<&'static str>, Option<&'static str>) {
        let types: Vec<String> = types.iter().map(|kind| (*kind).to_owned()).collect();
        let found = Business::read(&types, &[], &mut Proofs::default());
        (found.kind, found.category)
    }

    #[test]
    fn the_name_is_that_of_the_one_business() {
        let name = |objects: &[(&str, &str)]| {
            let names: Vec<Named> = objects
                .iter()
                .map(|(kind, name)| Named {
                    name: (*name).to_owned(),
                    types: vec![(*kind).to_owned()],
                })
                .collect();
            Business::read(&[], &names, &mut Proofs::default()).name
        };
        assert_eq!(
            name(&[("Bakery", "Acme"), ("Organization", "Acme GmbH")]).as_deref(),
            Some("Acme")
        );
        assert_eq!(
            name(&[("WebSite", "acme.de"), ("Organization", "Acme GmbH")]).as_deref(),
            Some("Acme GmbH")
        );
        assert_eq!(
            name(&[("Bakery", "Acme"), ("LocalBusiness", "Acme")]).as_deref(),
            Some("Acme")
        );
        assert_eq!(name(&[("Bakery", "Acme Berlin"), ("Bakery", "Acme Hamburg")]), None);
        assert_eq!(name(&[("WebSite", "acme.de"), ("Person", "Jane")]), None);
    }

    #[test]
    fn the_kind_is_declared_and_not_guessed() {
        assert!(CATEGORIES.len() > 120, "{}", CATEGORIES.len());
        for (types, kind, category) in [
            (
                &["WebSite", "Restaurant"][..],
                Some("Restaurant"),
                Some("FoodEstablishment"),
            ),
            (&["LocalBusiness", "Organization"], None, None),
            (&["Dentist"], Some("Dentist"), Some("Dentist")),
            (&["Store", "BookStore"], Some("BookStore"), Some("Store")),
            (&["Store"], Some("Store"), Some("Store")),
            (&["Bakery", "CafeOrCoffeeShop"], None, Some("FoodEstablishment")),
            (&["Hotel", "Restaurant"], None, None),
            (&["Hotel", "Hotel"], Some("Hotel"), Some("LodgingBusiness")),
            (&["Emergency", "Product"], Some("Emergency"), Some("MedicalBusiness")),
            (&[], None, None),
        ] {
            assert_eq!(business(types), (kind, category), "{types:?}");
        }
    }

    #[test]
    fn the_table_of_payments_can_be_read() {
        let table: Methods = toml_edit::de::from_str(METHODS).unwrap();
        assert!(table.method.len() >= 25);
        for method in table.method {
            for text in method.said.iter().chain(&method.mark) {
                assert_eq!(*text, text.to_lowercase(), "{}", method.name);
            }
            assert!(
                method.mark.iter().all(|mark| mark.chars().all(char::is_alphanumeric)),
                "{}",
                method.name
            );
        }
    }

    #[test]
    fn payments_are_declared_or_shown_in_several_pictures() {
        let pictured = |pictures: &[(&str, &str)]| {
            let mut payments = Payments::default();
            for (alt, src) in pictures {
                payments.see_picture(alt, src);
            }
            payments.finish(&mut Proofs::default())
        };
        assert_eq!(
            pictured(&[
                ("", "/img/pay/Visa-Logo.svg?v=2"),
                ("PayPal", "/x.png"),
                ("Our shop", "/shop.jpg")
            ]),
            ["Visa", "PayPal"]
        );
        // One alone may be about something else: a visa is also needed for journeys.
        assert!(pictured(&[("Visa", "/visa.jpg")]).is_empty());
        assert!(
            pictured(&[
                ("Discover our ideal homes", "/ideal-homes.jpg"),
                ("Cash cow", "/cow.jpg")
            ])
            .is_empty()
        );
        let said = |text: &str| {
            let mut payments = Payments::default();
            payments.see_statement(text);
            payments.finish(&mut Proofs::default())
        };
        assert_eq!(said("Cash, Credit Cards"), ["Cash", "Credit card"]);
        assert_eq!(said("VISA / Mastercard / EC-Karte"), ["Visa", "Mastercard", "EC card"]);
        assert!(said("Barter").is_empty());
    }
}
