//! Limits of sitemap analyses.

use std::ops::RangeInclusive;

use scans::SitemapConfig;

use super::reader::{BYTES, ConfigError, Settings};

impl Settings<'_> {
    /// Reads the limits of sitemap analyses.
    pub(super) fn sitemap(&self) -> Result<SitemapConfig, ConfigError> {
        const MANY: RangeInclusive<usize> = 1..=1_000_000_000;
        let default = SitemapConfig::default();
        Ok(SitemapConfig {
            max_file_bytes: self.whole("SCRAPERSKY_SITEMAP_MAX_FILE_BYTES", default.max_file_bytes, BYTES)?,
            max_files: self.whole("SCRAPERSKY_SITEMAP_MAX_FILES", default.max_files, MANY)?,
            max_urls: self.whole("SCRAPERSKY_SITEMAP_MAX_URLS", default.max_urls, MANY)?,
            max_depth: self.whole("SCRAPERSKY_SITEMAP_MAX_DEPTH", default.max_depth, 0..=1000)?,
            file_timeout: self.limit("SCRAPERSKY_SITEMAP_FILE_TIMEOUT_SECONDS", default.file_timeout)?,
            count_time: self.limit("SCRAPERSKY_SITEMAP_COUNT_SECONDS", default.count_time)?,
            idle_time: self.limit("SCRAPERSKY_SITEMAP_IDLE_SECONDS", default.idle_time)?,
            idle_files: self.whole("SCRAPERSKY_SITEMAP_IDLE_FILES", default.idle_files, MANY)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reader::read_from;

    fn read(variable: &str, value: &str) -> Result<SitemapConfig, String> {
        read_from(&[(variable, value)], |settings| settings.sitemap())
    }

    #[test]
    fn limits_are_read_and_zero_is_refused_except_for_the_depth() {
        assert_eq!(read("", "").unwrap(), SitemapConfig::default());
        assert_eq!(
            read("SCRAPERSKY_SITEMAP_MAX_URLS", "50000000").unwrap().max_urls,
            50_000_000
        );
        assert_eq!(read("SCRAPERSKY_SITEMAP_MAX_DEPTH", "0").unwrap().max_depth, 0);
        for variable in [
            "MAX_FILE_BYTES",
            "MAX_FILES",
            "MAX_URLS",
            "FILE_TIMEOUT_SECONDS",
            "COUNT_SECONDS",
            "IDLE_SECONDS",
            "IDLE_FILES",
        ] {
            let error = read(&format!("SCRAPERSKY_SITEMAP_{variable}"), "0").unwrap_err();
            assert!(error.contains(variable), "{error}");
        }
    }
}
