//! The job runner: accepted jobs end, completed jobs have results, and lost claims write nothing.

mod attempts;
mod deletion;
mod leases;
mod lock_order;
mod queue;
mod statuses;
