//! What a worker knows about a claim it holds: until when, and whether its work is still wanted.

use database::ids::TenantId;
use database::repo::jobs::queue::Lease;
use tokio::sync::watch;
use tokio::time::Instant;

/// Why the work on a job stops before it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Somebody asked for its end.
    Cancelled,
    /// The claim ran out, or is another worker's by now.
    Lost,
    /// This worker ends.
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
    /// By this process's clock, counted from before the database was asked: never later than what
    /// the database holds.
    valid_until: Instant,
    stop: Option<Stop>,
    /// The last transaction is on its way. Only its answer tells how the job ended, so that nothing
    /// but the end of the lease stops it.
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

    /// Takes note of a heartbeat.
    pub(super) fn extend(&self, valid_until: Instant) {
        self.state.send_modify(|state| state.valid_until = valid_until);
    }

    /// Asks for the end of the work; the first reason holds.
    pub(super) fn stop(&self, stop: Stop) {
        self.state.send_if_modified(|state| {
            let is_first = state.stop.is_none();
            state.stop.get_or_insert(stop);
            is_first
        });
    }

    /// Returns whether the claim may still be written under. One that was not given up in time is
    /// taken to be lost, whether or not another worker has noticed yet.
    pub(super) fn is_valid(&self) -> bool {
        let state = self.state.borrow();
        state.stop != Some(Stop::Lost) && Instant::now() < state.valid_until
    }

    /// Waits until the work is to be stopped.
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
                // The sender lives in `self`, so this only ever means a change.
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(state.valid_until) => {}
            }
        }
    }

    /// Says that the last transaction is on its way, for as long as the answer lives.
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
