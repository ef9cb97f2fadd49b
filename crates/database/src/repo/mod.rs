//! Every query of the program, one module per table.
//!
//! A function on tenants' rows takes a [`TenantConnection`] and acts on that tenant's rows only. Two independent walls
//! ensure that: the filter or inserted `tenant_id` in every statement here, and row level security in the database. The
//! few functions across tenants take a [`SystemConnection`].
//!
//! Verbs: `get` (absence is [`NotFound`](diesel::result::Error::NotFound)), `find` (absence is `None`), `list`,
//! `count`, `insert`, `upsert`, `update`, `delete`, and verbs of jobs. Nothing here commits: the caller does, after
//! writing everything that belongs together.
//!
//! Every function may return a database error: a lost connection, a refused statement, a value out of range. `# Errors`
//! only names further errors.
//!
//! Statements are typed where Diesel can express them. Others are `.sql` files next to their module, with the reason
//! next to the call; a test prepares each of them against the migrated schema, and another limits their share.
//! Statements that only read go through [`reading`](crate::connection::Connection::reading) and are sent together with
//! the transaction's `BEGIN`; all others wait until it is open.
//!
//! [`TenantConnection`]: crate::tenant::TenantConnection
//! [`SystemConnection`]: crate::tenant::SystemConnection

pub mod actors;
pub mod api_calls;
pub mod api_keys;
pub mod audit_log;
pub mod backups;
pub mod batches;
pub mod bulk;
pub mod callers;
pub mod contacts;
pub mod diagnostics;
pub mod domain_changes;
pub mod domain_evidence;
pub mod domain_facts;
pub mod domains;
pub mod email_scans;
pub mod erasures;
pub mod events;
mod functions;
pub mod host_turns;
pub mod idempotency_keys;
pub mod jobs;
pub mod lead_changes;
pub mod lead_scores;
pub mod leads;
mod locks;
pub mod overview;
pub mod pages;
pub mod paging;
pub mod partitions;
pub mod place_changes;
pub mod place_details;
pub mod place_finds;
pub mod place_searches;
pub mod places;
pub mod rate_windows;
pub mod safeguards;
pub mod saved_views;
pub mod scan_days;
pub mod schedule_runs;
pub mod schedules;
pub mod score_points;
pub mod sessions;
pub mod set_aside;
pub mod sitemap_files;
pub mod sitemap_runs;
pub mod sitemap_url_changes;
pub mod sitemap_urls;
pub mod stored_rows;
pub mod suppressions;
pub mod tenant_limits;
pub mod tenants;
pub mod webhook_deliveries;
pub mod webhook_secrets;
pub mod webhooks;

/// The result types of queries, for layers that do not use Diesel.
pub use diesel::{QueryResult, result::Error as QueryError};
