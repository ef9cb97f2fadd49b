//! Transactions that end with their last read.
//!
//! Whoever says how many statements a transaction of reads has saves a round trip: its `ROLLBACK` leaves in the same flush
//! as the last of them, and the connection goes back to the pool as soon as the rows are read. Who takes it next waits for
//! the answer, which has mostly come by then.

use std::sync::{Arc, Mutex};

use diesel::QueryResult;
use diesel::result::Error;
use futures_core::future::BoxFuture;
use futures_util::future::Shared;

use super::super::lock::lock;

/// The answer to a query that opens or ends a transaction.
pub(super) type Gate = Shared<BoxFuture<'static, Result<(), Arc<tokio_postgres::Error>>>>;

/// How the transaction of a connection ends.
#[derive(Default)]
pub(super) struct Ending(Mutex<State>);

#[derive(Default)]
enum State {
    /// When that is asked for.
    #[default]
    Asked,
    /// When this many more statements have been sent; all of them only read.
    After(usize),
    /// Its end was sent.
    Sent {
        end: Gate,
        /// The last statement's rows have begun to arrive.
        is_answered: bool,
    },
}

impl Ending {
    /// Lets the transaction end with its `reads`-th statement.
    pub(super) fn after(&self, reads: usize) {
        *lock(&self.0) = State::After(reads);
    }

    /// Counts a statement. If it is the last of a transaction, sends the end that `end` returns after it.
    pub(super) fn count(&self, end: impl FnOnce() -> Gate) -> Option<Gate> {
        let mut state = lock(&self.0);
        let State::After(left) = &mut *state else { return None };
        *left = left.saturating_sub(1);
        if *left > 0 {
            return None;
        }
        let end = end();
        *state = State::Sent {
            end: end.clone(),
            is_answered: false,
        };
        Some(end)
    }

    /// Notes that the last statement is being answered. Where its future is dropped before, nobody knows how much is still to
    /// come, and the connection is not kept.
    pub(super) fn last_is_answered(&self) {
        if let State::Sent { is_answered, .. } = &mut *lock(&self.0) {
            *is_answered = true;
        }
    }

    /// Lets the transaction end when that is asked for, unless its end was sent.
    pub(super) fn when_asked(&self) {
        let mut state = lock(&self.0);
        if matches!(*state, State::After(_)) {
            *state = State::Asked;
        }
    }

    /// Forgets how the transaction ends. Returns its end, if that was sent.
    pub(super) fn take(&self) -> Option<Gate> {
        match std::mem::take(&mut *lock(&self.0)) {
            State::Sent { end, .. } => Some(end),
            State::Asked | State::After(_) => None,
        }
    }

    /// Returns the end, if it was sent.
    pub(super) fn sent(&self) -> Option<Gate> {
        match &*lock(&self.0) {
            State::Sent { end, .. } => Some(end.clone()),
            State::Asked | State::After(_) => None,
        }
    }

    /// Refuses statements after the end, which would run outside the transaction.
    pub(super) fn check_is_open(&self) -> QueryResult<()> {
        match self.sent() {
            Some(_) => Err(Error::QueryBuilderError(
                "the transaction ended with the last of the reads that it was opened for".into(),
            )),
            None => Ok(()),
        }
    }

    /// Returns whether the end was sent after the last statement, and nothing else is to be waited for.
    pub(super) fn is_all_that_is_left(&self) -> bool {
        matches!(&*lock(&self.0), State::Sent { is_answered: true, .. })
    }
}
