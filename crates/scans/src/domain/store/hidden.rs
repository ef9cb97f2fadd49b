//! Suppressed addresses in the texts that a scan found, which are erased before they are stored.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use database::models::values::RawJson;
use database::repo;
use database::tenant::TenantConnection;
use jobs::JobError;
use serde::Serialize;
use serde_json::Value;
use web::extract::SiteMetadata;

use super::json::json;
use crate::domain::gathered::Gathered;
use crate::evidence::EvidenceRows;

/// Maximum number of addresses that are looked up.
const MAX_ADDRESSES: usize = 2_000;
/// Maximum lengths of the parts of an address, in bytes (RFC 5321, 4.5.3.1).
const MAX_LOCAL: usize = 64;
const MAX_HOST: usize = 255;
/// What stands in the place of an erased address.
const ERASED: &str = "[erased]";

/// The suppressed addresses that a site mentions, in lower case.
#[derive(Debug, Default)]
pub(in crate::domain) struct Hidden(BTreeSet<String>);

impl Hidden {
    /// Looks up which addresses that the site mentions anywhere are suppressed: all of them, if the domain itself is. No
    /// further suppression can be added until the transaction ends.
    pub(in crate::domain) async fn find(
        conn: &mut TenantConnection,
        domain: &str,
        gathered: &Gathered,
        evidence: &EvidenceRows,
    ) -> Result<Self, JobError> {
        let mut mentioned: BTreeSet<String> = gathered.metadata.emails.iter().cloned().collect();
        let robots = gathered.robots_txt();
        for part in [
            tree(&gathered.metadata)?,
            tree(&gathered.dns)?,
            tree(&gathered.security())?,
            tree(&gathered.redirects.to_json())?,
            tree(&gathered.crawler_hints())?,
            tree(&robots)?,
        ] {
            collect(&part, &mut mentioned);
        }
        for row in evidence.as_slice() {
            for text in [Some(&row.value), row.url.as_ref(), row.snippet.as_ref()]
                .into_iter()
                .flatten()
            {
                mention(text, &mut mentioned);
            }
        }
        if mentioned.is_empty() {
            return Ok(Self::default());
        }
        let own = format!("@{domain}");
        let asked: Vec<&str> = mentioned.iter().map(String::as_str).chain([own.as_str()]).collect();
        let covered = repo::suppressions::list_covered(conn, &asked).await?;
        if covered.contains(&own) {
            return Ok(Self(mentioned));
        }
        Ok(Self(covered.into_iter().collect()))
    }

    /// Returns the metadata without the addresses.
    pub(in crate::domain) fn without(&self, found: &SiteMetadata) -> SiteMetadata {
        let mut found = found.clone();
        found.emails.retain(|email| !self.0.contains(email));
        for text in [&mut found.title, &mut found.description].into_iter().flatten() {
            *text = self.text(text).into_owned();
        }
        found
    }

    /// Returns a text in which the addresses are erased.
    pub(super) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.0.is_empty() {
            return Cow::Borrowed(text);
        }
        let (mut left, mut at) = (String::new(), 0);
        for found in mentions(text) {
            let address = text.get(found.clone()).unwrap_or_default();
            if self.0.contains(&plain(address)) {
                left.push_str(text.get(at..found.start).unwrap_or_default());
                left.push_str(ERASED);
                at = found.end;
            }
        }
        left.push_str(text.get(at..).unwrap_or_default());
        Cow::Owned(left)
    }

    /// Drops the evidence of values and pages that mention the addresses, and erases them from other evidence.
    pub(super) fn clear(&self, evidence: &mut EvidenceRows) {
        if self.0.is_empty() {
            return;
        }
        evidence.retain(|row| {
            if let Some(snippet) = &mut row.snippet {
                *snippet = self.text(snippet).into_owned();
            }
            let texts = [Some(&row.value), row.url.as_ref()];
            texts.into_iter().flatten().all(|text| self.text(text) == text.as_str())
        });
    }

    /// Returns a fact in the form in which it is stored.
    pub(super) fn json(&self, value: &impl Serialize) -> Result<RawJson, JobError> {
        if self.0.is_empty() {
            return json(value);
        }
        let mut value = tree(value)?;
        self.erase(&mut value);
        Ok(value.into())
    }

    fn erase(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text).into_owned(),
            Value::Array(values) => values.iter_mut().for_each(|value| self.erase(value)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.erase(value)),
            _ => {}
        }
    }
}

fn tree(value: &impl Serialize) -> Result<Value, JobError> {
    serde_json::to_value(value).map_err(|error| JobError::internal(error.into()))
}

/// Adds the addresses in the texts of a value.
fn collect(value: &Value, addresses: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => mention(text, addresses),
        Value::Array(values) => values.iter().for_each(|value| collect(value, addresses)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, addresses)),
        _ => {}
    }
}

/// Adds the addresses in a text.
fn mention(text: &str, addresses: &mut BTreeSet<String>) {
    let room = MAX_ADDRESSES.saturating_sub(addresses.len());
    let found = mentions(text).take(room);
    addresses.extend(found.map(|at| plain(text.get(at).unwrap_or_default())));
}

/// Returns an address in lower case, as it is suppressed.
fn plain(mention: &str) -> String {
    mention.to_ascii_lowercase().replace("%40", "@")
}

/// Iterates over the addresses in a text, with `@` or `%40`, from left to right.
fn mentions(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_local = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._%+'&-".contains(byte);
    let is_host = |byte: &&u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    let mut signs: Vec<(usize, &str)> = text.match_indices('@').chain(text.match_indices("%40")).collect();
    signs.sort_unstable();
    let mut end = 0;
    signs.into_iter().filter_map(move |(at, sign)| {
        let before = text.as_bytes().get(end..at)?;
        let before = before.iter().rev().take(MAX_LOCAL).take_while(is_local).count();
        let behind = at + sign.len();
        let host = text.as_bytes().get(behind..)?;
        let host = host.iter().take(MAX_HOST).take_while(is_host).count();
        // A sentence ends with a full stop as well.
        let host = text.get(behind..behind + host)?.trim_end_matches(['.', '-']);
        if before == 0 || !host.contains('.') {
            return None;
        }
        end = behind + host.len();
        Some(at - before..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(addresses: &[&str]) -> Hidden {
        Hidden(addresses.iter().map(|address| (*address).to_owned()).collect())
    }

    #[test]
    fn suppressed_addresses_are_erased_and_others_stay() {
        let hidden = hidden(&["ann@acme.test", "o'neil@acme.test"]);
        for (text, left) in [
            ("Write to Ann@ACME.test.", "Write to [erased]."),
            (
                "xann@acme.test, ann@acme.test.example",
                "xann@acme.test, ann@acme.test.example",
            ),
            (
                "mailto:ann@acme.test?x=bob@acme.test",
                "mailto:[erased]?x=bob@acme.test",
            ),
            ("ann@acme.test,ann@acme.test", "[erased],[erased]"),
            ("?who=ann%40acme.test", "?who=[erased]"),
            ("é o'neil@acme.test é", "é [erased] é"),
            ("@acme.test ann@ ann@acme", "@acme.test ann@ ann@acme"),
        ] {
            assert_eq!(hidden.text(text), left);
        }
    }

    #[test]
    fn json_stays_json() {
        let json =
            hidden(&["ann@acme.test"]).json(&serde_json::json!({ "rua": ["mailto:ann@acme.test", "\nann@acme.test"] }));
        assert_eq!(
            json.unwrap().as_str().replace(' ', ""),
            r#"{"rua":["mailto:[erased]","\n[erased]"]}"#
        );
    }
}
