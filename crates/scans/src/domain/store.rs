//! The rows that a domain scan writes: the domain's own and three with the facts about its site.

use chrono::Utc;
use database::ids::DomainId;
use database::models::domain::DomainChanges;
use database::models::domain_hosting::DomainHostingChanges;
use database::models::domain_profile::DomainProfileChanges;
use database::models::domain_technologies::DomainTechnologiesChanges;
use database::models::enums::{ProcessingStatus, TaskStatus};
use database::models::values::{RawJson, TextList};
use database::repo;
use database::tenant::TenantConnection;
use jobs::{JobContext, JobError};
use url::Url;
use web::extract::SiteMetadata;
use web::fetch::{Certificate, FetchError, Page, TlsFault};

use crate::Services;
use crate::sitemap::count::SitemapCount;

/// How a home page was served.
#[derive(Clone, Copy)]
pub(super) struct Served<'a> {
    pub(super) page: &'a Page,
    /// Why it was not served by https, if it was not.
    pub(super) https_failure: Option<&'a FetchError>,
}

/// Returns the metadata without addresses that are suppressed.
pub(super) async fn drop_suppressed(
    conn: &mut TenantConnection,
    domain: &str,
    found: &SiteMetadata,
) -> Result<SiteMetadata, JobError> {
    let mut found = found.clone();
    if found.emails.is_empty() {
        return Ok(found);
    }
    let own = format!("@{domain}");
    let asked: Vec<&str> = found.emails.iter().map(String::as_str).chain([own.as_str()]).collect();
    let covered = repo::suppressions::list_covered(conn, &asked).await?;
    if covered.contains(&own) {
        found.emails.clear();
    }
    found.emails.retain(|email| !covered.contains(email));
    Ok(found)
}

/// Marks the domain's scan as running.
pub(super) async fn begin(ctx: &JobContext<Services>, domain: &str) -> Result<(), JobError> {
    let mut conn = ctx.tenant().await?;
    let row = ctx.domain(&mut conn, domain).await?;
    ctx.hold(&mut conn).await?;
    let changes = DomainChanges {
        content_scrape_status: Some(Some(TaskStatus::InProgress)),
        ..DomainChanges::default()
    };
    repo::domains::update(&mut conn, row.id, &changes).await?;
    conn.commit().await?;
    Ok(())
}

/// Writes the results of a scan, in the caller's transaction. A fact that was not found becomes NULL, since the site no
/// longer states it.
pub(super) async fn success(
    ctx: &JobContext<Services>,
    conn: &mut TenantConnection,
    domain: &str,
    served: Served<'_>,
    found: &SiteMetadata,
    sitemaps: &SitemapCount,
) -> Result<(), JobError> {
    let now = Utc::now();
    let row = ctx.domain(conn, domain).await?;
    let changes = DomainChanges {
        content_scrape_status: Some(Some(TaskStatus::Completed)),
        content_scrape_at: Some(Some(now)),
        content_scrape_error: Some(None),
        last_scan: Some(now),
        has_sitemap: Some(Some(sitemaps.first.is_some())),
        sitemap_url: Some(sitemaps.first.as_ref().map(Url::as_str)),
        total_sitemaps: Some(i32::try_from(sitemaps.files).ok()),
        // Without a sitemap, the number of pages is unknown.
        page_count: Some(sitemaps.first.as_ref().and_then(|_| i32::try_from(sitemaps.pages).ok())),
        sitemap_urls: Some(i32::try_from(sitemaps.pages).ok()),
        ..DomainChanges::default()
    };
    // An analysis of all sitemaps found more than a scan counts.
    let changes = if row.sitemap_analysis_status == Some(ProcessingStatus::Completed) {
        DomainChanges {
            has_sitemap: None,
            sitemap_url: None,
            total_sitemaps: None,
            sitemap_urls: None,
            ..changes
        }
    } else {
        changes
    };
    repo::domains::update(conn, row.id, &changes).await?;
    upsert_profile(conn, row.id, found).await?;
    upsert_technologies(conn, row.id, found).await?;
    upsert_hosting(conn, row.id, served, found).await
}

/// Writes the content of the site.
async fn upsert_profile(conn: &mut TenantConnection, domain: DomainId, found: &SiteMetadata) -> Result<(), JobError> {
    let list = |texts: &[String]| texts.iter().collect::<TextList>();
    let (emails, phones, addresses, languages) = (
        list(&found.emails),
        list(&found.phones),
        list(&found.addresses),
        list(&found.content_language),
    );
    let meta = json(&found.contract())?;
    let feeds = json(&found.feed_urls)?;
    let hours = found.business_hours.clone().map(RawJson::from);
    let social = &found.social_links;
    let profile = DomainProfileChanges {
        title: Some(found.title.as_deref()),
        description: Some(found.description.as_deref()),
        language: Some(found.language.as_deref()),
        content_language: Some(Some(&languages)),
        favicon_url: Some(found.favicon_url.as_deref()),
        logo_url: Some(found.logo_url.as_deref()),
        copyright_year: Some(found.copyright_year.as_deref()),
        has_cookie_notice: Some(Some(found.has_cookie_notice)),
        has_privacy_policy: Some(Some(found.has_privacy_policy)),
        phone_numbers: Some(Some(&phones)),
        email_addresses: Some(Some(&emails)),
        physical_addresses: Some(Some(&addresses)),
        facebook_url: Some(social.facebook.as_deref()),
        twitter_url: Some(social.twitter.as_deref()),
        linkedin_url: Some(social.linkedin.as_deref()),
        instagram_url: Some(social.instagram.as_deref()),
        youtube_url: Some(social.youtube.as_deref()),
        business_hours: Some(hours.as_ref()),
        has_ecommerce: Some(Some(found.has_ecommerce)),
        feed_urls: Some(Some(&feeds)),
        meta_json: Some(Some(&meta)),
        ..DomainProfileChanges::default()
    };
    repo::domain_facts::upsert(conn, domain, &profile).await?;
    Ok(())
}

/// Writes the technologies of the site.
async fn upsert_technologies(
    conn: &mut TenantConnection,
    domain: DomainId,
    found: &SiteMetadata,
) -> Result<(), JobError> {
    let wordpress = &found.wordpress;
    let stack = json(&found.tech_stack)?;
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
    };
    repo::domain_facts::upsert(conn, domain, &technologies).await?;
    Ok(())
}

/// Writes the hosting of the site.
async fn upsert_hosting(
    conn: &mut TenantConnection,
    domain: DomainId,
    Served { page, https_failure }: Served<'_>,
    found: &SiteMetadata,
) -> Result<(), JobError> {
    let is_https = page.final_url.scheme() == "https";
    let (fault, refused) = https_failure.and_then(FetchError::tls).unzip();
    let shown = page
        .tls
        .as_ref()
        .filter(|_| is_https)
        .and_then(|tls| tls.certificate.as_ref());
    let certificate = shown.or(refused.flatten());
    let reason = https_failure.map(ToString::to_string);
    let performance = json(&found.performance)?;
    let address = page.remote_addr.ip().to_string();
    let server = header(page, "server");
    let modified = header(page, "last-modified").and_then(|text| chrono::DateTime::parse_from_rfc2822(text).ok());
    let hosting = DomainHostingChanges {
        has_ssl: Some(Some(is_https)),
        ssl_fault: Some(fault.map(TlsFault::label)),
        ssl_error: Some(reason.as_deref()),
        ssl_issuer: Some(certificate.and_then(|certificate| certificate.issuer.as_deref())),
        ssl_expiry_date: Some(certificate.and_then(|certificate| certificate.expires)),
        ssl_version: Some(page.tls.as_ref().and_then(|tls| tls.version)),
        server_type: Some(server),
        ip_address: Some(Some(&address)),
        server_response_time: Some(i32::try_from(page.time_to_first_byte.as_millis()).ok()),
        last_modified: Some(modified.map(Into::into)),
        performance_metrics: Some(Some(&performance)),
        last_error: Some(None),
        error_count: Some(Some(0)),
        last_successful_scan: Some(Some(Utc::now())),
        ..DomainHostingChanges::default()
    };
    repo::domain_facts::upsert(conn, domain, &hosting).await?;
    Ok(())
}

/// Records at the domain that its scan failed, if this worker still holds the job. Earlier results are kept.
///
/// If the record cannot be written, it is skipped: the job itself states why it failed.
pub(super) async fn failure(ctx: &JobContext<Services>, domain: &str, message: &str, fetch: Option<&FetchError>) {
    if let Err(error) = note_failure(ctx, domain, message, fetch).await {
        log::debug!(
            "job {}: the failure could not be recorded at the domain: {error}",
            ctx.job_id()
        );
    }
}

async fn note_failure(
    ctx: &JobContext<Services>,
    domain: &str,
    message: &str,
    fetch: Option<&FetchError>,
) -> Result<(), JobError> {
    let mut conn = ctx.tenant().await?;
    let row = ctx.domain(&mut conn, domain).await?;
    ctx.hold(&mut conn).await?;
    let changes = DomainChanges {
        content_scrape_status: Some(Some(TaskStatus::Error)),
        content_scrape_at: Some(Some(Utc::now())),
        content_scrape_error: Some(Some(message)),
        ..DomainChanges::default()
    };
    repo::domains::update(&mut conn, row.id, &changes).await?;
    let before = repo::domain_facts::find_hosting(&mut conn, row.id)
        .await?
        .and_then(|hosting| hosting.error_count);
    let hosting = DomainHostingChanges {
        last_error: Some(Some(message)),
        error_count: Some(Some(before.unwrap_or(0).saturating_add(1))),
        ..match fetch.and_then(FetchError::tls) {
            Some((fault, certificate)) => without_tls(fault, certificate, message),
            None => DomainHostingChanges::default(),
        }
    };
    repo::domain_facts::upsert(&mut conn, row.id, &hosting).await?;
    conn.commit().await?;
    Ok(())
}

/// Returns the facts about a site that cannot be reached over TLS: those of an earlier scan no longer hold.
fn without_tls<'a>(
    fault: &TlsFault,
    certificate: Option<&'a Certificate>,
    message: &'a str,
) -> DomainHostingChanges<'a> {
    DomainHostingChanges {
        has_ssl: Some(Some(false)),
        ssl_version: Some(None),
        ssl_fault: Some(Some(fault.label())),
        ssl_error: Some(Some(message)),
        ssl_issuer: Some(certificate.and_then(|certificate| certificate.issuer.as_deref())),
        ssl_expiry_date: Some(certificate.and_then(|certificate| certificate.expires)),
        ..DomainHostingChanges::default()
    }
}

fn header<'p>(page: &'p Page, name: &str) -> Option<&'p str> {
    page.headers.get(name)?.to_str().ok()
}

fn json(value: &impl serde::Serialize) -> Result<RawJson, JobError> {
    RawJson::from_value(value).map_err(|error| JobError::internal(error.into()))
}
