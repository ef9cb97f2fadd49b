//! How PostgreSQL executes lists of jobs by parent, outcome and batch, and lists of batches.

use chrono::Utc;
use database::models::enums::Outcome;
use database::repo::batches::BatchFilter;
use database::repo::jobs::JobFilter;
use database::repo::paging::{Newest, Paging};
use database::repo::{batches, jobs};
use uuid::Uuid;

use super::plans::{explain_with, first_sent, record};
use super::probes::behind;
use crate::support::tenants::Agencies;

/// The batch and the parent of acme's that are asked for.
const ONE: Uuid = Uuid::from_u128(1);
const LIMIT: i64 = 20;

/// 20 tenants with 250 batches of 4 jobs each, which as many parents have queued; one job of ten has timed out.
const ROWS: &str = "
    INSERT INTO tenants (name) SELECT 'tenant ' || n FROM generate_series(1, 18) n;
    CREATE TEMPORARY TABLE made AS
        SELECT t.id AS tenant_id, n, now() - make_interval(mins => n) AS at,
            CASE WHEN t.name = 'acme' AND n = 1 THEN '00000000-0000-0000-0000-000000000001' ELSE gen_random_uuid() END AS id
        FROM tenants t, generate_series(1, 250) n;
    INSERT INTO batch_jobs (tenant_id, batch_id, processor_type, created_at) SELECT tenant_id, id, 'scan', at FROM made;
    INSERT INTO jobs (tenant_id, kind, batch_id, parent_id, status, outcome, completed_at, created_at)
        SELECT tenant_id, 'scan', id, id, CASE (n * 4 + i) % 10 WHEN 0 THEN 'failed' ELSE 'completed' END,
            CASE (n * 4 + i) % 10 WHEN 0 THEN 'timeout' ELSE 'ok' END, now(), at - make_interval(secs => i)
        FROM made, generate_series(1, 4) i;
    ANALYZE;";

#[tokio::test]
async fn jobs_of_a_parent_an_outcome_and_a_batch_are_found_by_their_index() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    agencies.tenant("bolt").await;
    agencies.database.client().await.batch_execute(ROWS).await.unwrap();
    let mut conn = acme.open().await;
    let sent = record(&mut conn);
    let by_parent = JobFilter {
        parent_id: Some(ONE.into()),
        ..JobFilter::default()
    };
    let by_outcome = JobFilter {
        outcome: Some(Outcome::Timeout),
        ..JobFilter::default()
    };
    let by_batch = JobFilter {
        batch_id: Some(ONE.into()),
        ..JobFilter::default()
    };
    let ended = "'{completed,failed,cancelled}'";
    for (filter, binds, index, (shown, found)) in [
        (&by_parent, format!("'{ONE}'"), "jobs_tenant_id_parent_id_idx", (4, 4)),
        (
            &by_outcome,
            format!("'timeout', {ended}"),
            "jobs_tenant_id_outcome_created_at_idx",
            (20, 100),
        ),
        (
            &by_batch,
            format!("'{ONE}', '{{}}'"),
            "jobs_tenant_id_batch_id_idx",
            (4, 4),
        ),
    ] {
        let (rows, total) = jobs::list(&mut conn, filter, &Paging::first(LIMIT)).await.unwrap();
        assert_eq!((rows.len(), total), (shown, found), "{index}");
        let list = first_sent(&sent);
        jobs::count(&mut conn, filter).await.unwrap();
        let count = first_sent(&sent);
        let binds = format!("'{}', {binds}", acme.id);
        for (sql, binds) in [(&list, format!("{binds}, {LIMIT}")), (&count, binds)] {
            let plan = explain_with(&mut conn, sql, &binds).await;
            assert!(plan.contains(&format!(" {index}")), "{sql}\n{plan}");
            assert!(!plan.contains("Seq Scan"), "{sql}\n{plan}");
        }
    }
    // The index on the outcome has the order of the list.
    jobs::list(&mut conn, &by_outcome, &Paging::first(LIMIT)).await.unwrap();
    let sql = first_sent(&sent);
    let plan = explain_with(&mut conn, &sql, &format!("'{}', 'timeout', {ended}, {LIMIT}", acme.id)).await;
    assert!(!plan.contains("Sort"), "{sql}\n{plan}");
}

#[tokio::test]
async fn batches_are_listed_in_the_order_of_their_index() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    agencies.tenant("bolt").await;
    agencies.database.client().await.batch_execute(ROWS).await.unwrap();
    let mut conn = acme.open().await;
    let sent = record(&mut conn);
    let cursor = behind(Newest::new(Utc::now(), ONE.into()));
    for (paging, binds, start) in [
        (Paging::first(LIMIT), format!("{LIMIT}"), "Index Cond: (tenant_id = "),
        (
            cursor,
            format!("now(), '{ONE}', {LIMIT}"),
            "(ROW(created_at, batch_id) < ",
        ),
    ] {
        batches::list(&mut conn, &BatchFilter::default(), &paging)
            .await
            .unwrap();
        let sql = first_sent(&sent);
        let plan = explain_with(&mut conn, &sql, &format!("'{}', {binds}", acme.id)).await;
        assert!(
            plan.contains("using batch_jobs_tenant_id_created_at_idx "),
            "{sql}\n{plan}"
        );
        assert!(plan.contains(start), "{sql}\n{plan}");
        assert!(!plan.contains("Sort") && !plan.contains("Seq Scan"), "{sql}\n{plan}");
    }
}
