//! Scores of leads, and what they are made from.

use chrono::{DateTime, Utc};
use diesel::prelude::{HasQuery, Queryable};
use schema::leads;

use super::values::RawJson;
use crate::ids::{DomainId, LeadId, TenantId};

/// A lead that is locked to be scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, HasQuery)]
#[diesel(table_name = leads)]
pub struct LockedLead {
    /// The tenant that owns it.
    pub tenant_id: TenantId,
    /// Identifies the lead.
    pub id: LeadId,
}

/// What the score of a lead is made from.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct ScoreFacts {
    /// Identifies the lead.
    pub lead_id: LeadId,
    /// Its domain.
    pub domain_id: Option<DomainId>,
    /// Whether an address may be written to.
    pub has_email: bool,
    /// The mean rating of the place.
    pub rating: Option<f64>,
    /// The number of its ratings.
    pub user_ratings_total: Option<i32>,
    /// The website of the place.
    pub website: Option<String>,
    /// When the place's details were fetched; `None` if they were not, or are no longer kept.
    pub content_at: Option<DateTime<Utc>>,
    /// What the site says.
    pub site: Option<SiteFacts>,
    /// Where the site is hosted.
    pub hosting: Option<HostingFacts>,
    /// The technologies of the site with their versions.
    pub claims: Option<RawJson>,
}

/// What a site says, as far as scores are made from it.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct SiteFacts {
    /// The latest year in the copyright notice.
    pub copyright_year: Option<String>,
    /// Whether the site has a privacy policy.
    pub has_privacy_policy: Option<bool>,
    /// Whether the home page has a viewport for phones.
    pub has_viewport: Option<bool>,
}

/// How a site is served, as far as scores are made from it.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct HostingFacts {
    /// Whether it is served over TLS.
    pub has_ssl: Option<bool>,
    /// What is wrong with TLS.
    pub ssl_fault: Option<String>,
    /// When the certificate expires.
    pub ssl_expiry_date: Option<DateTime<Utc>>,
    /// The security headers with their grade.
    pub security_headers: Option<RawJson>,
    /// The time to the first byte of home, in milliseconds.
    pub server_response_time: Option<i32>,
    /// The mean size of the pages, in bytes.
    pub average_page_size: Option<i32>,
    /// When the site was last scanned with success.
    pub last_successful_scan: Option<DateTime<Utc>>,
}

/// A score to store.
#[derive(Clone, Debug, PartialEq)]
pub struct NewScore {
    /// The lead.
    pub lead_id: LeadId,
    /// The score, 0 to 100; `None` where nothing is known.
    pub score: Option<i16>,
    /// The rules that gave the points, as JSON.
    pub reasons: String,
    /// When the lead has to be scored anew although nothing changed.
    pub due_at: Option<DateTime<Utc>>,
}
