//! Generated rows for any table, and the contents of tables.

use tokio_postgres::Client;

/// Fills a table with `count` rows, numbered `i` from 1.
///
/// Each column gets values of its type, chosen by row and column so that many combinations occur: NULLs, empty texts,
/// odd characters, infinite times, limits of number ranges, JSON null, arrays with NULLs. `columns` has expressions for
/// columns that must match others; they may use `i`.
pub async fn fill(client: &Client, table: &str, count: u32, columns: &[(&str, &str)]) {
    let described = client
        .query(
            "SELECT attname::text, format_type(atttypid, NULL), NOT attnotnull, typtype = 'e',
                    CASE WHEN atttypid = 'varchar'::regtype AND atttypmod > 0 THEN atttypmod - 4 END, attnum::int
             FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
             WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attidentity = '' AND attgenerated = '' ORDER BY attnum",
            &[&table],
        )
        .await
        .unwrap();
    let mut names = Vec::new();
    let mut values = Vec::new();
    for (name, _) in columns {
        let known = described.iter().any(|row| row.get::<_, &str>(0) == *name);
        assert!(known, "{table} has no column {name}");
    }
    for row in &described {
        let (name, kind): (&str, &str) = (row.get(0), row.get(1));
        let (nullable, is_enum): (bool, bool) = (row.get(2), row.get(3));
        let (length, number): (Option<i32>, i32) = (row.get(4), row.get(5));
        names.push(format!("\"{name}\""));
        values.push(match columns.iter().find(|(given, _)| *given == name) {
            Some((_, expression)) => format!("({expression})"),
            None => any_value(name, kind, is_enum, length, number, nullable),
        });
    }
    let insert = format!(
        "INSERT INTO {table} ({}) SELECT {} FROM generate_series(1, {count}) i",
        names.join(", "),
        values.join(", ")
    );
    if let Err(error) = client.batch_execute(&insert).await {
        panic!("cannot fill {table}: {error:?}");
    }
}

fn any_value(name: &str, kind: &str, is_enum: bool, length: Option<i32>, number: i32, nullable: bool) -> String {
    // Differs by row and column, and is the same in every run.
    let pick = format!("(i * 7 + i / 5 + {number} * 11)");
    let value = if is_enum {
        let all = format!("enum_range(NULL::{kind})");
        format!("({all})[1 + {pick} % cardinality({all})]")
    } else {
        let choices = match kind {
            "text" | "character varying" => {
                let text = format!(
                    "ARRAY['', 'Zoë’s Café ☕ 東京 {name}', E'two\\nlines\\tand \\\\ \"quotes\"', '{{a,NULL}}', ' NULL ',
                           repeat('long ', 60), '{name} ' || i]"
                );
                let chosen = format!("({text})[1 + {pick} % 7]");
                return nullable_at(
                    nullable,
                    &pick,
                    match length {
                        Some(length) => format!("left({chosen}, {length})"),
                        None => chosen,
                    },
                );
            }
            "integer" => "0, -1, 2147483647, i, -2147483648",
            "bigint" => "0, -1, 9223372036854775807, i, -9223372036854775808",
            "smallint" => "0, -1, 32767, i, 7",
            "double precision" => "0.1::float8, 'NaN', 'Infinity', 1e-300, i / 3.0",
            // The narrowest column has three digits.
            "numeric" => "9.99, -0.01, 'NaN', 0, 1.50",
            "boolean" => "true, false, true, false, false",
            "jsonb" => r#"'null'::jsonb, '{}', '[]', '{"a": [1, null, "ü"], "b": {"c": 1.50}}', '"text"'"#,
            "text[]" => {
                return format!(
                    r#"CASE {pick} % 6 WHEN 0 THEN '{{}}'::text[] WHEN 1 THEN '{{NULL}}' WHEN 2 THEN ARRAY['a,b', '"q"', NULL, '']
                                       WHEN 3 THEN ARRAY['東京'] WHEN 4 THEN ARRAY['x', 'y'] {} END"#,
                    if nullable { "" } else { "ELSE '{}'" }
                );
            }
            "uuid[]" => {
                return format!(
                    r#"CASE {pick} % 4 WHEN 0 THEN '{{}}'::uuid[] WHEN 1 THEN ARRAY[md5('{name}' || i)::uuid]
                                       WHEN 2 THEN ARRAY[md5('{name}' || i)::uuid, md5('other' || i)::uuid] {} END"#,
                    if nullable { "" } else { "ELSE '{}'" }
                );
            }
            "uuid" => {
                return nullable_at(nullable, &pick, format!("md5('{name}' || i)::uuid"));
            }
            "timestamp with time zone" => {
                "'infinity'::timestamptz, '-infinity', '2024-02-29 23:59:59.123456+05:30', '0044-03-15 12:00:00+00 BC',
                 '2025-01-01 00:00:00+00'::timestamptz + i * interval '1 hour 0.000001 seconds'"
            }
            "timestamp without time zone" => {
                "'infinity'::timestamp, '-infinity', '2024-02-29 23:59:59.123456', '1900-01-01',
                 '2025-01-01'::timestamp + i * interval '1 hour 0.000001 seconds'"
            }
            "date" => "'infinity'::date, '2024-02-29', '0001-01-01', '2025-01-01'::date + i, '1970-01-01'",
            other => panic!("no values for columns of type {other}, such as {name}"),
        };
        format!("(ARRAY[{choices}])[1 + {pick} % 5]")
    };
    nullable_at(nullable, &pick, value)
}

fn nullable_at(nullable: bool, pick: &str, value: String) -> String {
    if nullable {
        format!("CASE WHEN {pick} % 6 > 0 THEN {value} END")
    } else {
        value
    }
}

/// Returns the columns of a table, sorted.
pub async fn columns(client: &Client, table: &str) -> Vec<String> {
    let sql = "SELECT attname::text FROM pg_attribute
               WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY 1";
    let rows = client.query(sql, &[&table]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Returns the tables of a schema, sorted, except the table of migrations.
pub async fn tables(client: &Client, schema: &str) -> Vec<String> {
    let sql = "SELECT relname::text FROM pg_class
               WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p') AND relname !~ '^__' ORDER BY 1";
    let rows = client.query(sql, &[&schema]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Returns the rows of a table, sorted, each as an object of texts by column.
///
/// Each value is PostgreSQL's text, so that JSON null differs from NULL and 1.50 from 1.5; the order of columns does
/// not matter.
pub async fn contents(client: &Client, table: &str, without: &[&str]) -> Vec<String> {
    let columns: Vec<_> = columns(client, table)
        .await
        .into_iter()
        .filter(|name| !without.contains(&name.as_str()))
        .collect();
    let names: Vec<_> = columns.iter().map(|name| format!("'{name}'")).collect();
    let texts: Vec<_> = columns.iter().map(|name| format!("t.\"{name}\"::text")).collect();
    let sql = format!(
        "SELECT jsonb_object(ARRAY[{}]::text[], ARRAY[{}]::text[])::text FROM {table} t ORDER BY 1",
        names.join(", "),
        texts.join(", ")
    );
    let rows = client.query(&sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Returns the [`contents`] of every table of this program; set-aside rows without their number and time.
pub async fn everything(client: &Client) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for table in tables(client, "public").await {
        // The entries of a count have random ids.
        let without: &[&str] = if table == "stored_rows" { &["id"] } else { &[] };
        let rows = contents(client, &table, without).await;
        all.push((table, rows));
    }
    for table in tables(client, "scrapersky_internal").await {
        let table = format!("scrapersky_internal.{table}");
        let rows = contents(client, &table, &["id", "set_aside_at"]).await;
        all.push((table, rows));
    }
    all
}

/// Fails with the first differing rows.
pub fn assert_same(what: &str, before: &[(String, Vec<String>)], after: &[(String, Vec<String>)]) {
    let names = |all: &[(String, Vec<String>)]| -> Vec<String> { all.iter().map(|(name, _)| name.clone()).collect() };
    assert_eq!(names(before), names(after), "{what}: other tables");
    for ((table, before), (_, after)) in before.iter().zip(after) {
        let lost: Vec<_> = before.iter().filter(|row| after.binary_search(row).is_err()).collect();
        let new: Vec<_> = after.iter().filter(|row| before.binary_search(row).is_err()).collect();
        assert!(
            lost.is_empty() && new.is_empty() && before.len() == after.len(),
            "{what}: {table} had {} rows and has {}\n{} lost, such as {:#?}\n{} new, such as {:#?}",
            before.len(),
            after.len(),
            lost.len(),
            lost.first(),
            new.len(),
            new.first(),
        );
    }
}
