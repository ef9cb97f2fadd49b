//! The single integration test binary.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking, also within its helpers"
)]

mod backup;
mod callers;
mod catalogue;
mod chaos;
mod command_line;
mod connection;
mod connection_values;
mod console;
mod descriptors;
mod documentation;
mod documents;
mod emails;
mod embedded;
mod facts;
mod failover;
mod fetch;
mod figures;
mod followed;
mod house;
mod http;
mod jobs;
mod leads;
mod migrations;
mod named;
mod places;
mod pool;
mod poolers;
mod program;
mod proxy;
mod replica;
mod repo;
mod schedules;
mod settings_documented;
mod shortage;
mod sitemap_jobs;
mod sitemaps;
mod sites;
mod soak;
mod stopping;
mod storage;
mod submissions;
mod support;

mod tls;
mod webhooks;
