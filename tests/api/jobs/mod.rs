//! The runner: an accepted job ends, completed means results, and nobody else's claim is written under.

mod attempts;
mod leases;
mod lock_order;
mod queue;
