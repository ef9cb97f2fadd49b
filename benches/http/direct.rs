//! The same statements, sent to PostgreSQL by `pgbench`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio_postgres::{Client, NoTls};

/// The tenant of the keys that the command line makes.
const TENANT: &str = "550e8400-e29b-41d4-a716-446655440000";
const BEGIN: &str = "BEGIN;
    SET LOCAL ROLE scrapersky_tenant;
    SET LOCAL app.tenant_id = '550e8400-e29b-41d4-a716-446655440000';";
/// Ten tenants of 10,000 places each.
const ROWS: &str = "
    INSERT INTO tenants (id, name)
        SELECT md5('tenant' || t)::uuid, 'tenant ' || t FROM generate_series(1, 9) t;
    INSERT INTO places_staging (tenant_id, place_id, name, formatted_address, business_type, latitude, longitude, rating,
        user_ratings_total, created_by, search_query, search_location, search_time, status, priority, raw_data)
    SELECT CASE t WHEN 0 THEN '550e8400-e29b-41d4-a716-446655440000'::uuid ELSE md5('tenant' || t)::uuid END,
        'ChIJ' || md5(t || '-' || i), 'Business ' || i, i || ' Main St, Houston 77002, USA',
        (ARRAY['dentist', 'bakery', 'plumber', 'lawyer', 'florist'])[1 + i % 5], 29.0 + i / 50000.0, -96.0 + i / 50000.0,
        1 + (i % 41) / 10.0, i % 500, md5('u')::uuid, 'dentist', 'Houston, TX', now() - i * interval '1 minute', 'New', i % 10,
        jsonb_build_object('id', md5(i::text), 'types', '[\"dentist\", \"health\"]'::jsonb, 'address', repeat('Main St ', 40))
    FROM generate_series(0, 9) t, generate_series(1, 10000) i";
/// Sessions of `pgbench`, as many as the program has connections.
const SESSIONS: &str = "15";

pub struct Direct {
    url: String,
    client: Client,
}

impl Direct {
    /// Fills the tables.
    pub async fn fill(url: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(ROWS).await.unwrap();
        client.batch_execute("VACUUM ANALYZE").await.unwrap();
        Self {
            url: url.to_owned(),
            client,
        }
    }

    /// Returns the id of a job of the tenant.
    pub async fn any_job(&self) -> String {
        let row = self
            .client
            .query_one("SELECT job_id::text FROM jobs LIMIT 1", &[])
            .await;
        row.unwrap().get(0)
    }

    /// Queues a scan of a new domain.
    pub fn scan(&self) -> String {
        format!(
            "\\set i random(1, 1000000000)
            \\set j random(1, 1000000000)
            {BEGIN}
            WITH d AS MATERIALIZED (SELECT 's' || :i || '-' || :j || '.pgbench.test' AS name)
            INSERT INTO domains (tenant_id, domain) SELECT '{TENANT}', name FROM d
                ON CONFLICT (tenant_id, domain) DO UPDATE SET domain = excluded.domain
                RETURNING id AS domain_id \\gset
            UPDATE domains SET content_scrape_status = 'Queued', content_scrape_error = NULL, updated_at = now()
                WHERE tenant_id = '{TENANT}' AND id = :domain_id;
            INSERT INTO jobs (tenant_id, job_id, kind, payload, domain_id, max_attempts, dedup_key)
                VALUES ('{TENANT}', gen_random_uuid(), 'domain_scan', '{{\"domain\": \"a.test\", \"max_pages\": 1000}}',
                    :domain_id, 5, 's' || :i || '-' || :j)
                ON CONFLICT (tenant_id, kind, dedup_key) WHERE status IN ('pending', 'running') AND dedup_key IS NOT NULL
                DO UPDATE SET dedup_key = excluded.dedup_key RETURNING *;
            COMMIT;"
        )
    }

    /// Reads a job.
    pub fn job(&self, id: &str) -> String {
        format!("{BEGIN} SELECT * FROM jobs WHERE tenant_id = '{TENANT}' AND job_id = '{id}'; COMMIT;")
    }

    /// Reads the newest 100 places and counts all.
    pub fn places(&self) -> String {
        format!(
            "{BEGIN}
            SELECT * FROM places_staging WHERE tenant_id = '{TENANT}' ORDER BY search_time DESC NULLS LAST, id DESC LIMIT 100;
            SELECT count(*) FROM places_staging WHERE tenant_id = '{TENANT}';
            COMMIT;"
        )
    }

    /// Runs a transaction again and again for a time, and returns how often a second.
    pub fn pgbench(&self, transaction: &str, time: Duration) -> f64 {
        let script = std::env::temp_dir().join(format!("scrapersky-http-{}.sql", std::process::id()));
        let lines: Vec<&str> = transaction.lines().map(str::trim).collect();
        std::fs::write(&script, lines.join("\n")).unwrap();
        let output = Command::new(program())
            .args(["--no-vacuum", "--protocol=prepared", "--client", SESSIONS, "--time"])
            .arg(time.as_secs().to_string())
            .arg("--file")
            .arg(&script)
            .arg(&self.url)
            .output()
            .unwrap();
        std::fs::remove_file(script).unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text.split("tps = ").nth(1).and_then(|rest| rest.split(' ').next());
        rate.unwrap_or_else(|| panic!("pgbench: {text} {}", String::from_utf8_lossy(&output.stderr)))
            .parse()
            .unwrap()
    }
}

/// Returns `pgbench`, which Debian keeps beside the server.
fn program() -> std::path::PathBuf {
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|folder| Some(folder.ok()?.path().join("bin/pgbench")))
        .filter(|path| path.is_file())
        .collect();
    versions.sort();
    versions.pop().unwrap_or_else(|| Path::new("pgbench").to_owned())
}
