//! What gathers facts from the outside: the one door for outbound HTTP, and one folder a scraper.

pub mod domain;
pub mod html;
pub mod fetch;
