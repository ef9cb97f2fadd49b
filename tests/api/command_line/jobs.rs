//! Jobs on the command line: followed, cancelled and queued again.

use serde_json::{Value, json};

use super::{program, said};
use crate::support::program::Program;

fn document(program: &Program, arguments: &[&str]) -> Value {
    serde_json::from_str(&program.run(&[arguments, &["--json"]].concat())).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_are_listed_cancelled_and_queued_again() {
    let (_scene, program) = program().await;
    program.run(&["scan", "a.bench.test", "b.bench.test"]);
    let list = |arguments: &[&str]| -> Vec<Value> {
        let lines = program.run(&[&["jobs", "list", "--json"], arguments].concat());
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = list(&[]);
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|job| job["status"] == "completed"), "{all:?}");
    let batch = all[0]["batch_id"].as_str().unwrap();
    for (filter, count) in [
        (&["--batch-id", batch][..], 2),
        (&["--status", "completed,failed", "--kind", "domain_scan"], 2),
        (&["--domain-id", all[0]["domain_id"].as_str().unwrap()], 1),
        (&["--limit", "1"], 1),
        (&["--outcome", "timeout"], 0),
        (&["--status", "pending"], 0),
        (&["--parent-id", all[0]["id"].as_str().unwrap()], 0),
        (&["--created-before", "2000-01-01T00:00:00Z"], 0),
    ] {
        assert_eq!(list(filter).len(), count, "{filter:?}");
    }
    let id = all[0]["id"].as_str().unwrap();
    assert_eq!(document(&program, &["jobs", "show", id])["status"], "completed");
    let v1 = format!("scan_{}", id.replace('-', ""));
    assert!(program.run(&["jobs", "show", &v1]).contains("completed"));
    let unknown = program.output(&["jobs", "show", batch]);
    assert!(
        !unknown.status.success() && said(&unknown).contains("no job"),
        "{unknown:?}"
    );

    // What has ended is neither cancelled nor, if it completed, queued again.
    let nothing = json!({ "matched": 0, "cancelled": 0, "requested": 0 });
    assert_eq!(document(&program, &["jobs", "cancel", id]), nothing);
    assert_eq!(
        document(&program, &["jobs", "retry", id]),
        json!({ "matched": 0, "retried": 0 })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_selects_the_jobs_to_change_and_a_preview_only_counts_them() {
    let ((database, _site), program) = program().await;
    program.run(&["scan", "a.bench.test", "b.bench.test", "c.bench.test"]);
    let client = database.client().await;
    let sql = "UPDATE jobs SET status = 'failed', outcome = 'timeout'";
    client.batch_execute(sql).await.unwrap();
    let failed = ["jobs", "retry", "--filter", "--status", "failed"];
    let preview = document(&program, &[&failed[..], &["--preview"]].concat());
    assert_eq!(preview, json!({ "matched": 3 }));
    assert_eq!(document(&program, &failed), json!({ "matched": 3, "retried": 3 }));
    assert_eq!(document(&program, &failed), json!({ "matched": 0, "retried": 0 }));
    let pending = ["jobs", "cancel", "--filter", "--status", "pending"];
    let cancelled = json!({ "matched": 3, "cancelled": 3, "requested": 0 });
    assert_eq!(document(&program, &pending), cancelled);
    assert_eq!(
        program
            .run(&["jobs", "list", "--status", "cancelled", "--json"])
            .lines()
            .count(),
        3
    );
    let noted =
        "SELECT count(*) FROM audit_log WHERE actor = 'command line' AND action IN ('jobs.cancel', 'jobs.retry')";
    assert_eq!(client.query_one(noted, &[]).await.unwrap().get::<_, i64>(0), 3);

    let id = document(&program, &["jobs", "list", "--limit", "1"])["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let both = program.output(&["jobs", "retry", &id, "--status", "failed"]);
    assert!(!both.status.success() && said(&both).contains("ids alone"), "{both:?}");
    // A filter alone, or nothing, would be a mistake that changes everything.
    for arguments in [&["jobs", "cancel"][..], &["jobs", "cancel", "--status", "pending"]] {
        let output = program.output(arguments);
        assert!(
            !output.status.success() && said(&output).contains("--filter"),
            "{output:?}"
        );
    }
}
