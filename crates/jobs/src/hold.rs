//! A worker's claim on a job: until when it is valid, and whether the work must stop.

use database::ids::TenantId;
use database::repo::jobs::queue::Lease;
use tokio::sync::watch;
use tokio::time::Instant;

/// Why the work on a job stops before it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The job was cancelled.
    Cancelled,
    /// The lease ended, or another worker has the job.
    Lost,
    /// This worker is shutting down.
    Shutdown,
}

/// A claim, shared by the job, its runner and the heartbeat.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) lease: Lease,
    pub(super) tenant: TenantId,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// The end of the lease by this process's clock, counted from before the query: never later than in the database.
    valid_until: Instant,
    stop: Option<Stop>,
    /// Whether the last transaction is in progress. Only its result tells how the job ended, so nothing but the end of
    /// the lease stops it.
    is_finishing: bool,
}

impl Hold {
    pub(super) fn new(lease: Lease, tenant: TenantId, valid_until: Instant) -> Self {
        let state = State {
            valid_until,
            stop: None,
            is_finishing: false,
        };
        Self {
            lease,
            tenant,
            state: watch::Sender::new(state),
        }
    }

    /// Extends the claim after a heartbeat.
    pub(super) fn extend(&self, valid_until: Instant) {
        self.state.send_modify(|state| state.valid_until = valid_until);
    }

    /// Requests the end of the work; only the first reason counts.
    pub(super) fn stop(&self, stop: Stop) {
        self.state.send_if_modified(|state| {
            let is_first = state.stop.is_none();
            state.stop.get_or_insert(stop);
            is_first
        });
    }

    /// Returns whether writes under the claim are still allowed. A claim that was not extended in time
    /// counts as lost, whether or not another worker has taken the job.
    pub(super) fn is_valid(&self) -> bool {
        let state = self.state.borrow();
        state.stop != Some(Stop::Lost) && Instant::now() < state.valid_until
    }

    /// Waits until the work must stop, and returns the reason.
    pub(super) async fn stopped(&self) -> Stop {
        let mut changes = self.state.subscribe();
        loop {
            let state = *changes.borrow_and_update();
            if Instant::now() >= state.valid_until {
                self.stop(Stop::Lost);
                return Stop::Lost;
            }
            if let (Some(stop), false) = (state.stop, state.is_finishing) {
                return stop;
            }
            tokio::select! {
                // The sender is part of `self`, so this always means a change.
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(state.valid_until) => {}
            }
        }
    }

    /// Marks the last transaction as in progress until the returned value is dropped.
    pub(super) fn finishing(&self) -> Finishing<'_> {
        self.state.send_modify(|state| state.is_finishing = true);
        Finishing(self)
    }
}

/// See [`Hold::finishing`].
pub(super) struct Finishing<'a>(&'a Hold);

impl Drop for Finishing<'_> {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| state.is_finishing = false);
    }
}
