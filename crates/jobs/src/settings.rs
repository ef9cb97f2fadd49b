//! Settings of background jobs.

use std::time::Duration;

/// Contradicting settings, as one sentence that names them and the expected values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSettings(String);

/// The settings of the job runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobsConfig {
    /// The number of jobs that this process runs at a time; with 0 it only queues them.
    pub workers: usize,
    /// How long a claim holds without a heartbeat; a dead worker's job is noticed after this time.
    pub lease: Duration,
    /// How often a worker extends its claims and checks for cancelled jobs.
    pub heartbeat: Duration,
    /// How often the sweep looks for expired claims.
    pub sweep: Duration,
    /// How often an idle worker polls for jobs without a notification.
    pub poll: Duration,
    /// How long running jobs may continue at shutdown before they are handed back.
    pub grace: Duration,
    /// The maximum wait before the second attempt of a job; it doubles with each further one.
    pub retry_base: Duration,
    /// The maximum wait before any attempt.
    pub retry_cap: Duration,
    /// How long jobs that have ended are kept; `None` means forever.
    pub retention: Option<Duration>,
    /// How long events are kept; `None` means forever.
    pub events_kept: Option<Duration>,
    /// How long differences between scans of domains are kept; `None` means forever.
    pub changes_kept: Option<Duration>,
}

impl Default for JobsConfig {
    /// 8 workers, a lease of 30 s, a heartbeat every 10 s, a sweep every 5 s; events are kept for 14 days,
    /// differences between scans for a year, jobs forever.
    fn default() -> Self {
        Self {
            workers: 8,
            lease: Duration::from_secs(30),
            heartbeat: Duration::from_secs(10),
            sweep: Duration::from_secs(5),
            poll: Duration::from_secs(1),
            // Jobs handed back should be claimed by another worker within 2 s of the signal.
            grace: Duration::from_secs(1),
            retry_base: Duration::from_secs(5),
            retry_cap: Duration::from_secs(10 * 60),
            retention: None,
            events_kept: Some(Duration::from_secs(14 * 24 * 60 * 60)),
            changes_kept: Some(Duration::from_secs(365 * 24 * 60 * 60)),
        }
    }
}

impl JobsConfig {
    /// Checks that the settings are consistent.
    ///
    /// # Errors
    ///
    /// [`InvalidSettings`] if a time that must not be zero is, or if a single late heartbeat would lose every job.
    pub fn validate(&self) -> Result<(), InvalidSettings> {
        for (variable, time) in [
            ("SCRAPERSKY_LEASE_SECONDS", self.lease),
            ("SCRAPERSKY_HEARTBEAT_SECONDS", self.heartbeat),
            ("SCRAPERSKY_SWEEP_SECONDS", self.sweep),
            ("SCRAPERSKY_POLL_SECONDS", self.poll),
        ] {
            if time < Duration::from_millis(1) {
                return Err(InvalidSettings(format!(
                    "{variable} is {}: it must be more than 0",
                    time.as_secs_f64()
                )));
            }
        }
        if self.lease <= self.heartbeat * 2 {
            return Err(InvalidSettings(format!(
                "SCRAPERSKY_LEASE_SECONDS is {} and SCRAPERSKY_HEARTBEAT_SECONDS is {}: the lease must be more than \
                 twice the heartbeat, or one late beat loses every running job",
                self.lease.as_secs_f64(),
                self.heartbeat.as_secs_f64()
            )));
        }
        Ok(())
    }
}
