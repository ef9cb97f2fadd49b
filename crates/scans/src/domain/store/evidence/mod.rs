//! What the values that a domain scan writes are told by.

mod connection;
mod hosting;
mod pages;

pub(in crate::domain) use self::connection::{TLS_COLUMNS, without_tls};
pub(in crate::domain) use self::hosting::of_hosting;
pub(in crate::domain) use self::pages::{of_absences, of_pages};
