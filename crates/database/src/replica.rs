//! A standby that answers reads where its rows are recent enough.
//!
//! Ten times a second the primary is asked how far it has written, and the standby how far it has replayed. Once the standby
//! has replayed what the primary had written at some moment, it shows everything that was committed by that moment. A
//! tenant reads from it if that moment lies less than two seconds back, and behind the tenant's last write through this
//! process; in all other cases the primary answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use moka::sync::Cache;

use crate::ids::TenantId;
use crate::pool::{Pool, PoolError};
use crate::repo::diagnostics;
use crate::tenant::TenantConnection;

/// How often the servers are compared.
const PROBE: Duration = Duration::from_millis(100);
/// How long to wait after a comparison that failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How far behind the standby may be.
const MAX_LAG: Duration = Duration::from_secs(2);
/// The maximum number of tenants whose writes are remembered: more than write within [`MAX_LAG`].
const MAX_WRITERS: u64 = 100_000;

/// Where tenants' rows are read: on a standby, if there is one that is recent enough, or else on the primary.
#[derive(Clone)]
pub struct Reads {
    primary: Pool,
    replica: Option<Arc<Replica>>,
}

struct Replica {
    pool: Pool,
    /// The moment up to which the standby has all commits.
    replayed_to: Mutex<Option<Instant>>,
    /// When tenants last wrote through this process.
    writes: Cache<TenantId, Instant>,
}

impl Reads {
    /// Reads on `replica` where possible. Without [`tend`](Self::tend) it is never recent enough.
    #[must_use]
    pub fn new(primary: Pool, replica: Option<Pool>) -> Self {
        let replica = replica.map(|pool| {
            Arc::new(Replica {
                pool,
                replayed_to: Mutex::default(),
                writes: Cache::builder()
                    .max_capacity(MAX_WRITERS)
                    .time_to_live(2 * MAX_LAG)
                    .build(),
            })
        });
        Self { primary, replica }
    }

    /// Opens a transaction that reads the rows of `tenant`; on the standby a write would fail.
    ///
    /// # Errors
    ///
    /// As [`Pool::tenant`].
    pub async fn tenant(&self, tenant: TenantId) -> Result<TenantConnection, PoolError> {
        if let Some(replica) = &self.replica
            && replica.is_recent_for(tenant)
        {
            match replica.pool.tenant(tenant).await {
                Ok(conn) => return Ok(conn),
                Err(error) => replica.doubt(&error),
            }
        }
        self.primary.tenant(tenant).await
    }

    /// Notes that `tenant` may have written: it reads from the primary until the standby has what was written.
    pub fn note_write(&self, tenant: TenantId) {
        if let Some(replica) = &self.replica {
            replica.writes.insert(tenant, Instant::now());
        }
    }

    /// Compares the servers, again and again.
    pub async fn tend(self) {
        let Some(replica) = self.replica else { return };
        let (Ok(primary), Ok(standby)) = (self.primary.of_one(), replica.pool.of_one()) else {
            log::error!(
                "no connections of their own can be set up to compare the servers: nothing is read from the standby"
            );
            return;
        };
        let mut written: VecDeque<(Instant, i64)> = VecDeque::new();
        loop {
            let pause = match replica.compare(&primary, &standby, &mut written).await {
                Ok(()) => PROBE,
                Err(error) => {
                    replica.doubt(&error);
                    PAUSE
                }
            };
            tokio::time::sleep(pause).await;
        }
    }
}

impl Replica {
    fn replayed_to(&self) -> Option<Instant> {
        *self.replayed_to.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, moment: Option<Instant>) -> Option<Instant> {
        let mut replayed_to = self.replayed_to.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut replayed_to, moment)
    }

    fn is_recent_for(&self, tenant: TenantId) -> bool {
        self.replayed_to().is_some_and(|moment| {
            moment.elapsed() < MAX_LAG && self.writes.get(&tenant).is_none_or(|wrote| wrote < moment)
        })
    }

    /// Reads nothing from the standby until it is compared again.
    fn doubt(&self, error: &dyn std::fmt::Display) {
        if self.set(None).is_some() {
            log::warn!("the primary answers reads, since the standby cannot: {error}");
        }
    }

    async fn compare(
        &self,
        primary: &Pool,
        standby: &Pool,
        written: &mut VecDeque<(Instant, i64)>,
    ) -> Result<(), CompareError> {
        // Taken before the question, so that all that was committed by then is in the answer.
        let now = Instant::now();
        written.push_back((now, diagnostics::written(&mut primary.system().await?).await?));
        let replayed = diagnostics::replayed(&mut standby.system().await?).await?;
        let replayed = replayed.ok_or(CompareError::NotAStandby)?;
        let mut reached = None;
        while let Some((moment, _)) = written.front().filter(|(_, position)| *position <= replayed) {
            reached = Some(*moment);
            written.pop_front();
        }
        // What a standby that is far behind has not reached is of no use later.
        while written.front().is_some_and(|(moment, _)| moment.elapsed() > MAX_LAG) {
            written.pop_front();
        }
        if reached.is_some() && self.set(reached).is_none() {
            log::info!("the standby answers reads");
        }
        Ok(())
    }
}

/// Why the servers cannot be compared.
#[derive(Debug, thiserror::Error)]
enum CompareError {
    #[error("it is not a standby")]
    NotAStandby,
    #[error(transparent)]
    Pool(#[from] PoolError),
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
}
