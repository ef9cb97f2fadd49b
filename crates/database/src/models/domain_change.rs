//! Table `domain_changes`.

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::prelude::{HasQuery, Insertable};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use schema::domain_changes;

use super::labels::{UnknownLabel, labelled_enum};
use crate::ids::{DomainChangeId, DomainId, JobId, TenantId};

labelled_enum! {
    /// The kind of difference between two scans of a domain.
    DomainChangeKind("a kind of difference between scans"): Text {
        /// The site uses a technology that it did not use.
        TechnologyAdded = "technology_added",
        /// The site no longer uses a technology.
        TechnologyRemoved = "technology_removed",
        /// The site states another version of a technology.
        TechnologyVersion = "technology_version",
        /// The certificate expires within 30, 14 or 3 days.
        CertificateExpires = "certificate_expires",
        /// The certificate is valid for longer than the one before.
        CertificateRenewed = "certificate_renewed",
        /// The site shows an email address that it did not show.
        EmailAdded = "email_added",
        /// The site no longer shows an email address.
        EmailGone = "email_gone",
        /// The site shows a telephone number that it did not show.
        PhoneAdded = "phone_added",
        /// The site no longer shows a telephone number.
        PhoneGone = "phone_gone",
        /// The title differs.
        Title = "title",
        /// The opening hours differ.
        Hours = "hours",
        /// The site can no longer be scanned.
        SiteDown = "site_down",
        /// The site can be scanned again.
        SiteUp = "site_up",
        /// The site is at another domain.
        SiteMoved = "site_moved",
        /// The domain is parked or for sale.
        SiteParked = "site_parked",
    }
}

/// A difference between a scan of a domain and the one before.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = domain_changes)]
pub struct DomainChange {
    /// Identifies the row; later ones have higher ids.
    pub id: DomainChangeId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The domain.
    pub domain_id: DomainId,
    /// The scan that found it.
    pub job_id: JobId,
    /// The kind of difference.
    pub kind: DomainChangeKind,
    /// What differs, where there may be several: a technology, an address, a number.
    pub subject: Option<String>,
    /// The value in the scan before.
    pub before: Option<String>,
    /// The value in this scan.
    pub after: Option<String>,
    /// When it was found.
    pub changed_at: DateTime<Utc>,
}

/// A difference that a scan found.
#[derive(Clone, Debug, PartialEq, Eq, Insertable)]
#[diesel(table_name = domain_changes)]
pub struct NewDomainChange {
    /// The kind of difference.
    pub kind: DomainChangeKind,
    /// What differs, where there may be several: a technology, an address, a number.
    pub subject: Option<String>,
    /// The value in the scan before.
    pub before: Option<String>,
    /// The value in this scan.
    pub after: Option<String>,
}
