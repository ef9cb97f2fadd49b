//! Settings of background jobs.

use ::jobs::JobsConfig;

use super::reader::{ConfigError, Settings};

impl Settings<'_> {
    pub(super) fn jobs(&self) -> Result<JobsConfig, ConfigError> {
        let default = JobsConfig::default();
        let config = JobsConfig {
            workers: self.whole("SCRAPERSKY_WORKERS", default.workers, 0..=1000)?,
            lease: self.seconds("SCRAPERSKY_LEASE_SECONDS", default.lease)?,
            heartbeat: self.seconds("SCRAPERSKY_HEARTBEAT_SECONDS", default.heartbeat)?,
            sweep: self.seconds("SCRAPERSKY_SWEEP_SECONDS", default.sweep)?,
            poll: self.seconds("SCRAPERSKY_POLL_SECONDS", default.poll)?,
            grace: self.seconds("SCRAPERSKY_GRACE_SECONDS", default.grace)?,
            retry_base: self.seconds("SCRAPERSKY_RETRY_SECONDS", default.retry_base)?,
            retry_cap: self.seconds("SCRAPERSKY_RETRY_CAP_SECONDS", default.retry_cap)?,
            retention: self.days("SCRAPERSKY_KEEP_JOBS_DAYS", default.retention, 65535)?,
            events_kept: self.days("SCRAPERSKY_KEEP_EVENTS_DAYS", default.events_kept, 65535)?,
            changes_kept: self.days("SCRAPERSKY_KEEP_CHANGES_DAYS", default.changes_kept, 65535)?,
        };
        config.validate().map_err(|error| ConfigError(error.to_string()))?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::reader::read_from;

    fn read(env: &[(&str, &str)]) -> Result<JobsConfig, String> {
        read_from(env, |settings| settings.jobs())
    }

    #[test]
    fn the_defaults_fit_together() {
        assert_eq!(read(&[]).unwrap(), JobsConfig::default());
        JobsConfig::default().validate().unwrap();
    }

    #[test]
    fn a_lease_outlives_two_heartbeats() {
        let error = read(&[("SCRAPERSKY_LEASE_SECONDS", "20")]).unwrap_err();
        assert!(error.contains("SCRAPERSKY_HEARTBEAT_SECONDS is 10"), "{error}");
        let shorter = [
            ("SCRAPERSKY_LEASE_SECONDS", "0.5"),
            ("SCRAPERSKY_HEARTBEAT_SECONDS", "0.1"),
        ];
        assert_eq!(read(&shorter).unwrap().lease, Duration::from_millis(500));
    }

    #[test]
    fn zero_times_are_refused_and_zero_days_keep_everything() {
        let error = read(&[("SCRAPERSKY_SWEEP_SECONDS", "0")]).unwrap_err();
        assert_eq!(error, "SCRAPERSKY_SWEEP_SECONDS is 0: it must be more than 0");
        assert_eq!(read(&[("SCRAPERSKY_KEEP_JOBS_DAYS", "0")]).unwrap().retention, None);
        let kept = read(&[("SCRAPERSKY_KEEP_JOBS_DAYS", "2")]).unwrap().retention;
        assert_eq!(kept, Some(Duration::from_secs(172_800)));
        assert_eq!(read(&[("SCRAPERSKY_KEEP_EVENTS_DAYS", "0")]).unwrap().events_kept, None);
        assert_eq!(
            read(&[("SCRAPERSKY_KEEP_CHANGES_DAYS", "0")]).unwrap().changes_kept,
            None
        );
    }
}
