//! A contact with its sources, and changes to a contact.

use chrono::{DateTime, Utc};
use database::models::contact::ContactSource;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::row::ContactView;
use crate::views::fields;
use crate::views::words::{ContactMarkWord, EmailTypeWord};

/// A contact with every page that shows its address.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactDetailsView {
    /// The contact.
    #[serde(flatten)]
    pub contact: ContactView,
    /// The pages that show the address, the first source first.
    pub sources: Vec<ContactSourceView>,
}

/// A page that shows a contact's address.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactSourceView {
    /// Id of the page.
    pub page_id: Uuid,
    /// URL of the page.
    pub url: String,
    /// Text around the address on the page; null if none was stored.
    pub context: Option<String>,
    /// The address as the page spells it.
    pub spelling: String,
    /// When a scan first found the address on the page.
    pub first_seen_at: DateTime<Utc>,
    /// When a scan last found the address on the page.
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

/// Changes to a contact. A missing field is left unchanged; null clears it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Jane Doe", "role": "owner", "notes": null }))]
pub struct ContactPatch {
    /// The type of address.
    #[serde(default)]
    #[schema(value_type = Option<EmailTypeWord>)]
    pub email_type: Option<String>,
    /// Name of the person the address belongs to.
    #[serde(default, deserialize_with = "fields::null_or")]
    pub name: Option<Option<String>>,
    /// Role of that person.
    #[serde(default, deserialize_with = "fields::null_or")]
    pub role: Option<Option<String>>,
    /// Notes about the contact.
    #[serde(default, deserialize_with = "fields::null_or")]
    pub notes: Option<Option<String>>,
    /// What came of writing to the address.
    #[serde(default, deserialize_with = "fields::null_or")]
    #[schema(value_type = Option<ContactMarkWord>)]
    pub mark: Option<Option<String>>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    pub tenant_id: Option<String>,
}
