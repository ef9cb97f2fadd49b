//! How background jobs are run.

use std::time::Duration;

use super::reader::{ConfigError, Settings};

/// The numbers of the job runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobsConfig {
    /// How many jobs this process runs at a time; with 0 it only queues them.
    pub workers: usize,
    /// How long a claim holds without a heartbeat; a dead worker's job is noticed after this time.
    pub lease: Duration,
    /// How often a worker extends its claims and checks for cancelled jobs.
    pub heartbeat: Duration,
    /// How often expired claims are looked for.
    pub sweep: Duration,
    /// How often an idle worker polls for jobs without a notification.
    pub poll: Duration,
    /// How long running jobs may continue at shutdown before they are handed back.
    pub grace: Duration,
    /// The maximum wait before the second attempt of a job; it doubles with each further one.
    pub retry_base: Duration,
    /// The maximum wait before any attempt.
    pub retry_cap: Duration,
    /// How long a job that has ended is kept; `None` means forever.
    pub retention: Option<Duration>,
}

impl Default for JobsConfig {
    /// 8 workers; a lease of 30 s, a beat every 10 s, a sweep every 5 s; nothing is ever deleted.
    fn default() -> Self {
        Self {
            workers: 8,
            lease: Duration::from_secs(30),
            heartbeat: Duration::from_secs(10),
            sweep: Duration::from_secs(5),
            poll: Duration::from_secs(1),
            // What is handed back should be claimed elsewhere within 2 s of the signal.
            grace: Duration::from_secs(1),
            retry_base: Duration::from_secs(5),
            retry_cap: Duration::from_secs(10 * 60),
            retention: None,
        }
    }
}

impl JobsConfig {
    /// Checks that the numbers fit together.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when a time is zero that must not be, or when a single late heartbeat would
    /// lose every job.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (variable, time) in [
            ("SCRAPERSKY_LEASE_SECONDS", self.lease),
            ("SCRAPERSKY_HEARTBEAT_SECONDS", self.heartbeat),
            ("SCRAPERSKY_SWEEP_SECONDS", self.sweep),
            ("SCRAPERSKY_POLL_SECONDS", self.poll),
        ] {
            if time < Duration::from_millis(1) {
                return Err(ConfigError(format!(
                    "{variable} is {}: it must be more than 0",
                    time.as_secs_f64()
                )));
            }
        }
        if self.lease <= self.heartbeat * 2 {
            return Err(ConfigError(format!(
                "SCRAPERSKY_LEASE_SECONDS is {} and SCRAPERSKY_HEARTBEAT_SECONDS is {}: the lease must be more than \
                 twice the heartbeat, or one late beat loses every running job",
                self.lease.as_secs_f64(),
                self.heartbeat.as_secs_f64()
            )));
        }
        Ok(())
    }
}

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
            retention: self.days("SCRAPERSKY_KEEP_JOBS_DAYS", 65535)?,
        };
        config.validate()?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
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
    fn no_time_is_zero_and_no_days_keep_everything() {
        let error = read(&[("SCRAPERSKY_SWEEP_SECONDS", "0")]).unwrap_err();
        assert_eq!(error, "SCRAPERSKY_SWEEP_SECONDS is 0: it must be more than 0");
        assert_eq!(read(&[("SCRAPERSKY_KEEP_JOBS_DAYS", "0")]).unwrap().retention, None);
        let kept = read(&[("SCRAPERSKY_KEEP_JOBS_DAYS", "2")]).unwrap().retention;
        assert_eq!(kept, Some(Duration::from_secs(172_800)));
    }
}
