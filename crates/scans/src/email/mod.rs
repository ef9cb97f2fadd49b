//! The email scanner: a polite crawl of a site that stores contacts and their sources.
//!
//! A scan is one job. The URLs it has found are in the database (`email_scan_urls`), each page is written with its
//! contacts in one transaction, and an attempt after a killed one continues after the last page: no page is requested
//! more than twice. `site` decides which URLs belong to a site, which come first and which are traps; [`web::extract`]
//! reads the pages.

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
pub(crate) use submit::SUPPRESSED;
pub use submit::{DEFAULT_PAGES, Submitted, SubmittedMany, submit, submit_many};
