//! Typed ids: a job's id cannot be used as a domain's, and only the database creates tenant ids.

use std::fmt;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Declares a newtype over a column's value, which Diesel reads and writes as that value.
macro_rules! sql_newtype {
    ($(#[$doc:meta])* $name:ident($inner:ty): $sql:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, FromSqlRow, AsExpression)]
        #[diesel(sql_type = $sql)]
        pub struct $name($inner);

        impl $name {
            /// Returns the plain value.
            #[must_use]
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromSql<$sql, Pg> for $name {
            fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                <$inner as FromSql<$sql, Pg>>::from_sql(value).map(Self)
            }
        }

        impl ToSql<$sql, Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                <$inner as ToSql<$sql, Pg>>::to_sql(&self.0, out)
            }
        }
    };
}

/// Declares a newtype that can also be made from a plain value, such as one from a path, body or cursor.
macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident($inner:ty): $sql:ty) => {
        sql_newtype! {
            $(#[$doc])*
            #[derive(Serialize, Deserialize)]
            #[serde(transparent)]
            $name($inner): $sql
        }

        impl From<$inner> for $name {
            fn from(id: $inner) -> Self {
                Self(id)
            }
        }

        impl From<$name> for $inner {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

sql_newtype! {
    /// Identifies a tenant whose rows the holder may access.
    ///
    /// It cannot be made from a UUID: it only comes from a row that the database returned, such as a credential's, a
    /// claimed job's or the tenant's own. A tenant named in a request is looked up first.
    TenantId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a stored API key.
    ApiKeyId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a session of the console.
    SessionId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a call in the ledger.
    ApiCallId(i64): sql_types::Int8
}
typed_id! {
    /// Identifies an entry of the audit log.
    AuditEntryId(i64): sql_types::Int8
}
typed_id! {
    /// Identifies a batch of jobs.
    BatchId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a contact.
    ContactId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a domain of a tenant.
    DomainId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a difference between two scans of a domain.
    DomainChangeId(i64): sql_types::Int8
}
typed_id! {
    /// Identifies what a value of a domain is told by.
    DomainEvidenceId(i64): sql_types::Int8
}
typed_id! {
    /// Identifies a crawl for email addresses.
    EmailScanId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Numbers the events of one transaction; see [`EventPosition`](crate::models::event::EventPosition).
    EventId(i64): sql_types::Int8
}
typed_id! {
    /// Identifies a job.
    JobId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies one request's change of one lead.
    LeadChangeRowId(i64): sql_types::Int8
}
typed_id! {
    /// Identifies a lead.
    LeadId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies one claim of a job: only its holder may update the job.
    LeaseToken(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a page of a site.
    PageId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies one request's change of any number of places.
    PlaceChangeId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies one request's change of one place.
    PlaceChangeRowId(i64): sql_types::Int8
}
typed_id! {
    /// Identifies a place search.
    PlaceSearchId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies the row of a staged place; clients use its `place_id`.
    StagedPlaceId(i32): sql_types::Int4
}
typed_id! {
    /// Identifies a saved view.
    SavedViewId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a schedule.
    ScheduleId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a run of a schedule.
    ScheduleRunId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a sitemap file.
    SitemapFileId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies an analysis of a domain's sitemaps.
    SitemapRunId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a difference between two analyses.
    SitemapUrlChangeId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a URL listed in a sitemap file.
    SitemapUrlId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a suppression.
    SuppressionId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a webhook.
    WebhookId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies an event for a webhook.
    WebhookDeliveryId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a secret of a webhook.
    WebhookSecretId(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies the turn of a worker at a webhook: only its holder may post to it.
    WebhookTurn(Uuid): sql_types::Uuid
}
typed_id! {
    /// Identifies a person, as Supabase's `auth.users` does.
    UserId(Uuid): sql_types::Uuid
}
