//! Rows of the old system.

use tokio_postgres::Client;

use crate::support::rows::fill;

/// One of four tenants.
const TENANT: &str = "('{aaaaaaaa-0000-4000-8000-000000000001,aaaaaaaa-0000-4000-8000-000000000002,
                         aaaaaaaa-0000-4000-8000-000000000003,550e8400-e29b-41d4-a716-446655440000}'::uuid[])[1 + {} % 4]";

fn tenant(number: &str) -> String {
    TENANT.replace("{}", &format!("({number})"))
}

/// Fills the old system's tables; the legacy schema's README describes the rows.
pub(super) async fn fill_legacy_tables(client: &Client) {
    let t = tenant("i");
    fill(client, "tenants", 3, &[("id", &t.replace("% 4", "% 3"))]).await;
    fill(
        client,
        "profiles",
        30,
        &[
            ("id", "md5('profile' || i)::uuid"),
            ("tenant_id", &t.replace("% 4", "% 3")),
            ("role", "(ARRAY['USER', 'ADMIN', 'SUPER_ADMIN', NULL])[1 + i % 4]"),
        ],
    )
    .await;
    fill_domains(client).await;
    fill_batches(client).await;
    fill_jobs(client).await;
    fill_sitemaps(client).await;
    fill_pages(client).await;
    fill(
        client,
        "places_staging",
        120,
        &[
            ("id", "i"),
            ("place_id", "'ChIJ' || md5('place' || i)"),
            ("tenant_id", &format!("CASE WHEN i % 8 > 0 THEN {t} END")),
        ],
    )
    .await;
    fill(
        client,
        "place_searches",
        60,
        &[("tenant_id", &t), ("id", "md5('search' || i)::uuid")],
    )
    .await;
    client
        .batch_execute(
            "SELECT setval('jobs_id_seq', 440), setval('batch_jobs_id_seq', 88), setval('places_staging_id_seq', 120)",
        )
        .await
        .unwrap();
}

/// Three rows for one shop in one tenant, and a fourth in another.
async fn fill_domains(client: &Client) {
    fill(
        client,
        "domains",
        300,
        &[
            ("id", "md5('domain' || i)::uuid"),
            ("tenant_id", &tenant("(i + 2) / 3")),
            (
                "domain",
                "CASE WHEN i = 11 THEN '' WHEN i = 17 THEN '  ' WHEN i = 23 THEN 'www.www.shop1.com' WHEN i = 29 THEN 'www.' WHEN i = 35 THEN 'https://'
                      WHEN i % 6 = 0 THEN CASE WHEN i % 12 = 0 THEN 'shop' || i / 6 || '.com' ELSE 'http://shop' || i / 6 || '.com:80' END
                      WHEN i % 6 = 1 THEN 'https://shop' || i / 6 || '.com'
                      WHEN i % 6 = 2 THEN 'http://www.shop' || i / 6 || '.com/'
                      WHEN i % 6 = 3 THEN 'WWW.Shop' || i / 6 || '.COM.'
                      WHEN i % 6 = 4 THEN 'https://user@solo' || i || '.com:8443/path?q#f'
                      ELSE 'bücher' || i || '.example' END",
            ),
        ],
    )
    .await;
}

/// The statuses of jobs.
const STATUS: &str = "(ARRAY['pending', 'running', 'complete', 'completed', 'failed', 'Processing', 'queued', 'partial', 'Cancelled', ' ERROR ', 'exploded'])[1 + i % 11]";

async fn fill_batches(client: &Client) {
    let t = tenant("i");
    fill(
        client,
        "batch_jobs",
        88,
        &[
            ("id", "i"),
            ("id_uuid", "md5('identity' || i)::uuid"),
            ("tenant_id", &t),
            ("status", STATUS),
            ("created_by", "md5('batch maker' || i)::uuid"),
            // Named in one of four ways; some continue the previous batch.
            (
                "batch_id",
                "CASE WHEN i % 4 = 0 THEN md5('batch' || i - CASE WHEN i % 16 = 0 THEN 4 ELSE 0 END)::uuid END",
            ),
            (
                "batch_id_string",
                "CASE WHEN i % 4 = 1 THEN 'batch_' || md5('batch' || i) END",
            ),
            (
                "batch_id_original",
                "CASE WHEN i % 4 = 2 THEN 'batch_' || md5('batch' || i) END",
            ),
        ],
    )
    .await;
}

async fn fill_jobs(client: &Client) {
    let t = tenant("i");
    fill(
        client,
        "jobs",
        440,
        &[
            ("id", "i"),
            ("job_id", "md5('job' || i)::uuid"),
            (
                "tenant_id",
                &format!(
                    "CASE i % 9 WHEN 0 THEN 'default' WHEN 1 THEN '' WHEN 2 THEN replace({t}::text, '-', '') WHEN 3 THEN upper({t}::text)
                                WHEN 4 THEN E' ' || {t} || E'\\n' WHEN 5 THEN 'default' WHEN 6 THEN 'it''s \\ odd' ELSE {t}::text END"
                ),
            ),
            (
                "tenant_id_uuid",
                &format!("CASE WHEN i % 9 IN (0, 2, 7) THEN {t} WHEN i % 36 = 8 THEN {} END", tenant("i + 1")),
            ),
            ("status", STATUS),
            ("domain_id", "CASE WHEN i % 3 > 0 THEN md5('domain' || 1 + i * 7 % 300)::uuid END"),
            (
                "batch_id",
                "CASE i % 5 WHEN 0 THEN 'batch_' || md5('batch' || 1 + i % 88) WHEN 1 THEN 'batch_' || md5('absent' || i) WHEN 2 THEN 'nonsense' END",
            ),
            ("batch_id_string", "CASE WHEN i % 5 IN (2, 3) THEN 'batch_' || md5('batch' || 1 + i % 88) END"),
        ],
    )
    .await;
}

/// The tenant of a domain that has two rows each.
const DOMAIN_TENANT: &str =
    "(SELECT d.tenant_id FROM domains d WHERE d.id = md5('domain' || 1 + (i - 1) / 2 % 150)::uuid)";

async fn fill_sitemaps(client: &Client) {
    let t = tenant("i");
    // Every two rows name one file; their tenant is the domain's, none, or another.
    fill(
        client,
        "sitemap_files",
        300,
        &[
            ("id", "md5('file' || i)::uuid"),
            ("tenant_id", &format!("CASE i % 11 WHEN 0 THEN NULL WHEN 1 THEN {t} ELSE {DOMAIN_TENANT} END")),
            ("domain_id", "md5('domain' || 1 + (i - 1) / 2 % 150)::uuid"),
            ("url", "'https://x/' || (i - 1) / 2 || CASE WHEN i > 250 THEN repeat('/very-long', 500) ELSE '/sitemap.xml' END"),
        ],
    )
    .await;
    fill(
        client,
        "sitemap_urls",
        600,
        &[
            ("id", "md5('sitemap url' || i)::uuid"),
            ("sitemap_id", "md5('file' || 1 + (i - 1) % 300)::uuid"),
            (
                "tenant_id",
                &format!(
                    "CASE i % 13 WHEN 0 THEN NULL WHEN 1 THEN {t}
                                 ELSE (SELECT d.tenant_id FROM domains d WHERE d.id = md5('domain' || 1 + (i - 1) % 300 / 2 % 150)::uuid) END"
                ),
            ),
            (
                "domain_id",
                "CASE WHEN i % 17 = 0 THEN md5('domain' || 1 + i % 300)::uuid ELSE md5('domain' || 1 + (i - 1) % 300 / 2 % 150)::uuid END",
            ),
            ("url", "'https://x/' || CASE WHEN i % 3 = 0 THEN (i - 1) % 300 ELSE i END || CASE WHEN i % 50 = 0 THEN repeat('/long', 1000) ELSE '' END"),
        ],
    )
    .await;
}

async fn fill_pages(client: &Client) {
    let t = tenant("i");
    fill(
        client,
        "pages",
        300,
        &[
            ("id", "md5('page' || i)::uuid"),
            ("tenant_id", &format!("CASE WHEN i % 7 = 0 THEN {t} ELSE {DOMAIN_TENANT} END")),
            ("domain_id", "md5('domain' || 1 + (i - 1) / 2 % 150)::uuid"),
            ("url", "'https://x/' || (i - 1) / 2 || CASE WHEN i > 250 THEN repeat('/very-long', 500) ELSE '' END"),
            (
                "sitemap_file_id",
                "CASE WHEN i % 5 = 0 THEN md5('file' || 1 + i * 7 % 300)::uuid WHEN i % 5 > 1 THEN md5('file' || i)::uuid END",
            ),
        ],
    )
    .await;
    fill(
        client,
        "contacts",
        300,
        &[
            ("id", "md5('contact' || i)::uuid"),
            ("domain_id", "CASE WHEN i % 9 = 0 THEN md5('domain' || 1 + i % 300)::uuid ELSE md5('domain' || 1 + (i - 1) / 2 % 150)::uuid END"),
            ("page_id", "md5('page' || i)::uuid"),
            ("email", "'Owner' || i || '@bücher.example'"),
            ("source_job_id", "CASE WHEN i % 4 > 0 THEN md5('job' || 1 + i * 3 % 440)::uuid END"),
        ],
    )
    .await;
}
