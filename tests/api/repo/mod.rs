//! The repositories: what each function does, and isolation of tenants.

mod batches;
mod contacts;
mod domains;
mod events;
pub mod isolation;
mod jobs;
mod keys;
mod last_reads;
mod lead_plans;
mod mutants;
mod pages;
mod places;
mod plans;
mod plans_of_jobs;
pub mod probes;
mod queue;
mod sitemaps;
mod soak;
mod spread;
mod statements;
mod transactions;
