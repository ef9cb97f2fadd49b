//! Table `domain_evidence`.

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::prelude::HasQuery;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use schema::domain_evidence;

use super::labels::{UnknownLabel, labelled_enum};
use crate::ids::{DomainEvidenceId, DomainId, TenantId};

labelled_enum! {
    /// A column of `domains`, `domain_profiles`, `domain_technologies` or `domain_hosting` whose values have evidence.
    EvidenceColumn("a column with evidence"): Text {
        /// The title of the site.
        Title = "title",
        /// The description of the site.
        Description = "description",
        /// The language that the site declares.
        Language = "language",
        /// The languages that the server declares.
        ContentLanguage = "content_language",
        /// The language of the text.
        PrimaryLanguage = "primary_language",
        /// The icon.
        FaviconUrl = "favicon_url",
        /// The logo.
        LogoUrl = "logo_url",
        /// The year in the copyright notice.
        CopyrightYear = "copyright_year",
        /// Whether the site asks about cookies.
        HasCookieNotice = "has_cookie_notice",
        /// Whether the site has a privacy policy.
        HasPrivacyPolicy = "has_privacy_policy",
        /// Whether the home page is laid out for phones.
        HasViewport = "has_viewport",
        /// The telephone numbers.
        PhoneNumbers = "phone_numbers",
        /// The email addresses.
        EmailAddresses = "email_addresses",
        /// The postal addresses.
        PhysicalAddresses = "physical_addresses",
        /// The profile on Facebook.
        FacebookUrl = "facebook_url",
        /// The profile on X.
        TwitterUrl = "twitter_url",
        /// The profile on LinkedIn.
        LinkedinUrl = "linkedin_url",
        /// The profile on Instagram.
        InstagramUrl = "instagram_url",
        /// The channel on YouTube.
        YoutubeUrl = "youtube_url",
        /// The name of the business.
        BusinessName = "business_name",
        /// The type of the business.
        BusinessType = "business_type",
        /// The category of the business.
        BusinessCategory = "business_category",
        /// The opening hours.
        BusinessHours = "business_hours",
        /// The payment methods.
        PaymentMethods = "payment_methods",
        /// Whether the site runs on shop software.
        HasEcommerce = "has_ecommerce",
        /// The feeds.
        FeedUrls = "feed_urls",
        /// Fax numbers, and profiles on networks without a column.
        MetaJson = "meta_json",
        /// The technologies.
        Claims = "claims",
        /// Whether the site runs on WordPress.
        IsWordpress = "is_wordpress",
        /// The version of WordPress.
        WordpressVersion = "wordpress_version",
        /// The folder of the WordPress theme.
        WordpressTheme = "wordpress_theme",
        /// Whether the site uses Elementor.
        HasElementor = "has_elementor",
        /// The version of Elementor.
        ElementorVersion = "elementor_version",
        /// Whether the site uses Divi.
        HasDivi = "has_divi",
        /// Whether the site uses WooCommerce.
        HasWoocommerce = "has_woocommerce",
        /// Whether the site uses Contact Form 7.
        HasContactForm7 = "has_contact_form7",
        /// Whether the site uses Yoast SEO.
        HasYoastSeo = "has_yoast_seo",
        /// Whether the site uses WPForms.
        HasWpforms = "has_wpforms",
        /// The Google Analytics id.
        GoogleAnalyticsId = "google_analytics_id",
        /// The Google Tag Manager id.
        GoogleTagManagerId = "google_tag_manager_id",
        /// Whether the site is served by https.
        HasSsl = "has_ssl",
        /// The TLS version.
        SslVersion = "ssl_version",
        /// The issuer of the certificate.
        SslIssuer = "ssl_issuer",
        /// The end of the certificate.
        SslExpiryDate = "ssl_expiry_date",
        /// The hosts' names of the certificate.
        SslNames = "ssl_names",
        /// What is wrong with TLS, in one word.
        SslFault = "ssl_fault",
        /// What is wrong with TLS, in a sentence.
        SslError = "ssl_error",
        /// Where the site's addresses lead.
        Redirects = "redirects",
        /// The grade of the security headers.
        SecurityHeaders = "security_headers",
        /// The server software.
        ServerType = "server_type",
        /// The address that answered.
        IpAddress = "ip_address",
        /// Who stands in front of the site.
        CdnProvider = "cdn_provider",
        /// Who hosts the site.
        HostingProvider = "hosting_provider",
        /// The DNS records, and who runs DNS and mail.
        DnsRecords = "dns_records",
        /// The time to the first byte of home.
        ServerResponseTime = "server_response_time",
        /// The mean time to the first byte.
        AverageResponseTime = "average_response_time",
        /// The mean size of the pages.
        AveragePageSize = "average_page_size",
        /// The number of images.
        TotalImagesCount = "total_images_count",
        /// The counts of elements of home.
        PerformanceMetrics = "performance_metrics",
        /// When home was last changed.
        LastModified = "last_modified",
        /// The text of robots.txt.
        RobotsTxt = "robots_txt",
        /// What the site asks of crawlers.
        CrawlerHints = "crawler_hints",
        /// Whether sitemaps were found.
        HasSitemap = "has_sitemap",
        /// The first sitemap.
        SitemapUrl = "sitemap_url",
        /// The number of sitemaps.
        TotalSitemaps = "total_sitemaps",
        /// The number of URLs in the sitemaps.
        SitemapUrls = "sitemap_urls",
        /// The number of pages in the sitemaps.
        PageCount = "page_count",
    }
}

/// What a value of a domain is told by. The evidence of values that follow from a technology is that of its claim.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = domain_evidence)]
pub struct DomainEvidence {
    /// Identifies the row; values that were seen later have higher ids.
    pub id: DomainEvidenceId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The domain.
    pub domain_id: DomainId,
    /// The column with the value.
    pub column_name: EvidenceColumn,
    /// The value, or one of several, as text; long ones are cut off.
    pub value: String,
    /// The page or file that tells it; `None` for DNS, connections and claims.
    pub url: Option<String>,
    /// The rule by which it is told; `None` for claims.
    pub rule: Option<String>,
    /// What was read; `None` for claims.
    pub snippet: Option<String>,
    /// The claimed technology that the value follows from.
    pub claim: Option<String>,
    /// How sure it is, from 0 to 100.
    pub confidence: i16,
    /// When a scan found the value first.
    pub first_seen: DateTime<Utc>,
    /// When a scan found it last.
    pub last_seen: DateTime<Utc>,
}

/// What a value is told by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDomainEvidence {
    /// The column with the value.
    pub column: EvidenceColumn,
    /// The value, or one of several, as text.
    pub value: String,
    /// The page or file that tells it; `None` for DNS, connections and claims.
    pub url: Option<String>,
    /// The rule by which it is told; `None` for claims.
    pub rule: Option<String>,
    /// What was read; `None` for claims.
    pub snippet: Option<String>,
    /// The claimed technology that the value follows from.
    pub claim: Option<String>,
    /// How sure it is, from 0 to 100.
    pub confidence: i16,
}
