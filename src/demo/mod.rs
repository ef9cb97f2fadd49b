//! What stands in for the outside world, for demonstrations and tests.

pub mod places_api;
