//! Table `leads`, and what else is shown of a lead.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::{HasQuery, Queryable, QueryableByName};
use diesel::sql_types::{Nullable, SmallInt, Text, Timestamptz};
use schema::leads;

use super::enums::{ContactMark, CurationStatus, ProcessingStatus, TaskStatus};
use super::values::{RawJson, TextList};
use crate::ids::{ContactId, DomainId, LeadId, TenantId};

/// A place with its domain, or a domain without a place. The columns for text search are left out.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = leads)]
pub struct Lead {
    /// Identifies the row.
    pub id: LeadId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// Google's place id.
    pub place_id: Option<String>,
    /// The domain of the place, or the lead itself.
    pub domain_id: Option<DomainId>,
    /// The curation status a person gave it.
    pub status: CurationStatus,
    /// People's notes.
    pub notes: Option<String>,
    /// People's labels.
    pub tags: Option<TextList>,
    /// Its priority: higher comes first.
    pub priority: Option<i32>,
    /// When to look at it again.
    pub revisit_date: Option<NaiveDate>,
    /// The name of the place, or else of the domain.
    pub name: String,
    /// The type of business searched for.
    pub business_type: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// The mean rating of the place, 1 to 5.
    pub rating: Option<f64>,
    /// The name of the domain.
    pub domain: Option<String>,
    /// Whether the site is served over TLS.
    pub has_ssl: Option<bool>,
    /// When the site's certificate expires.
    pub certificate_expires_at: Option<DateTime<Utc>>,
    /// When the site was last scanned.
    pub last_scan_at: Option<DateTime<Utc>>,
    /// The score by the rules, 0 to 100.
    pub score: Option<i16>,
    /// The rules that gave its points, with the reasons in words.
    pub score_reasons: Option<RawJson>,
    /// When the lead was made.
    pub created_at: DateTime<Utc>,
    /// When what it says last changed.
    pub updated_at: DateTime<Utc>,
}

/// What is shown of a lead's place.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct LeadPlace {
    /// Google's place id.
    pub place_id: String,
    /// Its address in one line.
    pub formatted_address: Option<String>,
    /// Its short address.
    pub vicinity: Option<String>,
    /// The number of ratings.
    pub user_ratings_total: Option<i32>,
    /// Its website.
    pub website: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
}

/// What is shown of a lead's domain and its site.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct LeadSite {
    /// Identifies the domain.
    pub domain_id: DomainId,
    /// The status of the domain scan.
    pub content_scrape_status: Option<TaskStatus>,
    /// The status of the crawl for contacts.
    pub page_scrape_status: Option<TaskStatus>,
    /// The status of the sitemap analysis.
    pub sitemap_analysis_status: Option<ProcessingStatus>,
    /// Every phone number found, in page order.
    pub phone_numbers: Option<TextList>,
    /// Its Facebook page.
    pub facebook_url: Option<String>,
    /// Its page on X (Twitter).
    pub twitter_url: Option<String>,
    /// Its LinkedIn page.
    pub linkedin_url: Option<String>,
    /// Its Instagram page.
    pub instagram_url: Option<String>,
    /// Its YouTube channel.
    pub youtube_url: Option<String>,
    /// CMS, frameworks, analytics and widgets.
    pub tech_stack: Option<RawJson>,
    /// The version of WordPress, if stated.
    pub wordpress_version: Option<String>,
    /// The year in its copyright notice.
    pub copyright_year: Option<String>,
}

/// The contact to write to about a lead.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct LeadContact {
    /// Identifies the contact.
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    pub id: ContactId,
    /// The domain on whose site the address was found.
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    pub domain_id: DomainId,
    /// The address, in lower case.
    #[diesel(sql_type = Text)]
    pub email: String,
    /// The person it belongs to.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// That person's role.
    #[diesel(sql_type = Nullable<Text>)]
    pub role: Option<String>,
    /// The confidence that it is an email address, 0 to 100.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub confidence: Option<i16>,
    /// What came of writing to it.
    #[diesel(sql_type = Nullable<Text>)]
    pub mark: Option<ContactMark>,
    /// When a scan last saw it.
    #[diesel(sql_type = Timestamptz)]
    pub last_seen_at: DateTime<Utc>,
}
