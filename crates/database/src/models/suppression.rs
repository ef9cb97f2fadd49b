//! Table `suppressions`.

use chrono::{DateTime, Utc};
use diesel::prelude::HasQuery;
use schema::suppressions;
use uuid::Uuid;

use super::enums::SuppressionKind;
use crate::ids::TenantId;

/// An address, or all of a domain, that the tenant must not keep.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = suppressions)]
pub struct Suppression {
    /// Identifies the row.
    pub id: Uuid,
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// What is suppressed.
    pub kind: SuppressionKind,
    /// Which; `None` once it was erased, when its hash alone is known.
    pub value: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
}

/// A new [`Suppression`].
#[derive(Clone, Copy, Debug)]
pub struct NewSuppression<'a> {
    /// What is suppressed.
    pub kind: SuppressionKind,
    /// Which, in lower case.
    pub value: &'a str,
    /// Whether it may be read again, or known by its hash only.
    pub keeps_value: bool,
    /// Why.
    pub reason: Option<&'a str>,
}
