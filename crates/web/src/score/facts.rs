//! What scores are made from, and scores.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What is known of a lead; `None` where it is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Whether the business has a website.
    pub has_site: Option<bool>,
    /// Whether home is served over TLS.
    pub has_ssl: Option<bool>,
    /// What is wrong with TLS.
    pub ssl_fault: Option<String>,
    /// When the certificate expires.
    pub certificate_end: Option<DateTime<Utc>>,
    /// Whether the site has a privacy policy.
    pub has_privacy_policy: Option<bool>,
    /// Whether home is laid out for phones.
    pub has_viewport: Option<bool>,
    /// Whether an address is known that may be written to.
    pub has_email: Option<bool>,
    /// The year in the copyright notice.
    pub copyright_year: Option<i32>,
    /// The time to the first byte of home, in milliseconds.
    pub response_ms: Option<i32>,
    /// The mean size of the pages, in bytes.
    pub page_bytes: Option<i32>,
    /// The grade of the security headers.
    pub security_grade: Option<String>,
    /// The technologies of the site.
    pub technologies: Option<Vec<Technology>>,
    /// The mean rating of the place.
    pub rating: Option<f64>,
    /// The number of its ratings.
    pub ratings: Option<i32>,
}

/// A technology, as far as rules look at it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Technology {
    /// Its name.
    pub name: String,
    /// The word of its category.
    pub category: String,
    /// Its version.
    pub version: Option<String>,
}

/// The points of rules that differ from their own, by the names of the rules; 0 switches a rule off.
pub type Points = BTreeMap<String, i16>;

/// The score of a lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// The score, 0 to 100; `None` where nothing is known.
    pub score: Option<i16>,
    /// What it is made of, in the order of the rules.
    pub reasons: Vec<Reason>,
    /// When the same facts give another score, because time has passed.
    pub due: Option<DateTime<Utc>>,
}

/// A rule that holds for a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The name of the rule.
    pub rule: String,
    /// The points that it gives.
    pub points: i16,
    /// The reason in words.
    pub because: String,
}
