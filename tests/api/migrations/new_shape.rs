//! Rows as in a database in use, in the current schema.

use tokio_postgres::Client;

use super::lead_rows::{fill_changes, fill_leads};
use crate::support::rows::fill;

const TENANT: &str = "md5('tenant' || i % 3)::uuid";

/// The domain with this number.
const DOMAIN: &str = "md5('domain' || i)::uuid";

/// The domain of rows that outnumber the domains.
const DOMAIN_OF: &str = "md5('domain' || 1 + (i - 1) % 90)::uuid";

const STATES: &str = "(ARRAY['pending', 'running', 'completed', 'failed', 'cancelled'])[1 + i % 5]";

/// Fills the tables for three tenants with the same domains, places and URLs, and everything else a database in use
/// has.
pub async fn fill_every_table(client: &Client) {
    fill(client, "tenants", 3, &[("id", TENANT), ("name", "'tenant ' || i")]).await;
    fill_callers(client).await;
    fill_domains(client).await;
    fill_batches(client).await;
    fill_jobs(client).await;
    fill_sitemap_files(client).await;
    fill_sitemap_urls(client).await;
    fill_pages(client).await;
    fill_email_scans(client).await;
    fill_places(client).await;
    fill_leads(client, TENANT).await;
    fill_usage(client).await;
    // Rows that an earlier migration set aside.
    client
        .batch_execute(
            "DELETE FROM leads l USING places_staging p WHERE p.id = 7 AND p.tenant_id = l.tenant_id AND p.place_id = l.place_id;
             SELECT scrapersky_internal.set_aside_rows('scope_places', 'up', 'places_staging', $$SELECT '7' AS key, 'no tenant' AS reason$$, 'id');
             UPDATE scrapersky_internal.set_aside SET contents = contents || '{\"tenant_id\": null, \"place_id\": \"nobody''s\"}'",
        )
        .await
        .unwrap();
}

async fn fill_callers(client: &Client) {
    fill(
        client,
        "profiles",
        12,
        &[
            ("id", "md5('profile' || i)::uuid"),
            ("tenant_id", TENANT),
            ("role", "(ARRAY['USER', 'ADMIN', NULL])[1 + i % 3]"),
        ],
    )
    .await;
    fill(
        client,
        "api_keys",
        12,
        &[
            ("tenant_id", TENANT),
            ("hash", "sha256(('key' || i)::bytea)"),
            ("name", "'key ' || i"),
            ("scopes", "(ARRAY['{read}', '{admin,scan}'])[1 + i % 2]::text[]"),
        ],
    )
    .await;
    fill(
        client,
        "idempotency_keys",
        12,
        &[
            ("tenant_id", TENANT),
            ("key", "'order ' || i / 2"),
            ("request_hash", "sha256(('request' || i)::bytea)"),
            ("status", "200"),
            ("response", "'{\"b\": 1,  \"a\": 1.50}'"),
        ],
    )
    .await;
}

async fn fill_domains(client: &Client) {
    fill(
        client,
        "domains",
        90,
        &[
            ("id", DOMAIN),
            ("tenant_id", TENANT),
            ("domain", "'shop' || (i - 1) / 3 || '.com'"),
            (
                "legacy",
                "CASE i % 5 WHEN 0 THEN jsonb_build_object('domain', 'https://SHOP' || (i - 1) / 3 || '.com/', 'batch_id', 'batch_1',
                                                           'error_history', '[null, 1.50]', 'domain_metadata', 'null')
                            WHEN 1 THEN jsonb_build_object('competitor_group', 'ü', 'agency_copyright_status_at', 'infinity') END",
            ),
        ],
    )
    .await;
    let of_domain = [("tenant_id", TENANT), ("domain_id", DOMAIN)];
    for table in ["domain_profiles", "domain_technologies", "domain_hosting"] {
        fill(client, table, 70, &of_domain).await;
        // A scan without results.
        client
            .batch_execute(&format!(
                "INSERT INTO {table} (tenant_id, domain_id) SELECT {TENANT}, {DOMAIN} FROM generate_series(71, 80) i"
            ))
            .await
            .unwrap();
    }
    client
        .batch_execute("UPDATE domain_hosting SET error_count = NULL WHERE domain_id IN (SELECT md5('domain' || i)::uuid FROM generate_series(71, 75) i)")
        .await
        .unwrap();
}

async fn fill_batches(client: &Client) {
    fill(
        client,
        "scrapersky_internal.host_turns",
        12,
        &[("host", "'shop' || i || '.com'")],
    )
    .await;
    fill(
        client,
        "batch_jobs",
        40,
        &[
            ("batch_id", "md5('batch' || i)::uuid"),
            ("tenant_id", TENANT),
            ("status", STATES),
            (
                "legacy",
                "CASE WHEN i % 4 = 0 THEN jsonb_build_object('id', i::text, 'id_uuid', md5('id' || i)::uuid, 'status', 'complete',
                                                             'batch_id', md5('batch' || i)::uuid) END",
            ),
        ],
    )
    .await;
}

async fn fill_jobs(client: &Client) {
    fill(
        client,
        "jobs",
        120,
        &[
            ("job_id", "md5('job' || i)::uuid"),
            ("tenant_id", TENANT),
            ("status", STATES),
            ("kind", "'kind' || i % 4"),
            // Sometimes of a deleted domain.
            ("domain_id", "CASE WHEN i % 7 > 0 THEN md5(CASE WHEN i % 11 = 0 THEN 'deleted' ELSE 'domain' END || 1 + (i - 1) % 90)::uuid END"),
            ("batch_id", "CASE WHEN i % 4 > 0 THEN md5('batch' || 1 + (i - 1) % 39)::uuid END"),
            ("priority", "i % 3 - 1"),
            ("attempts", "i % 4"),
            ("max_attempts", "1 + i % 4"),
            ("payload", r#"jsonb_build_object('url', 'https://x/' || i, 'none', NULL)"#),
            ("lease_token", "CASE WHEN i % 5 = 1 THEN md5('lease' || i)::uuid END"),
            ("lease_expires_at", "CASE WHEN i % 5 = 1 THEN '2026-11-22 10:00:00.123456+00'::timestamptz END"),
            ("worker", "CASE WHEN i % 5 = 1 THEN 'worker ' || i END"),
            ("outcome", "CASE i % 5 WHEN 2 THEN 'ok' WHEN 3 THEN 'dns' END"),
            ("dedup_key", "CASE WHEN i % 2 = 0 THEN 'work ' || i END"),
            (
                "legacy",
                "CASE WHEN i % 6 = 0 THEN jsonb_strip_nulls(jsonb_build_object(
                    'id', i::text, 'id_uuid', md5('id' || i)::uuid, 'tenant_id', md5('tenant' || i % 3),
                    'status', CASE WHEN i % 5 = 1 THEN 'running' ELSE 'complete' END, 'interrupted', CASE WHEN i % 5 = 1 THEN 'true' END,
                    'batch_id', CASE WHEN i % 4 > 0 THEN 'batch_' || md5('batch' || 1 + (i - 1) % 39) END)) END",
            ),
        ],
    )
    .await;
}

async fn fill_sitemap_files(client: &Client) {
    fill(
        client,
        "sitemap_files",
        180,
        &[
            ("id", "md5('file' || i)::uuid"),
            ("tenant_id", TENANT),
            ("domain_id", DOMAIN_OF),
            (
                "url",
                "'https://shop/sitemap' || (i - 1) / 90 || repeat('-long', i * 6) || '.xml'",
            ),
            (
                "parent_id",
                "CASE WHEN i > 3 AND i % 4 = 0 THEN md5('file' || i - 3)::uuid END",
            ),
        ],
    )
    .await;
    fill(
        client,
        "sitemap_file_curations",
        100,
        &[("sitemap_file_id", "md5('file' || i)::uuid"), ("tenant_id", TENANT)],
    )
    .await;
    client
        .batch_execute(&format!(
            "INSERT INTO sitemap_file_curations (sitemap_file_id, tenant_id, priority, is_active)
             SELECT md5('file' || i)::uuid, {TENANT}, NULL, NULL FROM generate_series(101, 110) i"
        ))
        .await
        .unwrap();
}

async fn fill_sitemap_urls(client: &Client) {
    fill(
        client,
        "sitemap_urls",
        240,
        &[
            ("tenant_id", TENANT),
            // Sometimes of another domain than the file's.
            (
                "domain_id",
                "md5('domain' || 1 + (i - 1 + CASE WHEN i % 10 = 0 THEN 3 ELSE 0 END) % 90)::uuid",
            ),
            ("sitemap_id", "md5('file' || 1 + (i - 1) % 180)::uuid"),
            ("url", "'https://shop/' || i"),
        ],
    )
    .await;
    fill(
        client,
        "sitemap_runs",
        30,
        &[
            ("id", "md5('run' || i)::uuid"),
            ("tenant_id", TENANT),
            ("domain_id", "md5('domain' || 1 + (i - 1) % 90)::uuid"),
            ("job_id", "md5('run job' || i)::uuid"),
            (
                "state",
                "(ARRAY['running', 'completed', 'partial', 'failed'])[1 + i % 4]",
            ),
        ],
    )
    .await;
    fill_changes(client, TENANT).await;
    fill(
        client,
        "sitemap_url_changes",
        90,
        &[
            ("tenant_id", TENANT),
            ("run_id", "md5('run' || 1 + (i - 1) % 30)::uuid"),
            ("change", "(ARRAY['added', 'removed', 'changed'])[1 + i / 3 % 3]"),
        ],
    )
    .await;
}

async fn fill_pages(client: &Client) {
    fill(
        client,
        "pages",
        180,
        &[
            ("id", "md5('page' || i)::uuid"),
            ("tenant_id", TENANT),
            ("domain_id", DOMAIN_OF),
            ("url", "'https://shop/' || (i - 1) / 90"),
            (
                "sitemap_file_id",
                "CASE WHEN i % 8 > 0 THEN md5('file' || 1 + (i - 1 + CASE WHEN i % 10 = 0 THEN 3 ELSE 0 END) % 180)::uuid END",
            ),
        ],
    )
    .await;
    fill(
        client,
        "contacts",
        150,
        &[
            ("tenant_id", TENANT),
            ("domain_id", DOMAIN_OF),
            (
                "page_id",
                "md5('page' || 1 + (i - 1 + CASE WHEN i % 10 = 0 THEN 3 ELSE 0 END) % 180)::uuid",
            ),
            ("id", "md5('contact' || i)::uuid"),
            ("email", "'owner' || i || '@shop.com'"),
            ("confidence", "CASE WHEN i % 3 > 0 THEN i % 101 END"),
            ("mx_status", "(ARRAY['ok', 'none', 'unknown', NULL])[1 + i % 4]"),
            ("mark", "(ARRAY['contacted', 'bounced', 'wrong', NULL])[1 + i / 2 % 4]"),
            (
                "source_job_id",
                // Sometimes of a deleted job.
                "CASE WHEN i % 5 > 0 THEN md5(CASE WHEN i % 13 = 0 THEN 'deleted' ELSE 'job' END || 1 + (i - 1) % 120)::uuid END",
            ),
        ],
    )
    .await;
    fill(
        client,
        "contact_sources",
        150,
        &[
            ("tenant_id", TENANT),
            ("contact_id", "md5('contact' || i)::uuid"),
            ("page_id", "md5('page' || i)::uuid"),
        ],
    )
    .await;
}

async fn fill_email_scans(client: &Client) {
    fill(
        client,
        "email_scans",
        30,
        &[
            ("id", "md5('scan' || i)::uuid"),
            ("tenant_id", TENANT),
            ("domain_id", "md5('domain' || 1 + (i - 1) % 90)::uuid"),
            ("job_id", "md5('scan job' || i)::uuid"),
            ("total_pages", "100"),
        ],
    )
    .await;
    fill(
        client,
        "email_scan_urls",
        90,
        &[
            ("tenant_id", TENANT),
            ("scan_id", "md5('scan' || 1 + (i - 1) % 30)::uuid"),
            ("position", "i"),
            (
                "state",
                "(ARRAY['waiting', 'fetching', 'fetched', 'left_out'])[1 + i % 4]",
            ),
        ],
    )
    .await;
    fill(
        client,
        "mail_domains",
        30,
        &[
            ("tenant_id", TENANT),
            ("domain", "'mail' || i"),
            ("mx_status", "(ARRAY['ok', 'none', 'unknown'])[1 + i % 3]"),
        ],
    )
    .await;
    fill(
        client,
        "suppressions",
        30,
        &[
            ("tenant_id", TENANT),
            ("kind", "(ARRAY['address', 'domain'])[1 + i % 2]"),
            ("hash", "sha256(('suppressed' || i)::bytea)"),
        ],
    )
    .await;
}

async fn fill_places(client: &Client) {
    fill(client, "place_searches", 12, &[("tenant_id", TENANT)]).await;
    fill(
        client,
        "places_staging",
        60,
        &[
            ("id", "nextval('places_staging_id_seq')"),
            ("tenant_id", TENANT),
            ("place_id", "'place ' || (i - 1) / 3"),
        ],
    )
    .await;
    // Follows the place that is set aside below.
    let place = "'place ' || (i + 8) / 3";
    fill(
        client,
        "place_details",
        51,
        &[
            ("id", "md5('details' || i)::uuid"),
            ("tenant_id", TENANT),
            ("place_id", place),
            ("domain_id", "CASE WHEN i % 4 > 0 THEN md5('domain' || i)::uuid END"),
        ],
    )
    .await;
    fill(client, "place_finds", 51, &[("tenant_id", TENANT), ("place_id", place)]).await;
    let actions = "(ARRAY['update', 'bulk', 'import', 'undo'])[1 + i % 4]";
    fill(
        client,
        "place_changes",
        60,
        &[("tenant_id", TENANT), ("place_id", place), ("action", actions)],
    )
    .await;
}

async fn fill_usage(client: &Client) {
    fill(
        client,
        "api_calls",
        60,
        &[("tenant_id", TENANT), ("price_micros", "i * 1000")],
    )
    .await;
    fill(
        client,
        "audit_log",
        12,
        &[("tenant_id", TENANT), ("action", "'key.create'")],
    )
    .await;
    fill(client, "events", 60, &[("tenant_id", TENANT), ("kind", "'job.ended'")]).await;
    let limit = "NULLIF(i, 2)";
    fill(
        client,
        "tenant_limits",
        3,
        &[
            ("tenant_id", TENANT),
            ("requests_per_minute", limit),
            ("batches_per_minute", limit),
            ("caller_requests_per_minute", limit),
            ("caller_batches_per_minute", limit),
            ("scans_per_day", limit),
            ("rows_stored", limit),
        ],
    )
    .await;
    fill(client, "scan_days", 3, &[("tenant_id", TENANT)]).await;
    super::queue_rows::add_queue_rows(client, ("tenant_id", TENANT)).await;
    fill(
        client,
        "rate_windows",
        12,
        &[
            ("tenant_id", TENANT),
            ("kind", "(ARRAY['requests', 'batches'])[1 + i % 2]"),
        ],
    )
    .await;
}
