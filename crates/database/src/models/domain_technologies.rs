//! Table `domain_technologies`.

use diesel::prelude::{AsChangeset, HasQuery, Insertable};
use schema::domain_technologies;

use super::values::RawJson;
use crate::ids::{DomainId, TenantId};

/// The technologies of a domain's site.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = domain_technologies)]
pub struct DomainTechnologies {
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// CMS, frameworks, analytics and widgets.
    pub tech_stack: Option<RawJson>,
    /// Whether it runs on WordPress.
    pub is_wordpress: Option<bool>,
    /// The version, if stated.
    pub wordpress_version: Option<String>,
    /// The theme.
    pub wordpress_theme: Option<String>,
    /// Whether it uses Elementor.
    pub has_elementor: Option<bool>,
    /// The version of Elementor.
    pub elementor_version: Option<String>,
    /// Whether it uses Divi.
    pub has_divi: Option<bool>,
    /// Whether it uses WooCommerce.
    pub has_woocommerce: Option<bool>,
    /// Whether it uses Contact Form 7.
    pub has_contact_form7: Option<bool>,
    /// Whether it uses Yoast SEO.
    pub has_yoast_seo: Option<bool>,
    /// Whether it uses WPForms.
    pub has_wpforms: Option<bool>,
    /// Its Google Analytics id.
    pub google_analytics_id: Option<String>,
    /// Its Google Tag Manager id.
    pub google_tag_manager_id: Option<String>,
    /// Each technology with its evidence.
    pub claims: Option<RawJson>,
}

/// Changes of [`DomainTechnologies`].
///
/// `None` leaves a column unchanged; `Some(None)` sets a nullable column to NULL.
#[derive(Clone, Debug, Default, AsChangeset, Insertable)]
#[diesel(table_name = domain_technologies)]
pub struct DomainTechnologiesChanges<'a> {
    /// CMS, frameworks, analytics and widgets.
    pub tech_stack: Option<Option<&'a RawJson>>,
    /// Whether it runs on WordPress.
    pub is_wordpress: Option<Option<bool>>,
    /// The version, if stated.
    pub wordpress_version: Option<Option<&'a str>>,
    /// The theme.
    pub wordpress_theme: Option<Option<&'a str>>,
    /// Whether it uses Elementor.
    pub has_elementor: Option<Option<bool>>,
    /// The version of Elementor.
    pub elementor_version: Option<Option<&'a str>>,
    /// Whether it uses Divi.
    pub has_divi: Option<Option<bool>>,
    /// Whether it uses WooCommerce.
    pub has_woocommerce: Option<Option<bool>>,
    /// Whether it uses Contact Form 7.
    pub has_contact_form7: Option<Option<bool>>,
    /// Whether it uses Yoast SEO.
    pub has_yoast_seo: Option<Option<bool>>,
    /// Whether it uses WPForms.
    pub has_wpforms: Option<Option<bool>>,
    /// Its Google Analytics id.
    pub google_analytics_id: Option<Option<&'a str>>,
    /// Its Google Tag Manager id.
    pub google_tag_manager_id: Option<Option<&'a str>>,
    /// Each technology with its evidence.
    pub claims: Option<Option<&'a RawJson>>,
}
