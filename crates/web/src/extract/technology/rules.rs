//! The table of evidence in `rules/technologies.toml`. A technology is added by an entry there.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

const TABLE: &str = include_str!("../../../../../rules/technologies.toml");

/// The list that a technology belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Cms,
    Framework,
    Analytics,
    Widget,
    /// Not listed; it only indicates a [`Sign`] or sets a separate flag.
    Unlisted,
}

/// A fact that the presence of a technology indicates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::extract) enum Sign {
    /// The site shows a cookie notice.
    CookieNotice,
    /// The site is a shop.
    Shop,
    /// The site tests whether the visitor is a person.
    Challenge,
    /// The domain is parked.
    Parked,
}

/// A technology and its evidence.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) kind: Kind,
    #[serde(default)]
    pub(super) signs: Vec<Sign>,
    /// Parts of the URL of a script, style sheet or frame, in any case; `#` stands for a number of eight digits or
    /// more, such as the time of a deployment.
    #[serde(default)]
    pub(super) url: Vec<String>,
    /// Parts of an inline script, in any case.
    #[serde(default)]
    pub(super) script: Vec<String>,
    /// Beginnings of a class or an id.
    #[serde(default)]
    pub(super) class_or_id: Vec<String>,
    /// Beginnings of an attribute's name.
    #[serde(default)]
    pub(super) attribute: Vec<String>,
    /// Beginnings of a word in the content of `<meta name="generator">`.
    #[serde(default)]
    pub(super) generator: Vec<String>,
    /// Names of a `<meta>`.
    #[serde(default)]
    pub(super) meta: Vec<String>,
    /// Headers with a part of their value, in lower case; a hyphen at the end makes the name a prefix.
    #[serde(default)]
    pub(super) header: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    technology: Vec<Rule>,
}

/// All technologies, in the order in which they are listed.
pub(super) static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| read().unwrap_or_default());

fn read() -> Result<Vec<Rule>, toml::de::Error> {
    toml::from_str(TABLE).map(|table: Table| table.technology)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_valid() {
        let rules = read().unwrap();
        assert!(rules.len() >= 130, "{}", rules.len());
        let mut names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "a technology stands once");
        for rule in &rules {
            let lists = [
                &rule.url,
                &rule.script,
                &rule.class_or_id,
                &rule.attribute,
                &rule.generator,
                &rule.meta,
            ];
            let patterns: Vec<&String> = lists.into_iter().flatten().collect();
            assert!(!patterns.is_empty() || !rule.header.is_empty(), "{}", rule.name);
            // Shorter patterns occur in unrelated texts.
            assert!(patterns.iter().all(|pattern| pattern.len() >= 3), "{}", rule.name);
            for (name, part) in &rule.header {
                assert_eq!(part, &part.to_ascii_lowercase(), "{name}");
            }
        }
    }
}
