//! The email scanner: a polite crawl of a site that keeps contacts and where they were found.
//!
//! A scan is one job. What it has met is in the database URL by URL (`email_scan_urls`), each page is written with its
//! contacts in one transaction, and an attempt that follows a killed one goes on behind the last page: no page is asked
//! for more than twice. Which URLs belong to a site, which come first and which are traps is in `site`; what a page says
//! is read by [`web::extract`].

mod crawl;
mod disposition;
mod frontier;
mod home;
mod kind;
mod mail;
mod page;
mod scan;
mod site;
mod store;
mod submit;
mod visit;

pub use mail::MailCheck;
pub use scan::EmailScanJob;
pub use submit::{DEFAULT_PAGES, Submitted, submit, submit_many};
