//! What rules of the score look at.

use database::models::lead_score::{HostingFacts, ScoreFacts, SiteFacts};
use serde::Deserialize;
use web::score::Facts;

#[derive(Deserialize)]
struct Graded {
    grade: Option<String>,
}

/// Returns what is known of a lead.
pub(super) fn facts(row: ScoreFacts) -> Facts {
    let ScoreFacts {
        lead_id: _,
        domain_id,
        has_email,
        rating,
        user_ratings_total,
        website,
        content_at,
        site,
        hosting,
        claims,
    } = row;
    let is_scanned = hosting
        .as_ref()
        .is_some_and(|hosting| hosting.last_successful_scan.is_some());
    let has_website = domain_id.is_some() || website.is_some_and(|website| !website.is_empty());
    let mut facts = Facts {
        has_site: match (is_scanned, has_website) {
            (true, _) => Some(true),
            // Google said so, when it was asked for the place's details.
            (false, false) if content_at.is_some() => Some(false),
            (false, _) => None,
        },
        has_email: has_email.then_some(true),
        rating,
        ratings: user_ratings_total,
        technologies: claims.and_then(|claims| claims.parse().ok()),
        ..Facts::default()
    };
    if let Some(SiteFacts {
        copyright_year,
        has_privacy_policy,
        has_viewport,
    }) = site
    {
        facts.copyright_year = copyright_year.and_then(|year| year.trim().parse().ok());
        facts.has_privacy_policy = has_privacy_policy;
        facts.has_viewport = has_viewport;
    }
    if let Some(HostingFacts {
        has_ssl,
        ssl_fault,
        ssl_expiry_date,
        security_headers,
        server_response_time,
        average_page_size,
        last_successful_scan: _,
    }) = hosting
    {
        facts.has_ssl = has_ssl;
        facts.ssl_fault = ssl_fault;
        facts.certificate_end = ssl_expiry_date;
        facts.security_grade = security_headers
            .and_then(|headers| headers.parse::<Graded>().ok())
            .and_then(|graded| graded.grade);
        facts.response_ms = server_response_time;
        facts.page_bytes = average_page_size;
    }
    facts
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use uuid::Uuid;

    use super::*;

    fn row() -> ScoreFacts {
        ScoreFacts {
            lead_id: Uuid::nil().into(),
            domain_id: None,
            has_email: false,
            rating: None,
            user_ratings_total: None,
            website: None,
            content_at: None,
            site: None,
            hosting: None,
            claims: None,
        }
    }

    #[test]
    fn a_business_has_no_website_only_where_its_details_say_so() {
        let has_site = |row: ScoreFacts| facts(row).has_site;
        assert_eq!(facts(row()), Facts::default());
        assert_eq!(
            has_site(ScoreFacts {
                content_at: Some(Utc::now()),
                ..row()
            }),
            Some(false)
        );
        assert_eq!(
            has_site(ScoreFacts {
                content_at: Some(Utc::now()),
                website: Some("https://acme.test".to_owned()),
                ..row()
            }),
            None,
            "it was not scanned"
        );
    }
}
