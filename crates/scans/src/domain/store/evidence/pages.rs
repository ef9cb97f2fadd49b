//! What the pages of a site tell.

use database::models::domain_evidence::EvidenceColumn as Column;
use web::extract::{Fact, PhoneKind, SiteMetadata};

use crate::domain::gathered::Gathered;
use crate::evidence::{EvidenceRows, INFERRED, Told};

/// Returns what the values are told by that the pages state, and those that follow from their technologies.
pub(in crate::domain) fn of_pages(found: &SiteMetadata) -> EvidenceRows {
    let mut rows = EvidenceRows::default();
    let hours = found.business_hours.as_ref().map(ToString::to_string);
    for (column, fact, value) in texts(found, hours.as_deref()) {
        if let Some(value) = value {
            rows.prove(column, &found.proofs, fact, value);
        }
    }
    for (column, fact, values) in [
        (Column::ContentLanguage, Fact::ContentLanguage, &found.content_language),
        (Column::PhoneNumbers, Fact::Phone, &found.phones),
        (Column::EmailAddresses, Fact::Email, &found.emails),
        (Column::PhysicalAddresses, Fact::Address, &found.addresses),
        (Column::PaymentMethods, Fact::Payment, &found.payment_methods),
        (Column::FeedUrls, Fact::Feed, &found.feed_urls),
    ] {
        for value in values {
            rows.prove(column, &found.proofs, fact, value);
        }
    }
    let faxes = found.phone_numbers.iter().filter(|phone| phone.kind == PhoneKind::Fax);
    for fax in faxes {
        rows.prove(Column::MetaJson, &found.proofs, Fact::Phone, &fax.number);
    }
    for profile in found.social_links.others.values() {
        rows.prove(Column::MetaJson, &found.proofs, Fact::Profile, profile);
    }
    technologies(&mut rows, found);
    rows
}

/// Adds where the site was searched for what it does not have.
pub(in crate::domain) fn of_absences(rows: &mut EvidenceRows, gathered: &Gathered, found: &SiteMetadata) {
    let read = format!("pages read: {}", gathered.totals.pages());
    for (column, is_there, searched) in [
        (Column::HasCookieNotice, found.has_cookie_notice, read.as_str()),
        (Column::HasPrivacyPolicy, found.has_privacy_policy, read.as_str()),
        (Column::HasEcommerce, found.has_ecommerce, read.as_str()),
        (Column::HasViewport, found.has_viewport, "home page"),
        (
            Column::HasSitemap,
            gathered.sitemaps.first.is_some(),
            "robots.txt, links of the home page, common names",
        ),
    ] {
        if !is_there {
            let told = Told {
                url: Some(gathered.home.final_url.as_str()),
                rule: "not found",
                snippet: searched,
                confidence: INFERRED,
            };
            rows.add(column, "false", told);
        }
    }
}

/// Returns the facts that have one value.
fn texts<'f>(found: &'f SiteMetadata, hours: Option<&'f str>) -> [(Column, Fact, Option<&'f str>); 23] {
    let is = |yes: bool| yes.then_some("true");
    let social = &found.social_links;
    let business = &found.business;
    let language = found.detected_language.as_ref();
    [
        (Column::Title, Fact::Title, found.title.as_deref()),
        (Column::Description, Fact::Description, found.description.as_deref()),
        (Column::Language, Fact::Language, found.language.as_deref()),
        (
            Column::PrimaryLanguage,
            Fact::TextLanguage,
            language.map(|language| language.tag),
        ),
        (Column::FaviconUrl, Fact::Favicon, found.favicon_url.as_deref()),
        (Column::LogoUrl, Fact::Logo, found.logo_url.as_deref()),
        (
            Column::CopyrightYear,
            Fact::CopyrightYear,
            found.copyright_year.as_deref(),
        ),
        (Column::HasCookieNotice, Fact::CookieNotice, is(found.has_cookie_notice)),
        (
            Column::HasPrivacyPolicy,
            Fact::PrivacyPolicy,
            is(found.has_privacy_policy),
        ),
        (Column::HasViewport, Fact::Viewport, is(found.has_viewport)),
        (Column::FacebookUrl, Fact::Profile, social.facebook.as_deref()),
        (Column::TwitterUrl, Fact::Profile, social.twitter.as_deref()),
        (Column::LinkedinUrl, Fact::Profile, social.linkedin.as_deref()),
        (Column::InstagramUrl, Fact::Profile, social.instagram.as_deref()),
        (Column::YoutubeUrl, Fact::Profile, social.youtube.as_deref()),
        (Column::BusinessHours, Fact::Hours, hours),
        (Column::BusinessName, Fact::BusinessName, business.name.as_deref()),
        (Column::BusinessType, Fact::BusinessType, business.kind),
        (Column::BusinessCategory, Fact::BusinessType, business.category),
        (Column::HasEcommerce, Fact::Shop, is(found.has_ecommerce)),
        (Column::WordpressTheme, Fact::Theme, found.wordpress.theme.as_deref()),
        (
            Column::GoogleAnalyticsId,
            Fact::Analytics,
            found.google_analytics_id.as_deref(),
        ),
        (
            Column::GoogleTagManagerId,
            Fact::TagManager,
            found.google_tag_manager_id.as_deref(),
        ),
    ]
}

/// Adds the claims, and the columns that follow from them.
fn technologies(rows: &mut EvidenceRows, found: &SiteMetadata) {
    for claim in &found.technologies {
        rows.claim(Column::Claims, &claim.name, claim);
    }
    for (column, name) in [
        (Column::IsWordpress, "WordPress"),
        (Column::HasElementor, "Elementor"),
        (Column::HasDivi, "Divi"),
        (Column::HasWoocommerce, "WooCommerce"),
        (Column::HasContactForm7, "Contact Form 7"),
        (Column::HasYoastSeo, "Yoast SEO"),
        (Column::HasWpforms, "WPForms"),
    ] {
        if let Some(claim) = found.technologies.iter().find(|claim| claim.name == name) {
            rows.claim(column, "true", claim);
        }
    }
    for (column, name) in [
        (Column::WordpressVersion, "WordPress"),
        (Column::ElementorVersion, "Elementor"),
    ] {
        let claim = found.technologies.iter().find(|claim| claim.name == name);
        if let Some((claim, version)) = claim.and_then(|claim| Some((claim, claim.version.as_deref()?))) {
            rows.claim(column, version, claim);
        }
    }
}
