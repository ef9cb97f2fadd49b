//! A contact with its sources, and changes to it.

use chrono::{DateTime, Utc};
use database::models::contact::ContactSource;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use super::row::ContactView;

/// A contact with every page that has its address.
#[derive(Debug, Serialize)]
pub struct ContactDetailsView {
    /// The contact.
    #[serde(flatten)]
    pub contact: ContactView,
    /// The pages, the one that had it first in front.
    pub sources: Vec<ContactSourceView>,
}

/// A page that has an address.
#[derive(Debug, Serialize)]
pub struct ContactSourceView {
    /// The page.
    pub page_id: Uuid,
    /// Its URL.
    pub url: String,
    /// The text around the address.
    pub context: Option<String>,
    /// How the page spells it.
    pub spelling: String,
    /// When a scan saw it there first.
    pub first_seen_at: DateTime<Utc>,
    /// When a scan saw it there last.
    pub last_seen_at: DateTime<Utc>,
}

impl From<ContactSource> for ContactSourceView {
    fn from(source: ContactSource) -> Self {
        let ContactSource {
            page_id,
            url,
            context,
            spelling,
            first_seen_at,
            last_seen_at,
        } = source;
        Self {
            page_id: page_id.get(),
            url,
            context,
            spelling,
            first_seen_at,
            last_seen_at,
        }
    }
}

/// Changes to a contact. Missing fields stay; null clears a field.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactPatch {
    /// `service`, `corporate`, `free` or `unknown`.
    #[serde(default)]
    pub email_type: Option<String>,
    /// Whose address it is.
    #[serde(default, deserialize_with = "present")]
    pub name: Option<Option<String>>,
    /// What that person does.
    #[serde(default, deserialize_with = "present")]
    pub role: Option<Option<String>>,
    /// What people note about it.
    #[serde(default, deserialize_with = "present")]
    pub notes: Option<Option<String>>,
    /// The caller's tenant.
    #[serde(default)]
    pub tenant_id: Option<String>,
}

/// Distinguishes null from a missing field.
#[expect(clippy::option_option, reason = "missing, null and a value are three things")]
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
