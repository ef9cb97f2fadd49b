//! A lead with what is shown of its place, its site and its contact.

use chrono::{DateTime, NaiveDate, Utc};
use database::models::lead::{Lead, LeadContact, LeadPlace, LeadSite};
use database::models::values::RawJson;
use database::repo::leads::Shown;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::words::{ContactMarkWord, CurationWord, ProcessingStatusWord, TaskStatusWord, Words};

/// A lead: a place with the domain it was handed over to, or a domain without a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadView {
    /// Id of the lead.
    pub id: Uuid,
    /// Id of the place, if the lead has one.
    pub place_id: Option<String>,
    /// Id of the domain, if the lead has one; branches share theirs.
    pub domain_id: Option<Uuid>,
    /// Name of the place, or else of the domain.
    pub name: String,
    /// Name of the domain.
    pub domain: Option<String>,
    /// Website of the place.
    pub website: Option<String>,
    /// Address of the place in one line.
    pub address: Option<String>,
    /// The type of business searched for.
    pub business_type: Option<String>,
    /// Latitude of the place in degrees north.
    pub latitude: Option<f64>,
    /// Longitude of the place in degrees east.
    pub longitude: Option<f64>,
    /// Mean rating of the place, 1 to 5.
    pub rating: Option<f64>,
    /// The number of ratings.
    pub user_ratings_total: Option<i32>,
    /// The contact to write to: one at the domain itself first, then the most certain one; none that is suppressed or marked
    /// as bounced or wrong.
    pub contact: Option<LeadContactView>,
    /// Telephone number of the place, or else the first one on the site.
    pub phone: Option<String>,
    /// Profiles that the site links to.
    pub social_links: SocialLinks,
    /// Names of the technologies that the site uses.
    pub technologies: Vec<String>,
    /// Version of WordPress, if the site states it.
    pub wordpress_version: Option<String>,
    /// The year in the site's copyright notice; null if it has none.
    pub copyright_year: Option<i32>,
    /// Whether the site is served over TLS; null if unknown.
    pub has_ssl: Option<bool>,
    /// When the site's certificate expires.
    pub certificate_expires_at: Option<DateTime<Utc>>,
    /// The curation status.
    #[schema(value_type = CurationWord)]
    pub status: &'static str,
    /// People's notes.
    pub notes: Option<String>,
    /// People's labels.
    pub tags: Option<Vec<String>>,
    /// Priority of the lead: higher comes first.
    pub priority: Option<i32>,
    /// The date to look at the lead again.
    pub revisit_date: Option<NaiveDate>,
    /// Status of the scan of the domain; null if none was queued.
    #[schema(value_type = Option<TaskStatusWord>)]
    pub content_scrape_status: Option<&'static str>,
    /// Status of the search of the site for contacts; null if none was queued.
    #[schema(value_type = Option<TaskStatusWord>)]
    pub page_scrape_status: Option<&'static str>,
    /// Status of the analysis of the site's sitemaps; null if none was queued.
    #[schema(value_type = Option<ProcessingStatusWord>)]
    pub sitemap_analysis_status: Option<&'static str>,
    /// When the site was last scanned.
    pub last_scan_at: Option<DateTime<Utc>>,
    /// Score by the rules, 0 to 100; null where nothing is known of the lead. It is made anew within seconds of what it is made
    /// from.
    #[schema(minimum = 0, maximum = 100)]
    pub score: Option<i16>,
    /// What the score is made of.
    pub score_reasons: Vec<ScoreReasonView>,
    /// When the lead was made.
    pub created_at: DateTime<Utc>,
    /// When what the lead says last changed; a scan that finds the same changes nothing.
    pub updated_at: DateTime<Utc>,
}

/// A rule that holds for a lead.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ScoreReasonView {
    /// Name of the rule.
    pub rule: String,
    /// The points that it gives.
    pub points: i16,
    /// The reason in words.
    pub because: String,
}

/// The contact to write to about a lead.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LeadContactView {
    /// Id of the contact.
    pub id: Uuid,
    /// The address, in lower case.
    pub email: String,
    /// Name of the person the address belongs to; null if unknown.
    pub name: Option<String>,
    /// Role of that person; null if unknown.
    pub role: Option<String>,
    /// Confidence that the text is an email address, 0 to 100.
    pub confidence: Option<i16>,
    /// `contacted` if somebody wrote to the address.
    #[schema(value_type = Option<ContactMarkWord>)]
    pub mark: Option<&'static str>,
    /// When a scan last found the address.
    pub last_seen_at: DateTime<Utc>,
}

/// Profiles that a site links to.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct SocialLinks {
    /// URL of the Facebook page.
    pub facebook: Option<String>,
    /// URL of the profile on X (Twitter).
    pub twitter: Option<String>,
    /// URL of the `LinkedIn` page.
    pub linkedin: Option<String>,
    /// URL of the Instagram profile.
    pub instagram: Option<String>,
    /// URL of the `YouTube` channel.
    pub youtube: Option<String>,
}

impl LeadView {
    /// Creates the views of leads.
    #[must_use]
    pub fn all(rows: Vec<Lead>, shown: &Shown) -> Vec<Self> {
        rows.into_iter().map(|row| Self::new(row, shown)).collect()
    }

    /// Creates the view of a lead.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "each column twice")]
    pub fn new(lead: Lead, shown: &Shown) -> Self {
        let Lead {
            id,
            tenant_id: _,
            place_id,
            domain_id,
            status,
            notes,
            tags,
            priority,
            revisit_date,
            name,
            business_type,
            latitude,
            longitude,
            rating,
            domain,
            has_ssl,
            certificate_expires_at,
            last_scan_at,
            score,
            score_reasons,
            created_at,
            updated_at,
        } = lead;
        let place = Place::new(place_id.as_ref().and_then(|id| shown.places.get(id)));
        let site = Site::new(domain_id.and_then(|id| shown.sites.get(&id)));
        let contact = domain_id
            .and_then(|id| shown.contacts.get(&id))
            .map(LeadContactView::new);
        Self {
            id: id.get(),
            place_id,
            domain_id: domain_id.map(|id| id.get()),
            name: if name.is_empty() {
                domain.clone().unwrap_or(name)
            } else {
                name
            },
            domain,
            website: place.website,
            address: place.address,
            business_type,
            latitude,
            longitude,
            rating,
            user_ratings_total: place.user_ratings_total,
            contact,
            phone: place.phone.or(site.phone),
            social_links: site.social_links,
            technologies: site.technologies,
            wordpress_version: site.wordpress_version,
            copyright_year: site.copyright_year,
            has_ssl,
            certificate_expires_at,
            status: status.word(),
            notes,
            tags: tags.map(|tags| tags.0),
            priority,
            revisit_date,
            content_scrape_status: site.content_scrape_status,
            page_scrape_status: site.page_scrape_status,
            sitemap_analysis_status: site.sitemap_analysis_status,
            last_scan_at,
            score,
            score_reasons: score_reasons
                .and_then(|reasons| reasons.parse().ok())
                .unwrap_or_default(),
            created_at,
            updated_at,
        }
    }
}

/// What a lead's place says.
#[derive(Default)]
struct Place {
    website: Option<String>,
    address: Option<String>,
    user_ratings_total: Option<i32>,
    phone: Option<String>,
}

impl Place {
    fn new(place: Option<&LeadPlace>) -> Self {
        let Some(place) = place else { return Self::default() };
        let LeadPlace {
            place_id: _,
            formatted_address,
            vicinity,
            user_ratings_total,
            website,
            phone,
        } = place.clone();
        Self {
            website,
            address: formatted_address.or(vicinity),
            user_ratings_total,
            phone: phone.filter(|phone| !phone.is_empty()),
        }
    }
}

/// What a lead's site says.
#[derive(Default)]
struct Site {
    phone: Option<String>,
    social_links: SocialLinks,
    technologies: Vec<String>,
    wordpress_version: Option<String>,
    copyright_year: Option<i32>,
    content_scrape_status: Option<&'static str>,
    page_scrape_status: Option<&'static str>,
    sitemap_analysis_status: Option<&'static str>,
}

impl Site {
    fn new(site: Option<&LeadSite>) -> Self {
        let Some(site) = site else { return Self::default() };
        let LeadSite {
            domain_id: _,
            content_scrape_status,
            page_scrape_status,
            sitemap_analysis_status,
            phone_numbers,
            facebook_url,
            twitter_url,
            linkedin_url,
            instagram_url,
            youtube_url,
            tech_stack,
            wordpress_version,
            copyright_year,
        } = site.clone();
        let mut phones = phone_numbers.map(|list| list.0).unwrap_or_default().into_iter();
        Self {
            phone: phones.find(|phone| !phone.is_empty()),
            social_links: SocialLinks {
                facebook: facebook_url,
                twitter: twitter_url,
                linkedin: linkedin_url,
                instagram: instagram_url,
                youtube: youtube_url,
            },
            technologies: tech_stack.as_ref().map(technology_names).unwrap_or_default(),
            wordpress_version,
            copyright_year: copyright_year.and_then(|year| year.trim().parse().ok()),
            content_scrape_status: content_scrape_status.map(Words::word),
            page_scrape_status: page_scrape_status.map(Words::word),
            sitemap_analysis_status: sitemap_analysis_status.map(Words::word),
        }
    }
}

/// Returns the names in a site's technologies: an object of lists of names, or of objects with a `name`. The same names
/// are in the lead's row, by which leads are filtered (`refresh_leads` in the migrations).
fn technology_names(stack: &RawJson) -> Vec<String> {
    let Ok(Value::Object(kinds)) = stack.parse::<Value>() else {
        return Vec::new();
    };
    let entries = kinds.values().filter_map(Value::as_array).flatten();
    let mut names: Vec<String> = Vec::new();
    for entry in entries {
        let name = entry.as_str().or_else(|| entry.get("name").and_then(Value::as_str));
        if let Some(name) = name
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }
    names
}

impl LeadContactView {
    fn new(contact: &LeadContact) -> Self {
        let LeadContact {
            id,
            domain_id: _,
            email,
            name,
            role,
            confidence,
            mark,
            last_seen_at,
        } = contact.clone();
        Self {
            id: id.get(),
            email,
            name,
            role,
            confidence,
            mark: mark.map(Words::word),
            last_seen_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn technologies_are_named_once_however_they_are_stored() {
        let names = |stack: Value| technology_names(&stack.into());
        assert_eq!(
            names(json!({ "cms": ["WordPress"], "widgets": [{ "name": "Tawk.to", "version": "1" }, "WordPress", 1] })),
            ["WordPress", "Tawk.to"]
        );
        for nothing in [
            json!(null),
            json!([]),
            json!("text"),
            json!({ "a": { "b": 1 }, "c": [] }),
        ] {
            assert_eq!(names(nothing), Vec::<String>::new());
        }
    }
}
