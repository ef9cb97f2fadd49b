//! Callers: authentication, limits and isolation.

mod documented;
mod headers;
mod isolation;
mod keys;
mod limits;
mod lists;
mod once;
mod routes;
mod secrets;
mod strict;
mod tokens;
mod tenants;
mod wild;
