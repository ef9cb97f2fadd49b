//! Rows, insertable and changeset structs, typed ids and enums: one file per table.
//!
//! A row is what a query returns and is never sent to clients: views destructure rows, so that every new column is a
//! decision. Insertable structs have no tenant, since the connection decides it, and no row id, since a caller that
//! chose one could hit another tenant's row.

pub mod actor;
pub mod api_call;
pub mod api_key;
pub mod audit_entry;
pub mod batch_job;
pub mod contact;
pub mod domain;
pub mod domain_change;
pub mod domain_evidence;
pub mod domain_hosting;
pub mod domain_profile;
pub mod domain_technologies;
pub mod email_scan;
pub mod enums;
pub mod event;
pub mod idempotency_key;
pub mod job;
mod labels;
pub mod lead;
pub mod lead_change;
pub mod lead_score;
pub mod page;
pub mod place_change;
pub mod place_details;
pub mod place_search;
pub mod profile;
pub mod saved_view;
pub mod schedule;
pub mod schedule_run;
pub mod score_points;
pub mod session;
pub mod sitemap_file;
pub mod sitemap_run;
pub mod sitemap_url;
pub mod sitemap_url_change;
pub mod staged_place;
pub mod stored_rows;
pub mod suppression;
pub mod tenant;
pub mod tenant_limits;
pub mod values;
pub mod webhook;
pub mod webhook_delivery;
pub mod webhook_secret;
