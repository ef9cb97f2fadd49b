//! The technologies of a domain's site.

use database::models::domain_technologies::DomainTechnologies;
use database::models::values::RawJson;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The technologies of a domain's site. A field is null if it is unknown.
#[derive(Debug, Serialize, ToSchema)]
pub struct DomainTechnologiesView {
    /// CMS, frameworks, analytics and widgets.
    #[schema(value_type = Option<serde_json::Value>)]
    pub tech_stack: Option<Box<RawValue>>,
    /// Each technology: its name, category, version, confidence (0 to 100), and its evidence (rule, snippet, URL of the page).
    #[schema(value_type = Option<serde_json::Value>)]
    pub claims: Option<Box<RawValue>>,
    /// Whether the site runs on WordPress.
    pub is_wordpress: Option<bool>,
    /// Version of WordPress, if the site states it.
    pub wordpress_version: Option<String>,
    /// Name of the WordPress theme.
    pub wordpress_theme: Option<String>,
    /// Whether the site uses Elementor.
    pub has_elementor: Option<bool>,
    /// Version of Elementor, if the site states it.
    pub elementor_version: Option<String>,
    /// Whether the site uses Divi.
    pub has_divi: Option<bool>,
    /// Whether the site uses WooCommerce.
    pub has_woocommerce: Option<bool>,
    /// Whether the site uses Contact Form 7.
    pub has_contact_form7: Option<bool>,
    /// Whether the site uses Yoast SEO.
    pub has_yoast_seo: Option<bool>,
    /// Whether the site uses WPForms.
    pub has_wpforms: Option<bool>,
    /// The site's Google Analytics id.
    pub google_analytics_id: Option<String>,
    /// The site's Google Tag Manager id.
    pub google_tag_manager_id: Option<String>,
}

impl From<DomainTechnologies> for DomainTechnologiesView {
    fn from(row: DomainTechnologies) -> Self {
        let DomainTechnologies {
            tenant_id: _,
            domain_id: _,
            tech_stack,
            is_wordpress,
            wordpress_version,
            wordpress_theme,
            has_elementor,
            elementor_version,
            has_divi,
            has_woocommerce,
            has_contact_form7,
            has_yoast_seo,
            has_wpforms,
            google_analytics_id,
            google_tag_manager_id,
            claims,
        } = row;
        Self {
            tech_stack: tech_stack.map(RawJson::into_raw),
            claims: claims.map(RawJson::into_raw),
            is_wordpress,
            wordpress_version,
            wordpress_theme,
            has_elementor,
            elementor_version,
            has_divi,
            has_woocommerce,
            has_contact_form7,
            has_yoast_seo,
            has_wpforms,
            google_analytics_id,
            google_tag_manager_id,
        }
    }
}
