//! The rules that the sources themselves keep: who may import whom, no circles, no file too long to read.

mod circles;
mod layers;
mod sizes;
mod sources;
pub mod statements;
mod transactions;
