//! Limits of sitemap analyses.

use std::time::Duration;

use super::{ConfigError, Settings};

/// What one analysis of a site's sitemaps may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SitemapConfig {
    /// Bytes of one file, after decompression. The standard allows 50 MB.
    pub max_file_bytes: usize,
    /// Entries of one file. The standard allows 50,000.
    pub max_file_urls: usize,
    /// Files.
    pub max_files: usize,
    /// URLs, whatever a request asks for.
    pub max_urls: usize,
    /// How deeply indexes may lead to indexes.
    pub max_depth: usize,
    /// How long one file may take to come.
    pub file_timeout: Duration,
    /// How long a domain scan may look for sitemaps and count what they list.
    pub count_time: Duration,
}

impl Default for SitemapConfig {
    fn default() -> Self {
        Self {
            max_file_bytes: 200 * 1024 * 1024,
            max_file_urls: 500_000,
            max_files: 10_000,
            max_urls: 20_000_000,
            max_depth: 5,
            file_timeout: Duration::from_secs(120),
            count_time: Duration::from_secs(60),
        }
    }
}

impl Settings<'_> {
    /// Reads the limits of sitemap analyses.
    pub(super) fn sitemap(&self) -> Result<SitemapConfig, ConfigError> {
        let default = SitemapConfig::default();
        Ok(SitemapConfig {
            max_file_bytes: self.bytes("SCRAPERSKY_SITEMAP_MAX_FILE_BYTES", default.max_file_bytes)?,
            max_file_urls: self.count("SCRAPERSKY_SITEMAP_MAX_FILE_URLS", default.max_file_urls, 1)?,
            max_files: self.count("SCRAPERSKY_SITEMAP_MAX_FILES", default.max_files, 1)?,
            max_urls: self.count("SCRAPERSKY_SITEMAP_MAX_URLS", default.max_urls, 1)?,
            max_depth: self.count("SCRAPERSKY_SITEMAP_MAX_DEPTH", default.max_depth, 0)?,
            file_timeout: self.limit("SCRAPERSKY_SITEMAP_FILE_TIMEOUT_SECONDS", default.file_timeout)?,
            count_time: self.limit("SCRAPERSKY_SITEMAP_COUNT_SECONDS", default.count_time)?,
        })
    }
}
