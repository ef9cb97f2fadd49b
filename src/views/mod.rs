//! Request and response structs. Only these are serialized for clients; database rows never are.
//!
//! A response is made from rows by destructuring, so that each new column requires a decision.

pub mod answer;
pub mod audit;
pub mod batch;
pub mod contact;
pub mod costs;
pub mod csv;
pub mod described;
pub mod domain;
pub mod event;
pub mod fields;
pub mod job;
pub mod key;
pub mod lead;
pub mod me;
mod page;
pub mod place;
pub mod place_csv;
pub mod problem;
pub mod scan;
pub mod schedule;
pub mod score;
pub mod sitemap;
pub mod tenant;
pub mod waiting;
pub mod webhook;
pub mod who;
pub mod words;

pub use self::page::Page;
