//! Migrating the old system's database: every value of every column is kept or set aside, and is restored on the way
//! back.

use database::migrate::Revert;
use tokio_postgres::Client;

use super::legacy_rows::fill_legacy_tables;
use super::{down, step_up, up};
use crate::support::database::{TestDatabase, migration_folders};
use crate::support::rows::{assert_same, columns, contents, everything, tables};

/// The old system's job statuses, and their new values.
const WORDS: &str = "(VALUES ('pending', 'failed'), ('running', 'failed'), ('Processing', 'failed'), ('queued', 'failed'),
                             ('complete', 'completed'), ('completed', 'completed'), ('failed', 'failed'), (' ERROR ', 'failed'),
                             ('Cancelled', 'cancelled'), ('partial', 'partial')) w(word, state)";
const UNFINISHED: &str = "('pending', 'running', 'Processing', 'queued')";

#[tokio::test]
async fn every_value_of_the_old_system_is_accounted_for_and_comes_back() {
    let db = TestDatabase::empty().await;
    let (mut client, url) = (db.client().await, db.database_url());
    step_up(&mut client, 1).await;
    fill_legacy_tables(&client).await;
    keep_a_copy(&client).await;
    let old_tables = tables(&client, "before").await;
    let mut rows = 0;
    for table in &old_tables {
        let sql = format!("SELECT count(*) FROM before.{table}");
        rows += client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0);
    }
    assert!(rows >= 1000, "{rows} legacy rows are not enough");

    up(&url).await;
    for table in &old_tables {
        assert_accounted_for(&client, table).await;
    }
    assert_nothing_invented(&client, &old_tables).await;
    assert_reasons(&client).await;
    assert_domains_are_in_standard_form(&client).await;
    for (view, table) in [("domains_wide", "domains"), ("sitemap_files_wide", "sitemap_files")] {
        assert_same_columns(&client, view, table).await;
    }
    let first = everything(&client).await;

    let count = migration_folders().len();
    down(&url, Revert::Last(count - 1)).await;
    for table in &old_tables {
        let before = contents(&client, &format!("before.{table}"), &[]).await;
        let after = contents(&client, table, &[]).await;
        assert_same(
            "back to the old system",
            &[(table.clone(), before)],
            &[(table.clone(), after)],
        );
    }
    let kept = "SELECT count(*) FROM scrapersky_internal.set_aside WHERE direction = 'up'";
    let kept: i64 = client.query_one(kept, &[]).await.unwrap().get(0);
    assert_eq!(kept, 0, "something set aside on the way up was not put back");

    up(&url).await;
    assert_same("up again", &first, &everything(&client).await);
}

#[tokio::test]
async fn set_aside_data_stays_if_its_reference_is_gone() {
    let db = TestDatabase::empty().await;
    let (mut client, url) = (db.client().await, db.database_url());
    step_up(&mut client, 1).await;
    fill_legacy_tables(&client).await;
    up(&url).await;
    // The new system deletes finished jobs, and its users delete domains.
    client
        .batch_execute(
            "DELETE FROM jobs; DELETE FROM domains WHERE id IN (SELECT id FROM domains ORDER BY id LIMIT 60)",
        )
        .await
        .unwrap();
    down(&url, Revert::Last(migration_folders().len() - 1)).await;
    let kept = "SELECT count(*) FROM scrapersky_internal.set_aside WHERE direction = 'up' AND source_table = $1";
    for table in ["contacts", "sitemap_files", "pages"] {
        let kept: i64 = client.query_one(kept, &[&table]).await.unwrap().get(0);
        assert!(
            kept > 0,
            "no row of {table} lost its reference: the test proves nothing"
        );
    }
}

#[tokio::test]
async fn another_date_style_changes_no_value() {
    let db = TestDatabase::empty().await;
    let (mut client, url) = (db.client().await, db.database_url());
    step_up(&mut client, 1).await;
    fill_legacy_tables(&client).await;
    let before = everything(&client).await;
    let odd = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET datestyle = ''German''', current_database());
                     EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Kathmandu''', current_database());
                     EXECUTE format('ALTER DATABASE %I SET extra_float_digits = -10', current_database());
                     EXECUTE format('ALTER DATABASE %I SET bytea_output = ''escape''', current_database()); END $$";
    client.batch_execute(odd).await.unwrap();
    up(&url).await;
    down(&url, Revert::Last(migration_folders().len() - 1)).await;
    let after: Vec<_> = everything(&client)
        .await
        .into_iter()
        .filter(|(table, _)| !table.starts_with("scrapersky_internal."))
        .collect();
    assert_same("with another date style", &before, &after);
}

async fn keep_a_copy(client: &Client) {
    client.batch_execute("CREATE SCHEMA before").await.unwrap();
    for table in tables(client, "public").await {
        let copy = format!("CREATE TABLE before.{table} AS TABLE {table}");
        client.batch_execute(&copy).await.unwrap();
    }
}

/// Fails unless each value of each old row is in the new row by its column's rule, or is set aside unchanged with a
/// reason.
async fn assert_accounted_for(client: &Client, table: &str) {
    let (relation, key) = match table {
        "domains" => ("domains_wide", "n.id"),
        "sitemap_files" => ("sitemap_files_wide", "n.id"),
        "batch_jobs" | "jobs" => (table, "(n.legacy->>'id')::integer"),
        _ => (table, "n.id"),
    };
    let times = "SELECT attname::text FROM pg_attribute
                 WHERE attrelid = to_regclass('before.' || $1) AND atttypid = 'timestamp'::regtype";
    let times: Vec<String> = client
        .query(times, &[&table])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    let rules: Vec<_> = columns(client, &format!("before.{table}"))
        .await
        .iter()
        .map(|column| {
            let holds = rule(table, column).unwrap_or_else(|| match times.contains(column) {
                // The views keep the old type.
                true if relation == table => same(&format!("n.{column}"), &format!("b.{column} AT TIME ZONE 'UTC'")),
                _ => same(&format!("n.{column}"), &format!("b.{column}")),
            });
            format!("('{column}', b.{column}::text, ({holds}))")
        })
        .collect();
    // Exactly one of: the row is in its new place, or the row was set aside.
    let sql = format!(
        "SELECT v.name, count(*), min(b.id::text)
         FROM before.{table} b
         LEFT JOIN {relation} n ON {key} = b.id
         LEFT JOIN scrapersky_internal.set_aside w
                ON w.is_whole_row AND w.direction = 'up' AND w.source_table = '{table}' AND w.key = b.id::text AND w.reason <> '',
         LATERAL (VALUES {}) v(name, old, holds)
         WHERE NOT coalesce(
             CASE WHEN w.id IS NOT NULL THEN n IS NULL AND w.contents ? v.name AND w.contents->>v.name IS NOT DISTINCT FROM v.old
                  ELSE v.holds END, false)
           AND NOT (w.id IS NULL AND {key} IS NOT NULL AND EXISTS (
               SELECT FROM scrapersky_internal.set_aside c
               WHERE NOT c.is_whole_row AND c.direction = 'up' AND c.source_table = '{table}' AND c.reason <> ''
                 AND c.key = CASE c.key_column WHEN 'job_id' THEN to_jsonb(b)->>'job_id' ELSE b.id::text END
                 AND c.contents->>v.name IS NOT DISTINCT FROM v.old AND c.contents ? v.name))
           -- A reference may have been set aside before its row was.
           AND NOT (w.id IS NOT NULL AND EXISTS (
               SELECT FROM scrapersky_internal.set_aside c
               WHERE NOT c.is_whole_row AND c.direction = 'up' AND c.source_table = '{table}' AND c.reason <> ''
                 AND c.key = b.id::text AND c.contents->>v.name = v.old))
         GROUP BY v.name ORDER BY v.name",
        rules.join(", ")
    );
    let lost = client
        .query(&sql, &[])
        .await
        .unwrap_or_else(|error| panic!("{table}: {error:?}\n{sql}"));
    let lost: Vec<(String, i64, String)> = lost.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    assert!(
        lost.is_empty(),
        "{table}: not accounted for (column, rows, such as): {lost:#?}"
    );
}

/// Compares as text, so that 1.50 differs from 1.5 and JSON null from NULL.
fn same(new: &str, old: &str) -> String {
    format!("n IS DISTINCT FROM NULL AND ({new})::text IS NOT DISTINCT FROM ({old})::text")
}

/// Returns the rule for a column that was changed.
fn rule(table: &str, column: &str) -> Option<String> {
    let in_legacy = format!("n.legacy->>'{column}' IS NOT DISTINCT FROM b.{column}::text");
    let unfinished = format!("b.status IN {UNFINISHED}");
    let tenant = "coalesce(CASE WHEN lower(btrim(b.tenant_id, E' \\n')) ~ '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$' THEN btrim(b.tenant_id, E' \\n')::uuid END, b.tenant_id_uuid)";
    Some(match (table, column) {
        ("domains", "domain") => "n.domain = b.domain OR b.domain = (SELECT d.legacy->>'domain' FROM domains d WHERE d.id = b.id)".to_owned(),
        ("batch_jobs", "batch_id") => format!(
            "{in_legacy} AND n.batch_id = coalesce(b.batch_id, substr(b.batch_id_string, 7)::uuid, substr(b.batch_id_original, 7)::uuid, b.id_uuid)"
        ),
        ("batch_jobs" | "jobs", "id" | "id_uuid" | "batch_id_string" | "batch_id_original" | "tenant_id_uuid") => in_legacy,
        ("batch_jobs" | "jobs", "status") => {
            format!("{in_legacy} AND n.status = (SELECT state FROM {WORDS} WHERE word = b.status)")
        }
        ("batch_jobs" | "jobs", "error") => format!(
            "CASE WHEN {unfinished} THEN {in_legacy} AND (n.error = b.error OR n.error LIKE 'interrupted:%') ELSE {} END",
            same("n.error", "b.error")
        ),
        ("batch_jobs", "end_time") => format!(
            "CASE WHEN {unfinished} THEN {in_legacy} AND {} ELSE {} END",
            same("n.completed_at", "coalesce(b.end_time, b.updated_at) AT TIME ZONE 'UTC'"),
            same("n.completed_at", "b.end_time AT TIME ZONE 'UTC'")
        ),
        ("jobs", "completed_at") => format!(
            "CASE WHEN {unfinished} THEN {in_legacy} AND {} ELSE {} END",
            same("n.completed_at", "coalesce(b.completed_at, b.updated_at AT TIME ZONE 'UTC')"),
            same("n.completed_at", "b.completed_at")
        ),
        ("batch_jobs", "start_time") => same("n.started_at", "b.start_time AT TIME ZONE 'UTC'"),
        ("batch_jobs", "batch_metadata") => same("n.metadata", "b.batch_metadata"),
        ("jobs", "tenant_id") => format!("{in_legacy} AND n.tenant_id = {tenant}"),
        ("jobs", "job_type") => same("n.kind", "b.job_type"),
        // The batch, if the tenant has it; in any case the original text.
        ("jobs", "batch_id") => format!(
            "{in_legacy} AND n.batch_id IS NOT DISTINCT FROM (
                 SELECT j.batch_id FROM batch_jobs j WHERE j.tenant_id = n.tenant_id
                    AND 'batch_' || replace(j.batch_id::text, '-', '') = coalesce(CASE WHEN b.batch_id ~ '^batch_[0-9a-f]{{32}}$' THEN b.batch_id END, b.batch_id_string))"
        ),
        ("jobs", "result_data" | "job_metadata") => {
            let main = if column == "result_data" { "result" } else { "metadata" };
            format!(
                "{in_legacy} AND CASE WHEN nullif(b.{main}, 'null') IS NULL AND nullif(b.{column}, 'null') IS NOT NULL THEN {} ELSE {} END",
                same(&format!("n.{main}"), &format!("b.{column}")),
                same(&format!("n.{main}"), &format!("coalesce(b.{main}, b.{column})"))
            )
        }
        ("jobs", "result" | "metadata") => {
            format!("({in_legacy} AND b.{column} IS NOT NULL) OR {} OR b.{column} IS NULL", same(&format!("n.{column}"), &format!("b.{column}")))
        }
        _ => return None,
    })
}

/// Fails if a new row comes from no old row, or two come from one.
async fn assert_nothing_invented(client: &Client, old_tables: &[String]) {
    for table in old_tables {
        let (default, by) = match table.as_str() {
            // The historic default tenant.
            "tenants" => (1, "id"),
            "jobs" => (0, "job_id"),
            "batch_jobs" => (0, "created_by"),
            _ => (0, "id"),
        };
        let sql = format!(
            "SELECT (SELECT count(*) FROM {table}) + (SELECT count(*) FROM scrapersky_internal.set_aside WHERE is_whole_row AND source_table = '{table}')
                    - (SELECT count(*) FROM before.{table}),
                    (SELECT count(*) FROM {table} n WHERE n.{by} IS NOT NULL AND n.{by} NOT IN (SELECT {by} FROM before.{table} WHERE {by} IS NOT NULL))"
        );
        let row = client.query_one(&sql, &[]).await.unwrap();
        assert_eq!(
            (row.get::<_, i64>(0), row.get::<_, i64>(1)),
            (default, default),
            "{table}"
        );
    }
}

/// Fails unless every reason for setting data aside occurs; otherwise the rows above miss a case.
async fn assert_reasons(client: &Client) {
    let sql = r"SELECT DISTINCT migration || ': ' || source_table || CASE WHEN is_whole_row THEN '' ELSE '.' || array_to_string(columns, ',') END
                       || ': ' || regexp_replace(regexp_replace(regexp_replace(regexp_replace(reason,
                           '[0-9a-f]{8}-[0-9a-f-]{27}', '<id>'), 'another row for .*:', 'another row for <domain>:'), 'tenant_id ''.*'' is', 'tenant_id <text> is'), 'tenant_id E''.*'' is', 'tenant_id <text> is')
                FROM scrapersky_internal.set_aside ORDER BY 1";
    let rows = client.query(sql, &[]).await.unwrap();
    let reasons: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    insta::assert_snapshot!(reasons.join("\n"));
}

async fn assert_domains_are_in_standard_form(client: &Client) {
    for (old, new) in [
        ("https://user@solo4.com:8443/path?q#f", "solo4.com"),
        ("http://shop1.com:80", "shop1.com"),
        ("bücher65.example", "bücher65.example"),
        // Nothing would be left of these.
        ("  ", "  "),
        ("https://", "https://"),
        // Its standard form has another standard form itself.
        ("www.www.shop1.com", "www.www.shop1.com"),
    ] {
        let sql = "SELECT n.domain FROM domains n JOIN before.domains b USING (id) WHERE b.domain = $1";
        let row = client.query_opt(sql, &[&old]).await.unwrap();
        let row = row.unwrap_or_else(|| panic!("no legacy domain {old}"));
        assert_eq!(row.get::<_, &str>(0), new, "for {old}");
    }
    // Of three spellings in one tenant one is dropped.
    let sql =
        "SELECT count(*) FILTER (WHERE n.domain = 'shop1.com'), count(*) FILTER (WHERE n.domain = b.domain), count(*)
               FROM domains n JOIN before.domains b USING (id)
               WHERE b.domain IN ('https://shop1.com', 'http://www.shop1.com/', 'WWW.Shop1.COM.')";
    let row = client.query_one(sql, &[]).await.unwrap();
    let counts: (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    assert_eq!(counts, (1, 2, 3));
}

async fn assert_same_columns(client: &Client, view: &str, table: &str) {
    let sql = "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), E'\n' ORDER BY attnum)
               FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
    let new: String = client.query_one(sql, &[&view]).await.unwrap().get(0);
    let old: String = client
        .query_one(sql, &[&format!("before.{table}")])
        .await
        .unwrap()
        .get(0);
    assert_eq!(old, new, "{view}");
}
