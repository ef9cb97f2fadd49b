//! Every query of the program, one module per table.
//!
//! A function on tenants' rows takes a [`TenantConnection`] and acts on that tenant's rows only. Two
//! walls hold that, each by itself: the filter or the inserted `tenant_id` that is written out in
//! every statement here, and row level security in the database. A function across tenants takes a
//! [`SystemConnection`]; there are few.
//!
//! Verbs: `get` (absence is [`NotFound`](diesel::result::Error::NotFound)), `find` (absence is
//! `None`), `list`, `count`, `insert`, `upsert`, `update`, `delete`, and those of jobs. Nothing here
//! commits: the caller does, when everything that belongs together is written.
//!
//! Every function returns the errors of the database: a lost connection, a refused statement, a value out of
//! range. `# Errors` names only what a caller can expect beyond these.
//!
//! What Diesel can type is typed. A statement it cannot express is a `.sql` file next to its module, with the
//! reason beside its call; a test prepares each of them against the migrated schema, and another bounds their
//! share. Statements that only read go through [`reading`](crate::connection::Connection::reading) and leave
//! together with the transaction's `BEGIN`; everything else waits until it is open.
//!
//! [`TenantConnection`]: crate::tenant::TenantConnection
//! [`SystemConnection`]: crate::tenant::SystemConnection

pub mod api_calls;
pub mod api_keys;
pub mod audit_log;
pub mod batches;
pub mod bulk;
pub mod callers;
pub mod contacts;
pub mod diagnostics;
pub mod domain_facts;
pub mod domains;
pub mod email_scans;
pub mod erasures;
mod functions;
pub mod host_turns;
pub mod idempotency_keys;
pub mod jobs;
mod locks;
pub mod pages;
pub mod paging;
pub mod place_changes;
pub mod place_details;
pub mod place_finds;
pub mod place_searches;
pub mod places;
pub mod rate_windows;
pub mod scan_days;
pub mod set_aside;
pub mod sitemap_files;
pub mod sitemap_runs;
pub mod sitemap_url_changes;
pub mod sitemap_urls;
pub mod suppressions;
pub mod tenant_limits;
pub mod tenants;

/// What queries answer with, for those layers that name no Diesel.
pub use diesel::{QueryResult, result::Error as QueryError};
