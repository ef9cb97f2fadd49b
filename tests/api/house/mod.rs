//! Rules about the sources: allowed imports, no import cycles, file lengths.

mod circles;
mod layers;
mod sizes;
mod sources;
pub mod statements;
mod transactions;
