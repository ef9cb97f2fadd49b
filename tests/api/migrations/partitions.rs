//! Tables in partitions by tenant are as they were, but divided.

use database::partition::{self, PartitionError};
use database::repo::partitions::WHOLE;
use serde_json::Value;
use tokio_postgres::Client;

use super::new_shape::fill_every_table;
use super::owners::{database, owners};
use super::up;
use crate::support::program::Program;
use crate::support::rows::{assert_same, contents, tables};
use crate::support::site::Site;

/// What the catalogue says of all that belongs to tables, by name. The numbers of columns may change.
const CATALOGUE: &str = "
    WITH relations AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S'))
    SELECT 'relation ' || row(relname, relkind IN ('r', 'p'), relowner::regrole, relrowsecurity, relforcerowsecurity,
                              ARRAY(SELECT a::text FROM unnest(relacl) a ORDER BY 1))::text FROM relations
    UNION ALL SELECT 'column ' || row(attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attcollation,
                                      attacl, pg_get_expr(d.adbin, d.adrelid), attstorage, col_description(attrelid, attnum))::text
        FROM pg_attribute a JOIN relations r ON r.oid = a.attrelid AND r.relkind <> 'S' LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE attnum > 0 AND NOT attisdropped
    UNION ALL SELECT 'constraint ' || row(conrelid::regclass, conname, pg_get_constraintdef(c.oid), convalidated)::text
        FROM pg_constraint c JOIN relations r ON r.oid = c.conrelid WHERE conparentid = 0
    UNION ALL SELECT 'index ' || row(replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON '), indisvalid)::text FROM pg_index i JOIN relations r ON r.oid = i.indrelid
    UNION ALL SELECT 'trigger ' || row(pg_get_triggerdef(t.oid), tgenabled)::text FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid WHERE NOT tgisinternal
    UNION ALL SELECT 'policy ' || row(polrelid::regclass, polname, polpermissive, polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))::text
        FROM pg_policy p JOIN relations r ON r.oid = p.polrelid
    UNION ALL SELECT 'view ' || row(relname, pg_get_viewdef(oid), reloptions)::text FROM relations WHERE relkind = 'v'
    UNION ALL SELECT 'sequence ' || row(sequencename, last_value)::text FROM pg_sequences WHERE schemaname = 'public'";

/// Returns what the catalogue says, and every row of every table.
async fn everything(client: &Client) -> Vec<(String, Vec<String>)> {
    let mut said: Vec<String> = client
        .query(CATALOGUE, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    said.sort();
    assert!(said.len() > 500, "only {} entries", said.len());
    let mut all = vec![("the catalogue".to_owned(), said)];
    for table in tables(client, "public").await {
        let rows = contents(client, &table, &[]).await;
        all.push((table, rows));
    }
    all
}

/// Returns the number of tables of facts that are whole, and of those in partitions.
async fn whole_and_divided(client: &Client) -> (i64, i64) {
    let sql = "SELECT count(*) FILTER (WHERE relkind = 'r'), count(*) FILTER (WHERE relkind = 'p') FROM pg_class c
               WHERE relnamespace = 'public'::regnamespace AND relname <> ALL ($1)
                 AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'tenant_id')";
    let row = client.query_one(sql, &[&WHOLE.as_slice()]).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test]
async fn tables_in_partitions_are_as_they_were_whoever_divides_them() {
    for (name, attributes) in owners() {
        let (_db, admin, owner) = database(name, attributes).await;
        let url = owner.database_url();
        up(&url).await;
        fill_every_table(&admin).await;
        let before = everything(&admin).await;
        let (whole, _) = whole_and_divided(&admin).await;
        let plan = partition::plan(&url, 3).await.unwrap();
        let mut done = Vec::new();
        let count = partition::run(&url, 3, |statement| done.push(statement.to_owned())).await;
        assert_eq!((count.unwrap(), done.as_slice()), (plan.len(), plan.as_slice()));
        assert_same(name, &before, &everything(&admin).await);
        assert_eq!(whole_and_divided(&admin).await, (0, whole));
        let divided = partition::status(&url).await.unwrap();
        assert_eq!(divided.iter().map(|table| table.partitions).sum::<i64>(), 3 * whole);
    }
}

#[tokio::test]
async fn a_table_that_a_later_version_adds_is_divided_by_another_run() {
    let (_db, admin, owner) = database("superuser", "SUPERUSER").await;
    let program = Program::new(&owner.url, &Site::canary().await);
    program.run(&["migrate", "up"]);
    let said = program.run(&["partition", "run", "--partitions", "2"]);
    assert!(said.contains("done  INSERT INTO public.domains"), "{said}");
    let nothing = "nothing to do: every table of facts is in partitions";
    assert_eq!(program.run(&["partition", "run", "--partitions", "2"]), nothing);
    let later = "CREATE TABLE later (tenant_id uuid, id uuid, PRIMARY KEY (tenant_id, id))";
    admin.batch_execute(later).await.unwrap();
    let plan: Value = serde_json::from_str(&program.run(&["partition", "plan", "--json"])).unwrap();
    let statements = plan["statements"].as_array().unwrap();
    assert!(
        statements
            .iter()
            .any(|statement| statement.as_str().unwrap().contains("CREATE TABLE public.later"))
    );
    program.run(&["partition", "run", "--partitions", "5"]);
    let status = program.run(&["partition", "status"]);
    let of = |table: &str| {
        status
            .lines()
            .find(|line| line.ends_with(&format!(" {table}")))
            .unwrap()
            .trim_start()
            .to_owned()
    };
    assert!(
        of("later").starts_with("5 partitions") && of("domains").starts_with("2 partitions"),
        "{status}"
    );
}

#[tokio::test]
async fn a_statement_that_fails_changes_nothing() {
    let (_db, admin, owner) = database("superuser", "SUPERUSER").await;
    let url = owner.database_url();
    up(&url).await;
    let odd = "CREATE TABLE odd (tenant_id uuid, id uuid PRIMARY KEY)";
    admin.batch_execute(odd).await.unwrap();
    let before = everything(&admin).await;
    let Err(PartitionError::Failed { statement, reason }) = partition::run(&url, 3, |_| ()).await else {
        panic!("it is divided by a column that its key lacks");
    };
    assert!(
        statement.contains("odd") && reason.contains("unique constraint"),
        "{statement}: {reason}"
    );
    assert_same("after a failure", &before, &everything(&admin).await);
}
