//! Table `suppressions`.

use chrono::{DateTime, Utc};
use diesel::prelude::{HasQuery, QueryableByName};
use schema::suppressions;

use super::enums::SuppressionKind;
use crate::ids::{SuppressionId, TenantId};

/// An address, or all of a domain, that the tenant must not keep.
#[derive(Clone, Debug, PartialEq, HasQuery, QueryableByName)]
#[diesel(table_name = suppressions)]
pub struct Suppression {
    /// Identifies the row.
    pub id: SuppressionId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// What is suppressed.
    pub kind: SuppressionKind,
    /// The address or domain; `None` after an erasure, which keeps only its hash.
    pub value: Option<String>,
    /// The reason.
    pub reason: Option<String>,
    /// When it was requested.
    pub created_at: DateTime<Utc>,
}

/// A new [`Suppression`].
#[derive(Clone, Copy, Debug)]
pub struct NewSuppression<'a> {
    /// What is suppressed.
    pub kind: SuppressionKind,
    /// The address or domain, in lower case.
    pub value: &'a str,
    /// Whether the value is stored readably, or only as a hash.
    pub keeps_value: bool,
    /// The reason.
    pub reason: Option<&'a str>,
}
