//! The repositories: what each function does, and isolation of tenants.

mod batches;
mod contacts;
mod domains;
pub mod isolation;
mod jobs;
mod keys;
mod mutants;
mod pages;
mod places;
mod plans;
pub mod probes;
mod queue;
mod sitemaps;
mod soak;
mod spread;
mod statements;
mod transactions;
