//! Which URLs belong to a crawl, in which order, and which are traps.

mod rank;
mod scope;
mod trap;
mod urls;

pub(super) use self::rank::rank;
pub(super) use self::scope::Scope;
pub(super) use self::trap::{family, trap};
pub(super) use self::urls::{is_page, key, normalised};

#[cfg(test)]
mod tests;
