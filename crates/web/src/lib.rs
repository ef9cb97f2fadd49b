//! What is read from other hosts: bytes in, values out.
//!
//! [`fetch`] is the one door to other hosts; [`html`], [`sitemap`] and [`extract`] read what came; [`security`]
//! grades what was observed; [`stand_in`] tells what is not the site's own; [`names`] knows domain names. Nothing here knows a database: where one is needed
//! ([`fetch::SharedPace`]) the caller brings it.

pub mod dns;
pub mod extract;
pub mod fetch;
mod finder;
pub mod hosting;
pub mod html;
pub mod names;
pub mod nearest;
pub mod pages;
pub mod score;
pub mod security;
pub mod sitemap;
pub mod stand_in;
pub mod table;
pub mod trust;
