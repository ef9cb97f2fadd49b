//! A mutex helper.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex whose data stays valid after a panic.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
