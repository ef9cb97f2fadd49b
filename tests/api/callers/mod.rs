//! Callers: authentication, limits and isolation.

mod bodies;
mod described;
mod documented;
mod headers;
mod isolation;
mod keys;
mod limits;
mod lists;
mod me;
mod named;
mod once;
pub mod pages;
mod routes;
mod secrets;
mod strict;
mod tenants;
pub mod tokens;
mod wild;
