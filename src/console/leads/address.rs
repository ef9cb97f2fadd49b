//! The query of the list's page.

use rocket::http::uri::Origin;
use uuid::Uuid;

/// The query of a page, as links repeat it.
pub struct Address(Vec<(String, String)>);

impl Address {
    /// Reads the query of a request.
    pub fn of(origin: &Origin<'_>) -> Self {
        let query = origin.query().map(|query| query.as_str()).unwrap_or_default();
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// Returns a value that is not empty.
    pub fn value(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    }

    /// Returns the query without these values.
    pub fn without(&self, names: &[&str]) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(self.pairs_without(names));
        text.finish()
    }

    /// Returns the values that are not empty, but for these.
    pub fn pairs_without(&self, names: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        pairs.filter(|(name, value)| !names.contains(name) && !value.is_empty())
    }

    /// Returns the query with another value.
    pub fn with(&self, name: &str, value: &str) -> String {
        let mut text = url::form_urlencoded::Serializer::new(self.without(&[name, "changed"]));
        text.append_pair(name, value);
        text.finish()
    }

    /// Returns the query of the page that says how many leads a change changed.
    pub fn after(&self, count: usize, change: Uuid) -> String {
        let mut text = url::form_urlencoded::Serializer::new(self.without(&["count", "changed"]));
        text.append_pair("count", &count.to_string());
        text.append_pair("changed", &change.to_string());
        text.finish()
    }
}
