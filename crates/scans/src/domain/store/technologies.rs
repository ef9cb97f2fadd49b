//! What the site runs on.

use database::ids::DomainId;
use database::models::domain_technologies::{DomainTechnologies, DomainTechnologiesChanges};
use database::repo;
use database::tenant::TenantConnection;
use jobs::JobError;
use web::extract::SiteMetadata;

use super::hidden::Hidden;

/// Writes the technologies of the site.
pub(super) async fn upsert(
    conn: &mut TenantConnection,
    domain: DomainId,
    found: &SiteMetadata,
    hidden: &Hidden,
) -> Result<DomainTechnologies, JobError> {
    let wordpress = &found.wordpress;
    let stack = hidden.json(&found.tech_stack)?;
    let claims = hidden.json(&found.technologies)?;
    let technologies = DomainTechnologiesChanges {
        tech_stack: Some(Some(&stack)),
        is_wordpress: Some(Some(wordpress.is_wordpress)),
        wordpress_version: Some(wordpress.version.as_deref()),
        wordpress_theme: Some(wordpress.theme.as_deref()),
        has_elementor: Some(Some(wordpress.has_elementor)),
        elementor_version: Some(wordpress.elementor_version.as_deref()),
        has_divi: Some(Some(wordpress.has_divi)),
        has_woocommerce: Some(Some(wordpress.has_woocommerce)),
        has_contact_form7: Some(Some(wordpress.has_contact_form7)),
        has_yoast_seo: Some(Some(wordpress.has_yoast_seo)),
        has_wpforms: Some(Some(wordpress.has_wpforms)),
        google_analytics_id: Some(found.google_analytics_id.as_deref()),
        google_tag_manager_id: Some(found.google_tag_manager_id.as_deref()),
        claims: Some(Some(&claims)),
    };
    Ok(repo::domain_facts::upsert(conn, domain, &technologies).await?)
}
