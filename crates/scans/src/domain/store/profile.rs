//! What the site says.

use database::ids::DomainId;
use database::models::domain_profile::{DomainProfile, DomainProfileChanges};
use database::models::values::{RawJson, TextList};
use database::repo;
use database::tenant::TenantConnection;
use jobs::JobError;
use web::extract::SiteMetadata;

use super::hidden::Hidden;

/// Writes the content of the site.
pub(super) async fn upsert(
    conn: &mut TenantConnection,
    domain: DomainId,
    found: &SiteMetadata,
    hidden: &Hidden,
) -> Result<DomainProfile, JobError> {
    let list = |texts: &[String]| texts.iter().collect::<TextList>();
    let (emails, phones, addresses, languages, payments) = (
        list(&found.emails),
        list(&found.phones),
        list(&found.addresses),
        list(&found.content_language),
        list(&found.payment_methods),
    );
    let meta = hidden.json(&found.contract())?;
    let feeds = hidden.json(&found.feed_urls)?;
    let hours = found.business_hours.clone().map(RawJson::from);
    let social = &found.social_links;
    let profile = DomainProfileChanges {
        title: Some(found.title.as_deref()),
        description: Some(found.description.as_deref()),
        language: Some(found.language.as_deref()),
        content_language: Some(Some(&languages)),
        primary_language: Some(found.detected_language.as_ref().map(|language| language.tag)),
        favicon_url: Some(found.favicon_url.as_deref()),
        logo_url: Some(found.logo_url.as_deref()),
        copyright_year: Some(found.copyright_year.as_deref()),
        has_cookie_notice: Some(Some(found.has_cookie_notice)),
        has_privacy_policy: Some(Some(found.has_privacy_policy)),
        has_viewport: Some(Some(found.has_viewport)),
        phone_numbers: Some(Some(&phones)),
        email_addresses: Some(Some(&emails)),
        physical_addresses: Some(Some(&addresses)),
        facebook_url: Some(social.facebook.as_deref()),
        twitter_url: Some(social.twitter.as_deref()),
        linkedin_url: Some(social.linkedin.as_deref()),
        instagram_url: Some(social.instagram.as_deref()),
        youtube_url: Some(social.youtube.as_deref()),
        business_hours: Some(hours.as_ref()),
        business_name: Some(found.business.name.as_deref()),
        business_type: Some(found.business.kind),
        business_category: Some(found.business.category),
        payment_methods: Some(Some(&payments)),
        has_ecommerce: Some(Some(found.has_ecommerce)),
        feed_urls: Some(Some(&feeds)),
        meta_json: Some(Some(&meta)),
        ..DomainProfileChanges::default()
    };
    Ok(repo::domain_facts::upsert(conn, domain, &profile).await?)
}
