//! Who may call, how often, and what they see.

mod documented;
mod headers;
mod isolation;
mod keys;
mod limits;
mod once;
mod routes;
mod secrets;
mod tokens;
mod wild;
